"""The sections of the page of differences: by cause, analysis and table."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from datrial.report.differences_privacy import Shown
from datrial.report.differences_words import (
    cause_title,
    change_of,
    pair_of,
    place_of,
    statistics_beside,
)
from datrial.results.difference_ranking import AnalysisChanges, Weighed, ranked
from datrial.results.differences import CellDifference, Differs, Kind, RunComparison


@dataclass(frozen=True)
class RowView:
    """A difference as the page shows it."""

    place: str
    old: str
    new: str
    change: str
    errors: str
    flag: str


@dataclass(frozen=True)
class TableSection:
    """A table's differences: the rows shown, how many more there are, how many are withheld."""

    anchor: str
    id: str
    title: str
    rows: tuple[RowView, ...]
    more: int
    withheld: int

    @property
    def total(self) -> int:
        """How many cells of the table differ."""
        return len(self.rows) + self.more + self.withheld

    @property
    def flagged(self) -> int:
        """How many of the rows shown changed direction or crossed the level."""
        return sum(bool(row.flag) for row in self.rows)


@dataclass(frozen=True)
class AnalysisSection:
    """An analysis's differences of one cause."""

    id: str
    title: str
    is_primary: bool
    tables: tuple[TableSection, ...]


@dataclass(frozen=True)
class CauseSection:
    """All differences of one cause."""

    anchor: str
    title: str
    total: int
    is_unexplained: bool
    analyses: tuple[AnalysisSection, ...]


def cause_sections(
    comparison: RunComparison, visible: Shown, most: int
) -> tuple[CauseSection, ...]:
    """Return the differences by cause, the unexplained first, then the commonest cause.

    Parameters
    ----------
    most
        How many differences of a table are shown.
    """
    by_cause: dict[str, list[CellDifference]] = defaultdict(list)
    for difference in comparison.differences:
        by_cause[difference.cause].append(difference)
    seen = set(map(id, visible.differences))
    order = sorted(by_cause, key=lambda c: (c != Kind.UNEXPLAINED, -len(by_cause[c])))
    return tuple(_cause(comparison, cause, by_cause[cause], seen, most) for cause in order)


def lost_tables(comparison: RunComparison) -> list[tuple[str, str, list[str]]]:
    """Return which run alone has tables, of which analysis, with their titles and causes."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in comparison.tables:
        which = "first" if entry.only_in is Differs.ONLY_FIRST else "second"
        found[which, _title(entry.analysis)].append(
            f"{entry.table_title} ({cause_title(entry.cause).lower()})"
        )
    return [(which, analysis, titles) for (which, analysis), titles in found.items()]


def without_numbers(text: str) -> str:
    """Return a text with # for its numbers: a note may count people."""
    return re.sub(r"\d[\d.,]*\d|\d", "#", text)


def _cause(
    comparison: RunComparison,
    cause: str,
    differences: list[CellDifference],
    seen: set[int],
    most: int,
) -> CauseSection:
    second = {entry.table.id: entry for entry in comparison.second.tables}
    anchor = "because-" + cause.replace(" ", "-")
    sections = []
    for entry in ranked(comparison, differences):
        tables = []
        for table in entry.tables:
            visible = [one for one in table.differences if id(one.difference) in seen]
            beside = statistics_beside(second.get(table.table_id))
            rows = tuple(_row(one, beside) for one in visible[:most])
            tables.append(
                TableSection(
                    f"{anchor}-{table.table_id}",
                    table.table_id,
                    table.title,
                    rows,
                    len(visible) - len(rows),
                    len(table.differences) - len(visible),
                )
            )
        sections.append(_analysis(entry, tuple(tables)))
    return CauseSection(
        anchor, cause_title(cause), len(differences), cause == Kind.UNEXPLAINED, tuple(sections)
    )


def _analysis(entry: AnalysisChanges, tables: tuple[TableSection, ...]) -> AnalysisSection:
    return AnalysisSection(entry.analysis, _title(entry.analysis), entry.is_primary, tables)


def _row(weighed: Weighed, beside: dict[tuple[str, str], set[str]]) -> RowView:
    difference = weighed.difference
    others = beside.get((difference.row, difference.column), set())
    old, new = pair_of(difference, others)
    errors = "" if weighed.in_errors is None else f"{weighed.in_errors:.1f} SE"
    return RowView(
        place_of(difference), old, new, change_of(difference, others), errors, weighed.flag
    )


def _title(analysis: str) -> str:
    from datrial.analyses.registry import ANALYSES

    return ANALYSES[analysis].title if analysis in ANALYSES else analysis
