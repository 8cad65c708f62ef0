"""Who enters the lottery of which MARAC meeting, and why the others do not.

The rule. The meetings at which perpetrators were heard are walked in the order
of their dates, and on one day in the order of the sites' keys. A perpetrator
heard at a meeting is considered there, and is excluded there if

- he was allocated at another meeting, of this or another site (``already_allocated``);
- the meeting lies outside the site's recruitment window (``outside_recruitment``);
- his age at that hearing is known and below the study's minimum (``under_age``);
- the meeting has no places in the capacity list, or stands not in it (``no_places``);
- the meeting's lottery was held before his hearing became known (``meeting_drawn``):
  the places are gone, and a second draw would change the first one's chances.

The reasons are tried in this order and the first that holds counts. Everyone
else considered is a candidate.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from datrial.errors import DataError

if TYPE_CHECKING:
    from datrial.config.study import Study


class Reason(StrEnum):
    """Why a perpetrator who was heard at a meeting was not allocated there."""

    ALREADY_ALLOCATED = "already_allocated"
    OUTSIDE_RECRUITMENT = "outside_recruitment"
    UNDER_AGE = "under_age"
    NO_PLACES = "no_places"
    MEETING_DRAWN = "meeting_drawn"
    #: Eligible by the rule, and in no arm: not on the imported list, or not drawn yet.
    ELIGIBLE_NOT_ALLOCATED = "eligible_not_allocated"


class MeetingKey(NamedTuple):
    """A site's MARAC meeting."""

    site: str
    meeting_date: dt.date


class Hearing(NamedTuple):
    """A perpetrator heard at a meeting: one of his cases there; the age may be unknown."""

    person_id: str
    site: str
    hearing_date: dt.date
    age: int | None


HearingRow = tuple[str, str, dt.date, int | None]
CapacityRow = tuple[str, dt.date, int]


@dataclass(frozen=True)
class Meeting:
    """A meeting with its places and its candidates, sorted by person id."""

    key: MeetingKey
    places: int
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class Exclusion:
    """One perpetrator at one meeting, considered and not a candidate there."""

    person_id: str
    meeting: MeetingKey
    reason: Reason


@dataclass(frozen=True)
class Consideration:
    """The meetings to draw, in their order, and everyone excluded, in the same order."""

    meetings: tuple[Meeting, ...]
    exclusions: tuple[Exclusion, ...]

    def hearings_by_reason(self) -> dict[Reason, int]:
        """Return how many perpetrators times meetings were excluded; every reason is there."""
        return count_by_reason(exclusion.reason for exclusion in self.exclusions)

    def never_candidates(self) -> dict[str, Reason]:
        """Return the reason of everyone who was considered and was nowhere a candidate.

        The last meeting inside a recruitment window counts, since there his
        chance ended; who was never heard inside one was ``outside_recruitment``.
        Whoever is allocated is not among them.
        """
        candidates = {person for meeting in self.meetings for person in meeting.candidates}
        allocated = {e.person_id for e in self.exclusions if e.reason == Reason.ALREADY_ALLOCATED}
        reasons: dict[str, Reason] = {}
        for exclusion in self.exclusions:
            if exclusion.reason != Reason.OUTSIDE_RECRUITMENT:
                reasons[exclusion.person_id] = exclusion.reason
            else:
                reasons.setdefault(exclusion.person_id, exclusion.reason)
        return {p: r for p, r in sorted(reasons.items()) if p not in candidates | allocated}


def count_by_reason(reasons: Iterable[Reason]) -> dict[Reason, int]:
    """Return how often each reason occurs; a reason that does not occur has 0."""
    counts = Counter(reasons)
    return {reason: counts[reason] for reason in Reason}


def consider(
    hearings: Iterable[HearingRow],
    capacity: Iterable[CapacityRow],
    study: Study,
    already_allocated: Mapping[str, MeetingKey],
) -> Consideration:
    """Walk the meetings and tell candidates from excluded; see the rule above.

    Parameters
    ----------
    hearings
        (person id, site, hearing date, age or None), one row per case heard, in
        any order. Someone heard twice at a meeting is considered once; if his
        ages there differ, the lowest counts: no child enters by a clerk's slip.
    capacity
        (site, meeting date, places), one row per meeting.
    study
        Its sites' recruitment windows and its minimum age.
    already_allocated
        Person id -> the meeting of his allocation, from the ledger. What
        happened to him before that meeting is told as if it were first seen
        now, so that the same hearings always give the same exclusions.

    Raises
    ------
    DataError
        If hearings or capacity name a site that the study does not have, or a
        meeting has two different or negative numbers of places.
    """
    places = _places(capacity, study)
    # A list is drawn by others: whether they drew a meeting at once is not ours to say.
    ours = study.allocation.method != "imported"
    drawn = frozenset(already_allocated.values()) if ours else frozenset()
    allocated = dict(already_allocated)
    meetings, exclusions = [], []
    for key, ages in _by_meeting(hearings, study):
        candidates = []
        for person, age in sorted(ages.items()):
            if allocated.get(person) == key:
                continue
            reason = _reason(key, age, study, places.get(key, 0))
            if person in allocated and (reason is None or _order(allocated[person]) < _order(key)):
                reason = Reason.ALREADY_ALLOCATED
            elif reason is None and key in drawn:
                reason = Reason.MEETING_DRAWN
            if reason is None:
                candidates.append(person)
            else:
                exclusions.append(Exclusion(person, key, reason))
        if candidates:
            meetings.append(Meeting(key, places[key], tuple(candidates)))
            allocated |= dict.fromkeys(candidates, key)
    return Consideration(tuple(meetings), tuple(exclusions))


def plain_day(day: dt.date) -> dt.date:
    """Return a day without a time: a datetime would print, and so draw, differently."""
    return day.date() if isinstance(day, dt.datetime) else day


def inside_recruitment(key: MeetingKey, study: Study) -> bool:
    """Return whether a meeting lies in its site's window, first and last day included."""
    site = study.sites[key.site]
    return site.recruitment_start <= key.meeting_date <= site.recruitment_end


def _reason(key: MeetingKey, age: int | None, study: Study, places: int) -> Reason | None:
    """Return why nobody (of that age) enters this meeting's lottery, if it is so."""
    if not inside_recruitment(key, study):
        return Reason.OUTSIDE_RECRUITMENT
    if age is not None and age < study.allocation.eligibility.minimum_age:
        return Reason.UNDER_AGE
    if places == 0:
        return Reason.NO_PLACES
    return None


def _order(key: MeetingKey) -> tuple[dt.date, str]:
    return key.meeting_date, key.site


def _by_meeting(
    hearings: Iterable[HearingRow], study: Study
) -> list[tuple[MeetingKey, dict[str, int | None]]]:
    """Return the meetings in order, each with person id -> lowest known age there."""
    heard: dict[MeetingKey, dict[str, int | None]] = {}
    for person, site, day, age in hearings:
        ages = heard.setdefault(MeetingKey(site, plain_day(day)), {})
        known = [each for each in (age, ages.get(person)) if each is not None]
        ages[person] = min(known, default=None)
    _check_sites("hearings", (key.site for key, ages in heard.items() for _ in ages), study)
    return sorted(heard.items(), key=lambda item: _order(item[0]))


def _places(capacity: Iterable[CapacityRow], study: Study) -> dict[MeetingKey, int]:
    numbers: dict[MeetingKey, set[int]] = {}
    for site, day, places in capacity:
        numbers.setdefault(MeetingKey(site, plain_day(day)), set()).add(places)
    _check_sites("meeting_capacity", (key.site for key in numbers), study)
    unclear = sum(len(given) > 1 for given in numbers.values())
    negative = sum(min(given) < 0 for given in numbers.values())
    if unclear or negative:
        raise DataError(
            f"meeting_capacity, column places: {unclear} meetings have two different numbers of "
            f"places and {negative} have a negative one. Correct the capacity list; nobody was "
            "allocated."
        )
    return {key: min(given) for key, given in numbers.items()}


def _check_sites(table: str, sites: Iterable[str], study: Study) -> None:
    unknown = sum(site not in study.sites for site in sites)
    if unknown:
        raise DataError(
            f"{table}, column site: {unknown} rows have a site that study {study.study} does not "
            f"have. Its sites are {', '.join(study.sites)}: correct the mapping."
        )
