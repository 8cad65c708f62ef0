"""Compare two stored runs cell by cell: what differs, how much, and why it may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from datrial.results.difference_causes import Cause, Kind, cause_of, causes_between
from datrial.results.difference_cells import CellDifference, Differs, cells_that_differ
from datrial.results.difference_texts import TextDifference, text_differences
from datrial.results.read import Run, RunTable

__all__ = [
    "AnalysisDifference", "Cause", "CellDifference", "Differs", "Kind", "RunComparison",
    "TableDifference", "TextDifference", "compare_runs",
]  # fmt: skip


@dataclass(frozen=True)
class TableDifference:
    """A table that only one of the runs has, with all its cells."""

    analysis: str
    table_id: str
    table_title: str
    cells: int
    only_in: Differs
    cause: str


@dataclass(frozen=True)
class AnalysisDifference:
    """An analysis that did not end alike: ``done``, ``failed``, or empty where it was not made."""

    analysis: str
    first: str
    second: str
    reason: str


@dataclass(frozen=True)
class RunComparison:
    """What differs between two stored runs.

    Attributes
    ----------
    differences
        In the order of the second run's tables and cells; the cells of tables that only
        one run has are in ``tables`` alone.
    causes
        What differs between what the runs were made from.
    texts
        Titles, notes and labels that differ; empty unless asked for.
    """

    first: Run
    second: Run
    tolerance: float
    differences: tuple[CellDifference, ...]
    tables: tuple[TableDifference, ...]
    analyses: tuple[AnalysisDifference, ...]
    causes: tuple[Cause, ...]
    cells_compared: int
    texts: tuple[TextDifference, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both runs have the same cells and their analyses ended alike."""
        return not (self.differences or self.tables or self.analyses)

    @property
    def unexplained(self) -> int:
        """How many cells and tables differ although nothing that they are made from does."""
        causes = [entry.cause for entry in self.differences] + [
            entry.cause for entry in self.tables
        ]
        return causes.count(Kind.UNEXPLAINED)


def compare_runs(
    first: Run,
    second: Run,
    *,
    tolerance: float = 0.0,
    reads_results: Collection[str] = (),
    texts: bool = False,
) -> RunComparison:
    """Compare two stored runs cell by cell.

    Cells belong together by table, row, column and statistic. Their values differ if
    ``|second - first| > tolerance + tolerance * max(|first|, |second|)``; their states
    and counts (``n``) differ if they are not the same.

    Parameters
    ----------
    reads_results
        The analyses that are made of the others' tables: what changed those may have
        changed these.
    texts
        Compare titles, notes and labels as well.
    """
    causes = causes_between(
        first.manifest, second.manifest, reads_results, (first.times, second.times)
    )
    ours = {entry.table.id: entry for entry in first.tables}
    theirs = {entry.table.id: entry for entry in second.tables}
    analyses = _analyses(first, second)
    because = {entry.analysis: _why_alone(entry) for entry in analyses}
    found: list[CellDifference] = []
    compared = 0
    for table_id, table in theirs.items():
        if table_id in ours:
            compared += len(table.table.cells)
            found += cells_that_differ(ours[table_id], table, tolerance, causes)
    alone = [
        *_alone(first.tables, theirs, Differs.ONLY_FIRST, causes, because),
        *_alone(second.tables, ours, Differs.ONLY_SECOND, causes, because),
    ]
    said = text_differences(first, second) if texts else ()
    return RunComparison(
        first, second, tolerance, tuple(found), tuple(alone), analyses, causes, compared, said
    )


def _alone(
    tables: Iterable[RunTable],
    others: Collection[str],
    only_in: Differs,
    causes: tuple[Cause, ...],
    because: Mapping[str, Kind],
) -> Iterator[TableDifference]:
    """Yield the tables that the other run does not have."""
    for entry in tables:
        if entry.table.id not in others:
            yield TableDifference(
                entry.analysis,
                entry.table.id,
                entry.table.title,
                len(entry.table.cells),
                only_in,
                str(because.get(entry.analysis) or cause_of(causes, entry.analysis)),
            )


def _why_alone(entry: AnalysisDifference) -> Kind:
    """Return why only one run has an analysis's tables: it failed, or was not asked for."""
    return Kind.FAILURE if "failed" in (entry.first, entry.second) else Kind.PARAMETERS


def _analyses(first: Run, second: Run) -> tuple[AnalysisDifference, ...]:
    """Return the analyses that did not end alike, in the runs' order."""
    ends = [{entry.id: entry for entry in run.manifest.analyses} for run in (first, second)]
    found = []
    for name in dict.fromkeys((*ends[0], *ends[1])):
        old, new = ends[0].get(name), ends[1].get(name)
        states = (old.state if old else "", new.state if new else "")
        if states[0] != states[1]:
            reasons = [entry.reason for entry in (old, new) if entry and entry.reason]
            found.append(AnalysisDifference(name, *states, "; ".join(reasons)))
    return tuple(found)
