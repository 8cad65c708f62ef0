"""The analyse flow: analyses again, on a snapshot, with changed parameters if wanted."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.pipeline.job import Job
from flows import artifacts, comparisons, tasks
from flows.jobs import AnalyseJob, analyse_job, changes_of
from flows.parameters import AnalysisNames, Changes, Fresh, Label, SnapshotName, StudyName
from flows.road import Road, travel


@flow(
    name="analyse",
    description="Runs analyses on the current snapshot or an earlier one, with changed parameters "
    "if wanted, and writes a run of its own. Needs no lock: it may run beside the nightly flow.",
    validate_parameters=True,
    persist_result=False,
)
def analyse(
    study: StudyName,
    snapshot: SnapshotName = "",
    analyses: AnalysisNames = (),
    changes: Changes = (),
    label: Label = "",
    fresh: Fresh = False,
) -> State[Any]:
    """Run analyses on a snapshot."""
    return travel(
        "analyse",
        _way,
        lambda: analyse_job(
            study,
            snapshot=snapshot,
            analyses=analyses,
            changes=changes,
            label=label,
            fresh=fresh,
        ),
    )


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    return analyse(
        study=job.study,
        snapshot=job.snapshot if isinstance(job, AnalyseJob) else "",
        analyses=job.analyses or (),
        changes=changes_of(job),
        label=job.label,
        fresh=job.fresh,
        return_state=True,
    )


def _way(road: Road, job: AnalyseJob) -> State[Any]:
    analyses = list(job.resolved_study().analyses)
    road.plan(["snapshot", *analyses, "publish"])
    snapshot = road.stop("snapshot", tasks.snapshot, str, job, job.snapshot)
    published = road.analyse_and_publish(job, snapshot, analyses)
    artifacts.show_links(published)
    comparisons.show_changes(published)
    return road.end(published, job)
