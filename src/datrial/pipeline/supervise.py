"""Running a flow as a child process, so that nothing of it can outlive its caller.

Prefect starts a server of its own beside a flow. If the flow is killed outright
that server stays, holds the caller's pipe open, and the run is "Running" for
ever. So the flow gets a session of its own, writes to a log file, and ends with
its supervisor; the supervisor ends what is left of it and keeps the record.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from datrial.config.project import home
from datrial.errors import DataError, DatrialError, LockedError, UsageError
from datrial.pipeline.attempt import OpenAttempt
from datrial.pipeline.failure import STOPPED
from datrial.pipeline.job import Job, Published
from datrial.pipeline.lock import RunLock, take_lock
from datrial.pipeline.prefect_settings import prefect_environment
from datrial.pipeline.processes import ATTEMPT_VARIABLE, end_processes
from datrial.pipeline.progress import Display, EventReader, NoDisplay, display_on
from datrial.pipeline.record import (
    EXCLUSIVE_FLOWS,
    Attempt,
    FlowName,
    crashed,
    events_path,
    log_path,
    new_attempt,
    read_attempt,
    remove_scratch,
    write_attempt,
)
from datrial.pipeline.sweep import sweep, tidy

#: Tell the child who watches over it, and which open file is the lock.
SUPERVISOR_VARIABLE = "DATRIAL_SUPERVISOR"
LOCK_VARIABLE = "DATRIAL_LOCK_DESCRIPTOR"
_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_USER_ERRORS = {kind.__name__: kind for kind in (UsageError, DataError, LockedError)}


class _Stopped(BaseException):
    """The person or the system asked the supervisor to stop."""


def supervise(job: Job, *, quiet: bool = False) -> Published:
    """Run the nightly flow in a child process, show its progress, and return what it published.

    A run of which an analysis failed is published with the gap: ``failed``
    names the analyses, and the attempt's record has exit code 1.

    Parameters
    ----------
    quiet
        Show no progress (it goes to standard error otherwise).

    Raises
    ------
    LockedError
        If a living run holds the lock; nothing was started.
    DatrialError
        With the sentence and the exit code of whatever ended the run.
    """
    attempt = run_flow("nightly", job, None if quiet else display_on(sys.stderr))
    if attempt.result is not None:
        return Published.model_validate(attempt.result)
    kind = _USER_ERRORS.get(attempt.error or "", DatrialError)
    raise kind(attempt.message or "The run ended without a result.")


def run_flow(flow: FlowName, job: Job, display: Display | None = None) -> Attempt:
    """Run a flow as a child process and return the record of how it ended.

    The record's ``exit_code`` is 0 (done), or 1 to 4 as in
    :mod:`datrial.errors`; ``message`` is the sentence for people.

    Parameters
    ----------
    flow
        ``nightly`` and ``allocate`` need the lock; ``analyse`` does not.
    display
        Where progress is shown; none means nowhere.

    Raises
    ------
    LockedError
        If a living run holds the lock; nothing was started.
    """
    lock = take_lock() if flow in EXCLUSIVE_FLOWS else None
    try:
        if lock:
            sweep()
        else:
            tidy()
        # From the moment that the record says "running", whoever stops the run is heard.
        with _stopping_on_signals():
            attempt = new_attempt(flow, job)
            write_attempt(attempt)
            ended = _supervise(attempt, lock, display or NoDisplay())
        return _closed(ended)
    finally:
        if lock:
            lock.release()


def _supervise(attempt: Attempt, lock: RunLock | None, display: Display) -> Attempt:
    child = None
    try:
        child = _start(attempt, lock)
        _follow(child, EventReader(events_path(attempt.id)), display)
    except (_Stopped, KeyboardInterrupt):
        return _stop(attempt, child)
    except BaseException:
        _stop(attempt, child)
        raise
    finally:
        display.close()
    return read_attempt(attempt.id)


def _closed(attempt: Attempt) -> Attempt:
    """Return an attempt whose child has ended, without anything left of it."""
    end_processes(attempt.id, attempt.worker)
    ended = read_attempt(attempt.id)
    if ended.state == "running":
        remove_scratch(attempt.id)
        ended = crashed(ended)
        write_attempt(ended)
    return ended


def _start(attempt: Attempt, lock: RunLock | None) -> subprocess.Popen[bytes]:
    environment = prefect_environment(os.environ)
    environment |= {
        "DATRIAL_HOME": str(home()),
        ATTEMPT_VARIABLE: attempt.id,
        SUPERVISOR_VARIABLE: str(os.getpid()),
    }
    descriptors: tuple[int, ...] = ()
    if lock:
        environment[LOCK_VARIABLE] = str(lock.descriptor)
        descriptors = (lock.descriptor,)
    log = log_path(attempt.id)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 (the command is ours)
            [sys.executable, "-m", "flows", attempt.flow],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=descriptors,
        )


def _follow(child: subprocess.Popen[bytes], events: EventReader, display: Display) -> None:
    running = True
    while running:
        running = child.poll() is None
        for event in events.new_events():
            display.show(event)
        if running:
            time.sleep(_LOOK_SECONDS)


def _stop(attempt: Attempt, child: subprocess.Popen[bytes] | None) -> Attempt:
    if child is not None:
        child.terminate()
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    end_processes(attempt.id, read_attempt(attempt.id).worker)
    ended = read_attempt(attempt.id)
    if ended.state == "running":
        remove_scratch(attempt.id)
        stopped = OpenAttempt(ended)
        stopped.failed(STOPPED)
        return stopped.record
    return ended


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Turn a request to end (SIGTERM, or the terminal closed) into an orderly stop."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Stopped

    heeded = [
        one
        for one in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(one) is not signal.SIG_IGN  # `nohup` asks us to go on
    ]
    before = {one: signal.signal(one, stop) for one in heeded}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
