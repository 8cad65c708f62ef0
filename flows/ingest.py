"""The ingest flow: the extracts into a checked snapshot, and no analyses."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.pipeline.job import Built, Job, Received
from flows import artifacts, tasks
from flows.jobs import job_of
from flows.parameters import Inbox, StudyName
from flows.road import Road, travel


@flow(
    name="ingest",
    description="Receives the extracts, then builds, checks and publishes a snapshot with the "
    "allocation ledger as it stands. It allocates nobody and runs no analyses.",
    validate_parameters=True,
    persist_result=False,
)
def ingest(study: StudyName, inbox: Inbox = None) -> State[Any]:
    """Bring the current snapshot up to date."""
    return travel("ingest", _way, lambda: job_of(study, inbox=inbox))


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    return ingest(study=job.study, inbox=job.inbox, return_state=True)


def _way(road: Road, job: Job) -> State[Any]:
    road.plan(["receive", "build"])
    received = road.stop("receive", tasks.receive, Received, job)
    built = road.stop("build", tasks.build, Built, job, received)
    artifacts.show_snapshot(built)
    quarantined = sum(row.quarantined for row in built.rows)
    return road.done(
        f"Snapshot {built.snapshot_id} is current; {quarantined:,} rows are in quarantine. "
        "No analysis was run."
    )
