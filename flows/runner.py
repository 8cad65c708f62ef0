"""Offers the flows on a Prefect server and starts their runs (see ``flows.serve``)."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, cast

from datrial.config.study import load_study, studies
from datrial.pipeline.processes import end_with_parent

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

NIGHTLY_CRON = "0 2 * * *"
TIME_ZONE = "Europe/London"
#: Written to the descriptor that the parent named when everything is on offer.
READY = b"ready"


def main() -> None:
    """Offer the flows until told to end."""
    end_with_parent(int(sys.argv[1]))
    from prefect.runner import Runner

    from flows.stale import settle_stale_runs

    settle_stale_runs()
    runner = Runner(pause_on_shutdown=False)
    for offered in deployments():
        runner.add_deployment(offered)
    descriptor = int(sys.argv[2])
    os.write(descriptor, READY)
    os.close(descriptor)
    asyncio.run(runner.start())


def deployments() -> list[RunnerDeployment]:
    """Return what is on offer: each nightly study, and two forms.

    No concurrency limits: after ``kill -9`` Prefect would keep the dead run's
    slot, and no nightly run would ever start again. Our own lock keeps runs
    apart, and it ends with its holder.
    """
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.allocate import allocate
    from flows.analyse import analyse
    from flows.nightly import nightly

    schedules = [
        Cron(NIGHTLY_CRON, timezone=TIME_ZONE, parameters={"study": study}, slug=study)
        for study in studies()
        if load_study(study).nightly
    ]
    common: dict[str, Any] = {
        "parameters": {"study": studies()[0]},
        "tags": ["datrial"],
        "entrypoint_type": EntrypointType.MODULE_PATH,
    }
    offered = [
        nightly.to_deployment("nightly", schedules=schedules, **common),
        analyse.to_deployment("analyse", **common),
        allocate.to_deployment("allocate", **common),
    ]
    return cast("list[RunnerDeployment]", offered)  # coroutines only inside an event loop


if __name__ == "__main__":
    main()
