"""The child that ``datrial.pipeline.supervise`` starts: ``python -m flows nightly``.

What to do stands in the attempt's record; how it ended is written there, and
the exit code repeats it.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from datrial.errors import UsageError
from datrial.pipeline.attempt import OpenAttempt
from datrial.pipeline.failure import failure_of
from datrial.pipeline.job import Job
from datrial.pipeline.processes import ATTEMPT_VARIABLE, end_with_parent
from datrial.pipeline.record import read_attempt
from datrial.pipeline.supervise import LOCK_VARIABLE, SUPERVISOR_VARIABLE


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
    try:
        flow = import_module(f"flows.{attempt.flow}")
        flow.run(Job.model_validate(attempt.job))
    except Exception as error:  # Prefect itself: the flows end in a state, not in an error
        OpenAttempt(read_attempt(attempt.id)).failed(failure_of(error, "Prefect"))
    exit_code = read_attempt(attempt.id).exit_code
    return 1 if exit_code is None else exit_code


if __name__ == "__main__":
    sys.exit(main())
