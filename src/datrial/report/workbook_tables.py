"""A result table as a sheet: title, what it rests on in words, and one table."""

from __future__ import annotations

import re

from datrial.report.cell_views import MARKS
from datrial.report.workbook_columns import (
    NO_SUCH_FIGURE,
    Column,
    number_columns,
    shared_n,
    statistic_label,
)
from datrial.report.workbook_names import headings, shortened
from datrial.report.workbook_notes import Notes
from datrial.report.workbook_parts import Entry, Grid, Line, Sheet, clean
from datrial.results.cells import State
from datrial.results.plan_words import NOT_PLANNED
from datrial.results.read import RunTable
from datrial.results.wide import statistics_of

CONTENTS = "Contents"
NOTES = "Notes"
MARK_WORDS = {
    State.SUPPRESSED: "hidden to protect people",
    State.NOT_AVAILABLE: "not available",
    State.NOT_APPLICABLE: "not applicable",
}
MARKS_IN_WORDS = {MARKS[state]: words for state, words in MARK_WORDS.items()}
SIMULATED = "Simulated data: the numbers tell of nobody real."

#: Heading of the column of notes.
_NOTES = "Notes"
_NUMBER_WIDTH = 15
_LABEL_WIDTHS = (20, 60)
_NOTES_WIDTH = 45
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(\"'])")


def table_sheet(
    entry: RunTable,
    number: int,
    name: str,
    grid_name: str,
    notes: Notes,
    *,
    why_exploratory: str = "",
    simulated: bool = False,
) -> Sheet:
    """Return the sheet of a result table.

    Parameters
    ----------
    number
        Of the table in the workbook.
    name, grid_name
        Of the sheet, and of the table on it.
    notes
        Takes up the notes of the table's cells.
    why_exploratory
        Why the analysis of an exploratory table was not planned as it was run.
    """
    columns = number_columns(entry)
    wanted = ["Row", *(column.heading for column in columns)]
    remarks = _remarks(entry, number, notes)
    if any(remarks.values()):
        wanted.append(_NOTES)
    labels = row_labels(entry)
    rows = tuple(
        (
            Entry(label),
            *(column.entries[row] for column in columns),
            *([Entry(remarks[row] or "No notes")] if any(remarks.values()) else []),
        )
        for row, label in labels.items()
    ) or ((Entry("No rows in this run"), *(Entry(NO_SUCH_FIGURE) for _ in wanted[1:])),)
    grid = Grid(grid_name, headings(wanted), rows, _widths(wanted, rows))
    standing = _standing(entry, why_exploratory)
    lines = (*_about(grid), *standing, *([Line(SIMULATED)] if simulated else []))
    title = f"Table {number}: {clean(entry.table.title)}"
    return Sheet(name, title, (*lines, *_basis(entry, columns)), grid)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [sentence for sentence in _SENTENCE_END.split(clean(text)) if sentence]


def _about(grid: Grid) -> list[Line]:
    """Return what is on the sheet, which marks stand in its table, and the way back."""
    about = "This worksheet contains one table."
    used = {value.value for row in grid.rows for value in row}
    marks = [f"{mark} {words}" for mark, words in MARKS_IN_WORDS.items() if mark in used]
    if marks:
        about += f" Marks in place of numbers: {', '.join(marks)}."
    if grid.headings[-1] == _NOTES:
        about += f" The worksheet {NOTES} holds the notes."
    return [Line(about), Line("Go to the contents.", link=CONTENTS)]


def _standing(entry: RunTable, why: str) -> list[Line]:
    if not entry.table.standing:
        return []
    if entry.table.standing != "exploratory":
        return [Line(f"{clean(entry.table.standing).capitalize()}.")]
    return [Line(f"{NOT_PLANNED} Why: {clean(why)}." if why else NOT_PLANNED)]


def _basis(entry: RunTable, columns: list[Column]) -> list[Line]:
    """Return whom the table is about, by which rules, and where published numbers are from."""
    lines = [Line(sentence) for sentence in sentences(entry.table.note)]
    rests_on = shared_n(entry)
    if rests_on is not None:
        lines.append(Line(f"Numbers that are not counts rest on n = {rests_on:,}."))
    sources = list(dict.fromkeys(clean(value.source) for value in entry.published.values()))
    if sources:
        lines.append(Line(f"Published numbers are from: {'; '.join(sources)}."))
    if entry.published_without_row:
        lost = ", ".join(map(clean, entry.published_without_row))
        lines.append(Line(f"Rows that are published and not in this run: {lost}."))
    lines += [
        Line(f"Heading in full: {column.heading}")
        for column in columns
        if shortened(column.heading) != column.heading
    ]
    return lines


def row_labels(entry: RunTable) -> dict[str, str]:
    """Return row -> label; rows with the same label also tell their keys."""
    cleaned = {row: clean(label) or clean(row) for row, label in entry.table.row_labels.items()}
    given = list(cleaned.values())
    return {
        row: f"{label} ({clean(row)})" if given.count(label) > 1 else label
        for row, label in cleaned.items()
    }


def _remarks(entry: RunTable, number: int, notes: Notes) -> dict[str, str]:
    """Return row -> the notes and warnings of its cells, with the columns that they are about."""
    of_columns = statistics_of(entry.table)
    remarks = {}
    for row in entry.table.row_labels:
        places: dict[str, list[tuple[str, str]]] = {}
        filled = [
            (column, name)
            for column, names in of_columns.items()
            for name in names
            if entry.cell(row, column, name)
        ]
        for column, name in filled:
            cell = entry.cell(row, column, name)
            if cell is None or cell.state is State.SUPPRESSED:
                continue  # the mark of a hidden number says why it is not there
            for text in (cell.note, f"Warning: {cell.warning}" if cell.warning else ""):
                if clean(text):
                    places.setdefault(clean(text), []).append((column, name))
        said = []
        for text, where in places.items():
            mark = text if " " not in text else notes.mark(text, number)
            if len(where) < len(filled):
                mark = f"{_where(entry, of_columns, where)}: {mark}"
            said.append(mark)
        remarks[row] = "; ".join(said)
    return remarks


def _where(entry: RunTable, of_columns: dict[str, list[str]], places: list[tuple[str, str]]) -> str:
    """Return columns in words; a column of which all statistics are meant is named once."""
    words = []
    for column in dict.fromkeys(column for column, _ in places):
        label = clean(entry.table.column_labels[column]) or column
        meant = [name for of, name in places if of == column]
        if len(meant) == len(of_columns[column]):
            words.append(label)
        else:
            words.append(f"{label} ({', '.join(map(statistic_label, meant)).lower()})")
    return ", ".join(words)


def _widths(wanted: list[str], rows: tuple[tuple[Entry, ...], ...]) -> tuple[int, ...]:
    longest = max(len(str(row[0].value)) for row in rows)
    first = min(max(longest + 2, _LABEL_WIDTHS[0]), _LABEL_WIDTHS[1])
    last = [_NOTES_WIDTH] if wanted[-1] == _NOTES else []
    return (first, *[_NUMBER_WIDTH] * (len(wanted) - 1 - len(last)), *last)
