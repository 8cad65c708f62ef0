"""After a crash: mark dead attempts, end their processes, remove what they left behind."""

from __future__ import annotations

import re
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

from datrial.config.project import home
from datrial.errors import LockedError
from datrial.pipeline.lock import take_lock
from datrial.pipeline.notify import notify_end
from datrial.pipeline.processes import end_processes, is_alive, started_process
from datrial.pipeline.record import (
    Attempt,
    attempts,
    crashed,
    remove_scratch,
    write_attempt,
)
from datrial.warehouse.snapshots import SnapshotStore

_OPEN = ("waiting", "running")
_DAY_SECONDS = 86_400
_UNFINISHED = (
    "attempts/.writing-*",
    "results/.writing-*",
    "reports/*/.writing-*",
    "snapshots/*/*/.writing-*",
    "prefect/.writing-*",
    ".ledger.sqlite-*.new*",
)
#: ``.writing-<name>-<process>``, as files end, or with a token and what it is, as folders do.
_WRITER = re.compile(r"-(\d+)(?:-[0-9a-f]{8}(?:-old)?)?$")
_MOVED_ASIDE = re.compile(r"\.writing-(.+)-\d+-[0-9a-f]{8}-old")


def sweep() -> list[Attempt]:
    """Mark dead attempts as crashed and remove their remains; the caller holds the lock.

    Returns
    -------
    list of Attempt
        Those that this call marked, oldest first.
    """
    marked = []
    for attempt in attempts():
        if attempt.state in _OPEN and _is_dead(attempt):
            end_processes(attempt.id, attempt.worker)
            marked.append(crashed(attempt))
            write_attempt(marked[-1])
            notify_end(marked[-1])
    _remove_all_scratch()
    _remove_unfinished_files()
    return marked


def tidy() -> None:
    """Sweep if no other run holds the lock; else leave everything to that run."""
    if not home().is_dir():
        return
    try:
        lock = take_lock(at_once=True)
    except LockedError:
        return
    try:
        sweep()
    finally:
        lock.release()


def _is_dead(attempt: Attempt) -> bool:
    if attempt.host == socket.gethostname():
        return not is_alive(attempt.owner)
    # Another machine's processes cannot be seen from here; but the lock is ours,
    # so an attempt that had it is over.
    return attempt.exclusive and attempt.state == "running"


def _remove_all_scratch() -> None:
    # The folders first: whoever makes one has written its record before.
    folders = list((home() / "tmp").glob("*"))
    living = {one.id for one in attempts() if one.state in _OPEN}
    for folder in folders:
        if folder.name not in living and not _process_lives(folder.name):
            remove_scratch(folder.name)


def _remove_unfinished_files() -> None:
    """Remove the files and folders that killed writers left beside what they were writing.

    Their names end in the writer's process id. One of another machine cannot be seen from
    here: while a run of another machine is open, only what is a day old is removed.
    """
    open_runs = [one for one in attempts() if one.state in _OPEN]
    elsewhere = any(one.host != socket.gethostname() for one in open_runs)
    for pattern in _UNFINISHED:
        for path in sorted(home().glob(pattern)):
            if _is_left_behind(path, elsewhere=elsewhere):
                with suppress(OSError):
                    _put_away(path)
    for folder in (home() / "snapshots").glob("*/"):
        SnapshotStore(home(), folder.name).sweep()


def _put_away(path: Path) -> None:
    """Remove what a killed writer left; a run that it had moved aside goes back to its place."""
    run = _MOVED_ASIDE.fullmatch(path.name)
    if run and not path.with_name(run[1]).exists():
        path.rename(path.with_name(run[1]))
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _is_left_behind(path: Path, *, elsewhere: bool) -> bool:
    found = _WRITER.search(path.name)
    if elsewhere or found is None:
        with suppress(OSError):
            return time.time() - path.stat().st_mtime > _DAY_SECONDS
        return False
    return not is_alive(started_process(int(found[1])))


def _process_lives(name: str) -> bool:
    """Tell whether a scratch folder belongs to a process outside any attempt that still runs."""
    prefix, _, pid = name.partition("-")
    return prefix == "process" and pid.isdigit() and Path("/proc", pid).exists()
