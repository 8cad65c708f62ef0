"""How a study's own lottery comes into the ledger: every meeting that was not drawn yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.allocation.allocating import allocating
from datrial.allocation.digests import candidates_digest
from datrial.allocation.eligibility import (
    CapacityRow,
    Consideration,
    HearingRow,
    Meeting,
    consider,
    plain_day,
)
from datrial.allocation.entries import Allocation
from datrial.allocation.methods import check_method
from datrial.allocation.reading import allocated_at, drawn_meetings
from datrial.allocation.schemes import CONTROL, INTERVENTION, CapacityLottery
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study


def draw_meetings(
    ledger: Ledger,
    study: Study,
    hearings: Iterable[HearingRow],
    capacity: Iterable[CapacityRow],
    operator: str,
    today: dt.date,
    *,
    key_fingerprint: str | None = None,
) -> Consideration:
    """Draw every meeting that was not drawn yet; all of it is recorded, or nothing.

    Parameters
    ----------
    hearings, capacity, operator, today, key_fingerprint
        See :func:`datrial.allocation.recording.allocate_by_scheme`.

    Returns
    -------
    Consideration
        Who was considered; the candidates of its meetings were allocated.

    Raises
    ------
    UsageError
        If the study imports its allocation, has not one arm of each role, began
        with other settings or another seed, or revealed its seed.
    DataError
        If hearings or capacity do not fit the study.
    LockedError
        If another process holds the ledger.
    """
    check_method(study, CapacityLottery.name)
    arms = _arms_by_role(study)
    with allocating(ledger, study, operator) as seed:
        assert seed is not None  # noqa: S101 (only a list has none)
        scheme = CapacityLottery(seed.number)
        # Read within the batch: nobody can draw a meeting in between.
        considered = consider(
            hearings,
            capacity,
            study,
            allocated_at(ledger, study),
            drawn_meetings(ledger, study),
        )
        for meeting in considered.meetings:
            ledger.append(_draw(scheme, meeting, study, arms, operator, today, key_fingerprint))
    return considered


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
    share = min(meeting.places, len(drawn)) / len(drawn)
    chances = {arms[INTERVENTION]: round(share, 9), arms[CONTROL]: round(1 - share, 9)}
    together = candidates_digest(drawn)
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
            candidates_sha256=together,
            probabilities=chances,
        )
        for person, role in drawn.items()
    ]


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
