"""Running a flow as a child process, so that nothing of it can outlive its caller.

Prefect starts a server of its own beside a flow. If the flow is killed outright
that server stays, holds the caller's pipe open, and the run is "Running" for
ever. So the flow gets a session of its own, writes to a log file, and ends with
its supervisor; the supervisor ends what is left of it and keeps the record.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress

from datrial.config.project import home
from datrial.errors import DataError, DatrialError, LockedError, UsageError
from datrial.pipeline.attempt import LAST_WORD_VARIABLE, OpenAttempt
from datrial.pipeline.failure import IN_PART, STOPPED, Failure, failure_of
from datrial.pipeline.job import Job, Published
from datrial.pipeline.lock import RunLock, take_lock
from datrial.pipeline.notify import notify_end, told_if_refused
from datrial.pipeline.prefect_settings import prefect_environment
from datrial.pipeline.processes import ATTEMPT_VARIABLE, end_processes
from datrial.pipeline.progress import Display, EventReader, NoDisplay, Shown, display_on
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
from datrial.pipeline.stopping import Stopped, stopping_on_signals
from datrial.pipeline.sweep import sweep, tidy

#: Tell the child who watches over it, and which open file is the lock.
SUPERVISOR_VARIABLE = "DATRIAL_SUPERVISOR"
LOCK_VARIABLE = "DATRIAL_LOCK_DESCRIPTOR"
_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_USER_ERRORS = {kind.exit_code: kind for kind in (UsageError, DataError, LockedError)}


def supervise(job: Job, *, quiet: bool = False, patience: float = 0) -> Published:
    """Run the nightly flow in a child process, show its progress, and return what it published.

    A run of which an analysis failed is published with the gap: ``failed``
    names the analyses, and the attempt's record has exit code 1.

    Parameters
    ----------
    quiet
        Show no progress (it goes to standard error otherwise).
    patience
        Seconds to wait for another run to end.

    Raises
    ------
    LockedError
        If a living run still holds the lock then; nothing was started.
    DatrialError
        With the sentence and the exit code of whatever ended the run.
    """
    with told_if_refused("nightly", job.study):
        attempt = run_flow("nightly", job, None if quiet else display_on(sys.stderr), patience)
    # One that was killed or stopped after it had published did not end well: run it again.
    if attempt.result is not None and (attempt.state == "done" or attempt.error == IN_PART):
        return Published.model_validate(attempt.result)
    kind = _USER_ERRORS.get(attempt.exit_code or 1, DatrialError)
    raise kind(attempt.message or "The run ended without a result.")


def run_flow(
    flow: FlowName, job: Job, display: Display | None = None, patience: float = 0
) -> Attempt:
    """Run a flow as a child process and return the record of how it ended.

    The record's ``exit_code`` is 0 (done), or 1 to 4 as in
    :mod:`datrial.errors`; ``message`` is the sentence for people.

    Parameters
    ----------
    flow
        ``nightly`` and ``allocate`` need the lock; ``analyse`` does not.
    display
        Where progress is shown; none means nowhere.
    patience
        Seconds to wait for another run to end, if the flow needs the lock.

    Raises
    ------
    LockedError
        If a living run still holds the lock then; nothing was started.
    DatrialError
        If the disk does not take even the record of the attempt; nothing was started.
    """
    shown = Shown(display or NoDisplay())
    lock = None
    if flow in EXCLUSIVE_FLOWS:
        lock = take_lock(patience, tell=lambda holder: shown.wait(f"{holder} Waiting."))
    try:
        if lock:
            sweep()
        else:
            tidy()
        # From the moment that the record says "running", whoever stops the run is heard.
        with stopping_on_signals():
            attempt = new_attempt(flow, job)
            try:
                write_attempt(attempt)
                ended = _supervise(attempt, lock, shown)
            except Stopped:
                ended = _stop(attempt, None, STOPPED)
        ended = _closed(ended)
    except OSError as error:
        raise DatrialError(failure_of(error, f"datrial {flow}").message) from error
    finally:
        if lock:
            lock.release()
    notify_end(ended)
    return ended


def _supervise(attempt: Attempt, lock: RunLock | None, shown: Shown) -> Attempt:
    """Run the child to its end, whatever that is, and return the record as it then stands."""
    child, heard = None, b""
    listening, told = os.pipe()
    try:
        child = _start(attempt, lock, told)
        os.close(told)
        told = -1
        _follow(child, EventReader(events_path(attempt.id)), shown)
    except (Stopped, KeyboardInterrupt):
        return _stop(attempt, child, STOPPED)
    except Exception as error:
        return _stop(attempt, child, failure_of(error, f"datrial {attempt.flow}"))
    except BaseException:
        _stop(attempt, child, STOPPED)
        raise
    finally:
        heard = _last_word(listening)
        if told >= 0:
            os.close(told)
        shown.close()
    with suppress(ValueError):
        return Attempt.model_validate_json(heard)
    return _as_recorded(attempt)


def _last_word(descriptor: int) -> bytes:
    """Return what the child said to us alone, since no disk took it; nothing, as a rule."""
    os.set_blocking(descriptor, False)
    with os.fdopen(descriptor, "rb", buffering=0) as said:
        return said.readall() or b""


def _as_recorded(attempt: Attempt) -> Attempt:
    """Return an attempt's record; if a sick disk has lost it, what we know of it."""
    try:
        return read_attempt(attempt.id)
    except (OSError, ValueError):
        return attempt


def _closed(ended: Attempt) -> Attempt:
    """Return an attempt whose child has ended, without anything left of it.

    The record is written if the disk takes it; if not, the next run finds the attempt dead.
    """
    end_processes(ended.id, ended.worker)
    if ended.state in ("waiting", "running"):
        ended = crashed(ended)
    if ended.state != "done":
        remove_scratch(ended.id)
    if ended != _as_recorded(ended):
        with suppress(OSError):
            write_attempt(ended)
    return ended


def _start(attempt: Attempt, lock: RunLock | None, told: int) -> subprocess.Popen[bytes]:
    environment = prefect_environment(os.environ)
    environment |= {
        "DATRIAL_HOME": str(home()),
        ATTEMPT_VARIABLE: attempt.id,
        SUPERVISOR_VARIABLE: str(os.getpid()),
        LAST_WORD_VARIABLE: str(told),
    }
    descriptors: tuple[int, ...] = (told,)
    if lock:
        environment[LOCK_VARIABLE] = str(lock.descriptor)
        descriptors = (told, lock.descriptor)
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


def _follow(child: subprocess.Popen[bytes], events: EventReader, shown: Shown) -> None:
    running = True
    while running:
        running = child.poll() is None
        for event in events.new_events():
            shown.show(event)
        if running:
            time.sleep(_LOOK_SECONDS)


def _stop(attempt: Attempt, child: subprocess.Popen[bytes] | None, why: Failure) -> Attempt:
    """End an attempt before its time, and record why, unless it has ended by itself."""
    if child is not None:
        child.terminate()
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    ended = _as_recorded(attempt)
    end_processes(attempt.id, ended.worker)
    ended = _as_recorded(attempt)
    if ended.state not in ("waiting", "running"):
        return ended
    stopped = OpenAttempt(ended)
    stopped.failed(why)
    return stopped.record
