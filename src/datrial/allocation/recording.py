"""How perpetrators come into the ledger: by the study's own scheme, or by an imported list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.allocation.eligibility import CapacityRow, Consideration, HearingRow
from datrial.allocation.importing import ImportResult, import_list
from datrial.allocation.lottery import draw_meetings
from datrial.allocation.reading import allocated_at, allocations, exclusions
from datrial.allocation.sequential.recording import allocate_one_by_one

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

__all__ = [
    "ImportResult",
    "SchemeResult",
    "allocate_by_lottery",
    "allocate_by_scheme",
    "allocated_at",
    "allocations",
    "exclusions",
    "import_list",
]


@dataclass(frozen=True)
class SchemeResult:
    """How many perpetrators, of how many meetings, were allocated, and who was considered."""

    new: int
    meetings: int
    consideration: Consideration


def allocate_by_scheme(
    ledger: Ledger,
    study: Study,
    hearings: Iterable[HearingRow],
    capacity: Iterable[CapacityRow],
    operator: str,
    today: dt.date,
    *,
    key_fingerprint: str | None = None,
) -> SchemeResult:
    """Allocate everyone who is due by the study's own scheme, whichever it is.

    A second run with the same hearings records nothing; a later meeting only adds.
    All of it is recorded, or nothing.

    Parameters
    ----------
    hearings
        See :func:`datrial.allocation.eligibility.consider`; with the answers that
        :func:`datrial.allocation.factors.referral_columns` names.
    capacity
        See there; only a lottery reads it.
    operator
        Who runs the allocation.
    today
        The day of the draw.
    key_fingerprint
        ``Pseudonymiser.fingerprint`` of the key behind the person ids.

    Raises
    ------
    UsageError
        If the study imports its allocation, has not the arms that its scheme
        needs, began with other settings or another seed, or revealed its seed.
    DataError
        If hearings or capacity do not fit the study.
    LockedError
        If another process holds the ledger.
    """
    if study.randomisation.is_sequential:
        considered = allocate_one_by_one(
            ledger, study, hearings, operator, today, key_fingerprint=key_fingerprint
        )
    else:
        considered = draw_meetings(
            ledger, study, hearings, capacity, operator, today, key_fingerprint=key_fingerprint
        )
    new = sum(len(meeting.candidates) for meeting in considered.meetings)
    return SchemeResult(new, len(considered.meetings), considered)


#: The name it had while a lottery was the only scheme.
allocate_by_lottery = allocate_by_scheme
