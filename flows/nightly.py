"""The nightly flow: extracts, allocation, snapshot, analyses, results, report."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.pipeline import stops
from datrial.pipeline.job import Allocated, Built, Decision, Job, Published, Received
from flows import artifacts, comparisons, tasks
from flows.jobs import changes_of, job_of
from flows.parameters import AnalysisNames, Changes, Fresh, Inbox, Label, StudyName
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
    fresh: Fresh = False,
) -> State[Any]:
    """Run the whole road."""
    return travel(
        "nightly",
        _way,
        lambda: job_of(
            study, inbox=inbox, analyses=analyses, changes=changes, label=label, fresh=fresh
        ),
    )


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    return nightly(
        study=job.study,
        analyses=job.analyses or (),
        changes=changes_of(job),
        label=job.label,
        inbox=job.inbox,
        fresh=job.fresh,
        return_state=True,
    )


def _way(road: Road, job: Job) -> State[Any]:
    analyses = list(job.resolved_study().analyses)
    road.plan(["decide", "receive", "allocate", "build", *analyses, "publish"])
    decision = road.stop("decide", tasks.decide, Decision, job)
    if decision.up_to_date and not job.fresh:
        report = stops.report_path(decision.run_id)
        there = Published(run_id=decision.run_id, report=report, failed=())
        artifacts.show_links(there)
        road.attempt.change(run_id=there.run_id, result=there.model_dump(mode="json"))
        return road.done(f"Nothing changed; run {there.run_id} stands.")
    received = road.stop("receive", tasks.receive, Received, job)
    road.stop("allocate", tasks.allocate, Allocated, job, received)
    built = road.stop("build", tasks.build, Built, job, received)
    artifacts.show_snapshot(built)
    published = road.analyse_and_publish(job, built.snapshot_id, analyses)
    artifacts.show_links(published)
    comparisons.show_changes(published)
    return road.end(published, job)
