"""Corrections of what was recorded about an allocation, and deviations from the arm.

A correction is an entry of its own: the original stays as it was written, and what
the trial goes by is the original with its corrections. The arm is what was drawn and
can never be corrected: someone who was treated otherwise is a protocol deviation.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.allocation.entries import Entry, Event, Kind, Record, allocation_entry
from datrial.allocation.entry_checks import checked_reason
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

#: What may have been written down wrongly. Everything else is how it was drawn.
CORRECTABLE = ("site", "meeting_date", "allocated_on")


@dataclass(frozen=True)
class CorrectedEntry:
    """An allocation as the trial goes by it, and as it was recorded."""

    original: Entry
    current: Entry
    corrections: tuple[Record, ...]


def corrected_entries(ledger: Ledger, study: str) -> list[CorrectedEntry]:
    """Return a study's allocations with their corrections, in the order of recording."""
    return apply_corrections(ledger.records(study, Kind.ALLOCATION, Kind.CORRECTION))


def apply_corrections(records: Sequence[Record]) -> list[CorrectedEntry]:
    """Return the allocations among records, with the corrections among them."""
    of: dict[int, list[Record]] = {}
    for record in records:
        if record.kind == Kind.CORRECTION:
            of.setdefault(int(record.body["entry"]), []).append(record)
    found = []
    for record in records:
        if record.kind == Kind.ALLOCATION:
            original, own = allocation_entry(record), of.get(record.sequence, [])
            found.append(CorrectedEntry(original, _current(original, own), tuple(own)))
    return found


def correct(
    ledger: Ledger,
    study: Study,
    entry: int,
    field: str,
    value: str,
    *,
    reason: str,
    operator: str,
) -> Record:
    """Record that a fact of an allocation was written down wrongly.

    Parameters
    ----------
    entry
        The number of the allocation's entry.
    field, value
        One of ``CORRECTABLE``, and what it should have been (a day as YYYY-MM-DD).
    reason
        Why, in words that name nobody.

    Raises
    ------
    UsageError
        If there is no such allocation in this study, if the field cannot be
        corrected, or if the value does not fit the study or is what stands there.
    """
    if field == "arm":
        raise UsageError(
            "An arm is never corrected: it is what was drawn. If someone was treated otherwise, "
            f"record it: `datrial allocation deviation {entry}`."
        )
    if field not in CORRECTABLE:
        raise UsageError(f"{field!r} cannot be corrected. Fields: {', '.join(CORRECTABLE)}.")
    _check_value(study, field, value)
    reason = checked_reason(reason)
    with ledger.batch():
        current = _allocation(ledger, study.study, entry).current
        old = _text(getattr(current.allocation, field))
        if old == value:
            raise UsageError(f"Entry {entry}: {field} has this value already.")
        body = {"entry": entry, "field": field, "old": old, "new": value, "reason": reason}
        person = current.allocation.person_id
        return ledger.record(Event(Kind.CORRECTION, study.study, operator, body, person))


def record_deviation(
    ledger: Ledger, study: Study, entry: int, *, received: str, reason: str, operator: str
) -> Record:
    """Record that someone was treated otherwise than allocated; the allocation stands.

    Parameters
    ----------
    entry
        The number of the allocation's entry.
    received
        The key of the arm as which he was treated.

    Raises
    ------
    UsageError
        If there is no such allocation or arm in this study, or he was treated
        as allocated.
    """
    if received not in study.arms:
        raise UsageError(f"Study {study.study} has no such arm. Arms: {', '.join(study.arms)}.")
    reason = checked_reason(reason)
    with ledger.batch():
        allocation = _allocation(ledger, study.study, entry).current.allocation
        if allocation.arm == received:
            raise UsageError(f"Entry {entry}: this is the arm that was drawn; nothing deviates.")
        body = {"entry": entry, "received": received, "reason": reason}
        return ledger.record(
            Event(Kind.DEVIATION, study.study, operator, body, allocation.person_id)
        )


def _allocation(ledger: Ledger, study: str, entry: int) -> CorrectedEntry:
    for found in corrected_entries(ledger, study):
        if found.original.sequence == entry:
            return found
    raise UsageError(
        f"Entry {entry} of the ledger is not an allocation of study {study}: "
        "`datrial allocation list` gives their numbers."
    )


def _current(original: Entry, corrections: Sequence[Record]) -> Entry:
    changed: dict[str, Any] = {}
    for record in corrections:
        field, value = str(record.body["field"]), record.body["new"]
        changed[field] = value if field == "site" else dt.date.fromisoformat(value)
    if not changed:
        return original
    # The stratum is of the draw, and stays.
    stratum = original.allocation.stratum
    allocation = dataclasses.replace(original.allocation, drawn_within=stratum, **changed)
    return dataclasses.replace(original, allocation=allocation)


def _check_value(study: Study, field: str, value: str) -> None:
    if field == "site":
        if value not in study.sites:
            raise UsageError(
                f"Study {study.study} has no such site. Sites: {', '.join(study.sites)}."
            )
        return
    try:
        plain = dt.date.fromisoformat(value).isoformat()
    except ValueError:
        plain = ""
    if plain != value:
        raise UsageError(f"{field}: write the day as YYYY-MM-DD.")


def _text(value: object) -> str | None:
    return (
        value.isoformat() if isinstance(value, dt.date) else None if value is None else str(value)
    )
