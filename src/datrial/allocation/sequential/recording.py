"""Perpetrators allocated one by one, each by what stands in the ledger before him."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.allocation.allocating import allocating
from datrial.allocation.digests import candidates_digest
from datrial.allocation.eligibility import Consideration, HearingRow, consider, plain_day
from datrial.allocation.entries import Allocation, Kind, allocation_entry
from datrial.allocation.factors import levels_at
from datrial.allocation.reading import allocated_at
from datrial.allocation.sequential.chosen import scheme_of, stream_of
from datrial.allocation.sequential.parts import Candidate, History
from datrial.allocation.settings import settings_of
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study


def allocate_one_by_one(
    ledger: Ledger,
    study: Study,
    hearings: Iterable[HearingRow],
    operator: str,
    today: dt.date,
    *,
    key_fingerprint: str | None = None,
) -> Consideration:
    """Draw everyone who is due, by meeting date, site and person id; all of them or nobody.

    Each draw is the study's scheme's, of its seed, its settings, the stratum and
    the place in it: it can be made again from the ledger alone.

    Parameters
    ----------
    hearings, operator, today, key_fingerprint
        See :func:`datrial.allocation.recording.allocate_by_scheme`.

    Returns
    -------
    Consideration
        Who was considered; the candidates of its meetings were allocated.

    Raises
    ------
    UsageError
        If the study does not allocate one by one, began with other settings or
        another seed, or revealed its seed.
    DataError
        If the hearings do not fit the study.
    LockedError
        If another process holds the ledger.
    """
    if not study.randomisation.is_sequential:
        raise UsageError(
            f"Study {study.study} is allocated by {study.randomisation.method!r}, which is not a "
            "scheme that goes one by one (allocation: method in its study file)."
        )
    heard = list(hearings)
    levels = levels_at(heard, study)
    scheme = scheme_of(study.randomisation, study.arms)
    with allocating(ledger, study, operator) as seed:
        assert seed is not None  # noqa: S101 (only a list has none)
        stream = stream_of(scheme, seed.number, study.study, settings_of(study).sha256)
        considered = consider(heard, (), study, allocated_at(ledger, study))
        history = history_of(ledger, study.study)
        allocations = []
        for meeting in considered.meetings:
            together = candidates_digest(meeting.candidates)
            for person in meeting.candidates:
                own = levels[meeting.key, person]
                draw = scheme.draw(history, Candidate(person, meeting.key.site, own), stream)
                history.enter(draw.stratum, own, draw.arm)
                allocations.append(
                    Allocation(
                        study=study.study,
                        person_id=person,
                        site=meeting.key.site,
                        meeting_date=meeting.key.meeting_date,
                        arm=draw.arm,
                        scheme=scheme.name,
                        scheme_version=scheme.version,
                        library=stream.library(),
                        bit_generator=stream.bit_generator,
                        operator=operator,
                        allocated_on=plain_day(today),
                        key_fingerprint=key_fingerprint,
                        drawn_within=draw.stratum,
                        position=draw.position,
                        candidates_sha256=together,
                        probabilities=draw.probabilities,
                        factors=own,
                    )
                )
        ledger.append(allocations)
    return considered


def history_of(ledger: Ledger, study: str) -> History:
    """Return what stands in the ledger before the next draw.

    Everyone counts with the factor levels by which he was drawn, whatever was
    corrected since. The sequences of the strata begin with the last amendment.
    """
    records = ledger.records(study, Kind.ALLOCATION, Kind.SETTINGS, Kind.AMENDMENT)
    locks = [each.sequence for each in records if each.kind != Kind.ALLOCATION]
    begins = max(locks, default=0)
    history = History()
    for record in records:
        if record.kind != Kind.ALLOCATION:
            continue
        allocation = allocation_entry(record).allocation
        levels = allocation.factors or {}
        if record.sequence > begins:
            history.enter(allocation.stratum, levels, allocation.arm)
        else:
            history.enter_earlier(levels, allocation.arm)
    return history
