"""The automation of the Prefect server that tells of failed runs (see ``datrial.pipeline.notify``).

It sees what nobody else can: a run that ended before our own code began, and
one whose process died with its supervisor. Its block knows no address: where to
send stands in the server's environment, and never in Prefect's database.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

from prefect.blocks.abstract import NotificationBlock

from datrial.pipeline.notify import notify_flow_run
from datrial.pipeline.notify_setting import is_configured
from datrial.pipeline.record import FlowName

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

NAME = "datrial: tell of failed runs"
_BLOCK = "datrial-notification"
_BODY = (
    '{"flow_run_id": {{ flow_run.id | string | tojson }}, "flow": {{ flow.name | tojson }}, '
    '"state": {{ flow_run.state.name | tojson }}}'
)


class DatrialNotification(NotificationBlock):
    """Tells of a failed run of datrial where ``DATRIAL_NOTIFY`` says."""

    _block_type_name = "datrial notification"

    async def notify(self, body: str, subject: str | None = None) -> None:
        """Tell of the run that the body names."""
        await asyncio.to_thread(notify_flow_run, **json.loads(body))


def set_automation() -> None:
    """Make the server's automation as the setting says: there, renewed, or gone."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(NAME)
        if not is_configured():
            for one in there:
                client.delete_automation(one.id)
            return
        wanted = _automation(client)
        if not there:
            client.create_automation(wanted)
        for number, one in enumerate(there):
            if number:
                client.delete_automation(one.id)
            else:
                client.update_automation(one.id, wanted)


def _automation(client: SyncPrefectClient) -> AutomationCore:
    from typing import get_args

    from prefect.events.actions import SendNotification
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    DatrialNotification.register_type_and_schema(client=cast(Any, client))
    block = DatrialNotification().save(_BLOCK, overwrite=True, client=cast(Any, client))
    trigger = EventTrigger.model_validate(
        {
            "expect": ["prefect.flow-run.*"],
            "match": {
                "prefect.resource.id": "prefect.flow-run.*",
                "prefect.state-type": ["FAILED", "CRASHED"],
            },
            "match_related": {
                "prefect.resource.role": "flow",
                "prefect.resource.name": list(get_args(FlowName)),
            },
            "for_each": ["prefect.resource.id"],
            "posture": "Reactive",
            "threshold": 1,
            "within": 0,
        }
    )
    told = SendNotification(block_document_id=cast(Any, block), subject="datrial", body=_BODY)
    return AutomationCore(
        name=NAME,
        description="Set by DATRIAL_NOTIFY when `make ui` starts; without it, taken away.",
        trigger=trigger,
        actions=[told],
    )


if __name__ == "__main__":  # for a shared server: `python -m flows.notify`
    set_automation()
