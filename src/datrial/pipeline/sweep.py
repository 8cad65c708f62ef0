"""After a crash: mark dead attempts, end their processes, remove what they left behind."""

from __future__ import annotations

import socket
from pathlib import Path

from datrial.config.project import home
from datrial.errors import LockedError
from datrial.pipeline.lock import take_lock
from datrial.pipeline.processes import end_processes, is_alive
from datrial.pipeline.record import (
    Attempt,
    attempts,
    crashed,
    remove_scratch,
    write_attempt,
)

_OPEN = ("waiting", "running")


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
    _remove_all_scratch()
    return marked


def tidy() -> None:
    """Sweep if no other run holds the lock; else leave everything to that run."""
    if not home().is_dir():
        return
    try:
        lock = take_lock()
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
    living = {one.id for one in attempts() if one.state in _OPEN}
    for folder in (home() / "tmp").glob("*"):
        if folder.name not in living and not _process_lives(folder.name):
            remove_scratch(folder.name)


def _process_lives(name: str) -> bool:
    """Tell whether a scratch folder belongs to a process outside any attempt that still runs."""
    prefix, _, pid = name.partition("-")
    return prefix == "process" and pid.isdigit() and Path("/proc", pid).exists()
