"""The analyse flow: analyses again, on the current snapshot, with changed parameters if wanted."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.pipeline.job import Job
from flows import tasks
from flows.parameters import AnalysisNames, Changes, Label, StudyName, changes_of
from flows.road import Road, travel


@flow(
    name="analyse",
    description="Runs analyses on the current snapshot, with changed parameters if wanted, and "
    "writes a run of its own. Needs no lock: it may run beside the nightly flow.",
    validate_parameters=True,
    persist_result=False,
)
def analyse(
    study: StudyName,
    analyses: AnalysisNames = (),
    changes: Changes = (),
    label: Label = "",
) -> State[Any]:
    """Run analyses on the current snapshot."""
    return travel("analyse", _way, study, analyses=analyses, changes=changes, label=label)


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    return analyse(
        study=job.study,
        analyses=job.analyses or (),
        changes=changes_of(job),
        label=job.label,
        return_state=True,
    )


def _way(road: Road, job: Job) -> State[Any]:
    analyses = list(job.resolved_study().analyses)
    road.attempt.plan(["current snapshot", *analyses, "publish"])
    snapshot = road.stop("current snapshot", tasks.current_snapshot, str, job)
    return road.analyse_and_publish(job, snapshot, analyses)
