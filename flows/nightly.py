"""The nightly flow: extracts, allocation, snapshot, analyses, results, report."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.pipeline import stops
from datrial.pipeline.job import Allocated, Built, Decision, Job, Published, Received
from flows import artifacts, tasks
from flows.parameters import AnalysisNames, Changes, Inbox, Label, StudyName, changes_of
from flows.road import Road, travel


@flow(
    name="nightly",
    description="Receives the extracts, allocates, builds and checks a snapshot, runs the analyses "
    "and writes the report. With nothing new it does no work and says so.",
    validate_parameters=True,
    persist_result=False,
)
def nightly(
    study: StudyName,
    analyses: AnalysisNames = (),
    changes: Changes = (),
    label: Label = "",
    inbox: Inbox = None,
) -> State[Any]:
    """Run the whole road."""
    return travel(
        "nightly", _way, study, analyses=analyses, changes=changes, label=label, inbox=inbox
    )


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    return nightly(
        study=job.study,
        analyses=job.analyses or (),
        changes=changes_of(job),
        label=job.label,
        inbox=job.inbox,
        return_state=True,
    )


def _way(road: Road, job: Job) -> State[Any]:
    analyses = list(job.resolved_study().analyses)
    road.attempt.plan(["decide", "receive", "allocate", "build", *analyses, "publish"])
    decision = road.stop("decide", tasks.decide, Decision, job)
    if decision.up_to_date:
        report = stops.report_path(decision.run_id)
        there = Published(run_id=decision.run_id, report=report, failed=())
        road.attempt.change(run_id=there.run_id, result=there.model_dump(mode="json"))
        return road.done(f"Nothing changed; run {there.run_id} stands.")
    received = road.stop("receive", tasks.receive, Received, job)
    road.stop("allocate", tasks.allocate, Allocated, job, received)
    built = road.stop("build", tasks.build, Built, job, received)
    artifacts.show_snapshot(built)
    return road.analyse_and_publish(job, built.snapshot_id, analyses)
