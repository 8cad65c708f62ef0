"""Find an agency's files, and write into the landing folder so that a crash leaves no half file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from datrial.config.mapping import SourceMapping
from datrial.config.writing import writing
from datrial.errors import DataError
from datrial.extracts.periods import names_file

_CHUNK = 1 << 20


def visible_files(inbox: Path) -> list[Path]:
    """Return the inbox's files by name; folders are not looked into.

    Hidden files and the lock files that office programs leave beside an open
    workbook are passed over.

    Raises
    ------
    DataError
        If the inbox is not a folder.
    """
    if not inbox.is_dir():
        away = DataError(
            f"The incoming folder {inbox.name!r} does not exist or is not a folder. "
            "Create it and put the agencies' files there."
        )
        away.may_pass = True  # the share on which it lies may only be away
        raise away
    return sorted(
        path for path in inbox.iterdir() if path.is_file() and not path.name.startswith((".", "~$"))
    )


def matching_files(mapping: SourceMapping, inbox: Path) -> list[Path]:
    """Return the inbox files that a mapping's pattern names; capital letters make no difference.

    Raises
    ------
    DataError
        If the inbox is not a folder.
    """
    return [path for path in visible_files(inbox) if names_file(mapping, path.name)]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise DataError(
            f"{path.name}: the file cannot be read ({error.strerror}). "
            "Check its permissions and whether it is still being copied."
        ) from error
    return digest.hexdigest()


def copy_into_place(source: Path, target: Path, sha256: str) -> None:
    """Copy a file to where it is kept: temporary file, fsync, rename.

    Raises
    ------
    DataError
        If what was copied does not have the expected hash: the file changed meanwhile.
    """
    temporary = _temporary(target)
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reading, writing(temporary), temporary.open("wb") as copy:
            while chunk := reading.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        if digest.hexdigest() != sha256:
            raise DataError(
                f"{source.name}: the file changed while it was read. Wait until it has "
                "arrived completely, then run again."
            )
        temporary.chmod(0o440)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def write_into_place(content: str, target: Path) -> None:
    """Write a small text file: temporary file, fsync, rename."""
    temporary = _temporary(target)
    try:
        with writing(temporary), temporary.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def _sync_folder(folder: Path) -> None:
    """Make a rename in the folder lasting."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
