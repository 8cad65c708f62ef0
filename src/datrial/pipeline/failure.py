"""What people are told of an error, and what goes to the technical log instead."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress

from pydantic import BaseModel, ConfigDict

from datrial.errors import DatrialError
from datrial.pipeline.disk import disk_sentence, no_room_sentence
from datrial.pipeline.processes import ATTEMPT_VARIABLE
from datrial.pipeline.record import log_path, now

#: System errors that a second try a moment later may cure: a file that somebody holds, and a
#: share or its server that is away. All others last: a full disk, a missing right, a faulty name.
_PASSING = {
    errno.EAGAIN, errno.EBUSY, errno.ETXTBSY, errno.EDEADLK, errno.ENOLCK, errno.EINTR,
    errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN,
    errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.ENETRESET, errno.ECONNRESET,
    errno.ECONNABORTED, errno.ECONNREFUSED, errno.ENODEV, errno.ENXIO,
}  # fmt: skip


class Failure(BaseModel):
    """How something failed: the error's class, the sentence for people, the exit code.

    Attributes
    ----------
    may_pass
        Whether it may be gone a moment later: a locked file, a share that was away.
    """

    model_config = ConfigDict(frozen=True)

    error: str
    message: str
    exit_code: int
    may_pass: bool = False


#: The error of a run that is published with a gap.
IN_PART = "FailedInPart"
#: Somebody asked the run to end before it was done.
STOPPED = Failure(
    error="Stopped",
    message="The run was stopped before it had ended; the last good snapshot stays current. "
    "Run it again.",
    exit_code=1,
)


class StopFailed(Exception):
    """A stop of the road failed; what came after it is not tried."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_of(error: Exception, place: str) -> Failure:
    """Return what to tell people of an error in the attempt that runs here.

    A ``DatrialError`` speaks for itself, and of a full or sick disk we do (see
    :mod:`datrial.pipeline.disk`). Anything else is a fault of ours: its place in
    the code goes to the attempt's technical log. Its message is left out there
    too, since a library's message may quote a row.

    Parameters
    ----------
    place
        The stop in which it happened.
    """
    if isinstance(error, StopFailed):
        return error.failure
    kind, may_pass = type(error).__name__, _may_pass(error) or _may_pass(error.__cause__)
    told = disk_sentence(error)
    if told is None and isinstance(error, DatrialError):
        return Failure(error=kind, message=str(error), exit_code=error.exit_code, may_pass=may_pass)
    if told is None or ATTEMPT_VARIABLE in os.environ:  # a full disk's places help no person
        with suppress(OSError):  # the log's disk may be the one that is full
            _log(error, place)
    fault = (
        f"{place}: stopped by a fault in datrial ({_kind(error)}); the last good snapshot stays "
        "current. Send the technical log, which `datrial status` names, to its maintainers."
    )
    message = told or no_room_sentence() or fault
    return Failure(error=kind, message=message, exit_code=1, may_pass=may_pass)


def _log(error: Exception, place: str) -> None:
    """Write where an error came from to the attempt's log; without an attempt, to stderr."""
    attempt = os.environ.get(ATTEMPT_VARIABLE)
    if attempt is None:
        sys.stderr.write("".join(_places(error, place)))
        return
    log = log_path(attempt)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write("".join(_places(error, place)))


def _may_pass(error: BaseException | None) -> bool:
    if isinstance(error, DatrialError):
        return error.may_pass
    return isinstance(error, OSError) and error.errno in _PASSING


def _kind(error: BaseException) -> str:
    """Return an error's class, and for the system's errors what the system says."""
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{reason}"


def _places(error: BaseException, place: str) -> Iterator[str]:
    """Return the places in the code that an error, and what caused it, came through."""
    yield f"{now():%Y-%m-%d %H:%M:%S} UTC, {place}: {_kind(error)} (its message may quote data)\n"
    cause: BaseException | None = error
    while cause is not None:
        yield f"{_kind(cause)}\n"
        yield from traceback.format_tb(cause.__traceback__)
        cause = cause.__cause__ or cause.__context__
