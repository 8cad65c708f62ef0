"""An open attempt: what a flow (or a command without Prefect) holds while it works."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pydantic import BaseModel

from datrial.pipeline.failure import STOPPED, Failure, failure_of
from datrial.pipeline.lock import take_lock
from datrial.pipeline.notify import notify_end
from datrial.pipeline.processes import ATTEMPT_VARIABLE, this_process
from datrial.pipeline.record import (
    Attempt,
    FinishedStop,
    FlowName,
    append_event,
    new_attempt,
    now,
    read_attempt,
    remove_scratch,
    write_attempt,
)
from datrial.pipeline.sweep import sweep, tidy

#: Tells a flow into which open file it may say how it ended when no disk takes it.
LAST_WORD_VARIABLE = "DATRIAL_LAST_WORD_DESCRIPTOR"


class OpenAttempt:
    """Keeps the record of an attempt that runs in this process."""

    def __init__(self, record: Attempt) -> None:
        self.record = record
        self._began: dict[str, float] = {}

    def change(self, **changes: Any) -> None:
        """Change the record and write it."""
        self.record = self.record.model_copy(update=changes)
        write_attempt(self.record)

    def plan(self, stops: list[str]) -> None:
        """Announce the stops that are to come."""
        append_event(self.record.id, {"event": "plan", "stops": stops})

    def started(self, stop: str) -> None:
        """Record that a stop begins."""
        self._began[stop] = time.monotonic()
        append_event(self.record.id, {"event": "started", "stop": stop})

    def finished(self, stop: str, summary: str, *, failed: bool = False) -> None:
        """Record that a stop has ended, with what it says in counts."""
        done = FinishedStop(
            name=stop,
            state="failed" if failed else "done",
            ended=now(),
            seconds=round(time.monotonic() - self._began.pop(stop), 1),
            summary=summary,
        )
        self.change(stops=(*self.record.stops, done))
        append_event(self.record.id, {"event": "finished", **done.model_dump(mode="json")})

    def done(self, message: str) -> None:
        """Record that all went well."""
        self.change(state="done", ended=now(), message=message, exit_code=0)

    def failed(self, failure: Failure) -> None:
        """Record that the attempt failed; where the disk does not take that, tell who watches.

        Its unfinished work goes first: on a full disk that makes room for the record.
        """
        remove_scratch(self.record.id)
        try:
            self.change(state="failed", ended=now(), **failure.model_dump(exclude={"may_pass"}))
        except OSError:
            say_last_word(self.record)


def say_last_word(record: Attempt) -> None:
    """Say how an attempt ended to its supervisor alone, if it has one; the next run marks it."""
    descriptor = os.environ.get(LAST_WORD_VARIABLE)
    if descriptor:
        with suppress(OSError):
            os.write(int(descriptor), record.model_dump_json().encode())


@contextmanager
def open_attempt(
    flow: FlowName, job: BaseModel, *, patience: float = 0, flow_run_id: str | None = None
) -> Iterator[OpenAttempt]:
    """Take part in the supervisor's attempt, or begin one where there is no supervisor.

    An error that leaves the block ends the attempt as failed, and goes on.

    Parameters
    ----------
    patience
        Seconds to wait for another run to end, if the flow needs the lock.
    flow_run_id
        Prefect's id of the run, if it runs under Prefect.

    Raises
    ------
    LockedError
        If the flow needs the lock and a living run holds it.
    """
    supervised = os.environ.get(ATTEMPT_VARIABLE)
    if supervised:
        attempt = OpenAttempt(read_attempt(supervised))
        attempt.change(worker=this_process(), flow_run_id=flow_run_id)
        with _recorded(attempt):
            yield attempt
        return
    attempt = OpenAttempt(new_attempt(flow, job, flow_run_id))
    os.environ[ATTEMPT_VARIABLE] = attempt.record.id
    try:
        attempt.change(worker=attempt.record.owner, state="waiting")
        with _recorded(attempt), _swept(attempt.record, patience):
            attempt.change(state="running")
            yield attempt
    finally:
        os.environ.pop(ATTEMPT_VARIABLE, None)
        if flow_run_id:  # what a person runs by hand is told on the screen
            notify_end(attempt.record)


@contextmanager
def _recorded(attempt: OpenAttempt) -> Iterator[None]:
    """Record how the block ends, unless that was done in it."""
    try:
        yield
    except Exception as error:
        attempt.failed(failure_of(error, attempt.record.flow))
        raise
    except BaseException:  # asked to end: Ctrl-C, SIGTERM, "Cancel" on Prefect's page
        attempt.failed(STOPPED)
        raise
    else:
        if attempt.record.state == "running":
            attempt.done("Done.")
    finally:
        remove_scratch(attempt.record.id)


@contextmanager
def _swept(record: Attempt, patience: float) -> Iterator[None]:
    """Clean up after dead attempts, and hold the lock meanwhile if the flow needs it."""
    if not record.exclusive:
        tidy()
        yield
        return
    lock = take_lock(patience)
    try:
        sweep()
        yield
    finally:
        lock.release()
