"""How perpetrators come into the ledger: by the study's own lottery, or by an imported list."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.allocation.eligibility import (
    CapacityRow,
    Consideration,
    HearingRow,
    Meeting,
    consider,
    plain_day,
)
from datrial.allocation.entries import Allocation, Head
from datrial.allocation.list_checks import ListRow, check_list
from datrial.allocation.reading import allocated_at, allocations, exclusions
from datrial.allocation.schemes import CONTROL, INTERVENTION, CapacityLottery
from datrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

__all__ = [
    "ImportResult",
    "LotteryResult",
    "allocate_by_lottery",
    "allocated_at",
    "allocations",
    "exclusions",
    "import_list",
]

IMPORTED = "imported"


@dataclass(frozen=True)
class LotteryResult:
    """How many perpetrators and meetings a lottery added, and who was considered."""

    new: int
    meetings: int
    consideration: Consideration


@dataclass(frozen=True)
class ImportResult:
    """What a list brought.

    Attributes
    ----------
    new
        Perpetrators recorded now.
    already_recorded
        Perpetrators of the list who stood in the ledger before.
    not_on_list
        Perpetrators in the ledger who are not on this list; they stay allocated.
    """

    new: int
    already_recorded: int
    not_on_list: int


def allocate_by_lottery(
    ledger: Ledger,
    study: Study,
    hearings: Iterable[HearingRow],
    capacity: Iterable[CapacityRow],
    operator: str,
    today: dt.date,
    *,
    key_fingerprint: str | None = None,
) -> LotteryResult:
    """Draw every meeting that was not drawn yet, each recorded in one transaction.

    A second run with the same hearings records nothing; a later meeting only adds.

    Parameters
    ----------
    hearings, capacity
        See :func:`datrial.allocation.eligibility.consider`.
    operator
        Who runs the allocation.
    today
        The day of the draw.
    key_fingerprint
        ``Pseudonymiser.fingerprint`` of the key behind the person ids.

    Raises
    ------
    UsageError
        If the study imports its allocation, or has not one arm of each role.
    DataError
        If hearings or capacity do not fit the study.
    LockedError
        If another process allocates at the same time.
    """
    _check_method(study, CapacityLottery.name)
    arms = _arms_by_role(study)
    scheme = CapacityLottery(study.seed)
    head = ledger.head()
    considered = consider(hearings, capacity, study, allocated_at(ledger, study))
    for meeting in considered.meetings:
        drawn = _draw(scheme, meeting, study, arms, operator, today, key_fingerprint)
        # Worked out from this head: had another process drawn in between, its
        # candidates and places would not be known here.
        last = ledger.append(drawn, expected_head=head)[-1]
        head = Head(last.sequence, last.hash)
    new = sum(len(meeting.candidates) for meeting in considered.meetings)
    return LotteryResult(new, len(considered.meetings), considered)


def import_list(
    ledger: Ledger,
    study: Study,
    rows: Iterable[ListRow],
    list_sha256: str,
    operator: str,
    *,
    key_fingerprint: str | None = None,
) -> ImportResult:
    """Record the list of whoever randomised, whole or not at all.

    Parameters
    ----------
    rows
        (person id, site, meeting date, arm), in any order; equal rows count once.
    list_sha256
        The hash of the list's file, as on its landing receipt.

    Raises
    ------
    UsageError
        If the study draws by itself.
    DataError
        With the counts of everything wrong in the list, or of what contradicts
        the ledger.
    LockedError
        If another process records at the same time.
    ValueError
        If ``list_sha256`` is not one.
    """
    _check_method(study, IMPORTED)
    if not re.fullmatch(r"[0-9a-f]{64}", list_sha256):
        raise ValueError("list_sha256 is not a SHA-256 in 64 hexadecimal digits")
    # By meeting and person, whatever the order of the file: the ledger reads in
    # the order of the trial.
    listed = sorted({(plain_day(day), site, person, arm) for person, site, day, arm in rows})
    check_list([(person, site, day, arm) for day, site, person, arm in listed], study)
    head = ledger.head()
    recorded = allocated_at(ledger, study)
    moved = sum(recorded.get(person, (site, day)) != (site, day) for day, site, person, _ in listed)
    if moved:
        raise DataError(
            f"{moved} perpetrators on the allocation list have another site or meeting_date than "
            "in the ledger; nothing was recorded. An allocation is never changed: ask whoever "
            "randomised, and correct the list."
        )
    ledger.append(
        [
            Allocation(
                study=study.study,
                person_id=person,
                site=site,
                meeting_date=day,
                arm=arm,
                scheme=IMPORTED,
                scheme_version="1",
                library=IMPORTED,
                bit_generator=IMPORTED,
                list_sha256=list_sha256,
                operator=operator,
                key_fingerprint=key_fingerprint,
            )
            for day, site, person, arm in listed
        ],
        expected_head=head,
    )
    people = {person for _, _, person, _ in listed}
    return ImportResult(
        new=len(people - recorded.keys()),
        already_recorded=len(people & recorded.keys()),
        not_on_list=len(recorded.keys() - people),
    )


def _draw(
    scheme: CapacityLottery,
    meeting: Meeting,
    study: Study,
    arms: dict[str, str],
    operator: str,
    today: dt.date,
    key_fingerprint: str | None,
) -> list[Allocation]:
    """Draw one meeting."""
    site, day = meeting.key
    drawn = scheme.draw(site, day, meeting.candidates, meeting.places)
    return [
        Allocation(
            study=study.study,
            person_id=person,
            site=site,
            meeting_date=day,
            arm=arms[role],
            scheme=scheme.name,
            scheme_version=scheme.version,
            library=scheme.library(),
            bit_generator=scheme.bit_generator,
            allocated_on=plain_day(today),
            operator=operator,
            key_fingerprint=key_fingerprint,
        )
        for person, role in drawn.items()
    ]


def _check_method(study: Study, method: str) -> None:
    """Refuse the other road: two ways of allocating must not meet in one study."""
    if study.allocation.method != method:
        raise UsageError(
            f"Study {study.study} is allocated by {study.allocation.method!r}, not {method!r} "
            "(allocation: method in its study file)."
        )


def _arms_by_role(study: Study) -> dict[str, str]:
    arms = {
        role: [key for key, arm in study.arms.items() if arm.role == role]
        for role in (INTERVENTION, CONTROL)
    }
    if any(len(keys) != 1 for keys in arms.values()):
        raise UsageError(
            f"Study {study.study}: the capacity lottery needs one arm with the role intervention "
            "and one with the role control."
        )
    return {role: keys[0] for role, keys in arms.items()}
