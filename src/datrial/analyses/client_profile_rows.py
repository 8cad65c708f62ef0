"""Rows of a profile of clients: who gave which answer, with and without those not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import Cohorts
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

DONT_KNOW, MISSING = "dont_know", "missing"
#: Codes that are no answer: they stand in rows of their own and in no share of those known.
NO_ANSWER = {
    "prefer_not_to_say": "Preferred not to say",
    "not_reported": "Not reported",
    "not_stated": "Not stated",
    "not_known": "Not known",
    "not_applicable": "Not applicable",
    DONT_KNOW: "Don't know",
    MISSING: "Missing",
}
#: Those that always have a row.
_ALWAYS = (DONT_KNOW, MISSING)
#: What every table of answers says of its shares.
SHARES = (
    "Share: of those of whom it is known, with Wilson's interval. Share of all: of everybody, "
    "don't know and missing included."
)
UNKNOWN_STRAND = "strand_unknown"


@dataclass(frozen=True)
class Clients:
    """The clients, one row each, and the groups of them that stand below each other.

    Attributes
    ----------
    people
        With the columns of ``cohort.client``.
    strands
        Start of a row's key -> what people read; one empty start in a study without strands.
    reason
        Why nothing is known of anybody.
    """

    cohorts: Cohorts
    people: pd.DataFrame
    strands: Mapping[str, str]
    reason: str = ""

    def groups(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Yield the start of the rows' keys, that of their labels, and the people of a strand."""
        for start, label in self.strands.items():
            people = self.people
            if start:
                people = people[people["strand"] == start.removesuffix("__")]
            yield start, f"{label}: " if label else "", people

    def never_told(self, column: str) -> dict[str, str]:
        """Return arm -> why nothing is known, of the arms of which no referral has a value."""
        if self.reason:
            return dict.fromkeys(self.cohorts.labels, self.reason)
        return {
            arm: "no referral tells it: it may not have been recorded"
            for arm, people in self.cohorts.split(self.people)
            if len(people) and people[column].isna().all()
        }


@dataclass(frozen=True)
class Answers:
    """What is asked of people: the answers there are, and those that are none.

    Attributes
    ----------
    known
        Code -> what people read.
    unknown
        The like of what is no answer; `MISSING` stands for an empty field.
    silent
        Arm -> why nothing is known of it.
    """

    known: Mapping[str, str]
    unknown: Mapping[str, str]
    silent: Mapping[str, str]


def answers_of(known: Mapping[str, str], found: pd.Series, silent: Mapping[str, str]) -> Answers:
    """Return what can be answered: the service's terms, and what is no answer apart from them."""
    there = {str(code) for code in found.dropna()} | set(known)
    unknown = {code: label for code, label in NO_ANSWER.items() if code in _ALWAYS or code in there}
    told = {code: label for code, label in known.items() if code not in NO_ANSWER}
    return Answers(told, unknown, silent)


def add_answers(
    table: Table, cohorts: Cohorts, people: pd.DataFrame, answers: Answers, name: str,
    labels: tuple[str, str] = ("", ""),
) -> None:  # fmt: skip
    """Add a row for every answer, then one for each kind of no answer.

    Parameters
    ----------
    people
        With a column `name` of codes, and ``arm``.
    labels
        Start of the rows' keys, and of their labels.
    """
    start, words = labels
    given = people[name].astype(object).where(people[name].notna(), MISSING)
    told = given.isin(list(answers.known))
    for code, label in answers.known.items():
        row = f"{start}{code}"
        table.row(row, f"{words}{label}")
        add_known(table, cohorts, row, (people, given == code, told), answers.silent)
    for code, label in answers.unknown.items():
        row = f"{start}{code}"
        table.row(row, f"{words}{label}")
        add_of_all(table, cohorts, row, (people, given == code), answers.silent)


def add_known(
    table: Table, cohorts: Cohorts, row: str, of: tuple[pd.DataFrame, pd.Series, pd.Series],
    silent: Mapping[str, str],
) -> None:  # fmt: skip
    """Add how many hold, their share of those known with its interval, and of everybody.

    Parameters
    ----------
    of
        The people, who of them holds, and of whom it is known.
    """
    people, holds, known = of
    counts = {
        arm: (int(holds[rows.index].sum()), int(known[rows.index].sum()))
        for arm, rows in cohorts.split(people)
    }
    before = len(table.cells)
    cohorts.add_shares(table, row, counts)
    table.cells[before:] = [
        replace(cell, value=None, n=None, state=State.NOT_AVAILABLE, warning="",
                note=silent[cell.column])
        if cell.column in silent else cell
        for cell in table.cells[before:]
    ]  # fmt: skip
    _share_of_all(table, cohorts, row, (people, holds), silent)


def add_of_all(
    table: Table, cohorts: Cohorts, row: str, of: tuple[pd.DataFrame, pd.Series],
    silent: Mapping[str, str],
) -> None:  # fmt: skip
    """Add how many hold and their share of everybody."""
    people, holds = of
    for arm, rows in cohorts.split(people):
        if arm in silent:
            table.absent_all([row], [arm], ["count"], silent[arm])
            continue
        table.add(row, arm, "count", int(holds[rows.index].sum()), n=len(rows))
    _share_of_all(table, cohorts, row, of, silent)


def _share_of_all(
    table: Table, cohorts: Cohorts, row: str, of: tuple[pd.DataFrame, pd.Series],
    silent: Mapping[str, str],
) -> None:  # fmt: skip
    people, holds = of
    for arm, rows in cohorts.split(people):
        if arm in silent:
            table.absent_all([row], [arm], ["share_of_all"], silent[arm])
            continue
        share = int(holds[rows.index].sum()) / len(rows) if len(rows) else None
        table.add(row, arm, "share_of_all", share, n=len(rows), reason="nobody is in this group")
