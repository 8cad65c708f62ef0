"""Who enters the lottery of which MARAC meeting, and why the others do not.

The rule. The meetings at which perpetrators were heard are walked in the order
of their dates, and on one day in the order of the sites' keys. A perpetrator
heard at a meeting is considered there, and is excluded there if

- he was allocated at another meeting, of this or another site (``already_allocated``);
- the meeting lies outside the site's recruitment window (``outside_recruitment``);
- the study allocates at other sites only (``other_site``);
- his age at that hearing is known and below the study's minimum (``under_age``);
- the study allocates repeat referrals only, and none of his cases at the meeting
  is known to be one (``not_repeat``);
- one of his cases at the meeting has a code that excludes (``excluded_<column>``);
- the meeting has no places in the capacity list, or stands not in it (``no_places``);
- the meeting's lottery was held before his hearing became known (``meeting_drawn``):
  the places are gone, and a second draw would change the first one's chances.

The reasons are tried in this order and the first that holds counts. Everyone
else considered is a candidate. The last two belong to lists and lotteries: a
scheme that allocates one by one has neither places nor one draw per meeting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datrial.allocation.factors import check_answers
from datrial.allocation.hearings import (
    Cases,
    Hearing,
    HearingRow,
    MeetingKey,
    by_meeting,
    plain_day,
)
from datrial.allocation.reasons import (
    REPEAT_CASE,
    AnyReason,
    Reason,
    count_by_reason,
    excluded_by,
    reasons_of,
)
from datrial.errors import DataError

if TYPE_CHECKING:
    from datrial.config.study import Study

__all__ = [
    "CapacityRow",
    "Consideration",
    "Exclusion",
    "Hearing",
    "HearingRow",
    "Meeting",
    "MeetingKey",
    "Reason",
    "consider",
    "count_by_reason",
    "inside_recruitment",
    "plain_day",
    "reasons_of",
]

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
    reason: AnyReason


@dataclass(frozen=True)
class Consideration:
    """The meetings to draw, in their order, and everyone excluded, in the same order."""

    meetings: tuple[Meeting, ...]
    exclusions: tuple[Exclusion, ...]
    reasons: tuple[AnyReason, ...] = field(default=tuple(Reason), compare=False)

    def hearings_by_reason(self) -> dict[AnyReason, int]:
        """Return how many perpetrators times meetings were excluded; every reason is there."""
        return count_by_reason((each.reason for each in self.exclusions), self.reasons)

    def never_candidates(self) -> dict[str, AnyReason]:
        """Return the reason of everyone who was considered and was nowhere a candidate.

        The last meeting inside a recruitment window counts, since there his
        chance ended; who was never heard inside one was ``outside_recruitment``.
        Whoever is allocated is not among them.
        """
        candidates = {person for meeting in self.meetings for person in meeting.candidates}
        allocated = {e.person_id for e in self.exclusions if e.reason == Reason.ALREADY_ALLOCATED}
        reasons: dict[str, AnyReason] = {}
        for exclusion in self.exclusions:
            if exclusion.reason != Reason.OUTSIDE_RECRUITMENT:
                reasons[exclusion.person_id] = exclusion.reason
            else:
                reasons.setdefault(exclusion.person_id, exclusion.reason)
        return {p: r for p, r in sorted(reasons.items()) if p not in candidates | allocated}


def consider(
    hearings: Iterable[HearingRow],
    capacity: Iterable[CapacityRow],
    study: Study,
    already_allocated: Mapping[str, MeetingKey],
    drawn: Iterable[MeetingKey] | None = None,
) -> Consideration:
    """Walk the meetings and tell candidates from excluded; see the rule above.

    Parameters
    ----------
    hearings
        (person id, site, hearing date, age or None), with the answers that the
        study goes by, if there are any; one row per case heard, in any order.
        Someone heard twice at a meeting is considered once; if his ages there
        differ, the lowest counts: no child enters by a clerk's slip.
    capacity
        (site, meeting date, places), one row per meeting.
    study
        Its sites' recruitment windows and its minimum age.
    already_allocated
        Person id -> the meeting of his allocation, from the ledger, as corrected.
        What happened to him before that meeting is told as if it were first seen
        now, so that the same hearings always give the same exclusions.
    drawn
        The meetings whose lotteries were held, as they were recorded then: see
        :func:`datrial.allocation.reading.drawn_meetings`. A correction of where
        and when somebody was heard holds no lottery and undoes none. Without
        them, the meetings of those who are allocated.

    Raises
    ------
    DataError
        If hearings or capacity name a site that the study does not have, or a
        meeting has two different or negative numbers of places.
    ValueError
        If hearings come without the answers that the study goes by.
    """
    hearings = list(hearings)
    check_answers(hearings, study)
    places = _places(capacity, study)
    # A list is drawn by others: whether they drew a meeting at once is not ours to say.
    at_once = study.randomisation.method == "capacity_lottery"
    held = frozenset(already_allocated.values() if drawn is None else drawn)
    unlimited = study.randomisation.is_sequential
    allocated = dict(already_allocated)
    meetings, exclusions = [], []
    by_key = by_meeting(hearings)
    _check_sites("hearings", (key.site for key, people in by_key for _ in people), study)
    for key, heard in by_key:
        candidates = []
        for person, cases in sorted(heard.items()):
            if allocated.get(person) == key:
                continue
            reason = _reason(key, cases, study)
            if reason is None and not unlimited and places.get(key, 0) == 0:
                reason = Reason.NO_PLACES
            if person in allocated and (reason is None or _order(allocated[person]) < _order(key)):
                reason = Reason.ALREADY_ALLOCATED
            elif reason is None and at_once and key in held:
                reason = Reason.MEETING_DRAWN
            if reason is None:
                candidates.append(person)
            else:
                exclusions.append(Exclusion(person, key, reason))
        if candidates:
            meetings.append(Meeting(key, places.get(key, 0), tuple(candidates)))
            allocated |= dict.fromkeys(candidates, key)
    return Consideration(tuple(meetings), tuple(exclusions), reasons_of(study))


def inside_recruitment(key: MeetingKey, study: Study) -> bool:
    """Return whether a meeting lies in its site's window, first and last day included."""
    site = study.sites[key.site]
    return site.recruitment_start <= key.meeting_date <= site.recruitment_end


def _reason(key: MeetingKey, cases: Cases, study: Study) -> AnyReason | None:
    """Return why he is not eligible at this meeting, by the study's rules, if it is so."""
    rules = study.randomisation.eligibility
    if not inside_recruitment(key, study):
        return Reason.OUTSIDE_RECRUITMENT
    if rules.sites and key.site not in rules.sites:
        return Reason.OTHER_SITE
    if cases.age is not None and cases.age < rules.minimum_age:
        return Reason.UNDER_AGE
    if rules.repeat_only and "yes" not in cases.codes(REPEAT_CASE):
        return Reason.NOT_REPEAT
    for column, codes in rules.exclude.items():
        if cases.codes(column) & set(codes):
            return excluded_by(column)
    return None


def _order(key: MeetingKey) -> tuple[dt.date, str]:
    return key.meeting_date, key.site


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
