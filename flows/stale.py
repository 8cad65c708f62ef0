"""Runs that Prefect still believes in although their process is gone."""

from __future__ import annotations

import logging

from datrial.pipeline.record import attempts

_log = logging.getLogger(__name__)


def settle_stale_runs() -> None:
    """Tell Prefect which of our runs are dead.

    After ``kill -9`` Prefect shows a run as "Running" for ever. Our own record
    knows better: only runs that it knows, and that are not running, are touched.
    It is housekeeping: if Prefect does not answer, the next run does it.
    """
    try:
        _settle()
    except Exception as error:
        _log.warning("Stale runs could not be settled (%s).", type(error).__name__)


def _settle() -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateType as ByType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    ended = {
        one.flow_run_id: one.message
        for one in attempts()
        if one.flow_run_id and one.state not in ("waiting", "running")
    }
    if not ended:
        return
    running = FlowRunFilter(state=FlowRunFilterState(type=ByType(any_=[StateType.RUNNING])))
    with get_client(sync_client=True) as client:
        stale = [
            run for run in client.read_flow_runs(flow_run_filter=running) if str(run.id) in ended
        ]
        for run in stale:
            client.set_flow_run_state(run.id, Crashed(message=ended[str(run.id)]), force=True)
