"""The rerun flow: a stored run once more, as it was or with changed parameters."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.config.project import home
from datrial.pipeline.failure import Failure
from datrial.pipeline.job import Job, Published
from datrial.pipeline.rerun import Rerun
from datrial.pipeline.rerun_changed import changed_job
from datrial.results.differences import RunComparison
from datrial.results.folder import read_manifest, run_folder
from flows import artifacts, comparisons, tasks
from flows.jobs import RerunJob, changes_of, rerun_job
from flows.parameters import ChangesOfRun, Fresh, Label, Rebuild, RunName
from flows.road import Road, travel


@flow(
    name="rerun",
    description="Computes a stored run again from what is stored, and proves it equal or lists "
    "what differs; the stored run is never changed. With changed parameters it makes a new run "
    "on the same snapshot, and compares the two.",
    validate_parameters=True,
    persist_result=False,
)
def rerun(
    run: RunName = "latest",
    changes: ChangesOfRun = (),
    label: Label = "",
    rebuild: Rebuild = False,
    fresh: Fresh = False,
) -> State[Any]:
    """Run a stored run once more."""
    return travel(
        "rerun",
        _way,
        lambda: rerun_job(run, changes=changes, label=label, rebuild=rebuild, fresh=fresh),
    )


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    asked = RerunJob.model_validate(job.model_dump())
    return rerun(
        run=asked.run,
        changes=changes_of(asked),
        label=asked.label,
        rebuild=asked.rebuild,
        fresh=asked.fresh,
        return_state=True,
    )


def _way(road: Road, job: RerunJob) -> State[Any]:
    return _changed(road, job) if job.changes else _repeated(road, job)


def _repeated(road: Road, job: RerunJob) -> State[Any]:
    """Compute the run again in a scratch place, and compare."""
    steps = len(read_manifest(run_folder(home(), job.run)).analyses) + 1
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        road.progress.within(len(told) / (steps + 1), line)

    road.plan([f"repeat {job.run}"])
    repeated = road.stop(f"repeat {job.run}", tasks.repeat, Rerun, job.run, job.rebuild, tell)
    comparisons.show_repetition(repeated)
    road.attempt.change(run_id=job.run)
    said = comparisons.outcome(repeated)
    if repeated.is_explained:
        return road.done(said)
    return road.failed(Failure(error="NotEqual", message=said, exit_code=1))


def _changed(road: Road, asked: RerunJob) -> State[Any]:
    """Make a new run on the same snapshot, and compare it with the stored one."""
    job = changed_job(asked.run, asked.changes, asked.label)
    job = job.model_copy(update={"fresh": asked.fresh})
    analyses = list(job.resolved_study().analyses)
    road.plan(["snapshot", *analyses, "publish", "compare"])
    named = read_manifest(run_folder(home(), asked.run)).snapshot_id
    snapshot = road.stop("snapshot", tasks.snapshot, str, job, named)
    published = road.analyse_and_publish(job, snapshot, analyses)
    _compare(road, asked.run, published)
    return road.end(published, job)


def _compare(road: Road, stored: str, published: Published) -> None:
    """Let the new run's page of changes tell of the stored run that it was made from."""
    page = published.report.with_name("changes.html")
    comparison = road.stop("compare", tasks.compare, RunComparison, stored, published.run_id, page)
    artifacts.show_links(published, beside=stored)
    comparisons.show_difference(comparison)
