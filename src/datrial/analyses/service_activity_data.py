"""What a service did in each month: numbers by kind, arm, strand and month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import Cohorts, cohorts, terms
from datrial.analyses.service_activity_months import Known, Month, known_months, reporting_months

if TYPE_CHECKING:
    from datrial.analyses.base import Context

ALL = "all"
NOT_RECORDED = "not_recorded"
#: The row of all months together.
MONTHS = "months"
#: Measure -> what people read. The first are events of a month, the others clients of it.
EVENTS = {
    "requests": "Requests for intervention",
    "assessments": "Assessments",
    "taken_on": "Taken on",
    "closures": "Cases closed",
}
CLIENTS = {
    "awaiting": "Awaiting intervention",
    "caseload": "Live caseload",
}
OTHER_WAYS = {
    "awaiting_any": "Awaiting intervention on any day of the month",
    "caseload_end": "Live caseload at the end of the month's last day",
}
MEASURES = EVENTS | CLIENTS

_KINDS = {"activity": "service_activity"}


@dataclass(frozen=True)
class Service:
    """A service's months.

    Attributes
    ----------
    strands
        Strand -> its label, ``all`` last; ``all`` alone where there are not two.
    numbers
        (kind, code, arm, strand, month) -> how many; none that is not there.
    known
        Staging table -> arm and month -> what is known of it.
    """

    cohorts: Cohorts
    strands: Mapping[str, str]
    months: Sequence[Month]
    numbers: Mapping[tuple[str, str, str, str, str], int]
    known: Mapping[str, Mapping[tuple[str, str], Known]]

    def known_of(self, kind: str, arm: str, month: Month, code: str = "") -> Known:
        """Return what is known of an arm's month; of clients only a whole month tells."""
        found = self.known[_KINDS.get(kind, "referral")][arm, month.key]
        if found.part and kind == "measure" and code not in EVENTS:
            return Known(f"clients are counted in whole months only: {found.part}")
        return found

    def number(self, kind: str, code: str, arm: str, strand: str, month: Month) -> int | None:
        """Return how many there were; none where the month is not known."""
        if self.known_of(kind, arm, month, code).reason:
            return None
        return self.numbers.get((kind, code, arm, strand, month.key), 0)

    def series(self, kind: str, code: str, arm: str, strand: str) -> list[float]:
        """Return the numbers of the months in their order; not a number but for whole months."""
        return [
            float(self.numbers.get((kind, code, arm, strand, month.key), 0))
            if self.known_of(kind, arm, month, code).is_whole
            else nan
            for month in self.months
        ]

    def total(self, kind: str, code: str, arm: str, strand: str) -> int | None:
        """Return the sum over the months that are known; none if none is."""
        found = [self.number(kind, code, arm, strand, month) for month in self.months]
        known = [number for number in found if number is not None]
        return sum(known) if known else None

    def without(self, kind: str, arm: str, code: str = "") -> str:
        """Return the warning of a number of all months, where some are missing or not whole."""
        states = [self.known_of(kind, arm, month, code) for month in self.months]
        lost = sum(bool(state.reason) for state in states)
        part = sum(bool(state.part) for state in states)
        told = [f"{lost} of {len(states)} months are not in it"] if lost else []
        told += [f"{part} of {len(states)} months are not whole"] if part else []
        told += sorted({state.silent for state in states} - {""})
        return "; ".join(told)

    def reason(self, kind: str, arm: str, code: str = "") -> str:
        """Return why nothing is known of any month."""
        reasons = {self.known_of(kind, arm, month, code).reason for month in self.months}
        return "" if "" in reasons else "; ".join(sorted(reasons))

    def codes(self, kind: str) -> list[str]:
        """Return the codes of a kind that were found."""
        return sorted({key[1] for key in self.numbers if key[0] == kind})

    def named(self, strand: str, *rest: str) -> str:
        """Return a row's label: the strand's, where there are several, and the rest."""
        if len(self.strands) == 1:
            return ", ".join(rest)
        return ", ".join([self.strands[strand], *map(within, rest)])


def within(label: str) -> str:
    """Return a label as it stands within another: without its capital, but for an acronym."""
    return label if label[1:2].isupper() else f"{label[:1].lower()}{label[1:]}"


def service_months(context: Context) -> Service:
    """Return the numbers of every month of the reporting period."""
    months = reporting_months(context.study)
    rows = context.connection.execute(
        "select kind, code, arm, strand, month, number from marts.service_month"
    ).fetchall()
    strands = strands_of(context)
    numbers: dict[tuple[str, str, str, str, str], int] = {}
    for kind, code, arm, strand, month, number in rows:
        own = strand if strand in strands else NOT_RECORDED
        for name in dict.fromkeys((own, ALL)):
            key = (kind, code, arm, name, f"{month:%Y_%m}")
            numbers[key] = numbers.get(key, 0) + number
    known = {
        table: known_months(context, table, months) for table in ("referral", "service_activity")
    }
    return Service(cohorts(context.study), strands, months, numbers, known)


def strands_of(context: Context) -> dict[str, str]:
    """Return the strands with their labels, all together last; one alone is no strand."""
    rows = context.connection.execute(
        "select strand from marts.service_case where arm is not null "
        "union select strand from staging.service_activity"
    ).fetchall()
    found = [row[0] for row in rows]
    named = terms(context.study, "strand", found)
    if any(strand not in named for strand in found) and named:
        named[NOT_RECORDED] = "Strand not recorded"
    return {**named, ALL: "All strands"} if len(named) > 1 else {ALL: "All"}
