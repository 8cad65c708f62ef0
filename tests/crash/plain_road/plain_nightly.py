"""The nightly flow's stops one after another, without Prefect: a process starts in a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datrial.config.project import home
from datrial.pipeline import stops
from datrial.pipeline.attempt import OpenAttempt, open_attempt
from datrial.pipeline.failure import StopFailed, failure_of
from datrial.pipeline.job import Job, Published

ORDERS = json.loads(os.environ.get("SMALL_ROAD", "{}"))


def run(job: Job) -> None:
    """Run the whole road; an error ends in the attempt's record, as it does under Prefect."""
    if ORDERS.get("companion"):
        # In the place of Prefect's temporary server: a child that nobody tells to end.
        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    if "kill_at" in ORDERS:
        _at_a_change_of_a_file(ORDERS["kill_at"])
    try:
        with open_attempt("nightly", job) as attempt:
            _travel(attempt, job)
    except Exception:  # recorded
        return


def _travel(attempt: OpenAttempt, job: Job) -> None:
    def stop(name: str, work: Callable[..., Any], *arguments: Any) -> Any:
        attempt.started(name)
        try:
            answer = work(*arguments)
        except Exception as error:
            failure = failure_of(error, name)
            attempt.finished(name, failure.message, failed=True)
            raise StopFailed(failure) from error
        attempt.finished(name, "done")
        return answer

    decision = stop("decide", stops.decide, job)
    if decision.up_to_date:
        there = Published(
            run_id=decision.run_id, report=stops.report_path(decision.run_id), failed=()
        )
        attempt.change(run_id=there.run_id, result=there.model_dump(mode="json"))
        attempt.done("Nothing changed.")
        return
    received = stop("receive", stops.receive, job)
    stop("allocate", stops.allocate, job, received)
    built = stop("build", stops.build, job, received)
    names = getattr(stops, "ANALYSES", job.analyses)
    analysed = [stop(name, stops.analyse, job, built.snapshot_id, name) for name in names]
    published = stop("publish", stops.publish, job, built.snapshot_id, analysed)
    attempt.change(run_id=published.run_id, result=published.model_dump(mode="json"))
    attempt.done("Published.")


def _at_a_change_of_a_file(step: int) -> None:
    """Kill this process before a change of a file; 0: count them for the file ``steps``."""
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    import atexit

    import pytest
    from kill_points import Killer

    killer = Killer(step)
    killer.watch_files(pytest.MonkeyPatch())
    atexit.register(lambda: (home() / "steps").write_text(str(killer.steps)))
