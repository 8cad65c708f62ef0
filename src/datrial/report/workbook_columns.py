"""The columns of a result table in a workbook: a number or a mark in every place."""

from __future__ import annotations

from dataclasses import dataclass

from datrial.report.cell_views import MARKS, n_is_told
from datrial.report.numbers import Style, label_of, style_of
from datrial.report.workbook_formats import NumberFormat, format_of, format_of_printed
from datrial.report.workbook_parts import Entry, clean
from datrial.results.cells import Cell, State
from datrial.results.read import RunTable
from datrial.results.wide import statistics_of

_LABELS = {
    "ci_low": "95% interval, lower end",
    "ci_high": "95% interval, upper end",
    "min": "Minimum",
    "max": "Maximum",
    "df": "Degrees of freedom",
}
#: A row without such a statistic: it does not apply there.
NO_SUCH_FIGURE = MARKS[State.NOT_APPLICABLE]


@dataclass(frozen=True)
class Column:
    """A column: its heading in words, and the entry of each row by the row's key.

    Attributes
    ----------
    of
        The table's own column; the statistic is empty for an n.
    """

    heading: str
    of: str
    statistic: str
    entries: dict[str, Entry]
    is_published: bool = False


def number_columns(entry: RunTable) -> list[Column]:
    """Return a table's columns of numbers: ours, published, and the n that they rest on."""
    columns = []
    shared = shared_n(entry)
    compared = {key[1:] for key in entry.published}
    for column, names in statistics_of(entry.table).items():
        label = clean(entry.table.column_labels[column]) or column
        counts = {name: _counts(entry, column, name) for name in names}
        with_n = _with_n(entry, counts) if shared is None else []
        for name in names:
            style = style_of(name, column, names)
            heading = _heading(label, name, column, style)
            columns.append(Column(heading, column, name, _ours(entry, column, name, style)))
            if (column, name) in compared:
                beside = _published(entry, column, name, style)
                columns.append(Column(f"{heading}, published", column, name, beside, True))
            if len(with_n) > 1 and name in with_n:
                columns.append(Column(f"{heading}, n", column, "", _written(entry, counts[name])))
        if len(with_n) == 1:
            together = {row: n for name in names for row, n in counts[name].items()}
            columns.append(Column(f"{label}: n", column, "", _written(entry, together)))
    return columns


def shared_n(entry: RunTable) -> int | None:
    """Return the n that every number of the table rests on, or None if they differ."""
    counts = {cell.n for cell in entry.table.cells if _tells_n(entry, cell)}
    return counts.pop() if len(counts) == 1 else None


def statistic_label(statistic: str) -> str:
    """Return a statistic in words."""
    return _LABELS.get(statistic) or label_of(statistic)


def _heading(label: str, statistic: str, column: str, style: Style) -> str:
    words = statistic_label(statistic)
    if style is Style.SHARE and not statistic.startswith("ci_"):
        is_change = statistic in ("difference", "share_difference", "effect")
        words += " (percentage points)" if is_change else " (%)"
    elif style is Style.SHARE:
        words += " (%)"
    if words == label or (statistic == "value" and column != "value"):
        return label if words == label or style is not Style.SHARE else f"{label} (%)"
    return f"{label}: {words}"


def _ours(entry: RunTable, column: str, statistic: str, style: Style) -> dict[str, Entry]:
    return {
        row: _entry(entry.cell(row, column, statistic), style) for row in entry.table.row_labels
    }


def _entry(cell: Cell | None, style: Style) -> Entry:
    if cell is None:
        return Entry(NO_SUCH_FIGURE)
    if cell.value is None or cell.state is not State.VALUE:
        return Entry(MARKS[cell.state])
    return Entry(cell.value, format_of(cell.value, style))


def _published(entry: RunTable, column: str, statistic: str, style: Style) -> dict[str, Entry]:
    entries = {}
    for row in entry.table.row_labels:
        beside = entry.published.get((row, column, statistic))
        entries[row] = (
            Entry(beside.value, format_of_printed(beside.value, beside.printed, style))
            if beside
            else Entry(NO_SUCH_FIGURE)
        )
    return entries


def _tells_n(entry: RunTable, cell: Cell) -> bool:
    return cell.state is State.VALUE and n_is_told(entry, cell)


def _counts(entry: RunTable, column: str, statistic: str) -> dict[str, int]:
    """Return row -> n of a statistic, of the rows in which it is told."""
    counts = {}
    for row in entry.table.row_labels:
        cell = entry.cell(row, column, statistic)
        if cell is not None and cell.n is not None and _tells_n(entry, cell):
            counts[row] = cell.n
    return counts


def _with_n(entry: RunTable, counts: dict[str, dict[str, int]]) -> list[str]:
    """Return the statistics that need an n of their own; one of them if they share it."""
    told = [name for name, of_rows in counts.items() if of_rows]
    is_shared = all(
        len({counts[name][row] for name in told if row in counts[name]}) <= 1
        for row in entry.table.row_labels
    )
    return told[:1] if is_shared else told


def _written(entry: RunTable, counts: dict[str, int]) -> dict[str, Entry]:
    return {
        row: Entry(float(counts[row]), NumberFormat()) if row in counts else Entry(NO_SUCH_FIGURE)
        for row in entry.table.row_labels
    }
