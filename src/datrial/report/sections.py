"""The report's analyses: each with its question, its tables and their figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datrial.report.drawing import Figure
from datrial.report.figures import figure_for
from datrial.report.tables import TableView, table_view
from datrial.results.plan_words import EXPLORATORY, NOT_PLANNED, standing_sentence
from datrial.results.read import Run, RunTable

if TYPE_CHECKING:
    from datrial.analyses.base import Analysis

#: What may stand in an address as it is; everything that HTML reads otherwise may not.
_SAFE = ",:;/()*!+=@$?~"


@dataclass(frozen=True)
class Exhibit:
    """A table with its figure, if it has one.

    Attributes
    ----------
    data
        The table's CSV as an address: the page holds its numbers in full.
    """

    table: TableView
    figure: Figure | None
    data: str
    is_exploratory: bool


@dataclass(frozen=True)
class Section:
    """One analysis of the report.

    Attributes
    ----------
    standing
        Why it is exploratory, in a sentence; empty for what was planned.
    """

    id: str
    title: str
    chapter: str
    is_primary: bool
    is_exploratory: bool
    standing: str
    methods: Analysis | None
    parameters: tuple[tuple[str, str], ...]
    failure: str
    exhibits: tuple[Exhibit, ...]


def sections(run: Run, methods: Mapping[str, Analysis]) -> tuple[Section, ...]:
    """Return a run's analyses in the order in which they were run.

    Parameters
    ----------
    methods
        Analysis id -> its texts; an analysis without them has its title and tables only.
    """
    ends = {end.id: end for end in run.manifest.analyses}
    ids = dict.fromkeys([*ends, *(entry.analysis for entry in run.tables)])
    unplanned = exploratory(run)
    found = []
    for name in ids:
        method = methods.get(name)
        end = ends.get(name)
        found.append(
            Section(
                name,
                method.title if method else name.replace("_", " ").capitalize(),
                method.chapter if method else "",
                name in run.manifest.primary_outcomes,
                name in unplanned,
                standing_sentence(run.manifest, name) or NOT_PLANNED if name in unplanned else "",
                method,
                _parameters(run, name),
                end.reason if end and end.state == "failed" else "",
                tuple(_exhibit(run, entry) for entry in run.tables_of(name)),
            )
        )
    return tuple(found)


def exploratory(run: Run) -> set[str]:
    """Return the analyses that were not planned: as the run says, or as one of their tables does.

    A run from before there were plans says nothing of it.
    """
    told = (run.manifest.model_extra or {}).get("exploratory") or ()
    return {*told, *(e.analysis for e in run.tables if e.table.standing == EXPLORATORY)}


def _exhibit(run: Run, entry: RunTable) -> Exhibit:
    return Exhibit(
        table_view(entry),
        figure_for(run, entry),
        _data_address(run, entry),
        entry.table.standing == EXPLORATORY,
    )


def _data_address(run: Run, entry: RunTable) -> str:
    """Return the table's CSV, as the run holds it, as an address; empty if it holds none."""
    file = run.folder / "tables" / f"{entry.table.id}.csv"
    if not file.is_file():
        return ""
    return "data:text/csv;charset=utf-8," + quote(file.read_bytes(), safe=_SAFE)


def _parameters(run: Run, analysis: str) -> tuple[tuple[str, str], ...]:
    parameters = run.manifest.parameters.get(analysis, {})
    return tuple((name, _plain(value)) for name, value in parameters.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
