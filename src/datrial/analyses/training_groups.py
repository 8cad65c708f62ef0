"""The courses, rounds and sites of which training is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ALL_COURSES, ALL_ROUNDS, ALL_SITES = "all_courses", "all_rounds", "all_sites"


@dataclass(frozen=True)
class Places:
    """Places on a course, of one round and one site or of all.

    Attributes
    ----------
    rows
        A practitioner's row for each.
    """

    course: str
    round: str
    site: str
    label: str
    rows: pd.DataFrame

    @property
    def key(self) -> str:
        """The row of a table that tells of them."""
        return f"{self.course}__{self.round}__{self.site}"


def groups_of(
    rows: pd.DataFrame, courses: Mapping[str, str], sites: Mapping[str, str]
) -> list[Places]:
    """Return the groups in the order of tables: a course's rounds, then all, each by site.

    A course with one round has no rows of that round beside those of all; a study with one
    site, none of that site; one with one course, none of all courses.
    """
    found: list[Places] = []
    for course, label in courses.items():
        found += _of_course(rows[rows["course"] == course], (course, label), sites)
    if len(courses) != 1:
        found += _by_site(rows, (ALL_COURSES, "All courses"), (ALL_ROUNDS, ""), sites)
    return found


def _of_course(
    rows: pd.DataFrame, course: tuple[str, str], sites: Mapping[str, str]
) -> Iterator[Places]:
    rounds = sorted(int(number) for number in rows["round"].dropna().unique())
    if len(rounds) > 1:
        for number in rounds:
            of_round = rows[rows["round"] == number]
            names = (f"round_{number}", f", round {number}")
            yield from _by_site(of_round, course, names, sites)
    yield from _by_site(rows, course, (ALL_ROUNDS, ", all rounds" * (len(rounds) > 1)), sites)


def _by_site(
    rows: pd.DataFrame, course: tuple[str, str], rounds: tuple[str, str], sites: Mapping[str, str]
) -> Iterator[Places]:
    label = f"{course[1]}{rounds[1]}"
    for site, name in sites.items() if len(sites) > 1 else ():
        yield Places(course[0], rounds[0], site, f"{label}: {name}", rows[rows["site"] == site])
    yield Places(course[0], rounds[0], ALL_SITES, f"{label}: all", rows)
