"""``DATRIAL_HOME/results.duckdb``: all stored runs in one file, to be asked with SQL.

It holds copies, not references to the runs' folders: it can be moved or sent as it is, and
names no place of this machine. It is made anew whenever a run came, went or changed; a reader
who has the old file open keeps it until he closes it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.errors import DatrialError, UsageError
from datrial.results.database_contents import RunFolder, fill, stored_runs
from datrial.results.files import sync_folder

if TYPE_CHECKING:
    import duckdb

DATABASE = "results.duckdb"

#: Goes up when the tables or views of the file change: a file of another layout is made anew.
_LAYOUT = "1"
_UNFINISHED = ".writing-results-database-"
_DAY = 86_400


@dataclass(frozen=True)
class Answer:
    """What a query gave: the columns' names, and the rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def refresh(home: Path, *, anew: bool = False) -> Path:
    """Bring the database up to date with the stored runs and return its path.

    A file that is up to date is left alone.

    Parameters
    ----------
    anew
        Make the file even if it is up to date.

    Raises
    ------
    UsageError
        If there is no stored run.
    DatrialError
        If the files of a run are not the ones that were written.
    """
    database = home / DATABASE
    runs = stored_runs(home)
    if not runs:
        raise UsageError("There is no stored run yet. `datrial run --study drive` makes one.")
    contents = _fingerprint(runs)
    if not anew and _made_from(database) == contents:
        return database
    _sweep(home)
    # In a folder of its own under its final name: the name of the file names the catalogue.
    folder = home / f"{_UNFINISHED}{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        _write(folder / DATABASE, runs, contents)
        with (folder / DATABASE).open("rb") as written:
            os.fsync(written.fileno())
        (folder / DATABASE).replace(database)
        # A log of changes that a shell left beside the old file must not be read into this one.
        database.with_name(f"{DATABASE}.wal").unlink(missing_ok=True)
        sync_folder(home)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return database


def discard(home: Path) -> None:
    """Remove the database: of a run that was deleted no copy may stay. It is made anew later."""
    for name in (DATABASE, f"{DATABASE}.wal"):
        (home / name).unlink(missing_ok=True)
    if home.is_dir():
        sync_folder(home)


def query(home: Path, sql: str) -> Answer:
    """Ask the stored runs; nothing but the database can be read, and nothing written.

    Raises
    ------
    UsageError
        If the query is wrong. It says what DuckDB says: the database holds released
        numbers only, so that no message can quote a person's row.
    """
    import duckdb

    database = refresh(home)
    with _open(database) as connection:
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise UsageError(f"Give one query; these are {len(statements)}.")
            result = connection.execute(statements[0])
            names = tuple(str(column[0]) for column in result.description or ())
            return Answer(names, result.fetchall())
        except duckdb.Error as error:
            raise UsageError(
                f"The query is wrong: {error}\n`datrial results list` lists the tables; "
                '`datrial results query "show all tables"` lists what can be asked.'
            ) from None


def _open(database: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(
        str(database),
        read_only=True,
        config={"enable_external_access": "false", "lock_configuration": "true"},
    )


def _write(database: Path, runs: list[RunFolder], contents: str) -> None:
    import duckdb

    connection = duckdb.connect(str(database))
    try:
        connection.execute("begin")  # one transaction: hundreds of views at once
        fill(connection, runs)
        connection.execute("create table made (contents varchar)")
        connection.execute("insert into made values (?)", [contents])
        connection.execute("commit")
        connection.execute("checkpoint")
    except duckdb.Error as error:
        kind = type(error).__name__
        raise DatrialError(
            f"{DATABASE} could not be made from the stored runs ({kind}). Nothing was changed."
        ) from None
    finally:
        connection.close()


def _fingerprint(runs: list[RunFolder]) -> str:
    """Return what tells one content of the database from another."""
    text = "\n".join([_LAYOUT, *(f"{run.manifest.run_id} {run.hash}" for run in runs)])
    return hashlib.sha256(text.encode()).hexdigest()


def _made_from(database: Path) -> str:
    """Return what a database was made from; nothing if it is not there or not ours."""
    import duckdb

    if not database.is_file():
        return ""
    try:
        with _open(database) as connection:
            return str(connection.execute("select contents from made").fetchall()[0][0])
    except (duckdb.Error, IndexError):
        return ""


def _sweep(home: Path) -> None:
    """Remove what killed writers left behind."""
    for folder in home.glob(f"{_UNFINISHED}*"):
        if time.time() - folder.stat().st_mtime >= _DAY:
            shutil.rmtree(folder, ignore_errors=True)
