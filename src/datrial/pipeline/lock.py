"""The lock that lets one run at a time change the state on disk."""

from __future__ import annotations

import fcntl
import os
import time

from datrial.config.project import home
from datrial.errors import LockedError, UsageError
from datrial.pipeline.processes import end_processes, is_alive
from datrial.pipeline.record import Attempt, attempts

#: How long to wait for the remains of a dead run to let the lock go.
_REMAINS_SECONDS = 5.0


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


def take_lock(patience: float = 0) -> RunLock:
    """Take the lock, ending the remains of a run whose supervisor is dead.

    Parameters
    ----------
    patience
        Seconds to wait for a living run to end.

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
    began = time.monotonic()
    try:
        while not _try_lock(descriptor):
            waited = time.monotonic() - began
            holders = _running_exclusive()
            living = [attempt for attempt in holders if is_alive(attempt.owner)]
            if holders and not living and waited < _REMAINS_SECONDS:
                for attempt in holders:
                    end_processes(attempt.id, attempt.worker, patience=1.0)
            elif waited < patience:
                time.sleep(min(1.0, patience))
            else:
                raise LockedError(_sentence(living or holders))
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
