"""A result table as text for the terminal: marks for states, published numbers beside ours."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from datrial.report.cell_views import MARKS
from datrial.report.numbers import style_of, write_interval
from datrial.report.workbook_columns import NO_SUCH_FIGURE, Column, number_columns, shared_n
from datrial.report.workbook_parts import Entry, clean
from datrial.report.workbook_tables import MARKS_IN_WORDS, row_labels
from datrial.results.cells import State
from datrial.results.plan_words import NOT_PLANNED
from datrial.results.read import RunTable
from datrial.results.wide import statistics_of

_GAP = "  "
_LABEL_WIDTH = 44
_HEADING_WIDTH = 14

#: A heading, and a text for each row.
_Texts = tuple[str, list[str]]


def table_text(entry: RunTable, width: int) -> str:
    """Return a result table as lines no wider than the terminal where that is possible.

    A table that is too wide has its columns in several parts, one below the other.
    """
    lines = [clean(entry.table.title), f"Table {entry.table.id}"]
    if entry.table.standing == "exploratory":
        lines.append(NOT_PLANNED)
    lines += textwrap.wrap(clean(entry.table.note), width)
    rests_on = shared_n(entry)
    if rests_on is not None:
        lines.append(f"Numbers that are not counts rest on n = {rests_on:,}.")
    columns = list(_columns(entry))
    labels = [_cut(label) for label in row_labels(entry).values()]
    room = width - max(map(len, labels), default=0)
    for part in _parts([_laid_out(*column) for column in columns], room):
        heads = len(part[0]) - len(labels)
        lines += ["", *_side_by_side([_left([""] * heads + labels), *part])]
    shown = " ".join(text for _, texts in columns for text in texts)
    marks = [f"{mark} {words}" for mark, words in MARKS_IN_WORDS.items() if mark in shown]
    lines += ["", ", ".join(marks)] if marks else []
    notes = _notes(entry)
    return "\n".join([*lines, *(["", "Notes of single numbers:", *notes] if notes else [])])


def _notes(entry: RunTable) -> list[str]:
    """Return the notes and warnings of the table's numbers, each once."""
    found: dict[str, None] = {}
    for cell in entry.table.cells:
        if cell.state is not State.SUPPRESSED:
            found |= dict.fromkeys(
                clean(text)
                for text in (cell.note, f"Warning: {cell.warning}" if cell.warning else "")
                if " " in clean(text)
            )
    return [f"- {note}" for note in found]


def _columns(entry: RunTable) -> Iterator[_Texts]:
    """Give the columns of numbers, with the two ends of an interval as one."""
    only = len(entry.table.column_labels) == 1
    ends = _Ends(entry)
    for column in number_columns(entry):
        heading = column.heading.partition(": ")[2] or column.heading if only else column.heading
        if column.statistic == "ci_low" and ends.of(column):
            yield heading.replace(", lower end", ""), ends.together(column)
        elif column.statistic != "ci_high" or not ends.of(column):
            yield heading, [_shown(column.entries[row]) for row in entry.table.row_labels]


class _Ends:
    """The upper ends of intervals, found by their lower ends."""

    def __init__(self, entry: RunTable) -> None:
        self._entry = entry
        self._both = {
            column
            for column, names in statistics_of(entry.table).items()
            if {"ci_low", "ci_high"} <= set(names)
        }

    def of(self, column: Column) -> bool:
        """Tell whether a column is an end of intervals that have both."""
        return column.of in self._both and not column.is_published

    def together(self, column: Column) -> list[str]:
        """Return the intervals of which a column has the lower ends."""
        texts = []
        style = style_of("ci_low", column.of, statistics_of(self._entry.table)[column.of])
        for row, lower in column.entries.items():
            upper = self._entry.cell(row, column.of, "ci_high")
            if isinstance(lower.value, str):
                texts.append(lower.value)
            elif upper is None or upper.value is None:
                texts.append(MARKS[upper.state] if upper else NO_SUCH_FIGURE)
            else:
                texts.append(write_interval(lower.value, upper.value, style))
        return texts


def _laid_out(heading: str, texts: list[str]) -> list[str]:
    """Return a column's heading in several lines and its texts, all of one width."""
    heads = textwrap.wrap(
        heading, _HEADING_WIDTH, break_long_words=False, break_on_hyphens=False
    ) or [""]
    width = max(map(len, [*heads, *texts]))
    return [text.rjust(width) for text in [*heads, *texts]]


def _parts(columns: list[list[str]], width: int) -> list[list[list[str]]]:
    """Return the columns in parts that each fit into the width, headings of one height."""
    parts: list[list[list[str]]] = []
    used = 0
    for column in columns:
        needed = len(column[0]) + len(_GAP)
        if not parts or used + needed > width:
            parts.append([])
            used = 0
        parts[-1].append(column)
        used += needed
    for part in parts:
        highest = max(map(len, part))
        part[:] = [[" " * len(one[0])] * (highest - len(one)) + one for one in part]
    return parts


def _left(texts: list[str]) -> list[str]:
    width = max(map(len, texts), default=0)
    return [text.ljust(width) for text in texts]


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_WIDTH else text[: _LABEL_WIDTH - 1].rstrip() + "…"


def _shown(entry: Entry) -> str:
    if isinstance(entry.value, str):
        return entry.value
    return entry.format.show(entry.value) if entry.format else f"{entry.value:g}"


def _side_by_side(columns: list[list[str]]) -> list[str]:
    return [_GAP.join(texts).rstrip() for texts in zip(*columns, strict=True)]
