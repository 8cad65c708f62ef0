"""How every flow runs: an attempt with its stops, recorded, and an end in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from datrial.errors import DatrialError
from datrial.pipeline.attempt import OpenAttempt, open_attempt
from datrial.pipeline.failure import Failure, StopFailed
from datrial.pipeline.job import Analysed, Job, Published
from datrial.pipeline.planned import without_result
from datrial.pipeline.processes import end_with_parent
from datrial.pipeline.record import FlowName
from flows import artifacts, tasks
from flows.parameters import Change, job_of
from flows.stale import settle_stale_runs

Answer = TypeVar("Answer")
#: A scheduled run waits so long for another to end (two studies have the same hour).
_QUEUE_SECONDS = 4 * 3600


class Road:
    """The stops of one run, recorded as they are left behind."""

    def __init__(self, attempt: OpenAttempt) -> None:
        self.attempt = attempt

    def stop(
        self, name: str, stop: Task[..., State[Any]], expected: type[Answer], *arguments: Any
    ) -> Answer:
        """Run one stop and return its answer.

        Raises
        ------
        StopFailed
            If it failed.
        """
        self.attempt.started(name)
        state = stop(*arguments, return_state=True)
        answer = state.result(raise_on_failure=False)
        self.attempt.finished(name, state.message or "", failed=not state.is_completed())
        if isinstance(answer, Failure):
            raise StopFailed(answer)
        if not isinstance(answer, expected):
            raise TypeError(f"stop {name} answered with {type(answer).__name__}")
        return answer

    def analyse_and_publish(self, job: Job, snapshot: str, analyses: list[str]) -> State[Any]:
        """Run the analyses, publish what came of them, and say how the run ended."""
        analysed = [
            self.stop(name, tasks.analyse, Analysed, job, snapshot, name) for name in analyses
        ]
        published = self.stop("publish", tasks.publish, Published, job, snapshot, analysed)
        artifacts.show_results(published, job)
        self.attempt.change(run_id=published.run_id, result=published.model_dump(mode="json"))
        return self._end(published, job)

    def _end(self, published: Published, job: Job) -> State[Any]:
        if not published.failed:
            return self.done(f"Run {published.run_id} is published.")
        failure = Failure(
            error="FailedInPart",
            message=f"Run {published.run_id} is published in part, "
            f"{without_result(job.resolved_study(), published.failed)}. The report shows the gap.",
            exit_code=1,
        )
        self.attempt.failed(failure)
        return Failed(name="FailedInPart", message=failure.message)

    def done(self, message: str) -> State[Any]:
        """Record a good end."""
        self.attempt.done(message)
        return Completed(message=message)


def travel(
    flow: FlowName,
    way: Callable[[Road, Job], State[Any]],
    study: str,
    *,
    inbox: Path | None = None,
    analyses: Sequence[str] = (),
    changes: Sequence[Change] = (),
    label: str = "",
) -> State[Any]:
    """Run a flow's way from stop to stop, and return the state it ends in.

    Errors become a failed state with one sentence; Prefect never sees them.
    """
    served = "PREFECT__FLOW_RUN_ID" in os.environ  # a runner or worker started this process
    if served:
        end_with_parent(os.getppid())
    try:
        job = job_of(study, inbox=inbox, analyses=analyses, changes=changes, label=label)
        patience = _QUEUE_SECONDS if served else 0
        with open_attempt(flow, job, patience=patience, flow_run_id=flow_run.id) as attempt:
            settle_stale_runs()
            return way(Road(attempt), job)
    except DatrialError as error:
        return Failed(message=str(error))
    except StopFailed as error:
        return Failed(message=error.failure.message)
    except Exception as error:  # recorded by open_attempt; its message may quote data
        return Failed(message=f"stopped by a fault in datrial ({type(error).__name__})")
