"""How every flow runs: an attempt with its stops, recorded, and an end in one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from datrial.errors import DatrialError
from datrial.pipeline.attempt import OpenAttempt, open_attempt
from datrial.pipeline.failure import IN_PART, Failure, StopFailed
from datrial.pipeline.job import Analysed, Job, Published
from datrial.pipeline.planned import without_result
from datrial.pipeline.processes import end_with_parent
from datrial.pipeline.record import FlowName
from flows import artifacts, tasks
from flows.progress import Progress
from flows.stale import settle_stale_runs

Answer = TypeVar("Answer")
AnyJob = TypeVar("AnyJob", bound=Job)
#: A scheduled run waits so long for another to end (two studies have the same hour).
_QUEUE_SECONDS = 4 * 3600


class Road:
    """The stops of one run, recorded as they are left behind."""

    def __init__(self, attempt: OpenAttempt) -> None:
        self.attempt = attempt
        self.progress = Progress()

    def plan(self, stops: list[str]) -> None:
        """Announce the stops that are to come."""
        self.attempt.plan(stops)
        self.progress.plan(stops)

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
        said, failed = state.message or "", not state.is_completed()
        self.attempt.finished(name, said, failed=failed)
        self.progress.ended(name, said, failed=failed)
        if isinstance(answer, Failure):
            raise StopFailed(answer)
        if not isinstance(answer, expected):
            raise TypeError(f"stop {name} answered with {type(answer).__name__}")
        return answer

    def analyse_and_publish(self, job: Job, snapshot: str, analyses: list[str]) -> Published:
        """Run the analyses, publish what came of them, and show it."""
        analysed = [
            self.stop(name, tasks.analyse, Analysed, job, snapshot, name) for name in analyses
        ]
        published = self.stop("publish", tasks.publish, Published, job, snapshot, analysed)
        artifacts.show_analyses(analysed)
        artifacts.show_results(published, job)
        self.attempt.change(run_id=published.run_id, result=published.model_dump(mode="json"))
        return published

    def end(self, published: Published, job: Job) -> State[Any]:
        """Say how the run ended: well, or in part."""
        if not published.failed:
            return self.done(f"Run {published.run_id} is published.")
        return self.failed(
            Failure(
                error=IN_PART,
                message=f"Run {published.run_id} is published in part, "
                f"{without_result(job.resolved_study(), published.failed)}. "
                "The report shows the gap.",
                exit_code=1,
            )
        )

    def done(self, message: str) -> State[Any]:
        """Record a good end."""
        self.attempt.done(message)
        self.progress.all_done(message)
        return Completed(message=message)

    def failed(self, failure: Failure) -> State[Any]:
        """Record an end that is not good, after all stops; Prefect's state has its name."""
        self.attempt.failed(failure)
        self.progress.closed(failure.message)
        return Failed(name=failure.error, message=failure.message)


def travel(
    flow: FlowName, way: Callable[[Road, AnyJob], State[Any]], asked: Callable[[], AnyJob]
) -> State[Any]:
    """Run a flow's way from stop to stop, and return the state it ends in.

    Errors become a failed state with one sentence; Prefect never sees them.

    Parameters
    ----------
    asked
        Makes the job of the filled-in form; what is wrong with the form is such an error too.
    """
    served = "PREFECT__FLOW_RUN_ID" in os.environ  # a runner or worker started this process
    if served:
        end_with_parent(os.getppid())
    try:
        job = asked()
        patience = _QUEUE_SECONDS if served else 0
        with open_attempt(flow, job, patience=patience, flow_run_id=flow_run.id) as attempt:
            settle_stale_runs()
            return way(Road(attempt), job)
    except DatrialError as error:
        return Failed(message=_one_line(error))
    except StopFailed as error:
        return Failed(message=error.failure.message)
    except Exception as error:  # recorded by open_attempt; its message may quote data
        return Failed(message=f"stopped by a fault in datrial ({type(error).__name__})")


def _one_line(error: DatrialError) -> str:
    return " ".join(str(error).split())
