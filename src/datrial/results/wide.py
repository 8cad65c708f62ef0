"""The readable form of a result table: one row per table row, states in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datrial.results.cells import Cell, PublishedKey, PublishedValue, State, Table

if TYPE_CHECKING:
    import pyarrow as pa

STATE_WORDS = {
    State.SUPPRESSED: "suppressed",
    State.NOT_AVAILABLE: "not available",
    State.NOT_APPLICABLE: "not applicable",
}
#: The column of a table whose analysis was not planned; of a table as planned there is none.
STANDING = "standing"
#: A row that has no such statistic: it does not apply there.
ABSENT = STATE_WORDS[State.NOT_APPLICABLE]


def statistics_of(table: Table) -> dict[str, list[str]]:
    """Return column -> its statistics, in the order in which they were added."""
    found: dict[str, list[str]] = {column: [] for column in table.column_labels}
    for cell in table.cells:
        if cell.statistic not in found[cell.column]:
            found[cell.column].append(cell.statistic)
    return found


def wide_csv(table: Table, published: Mapping[PublishedKey, PublishedValue]) -> bytes:
    """Return the table as CSV: full precision, a word in place of every absent value.

    Where the table's analysis was not planned, a last column says so in every row.
    """
    cells = _index(table)
    columns = [(c, s) for c, statistics in statistics_of(table).items() for s in statistics]
    compared = {(key[2], key[3]) for key in published if key[0] == table.id}
    header = ["row", "label"]
    for column, statistic in columns:
        header.append(f"{column}.{statistic}")
        if (column, statistic) in compared:
            header.append(f"{column}.{statistic}.published")
    if table.standing:
        header.append(STANDING)
    lines = [header]
    for row, label in table.row_labels.items():
        line = [row, label]
        for column, statistic in columns:
            cell = cells.get((row, column, statistic))
            line.append(_text(cell))
            if (column, statistic) in compared:
                beside = published.get((table.id, row, column, statistic))
                line.append(_number(beside.value) if beside else "not published")
        if table.standing:
            line.append(table.standing)
        lines.append(line)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def wide_arrow(table: Table) -> pa.Table:
    """Return the table for programs: each statistic as a number with its state beside it.

    Where the table's analysis was not planned, a last column says so in every row.
    """
    import pyarrow as pa

    cells = _index(table)
    rows = list(table.row_labels)
    data: dict[str, Any] = {
        "row": pa.array(rows, pa.string()),
        "label": pa.array(list(table.row_labels.values()), pa.string()),
    }
    for column, statistics in statistics_of(table).items():
        for statistic in statistics:
            these = [cells.get((row, column, statistic)) for row in rows]
            name = f"{column}.{statistic}"
            data[name] = pa.array([cell.value if cell else None for cell in these], pa.float64())
            data[f"{name}.state"] = pa.array([_state(cell) for cell in these], pa.string())
    if table.standing:
        data[STANDING] = pa.array([table.standing] * len(rows), pa.string())
    return pa.table(data)


def _index(table: Table) -> dict[tuple[str, str, str], Cell]:
    return {(cell.row, cell.column, cell.statistic): cell for cell in table.cells}


def _state(cell: Cell | None) -> str:
    return str(cell.state if cell else State.NOT_APPLICABLE)


def _text(cell: Cell | None) -> str:
    if cell is None:
        return ABSENT
    return STATE_WORDS[cell.state] if cell.value is None else _number(cell.value)


def _number(value: float) -> str:
    """Return a number that reads back as itself; whole numbers without a decimal point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
