"""One Prefect task per stop of the road. Each calls the stop and says how it went in counts.

No task raises: Prefect would write the error with its traceback to its own
database. A failed stop is a failed state with the sentence for people.
Nothing is cached, and no result is kept by Prefect: what finished stands in our
own record.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed, Failed

from datrial.config.project import home
from datrial.pipeline import stops
from datrial.pipeline.failure import Failure, failure_of
from datrial.pipeline.job import Allocated, Analysed, Built, Decision, Job, Published, Received

if TYPE_CHECKING:
    from datrial.results.differences import RunComparison

Answer = TypeVar("Answer")


def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.data, Failure) and state.data.may_pass


@task(
    name="decide",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=_may_pass,
)
def decide(job: Job) -> State[Any]:
    """Look whether there is anything new; a share that was away is tried again."""
    return _answer("decide", lambda: stops.decide(job), _say_decision)


@task(
    name="receive",
    task_run_name="receive",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=_may_pass,
)
def receive(job: Job) -> State[Any]:
    """Land the extracts; a locked file or a share that was away is tried again."""
    return _answer("receive", lambda: stops.receive(job), _say_received)


@task(name="allocate", task_run_name="allocate", cache_policy=NO_CACHE, persist_result=False)
def allocate(job: Job, received: Received) -> State[Any]:
    """Bring the allocation ledger up to date."""
    return _answer("allocate", lambda: stops.allocate(job, received), _say_allocated)


@task(name="build", task_run_name="build", cache_policy=NO_CACHE, persist_result=False)
def build(job: Job, received: Received) -> State[Any]:
    """Build, check and publish the snapshot. A failed check is not tried again."""
    return _answer("build", lambda: stops.build(job, received), _say_built)


@task(name="snapshot", task_run_name="snapshot", cache_policy=NO_CACHE, persist_result=False)
def snapshot(job: Job, named: str) -> State[Any]:
    """Find the snapshot to analyse: the one named, or the last good one of the study."""
    return _answer(
        "snapshot", lambda: stops.snapshot_for(job, named), lambda found: f"snapshot {found}"
    )


@task(name="repeat", task_run_name="repeat", cache_policy=NO_CACHE, persist_result=False)
def repeat(run_id: str, rebuild: bool, tell: Callable[[str], None]) -> State[Any]:
    """Compute a stored run again in a scratch place, and compare the two."""
    from datrial.pipeline.rerun import rerun
    from flows.comparisons import outcome

    return _answer("repeat", lambda: rerun(run_id, rebuild=rebuild, tell=tell), outcome)


@task(name="compare", task_run_name="compare", cache_policy=NO_CACHE, persist_result=False)
def compare(first: str, second: str, page: Path) -> State[Any]:
    """Compare two stored runs, and write the page of what differs."""
    return _answer("compare", lambda: _compared(first, second, page), _say_compared)


@task(
    name="analyse",
    task_run_name="analyse {analysis}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def analyse(job: Job, snapshot: str, analysis: str) -> State[Any]:
    """Run one analysis. Its failure is an answer: the others go on."""
    try:
        outcome = stops.analyse(job, snapshot, analysis)
    except Exception as error:  # not the analysis: its snapshot or the disk
        failure = failure_of(error, f"analysis {analysis}")
        return Failed(message=failure.message, data=failure)
    if outcome.state == "failed":
        return Failed(message=outcome.reason, data=outcome)
    said = "done, taken from an earlier run" if outcome.reused else "done"
    return Completed(message=said, data=outcome)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> State[Any]:
    """Write the results and the report."""
    return _answer("publish", lambda: stops.publish(job, snapshot, analysed), _say_published)


def _compared(first: str, second: str, page: Path) -> RunComparison:
    from datrial.report.differences_page import compare as cell_by_cell
    from datrial.report.differences_page import render_differences
    from datrial.results.files import write_atomically

    comparison = cell_by_cell(home(), first, second)
    why = f"Run {second} is run {first} with changed parameters."
    content = render_differences(comparison, why=why, beside_report=True)
    write_atomically(page, content.encode())
    return comparison


def _answer(place: str, work: Callable[[], Answer], say: Callable[[Answer], str]) -> State[Any]:
    try:
        answer = work()
    except Exception as error:
        failure = failure_of(error, place)
        return Failed(message=failure.message, data=failure)
    return Completed(message=say(answer), data=answer)


def _say_decision(decision: Decision) -> str:
    if decision.up_to_date:
        return "nothing changed: extracts, study, code and ledger are as before"
    return "something is new"


def _say_received(received: Received) -> str:
    said = f"{received.extracts} extracts, {received.new} of them new"
    if received.corrected:
        said += f"; {received.corrected} replace an earlier delivery"
    if received.unread:
        said += f"; {received.unread} files in the inbox that no mapping names were not read"
    return said


def _say_allocated(allocated: Allocated) -> str:
    if not allocated.allocates:
        return "this study is no randomised trial: nobody is allocated"
    excluded = sum(allocated.excluded.values())
    return f"in the ledger: {allocated.in_words}; {allocated.new} new; {excluded} not eligible"


def _say_built(built: Built) -> str:
    received = sum(row.received for row in built.rows)
    quarantined = sum(row.quarantined for row in built.rows)
    return (
        f"snapshot {built.snapshot_id}: {received:,} rows received, {quarantined:,} quarantined, "
        f"{len(built.checks)} checks"
    )


def _say_compared(comparison: RunComparison) -> str:
    differ, compared = len(comparison.differences), comparison.cells_compared
    return f"{differ:,} of {compared:,} numbers differ"


def _say_published(published: Published) -> str:
    return f"run {published.run_id}"
