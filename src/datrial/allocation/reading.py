"""What the warehouse takes from the ledger: who was allocated, and why others were not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.allocation.corrections import corrected_entries
from datrial.allocation.eligibility import (
    CapacityRow,
    HearingRow,
    MeetingKey,
    Reason,
    consider,
)

if TYPE_CHECKING:
    from datrial.allocation.entries import Allocation
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

AllocationRow = tuple[str, str, dt.date, str, str]
ExclusionRow = tuple[str, str]


def allocated_at(ledger: Ledger, study: Study) -> dict[str, MeetingKey]:
    """Return person id -> the meeting of his allocation, corrected where it was corrected."""
    return {
        each.person_id: MeetingKey(each.site, each.meeting_date) for each in _all(ledger, study)
    }


def drawn_meetings(ledger: Ledger, study: Study) -> set[MeetingKey]:
    """Return the meetings at which somebody was drawn, as they were recorded then.

    Corrections do not count: a draw was held once, by what was known on its day.
    """
    return {
        MeetingKey(entry.allocation.site, entry.allocation.meeting_date)
        for entry in ledger.entries(study.study)
    }


def allocations(ledger: Ledger, study: Study) -> list[AllocationRow]:
    """Return (person id, site, meeting date, arm, scheme) by meeting and person.

    Corrections count. Like ``Ledger.digest``, it holds nothing of who recorded it and when.
    """
    rows = [
        (each.person_id, each.site, each.meeting_date, each.arm, each.scheme)
        for each in _all(ledger, study)
    ]
    return sorted(rows, key=lambda row: (row[2], row[1], row[0]))


def exclusions(
    ledger: Ledger,
    study: Study,
    hearings: Iterable[HearingRow],
    capacity: Iterable[CapacityRow],
) -> list[ExclusionRow]:
    """Return (person id, reason) of everyone who was heard and stands in no arm.

    Whoever is eligible by the rule and yet in no arm (not on an imported list,
    or not drawn yet) has the reason ``eligible_not_allocated``.
    """
    recorded = allocated_at(ledger, study)
    considered = consider(hearings, capacity, study, recorded, drawn_meetings(ledger, study))
    reasons = considered.never_candidates()
    for meeting in considered.meetings:
        reasons |= dict.fromkeys(meeting.candidates, Reason.ELIGIBLE_NOT_ALLOCATED)
    return sorted((p, str(reason)) for p, reason in reasons.items() if p not in recorded)


def _all(ledger: Ledger, study: Study) -> list[Allocation]:
    return [found.current.allocation for found in corrected_entries(ledger, study.study)]
