"""What of the ledger is shown to whom: entries with the arms that a role may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datrial.allocation.blinding import HIDDEN, Role, arm_labels, is_coded
from datrial.allocation.corrections import apply_corrections
from datrial.allocation.entries import Kind, Record

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

#: The parts of an entry that are one arm.
_ARM_FIELDS = ("arm", "received")
#: What would tell the arms to someone who counts; not shown while arms are coded.
_TELLING = ("probabilities", "strata", "persons", "text", "changes")


def visible_entries(
    ledger: Ledger, study: Study, role: Role, key: str, *kinds: Kind
) -> list[dict[str, Any]]:
    """Return a study's entries in order, with arms as a role may see them.

    An allocation is given as it was recorded; ``now`` holds what was corrected.

    Parameters
    ----------
    key
        See :func:`datrial.allocation.blinding.arm_codes`.
    kinds
        Only entries of these kinds; none named means all.
    """
    records = ledger.records(study.study)
    labels = arm_labels(ledger, study, role, key)
    hiding = is_coded(ledger, study) or HIDDEN in labels.values()
    corrected = {
        found.original.sequence: {
            str(each.body["field"]): each.body["new"] for each in found.corrections
        }
        for found in apply_corrections(records)
        if found.corrections
    }
    return [
        _visible(record, labels, hiding=hiding)
        | ({"now": corrected[record.sequence]} if record.sequence in corrected else {})
        for record in records
        if not kinds or record.kind in kinds
    ]


def _visible(record: Record, labels: Mapping[str, str], *, hiding: bool) -> dict[str, Any]:
    body = dict(record.body)
    for name in _ARM_FIELDS:
        if name in body:
            # An arm that the study file no longer has is shown to nobody whom it might tell.
            body[name] = labels.get(str(body[name]), HIDDEN if hiding else body[name])
    if hiding:
        body = {name: HIDDEN if name in _TELLING else value for name, value in body.items()}
    return {
        "entry": record.sequence,
        "kind": str(record.kind),
        "person_id": record.event.person_id,
        "operator": record.event.operator,
        "recorded_at": record.recorded_at,
        "body": body,
        "hash": record.hash,
    }
