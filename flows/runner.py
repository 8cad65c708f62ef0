"""Offers the flows on a Prefect server and starts their runs (see ``flows.serve``)."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from datrial.config.load import read_yaml
from datrial.config.project import project_root
from datrial.config.study import load_study, studies
from datrial.pipeline.processes import end_with_parent

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Schedule

#: Written to the descriptor that the parent named when everything is on offer.
READY = b"ready"


def main() -> None:
    """Offer the flows until told to end."""
    end_with_parent(int(sys.argv[1]))
    from prefect.runner import Runner

    from flows.notify import set_automation
    from flows.stale import settle_stale_runs

    settle_stale_runs()
    set_automation()
    runner = Runner(pause_on_shutdown=False)
    for offered in deployments():
        runner.add_deployment(offered)
    descriptor = int(sys.argv[2])
    os.write(descriptor, READY)
    os.close(descriptor)
    asyncio.run(runner.start())


def deployments() -> list[RunnerDeployment]:
    """Return what is on offer: the deployments of ``prefect.yaml``.

    The nightly one runs for every study whose file says so, at the hour that stands there.
    """
    written = read_yaml(project_root() / "prefect.yaml")["deployments"]
    return [_deployment(one) for one in written]


def _deployment(written: dict[str, Any]) -> RunnerDeployment:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.types.entrypoint import EntrypointType

    path, name = written["entrypoint"].split(":")
    flow = getattr(import_module(".".join(Path(path).with_suffix("").parts)), name)
    limit = written.get("concurrency_limit")
    offered = flow.to_deployment(
        written["name"],
        parameters=written["parameters"],
        tags=written["tags"],
        schedules=[one for each in written.get("schedules", [])[:1] for one in _for_studies(each)],
        concurrency_limit=ConcurrencyLimitConfig.model_validate(limit) if limit else None,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast("RunnerDeployment", offered)  # a coroutine only inside an event loop


def _for_studies(schedule: dict[str, Any]) -> list[Schedule]:
    from prefect.schedules import Cron

    return [
        Cron(
            schedule["cron"],
            timezone=schedule["timezone"],
            parameters={"study": study},
            slug=study,
            active=schedule["active"],
        )
        for study in studies()
        if load_study(study).nightly
    ]


if __name__ == "__main__":
    main()
