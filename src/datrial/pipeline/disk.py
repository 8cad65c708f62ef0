"""What people are told when the disk, and not the data or the code, stopped the work.

The system's errors, SQLite's and DuckDB's are told alike: what is wrong with the disk,
which part of the state could not be written, and what to do.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from datrial.config.project import home
from datrial.errors import DatrialError

#: What each part of the state holds, in words.
_PARTS = {
    "landing": "the agencies' files as they arrived (landing)",
    "ledger.sqlite": "the allocation ledger (ledger.sqlite)",
    "snapshots": "the snapshots (snapshots)",
    "tmp": "the unfinished work of this run (tmp)",
    "results": "the results (results)",
    "reports": "the report and its workbooks (reports)",
    "attempts": "the record of this run (attempts)",
    "logs": "the technical log (logs)",
    "prefect": "Prefect's own records (prefect)",
    "lock": "the lock (lock)",
}
_FULL, _READ_ONLY, _DENIED, _SICK = "full", "read-only", "denied", "sick"
_KINDS = {
    errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED, errno.EPERM: _DENIED,
    errno.EIO: _SICK, errno.ESTALE: _SICK, errno.ENOTCONN: _SICK,
}  # fmt: skip
_SQLITE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}
#: With less room than this, whatever went wrong is laid to the full disk.
_NO_ROOM_BYTES = 256 * 1024


def disk_sentence(error: BaseException) -> str | None:
    """Return the sentence for an error that the disk made; none if it was something else.

    It names the part of the state (landing, snapshots, results, ...), and no path.
    """
    told = isinstance(error, DatrialError)  # of such an error only what it cannot know matters
    for one in _with_causes(error):
        code, name = _system_error(one)
        kind, part = _KINDS.get(code), _part_of(name)
        if kind == _FULL or (part and (kind == _READ_ONLY or (kind and not told))):
            return _sentence(kind, part)
    return None


def no_room_sentence() -> str | None:
    """Return the sentence for a full disk if that of ``DATRIAL_HOME`` has no room left."""
    try:
        disk = os.statvfs(home())
    except OSError:
        return None
    full = disk.f_bavail * disk.f_frsize < _NO_ROOM_BYTES
    return _sentence(_FULL, None) if full else None


def _sentence(kind: str, part: str | None) -> str:
    what = part or "a part of the state"
    end = "the last good snapshot stays current."
    if kind == _FULL:
        return (
            f"The disk is full: there is no room for {what}; {end} "
            "Free some space on the disk of DATRIAL_HOME and run again."
        )
    if kind == _READ_ONLY:
        return (
            f"The disk is read-only: {what} cannot be written; {end} "
            "Make the disk of DATRIAL_HOME writable, or set DATRIAL_HOME to one that is, and "
            "run again."
        )
    if kind == _DENIED:
        return (
            f"The user who runs datrial may not write {what}; {end} "
            "Give that user DATRIAL_HOME and all that is in it, and run again."
        )
    return (
        f"The disk does not answer as it should, and {what} could not be written or read; {end} "
        "See that the disk of DATRIAL_HOME is there and sound, and run again."
    )


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and all that led to it, also what ``from None`` leaves out."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _system_error(error: BaseException) -> tuple[int, str]:
    """Return the system's number of an error, and the file it names; 0 and nothing if none."""
    if isinstance(error, OSError):
        return error.errno or 0, str(error.filename or "")
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return _SQLITE.get(code, 0), str(home() / "ledger.sqlite")  # the one such file of ours
    kind = type(error)
    if kind.__module__.strip("_").startswith("duckdb"):
        said = str(error)
        found = next((code for code in _KINDS if f": {os.strerror(code)}" in said), 0)
        named = re.search(r'"(/[^"]+)"', said)
        return found, named[1] if named else str(home() / "tmp")
    return 0, ""


def _part_of(name: str) -> str | None:
    """Return what a file of the state belongs to; none for any other file."""
    if not name:
        return None
    try:
        first = Path(name).absolute().relative_to(home()).parts[:1]
    except ValueError:
        return None
    if not first:
        return "the state (DATRIAL_HOME)"
    place = first[0].removesuffix("-wal").removesuffix("-shm").removesuffix("-journal")
    if place.startswith(".ledger.sqlite"):
        place = "ledger.sqlite"
    return _PARTS.get(place)
