"""The child that ``datrial.pipeline.supervise`` starts: ``python -m flows nightly``.

What to do stands in the attempt's record; how it ended is written there, and
the exit code repeats it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from importlib import import_module

from datrial.errors import UsageError
from datrial.pipeline.attempt import LAST_WORD_VARIABLE, OpenAttempt
from datrial.pipeline.failure import failure_of
from datrial.pipeline.job import Job
from datrial.pipeline.processes import ATTEMPT_VARIABLE, end_with_parent
from datrial.pipeline.record import read_attempt
from datrial.pipeline.supervise import LOCK_VARIABLE, SUPERVISOR_VARIABLE
from flows.jobs import AnalyseJob, RerunJob

_OPEN = ("waiting", "running")
_LOOK_SECONDS = 0.5
_LINGER_SECONDS = 20
_JOBS: dict[str, type[Job]] = {"analyse": AnalyseJob, "rerun": RerunJob}


def main() -> int:
    """Run the flow of the attempt that the environment names."""
    try:
        supervisor = int(os.environ[SUPERVISOR_VARIABLE])
        attempt = read_attempt(os.environ[ATTEMPT_VARIABLE])
    except KeyError as missing:
        raise UsageError("Start a flow with `datrial run`, not by itself.") from missing
    end_with_parent(supervisor)  # before Prefect is imported, which takes seconds
    if LOCK_VARIABLE in os.environ:  # ours to hold; not Prefect's server's
        os.set_inheritable(int(os.environ[LOCK_VARIABLE]), False)
    if LAST_WORD_VARIABLE in os.environ:
        os.set_inheritable(int(os.environ[LAST_WORD_VARIABLE]), False)
    threading.Thread(target=_end_in_time, args=(attempt.id,), daemon=True).start()
    try:
        flow = import_module(f"flows.{attempt.flow}")
        flow.run(_JOBS.get(attempt.flow, Job).model_validate(attempt.job))
    except Exception as error:  # Prefect itself: the flows end in a state, not in an error
        attempt = read_attempt(attempt.id)
        if attempt.state in _OPEN:  # what our record says is done is done
            OpenAttempt(attempt).failed(failure_of(error, "Prefect"))
    return _exit_code(attempt.id)


def _end_in_time(attempt_id: str) -> None:
    """End this process a little after our record says how the run ended.

    Prefect has things to tell its server then, which takes a second or two. If the server is
    gone it tries for a quarter of an hour, and the caller would wait for nothing.
    """
    while read_attempt(attempt_id).state in _OPEN:
        time.sleep(_LOOK_SECONDS)
    time.sleep(_LINGER_SECONDS)
    os._exit(_exit_code(attempt_id))


def _exit_code(attempt_id: str) -> int:
    exit_code = read_attempt(attempt_id).exit_code
    return 1 if exit_code is None else exit_code


if __name__ == "__main__":
    sys.exit(main())
