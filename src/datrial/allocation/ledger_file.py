"""The ledger's SQLite file: how it is made, opened, brought up to date and kept private."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from datrial.allocation.ledger_schema import (
    APPLICATION_ID,
    FORMAT,
    create_tables,
    format_of,
    upgrade,
)
from datrial.errors import DataError, DatrialError, LockedError, UsageError

BUSY_SECONDS = 60.0
_PRIVATE = 0o600


def open_ledger_file(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a ledger's file; make it first if it is missing and may be written.

    A file of an older format is brought up to date when it is opened for writing.

    Returns
    -------
    sqlite3.Connection
        In autocommit mode: a transaction begins where one is begun.

    Raises
    ------
    UsageError
        If the file is to be read and does not exist, or cannot be made or opened.
    DataError
        If the file is not a ledger, or was written by a newer version.
    """
    if not path.exists():
        if read_only:
            raise UsageError(f"There is no ledger {path}: allocate or import a list first.")
        _create(path)
    with ledger_errors(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
        )
        try:
            _check_identity(connection, path)
            connection.execute("pragma synchronous = full")
            if not read_only:
                path.chmod(_PRIVATE)
                if format_of(connection) < FORMAT:
                    upgrade(connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours; SQLite's messages name columns, never values."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LockedError(
                f"The ledger {path} has been locked by another process for {BUSY_SECONDS:.0f} "
                "seconds: let it finish, then run again."
            ) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise DataError(
                f"The ledger {path} is damaged or is not a ledger ({error}): "
                "put back the last good copy and verify it."
            ) from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise DatrialError(
                f"The disk is full or sick: the allocation ledger ({path.name}) could not be "
                f"written ({error}), and stands as it was. Free some space on its disk, see that "
                "it is sound, and run again."
            ) from error
        raise UsageError(
            f"The ledger {path} cannot be used ({error}): check the folder, the file's "
            "permissions and the free space."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatrialError(
                f"The ledger {path.name} could not be made ({error.strerror}). Free some space on "
                "its disk and run again."
            ) from error
        raise UsageError(f"The ledger {path} cannot be used ({error.strerror}).") from error


def _create(path: Path) -> None:
    """Make an empty ledger beside its place and link it in: whole, or not at all.

    Of several processes that make the same ledger at once, one wins and the
    others open its file.
    """
    with ledger_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # A new file of mkstemp can be read by its owner only; SQLite gives its
        # side files (-wal, -shm) the same permissions.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".new")
        os.close(handle)
        draft = Path(name)
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                connection.execute("pragma journal_mode = wal")
                create_tables(connection)
            _sync(draft)
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            for ending in ("", "-wal", "-shm", "-journal"):  # which a full disk leaves, too
                draft.with_name(draft.name + ending).unlink(missing_ok=True)
        _sync(path.parent)


def _sync(path: Path) -> None:
    """Bring a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_identity(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not a ledger of this format."""
    (application_id,) = connection.execute("pragma application_id").fetchone()
    version = format_of(connection)
    if application_id != APPLICATION_ID:
        raise DataError(f"{path} is not a ledger: point DATRIAL_HOME to the right folder.")
    if version not in range(1, FORMAT + 1):
        raise DataError(
            f"The ledger {path} has format {version} and this version reads formats to {FORMAT}: "
            "use the version of datrial that wrote it."
        )
