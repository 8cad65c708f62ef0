"""Processes of a run: who they are, whether they live, and how they are ended.

A process id alone says little, since ids are used again: a process is known by
its id together with the moment it started. Every process of a run carries the
run's attempt id in its environment, so that none is left behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from datrial.errors import DatrialError

ATTEMPT_VARIABLE = "DATRIAL_ATTEMPT"
_PROC = Path("/proc")
_WATCH_SECONDS = 0.5


class Process(BaseModel):
    """A process, told apart from a later one that was given the same id.

    Attributes
    ----------
    started
        The moment it started, as the system tells it (opaque; only compared).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pid: int
    started: str


def this_process() -> Process:
    """Return the calling process."""
    return started_process(os.getpid())


def started_process(pid: int) -> Process:
    """Return a process by its id."""
    return Process(pid=pid, started=_start_of(pid) or "gone")


def is_alive(process: Process) -> bool:
    """Tell whether this very process still runs; one that only waits to be reaped does not."""
    return _start_of(process.pid) == process.started


def processes_of(attempt_id: str) -> list[int]:
    """Return the ids of the processes that carry an attempt's id (Linux only; else none)."""
    return processes_carrying(ATTEMPT_VARIABLE, attempt_id)


def processes_carrying(variable: str, value: str) -> list[int]:
    """Return the ids of the processes with this in their environment (Linux only; else none)."""
    carried = f"{variable}={value}".encode()
    found = []
    for folder in _PROC.glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or another person's
            continue
        if carried in environment and _start_of(int(folder.name)):
            found.append(int(folder.name))
    return found


def end_processes(attempt_id: str, worker: Process | None, *, patience: float = 5.0) -> int:
    """Kill what is left of an attempt and return how many processes that were.

    Parameters
    ----------
    worker
        The attempt's worker, which leads its process group; used where the
        system does not show environments.
    patience
        Seconds to wait until they are gone.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + patience
    while True:
        left = [pid for pid in _left_of(attempt_id, worker) if pid != os.getpid()]
        for pid in left:
            killed.add(pid)
            _kill(pid)
        if not left or time.monotonic() > deadline:
            return len(killed)
        time.sleep(0.05)


def end_with_parent(parent: int) -> None:
    """End this process, and the group it leads, within a second of its parent's death.

    A parent killed outright cannot tell its children. They would go on, hold
    the lock and keep the caller's terminal waiting.

    Parameters
    ----------
    parent
        The parent's process id, told by the parent itself: asked for here, it
        might already be the process that adopts orphans.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def _left_of(attempt_id: str, worker: Process | None) -> list[int]:
    if _PROC.is_dir():
        return processes_of(attempt_id)
    if worker is None or not is_alive(worker):
        return []
    listed = _ps("-A", "-o", "pid=,pgid=").split("\n")
    pairs = [line.split() for line in listed if line.strip()]
    return [int(pid) for pid, group in pairs if int(group) == worker.pid]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _start_of(pid: int) -> str | None:
    if not _PROC.is_dir():
        return _ps("-p", str(pid), "-o", "lstart=") or None
    try:
        text = (_PROC / str(pid) / "stat").read_text()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The command's name, in brackets, may itself hold brackets and blanks.
    state, *fields = text[text.rindex(")") + 2 :].split()
    return None if state in "ZX" else f"{boot}:{fields[18]}"


def _ps(*arguments: str) -> str:
    if sys.platform == "win32":  # pragma: no cover
        raise DatrialError("datrial runs on Linux and macOS.")
    done = subprocess.run(  # noqa: S603
        ["/bin/ps", *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
