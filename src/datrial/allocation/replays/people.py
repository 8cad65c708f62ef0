"""Whom a scheme is replayed over: those who were heard, or invented people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.allocation.eligibility import CapacityRow, HearingRow, MeetingKey, consider
from datrial.allocation.factors import band_names, levels_at
from datrial.config.allocation import AGE, NOT_KNOWN, SITE
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.study import Study

_FIRST_DAY = dt.date(2000, 1, 3)


@dataclass(frozen=True)
class ToAllocate:
    """People in the order in which they are allocated, nobody's name among them.

    Attributes
    ----------
    levels
        Of each, factor -> level; the site is always among them.
    meetings
        Of each, the meeting at which he was heard.
    places
        Meeting -> places; only a lottery has them.
    """

    levels: tuple[Mapping[str, str], ...]
    meetings: tuple[MeetingKey, ...]
    places: Mapping[MeetingKey, int] = field(default_factory=dict)


def people_heard(
    hearings: Iterable[HearingRow], capacity: Iterable[CapacityRow], study: Study
) -> ToAllocate:
    """Return everyone whom the study's rule of eligibility makes a candidate, in order.

    Parameters
    ----------
    hearings, capacity
        See :func:`datrial.allocation.eligibility.consider`.

    Raises
    ------
    UsageError
        If nobody is a candidate.
    """
    heard = list(hearings)
    found, levels = consider(heard, capacity, study, {}), levels_at(heard, study)
    each = [(meeting, person) for meeting in found.meetings for person in meeting.candidates]
    if not each:
        raise UsageError(f"Nobody who was heard is eligible in study {study.study}: none to draw.")
    return ToAllocate(
        tuple({SITE: m.key.site, **levels[m.key, person]} for m, person in each),
        tuple(meeting.key for meeting, _ in each),
        {meeting.key: meeting.places for meeting in found.meetings},
    )


def drawn_people(
    study: Study, number: int, seed: int, *, at_meeting: int = 12, places: int = 2
) -> ToAllocate:
    """Return invented people, for a study that has no referrals yet.

    Every site, age band and code is equally likely, and factors are independent:
    real people are less evenly spread, and harder to balance.

    Parameters
    ----------
    number
        How many people.
    at_meeting, places
        For a lottery: people at a meeting, and places.

    Raises
    ------
    UsageError
        If there would be nobody, or a factor is no coded column of ``marac_case``.
    """
    import numpy as np

    if number < 1 or at_meeting < 1 or places < 0:
        raise UsageError("Say how many people to invent: 1 or more, of 1 or more at a meeting.")
    rng = np.random.Generator(np.random.PCG64([seed, number]))
    sites = list(study.randomisation.eligibility.sites or study.sites)
    options = {factor: _options(factor, study) for factor in study.randomisation.factors}
    order = rng.integers(0, len(sites), number)
    levels, meetings, heard = [], [], dict.fromkeys(sites, 0)
    for choice in order.tolist():
        site = sites[choice]
        day = _FIRST_DAY + dt.timedelta(7 * (heard[site] // at_meeting))
        heard[site] += 1
        meetings.append(MeetingKey(site, day))
        own = {f: site if f == SITE else str(rng.choice(o)) for f, o in options.items()}
        levels.append({SITE: site, **own})
    together = sorted(range(number), key=lambda i: (meetings[i].meeting_date, meetings[i].site))
    return ToAllocate(
        tuple(levels[i] for i in together),
        tuple(meetings[i] for i in together),
        dict.fromkeys(meetings, places),
    )


def _options(factor: str, study: Study) -> list[str]:
    from datrial.config.tables import staging_tables

    if factor == SITE:
        return []
    if factor == AGE:
        return band_names(study.randomisation.age_bands)
    column = staging_tables()["marac_case"].columns.get(factor)
    if column is None or not column.codes:
        raise UsageError(
            f"{factor!r} cannot be a factor: it is no coded column of marac_case (configs/"
            "tables.yaml)."
        )
    return [*column.codes, NOT_KNOWN]
