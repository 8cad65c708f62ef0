"""The allocate flow: brings the allocation ledger up to date from the referrals."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from datrial.pipeline.job import Allocated, Job, Received
from flows import tasks
from flows.jobs import job_of
from flows.parameters import Inbox, StudyName
from flows.road import Road, travel


@flow(
    name="allocate",
    description="Receives the referrals and enters new allocations in the ledger: by the study's "
    "own scheme, or from the list of whoever randomised. Nobody is allocated twice.",
    validate_parameters=True,
    persist_result=False,
)
def allocate(study: StudyName, inbox: Inbox = None) -> State[Any]:
    """Bring the allocation ledger up to date."""
    return travel("allocate", _way, lambda: job_of(study, inbox=inbox))


def run(job: Job) -> State[Any]:
    """Run the flow for a job (see ``python -m flows``)."""
    return allocate(study=job.study, inbox=job.inbox, return_state=True)


def _way(road: Road, job: Job) -> State[Any]:
    road.plan(["receive", "allocate"])
    received = road.stop("receive", tasks.receive, Received, job)
    allocated = road.stop("allocate", tasks.allocate, Allocated, job, received)
    if not allocated.allocates:
        return road.done("This study is no randomised trial: nobody is allocated.")
    return road.done(f"{allocated.new} new in the ledger.")
