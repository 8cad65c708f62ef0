"""Who was heard at which MARAC meeting, and what was known of him there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from datrial.config.allocation import NOT_KNOWN


class MeetingKey(NamedTuple):
    """A site's MARAC meeting."""

    site: str
    meeting_date: dt.date


class Hearing(NamedTuple):
    """A perpetrator heard at a meeting: one of his cases there; the age may be unknown.

    Attributes
    ----------
    answers
        Coded column of ``marac_case`` -> the case's code, of the columns that
        the study's allocation goes by (see
        :func:`datrial.allocation.factors.referral_columns`).
    """

    person_id: str
    site: str
    hearing_date: dt.date
    age: int | None
    answers: Mapping[str, str | None] = {}


HearingRow = (
    Hearing
    | tuple[str, str, dt.date, int | None]
    | tuple[str, str, dt.date, int | None, Mapping[str, str | None]]
)


def plain_day(day: dt.date) -> dt.date:
    """Return a day without a time: a datetime would print, and so draw, differently."""
    return day.date() if isinstance(day, dt.datetime) else day


@dataclass
class Cases:
    """Someone's cases at one meeting: his lowest known age there, and their answers."""

    age: int | None = None
    answers: list[Mapping[str, str | None]] = field(default_factory=list)

    def add(self, age: int | None, answers: Mapping[str, str | None]) -> None:
        """Add a case."""
        self.age = min((each for each in (age, self.age) if each is not None), default=None)
        if answers:
            self.answers.append(answers)

    def codes(self, column: str) -> set[str]:
        """Return his cases' codes in a column; a missing answer is ``not_known``."""
        return {case.get(column) or NOT_KNOWN for case in self.answers} or {NOT_KNOWN}


def by_meeting(
    hearings: Iterable[HearingRow],
) -> list[tuple[MeetingKey, dict[str, Cases]]]:
    """Return the meetings in order, each with person id -> his cases there."""
    heard: dict[MeetingKey, dict[str, Cases]] = {}
    for person, site, day, age, *answers in hearings:
        people = heard.setdefault(MeetingKey(site, plain_day(day)), {})
        people.setdefault(person, Cases()).add(age, answers[0] if answers else {})
    return sorted(heard.items(), key=lambda item: (item[0].meeting_date, item[0].site))
