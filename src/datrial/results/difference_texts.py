"""Titles, notes and labels that differ between two runs: words, kept apart from numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datrial.results.read import Run, RunTable


@dataclass(frozen=True, slots=True)
class TextDifference:
    """A text that is not the same in both runs.

    Attributes
    ----------
    place
        Which text of the table: ``title``, ``note``, ``row a``, ``column b``, or
        ``cell a, b, count: note``.
    """

    analysis: str
    table_id: str
    place: str
    first: str
    second: str


def text_differences(first: Run, second: Run) -> tuple[TextDifference, ...]:
    """Return the texts that differ in the tables, rows, columns and cells that both runs have."""
    ours = {entry.table.id: entry for entry in first.tables}
    return tuple(
        TextDifference(table.analysis, table.table.id, place, old, new)
        for table in second.tables
        if table.table.id in ours
        for place, old, new in _texts(ours[table.table.id], table)
        if old != new
    )


def _texts(first: RunTable, second: RunTable) -> Iterator[tuple[str, str, str]]:
    old, new = first.table, second.table
    yield "title", old.title, new.title
    yield "note", old.note, new.note
    yield "standing", old.standing, new.standing
    for kind, before, after in (
        ("row", old.row_labels, new.row_labels),
        ("column", old.column_labels, new.column_labels),
    ):
        for key, label in after.items():
            if key in before:
                yield f"{kind} {key}", before[key], label
    for cell in new.cells:
        known = first.cell(cell.row, cell.column, cell.statistic)
        if known:
            place = f"cell {cell.row}, {cell.column}, {cell.statistic}"
            yield f"{place}: note", known.note, cell.note
            yield f"{place}: warning", known.warning, cell.warning
