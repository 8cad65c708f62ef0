"""The lock that lets one run at a time change the state on disk."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable

from datrial.config.project import home
from datrial.errors import LockedError, UsageError
from datrial.pipeline.processes import end_processes, is_alive
from datrial.pipeline.record import Attempt, attempts

#: How long to wait for the remains of a dead run to let the lock go, and for a holder that is
#: no run: an analysis that looks for such remains, or a run that is about to say who it is.
_REMAINS_SECONDS = 5.0
_LOOK_SECONDS = 0.05


class RunLock:
    """An exclusive lock on ``DATRIAL_HOME/lock``, held until released or all holders are dead.

    The system lets it go when the last process that holds the file open has
    ended, however it ended. The supervisor shares it with its child through
    the file descriptor, so that neither's death frees it while the other works.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        os.set_inheritable(descriptor, False)

    def release(self) -> None:
        """Let go of the lock (another holder of the descriptor keeps it)."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def take_lock(
    patience: float = 0, *, at_once: bool = False, tell: Callable[[str], None] | None = None
) -> RunLock:
    """Take the lock, ending the remains of a run whose supervisor is dead.

    Parameters
    ----------
    patience
        Seconds to wait for a living run to end.
    at_once
        Do not wait at all, for whoever holds it.
    tell
        Called once, with the sentence that names the holder, before a living run is waited for.

    Raises
    ------
    LockedError
        If a living run holds it; the sentence names its process and start.
    UsageError
        If ``DATRIAL_HOME`` cannot be written.
    """
    try:
        home().mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home() / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(
            f"The folder of the state, {home()}, cannot be written ({error.strerror}). Set "
            "DATRIAL_HOME to one that can."
        ) from error
    began, told = time.monotonic(), False
    try:
        while not _try_lock(descriptor):
            waited = time.monotonic() - began
            holders = _running_exclusive()
            living = [attempt for attempt in holders if is_alive(attempt.owner)]
            if at_once or (living and waited >= patience):
                raise LockedError(_sentence(living or holders))
            if not living and waited >= max(patience, _REMAINS_SECONDS):
                raise LockedError(_sentence(holders))
            if not living:
                for attempt in holders:
                    end_processes(attempt.id, attempt.worker, patience=1.0)
            elif tell and not told:
                tell(_sentence(living))
                told = True
            time.sleep(min(1.0, patience - waited) if living else _LOOK_SECONDS)
    except BaseException:
        os.close(descriptor)
        raise
    return RunLock(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _running_exclusive() -> list[Attempt]:
    return [one for one in attempts() if one.state == "running" and one.exclusive]


def _sentence(holders: list[Attempt]) -> str:
    if not holders:  # the other holder has the lock and is about to write its record
        return "Another run is just starting and holds the lock. Wait until it has ended."
    one = holders[-1]
    return (
        f"Another run holds the lock: {one.flow} of study {one.study}, process {one.owner.pid}, "
        f"started {one.started:%Y-%m-%d %H:%M:%S} UTC. Wait until it has ended, or stop it "
        f"with `kill {one.owner.pid}`."
    )
