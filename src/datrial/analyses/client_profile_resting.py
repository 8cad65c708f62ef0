"""Which numbers of clients would give a hidden count back though they are no sum of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from datrial.analyses.client_profile_rows import MISSING
from datrial.results.cells import State, Table
from datrial.results.disclosure import CellKey

_ID = "client_profile."


def client_resting(tables: Iterable[Table], hidden: Collection[CellKey]) -> set[CellKey]:
    """Return the spread of numbers of which a hidden count of people could be worked out.

    With nobody in the open row of a distribution, its counts, the mean and the standard deviation
    are three sums of the same few counts: where one count is hidden, the mean must be enough.
    """
    given = {table.id.removeprefix(_ID): table for table in tables if table.id.startswith(_ID)}
    found: set[CellKey] = set()
    for of_mean, starts, of_spread, rows in _spreads(given):
        for arm in given[of_mean].column_labels:
            counts = [(f"{_ID}{of_spread}", row, arm, "count") for row in rows]
            if any(key in hidden for key in counts) and _is_empty(given[of_spread], rows[-1], arm):
                found |= {
                    (f"{_ID}{of_mean}", row, column, statistic)
                    for row in starts
                    for column in (arm, "difference")
                    for statistic in ("sd", "ci_low", "ci_high")
                }
    shown = {
        (table.id, cell.row, cell.column, cell.statistic)
        for table in given.values()
        for cell in table.cells
        if cell.state is State.VALUE
    }
    return found & shown


def _spreads(given: Mapping[str, Table]) -> Iterator[tuple[str, list[str], str, list[str]]]:
    """Yield the table and rows of a mean, and those of the distribution that belongs to it."""
    if "children" in given and "children_number" in given:
        rows = [row for row in given["children_number"].row_labels if row != MISSING]
        yield "children", list(given["children"].row_labels), "children_number", rows
    number = "checklist_numbers"
    own = list(given[number].row_labels) if number in given else []
    for instrument in dict.fromkeys(row.partition("__")[0] for row in own):
        rows = [row for row in own if row.startswith(f"{instrument}__n_")]
        yield number, [f"{instrument}__items"], number, rows


def _is_empty(table: Table, row: str, column: str) -> bool:
    return any(
        (cell.row, cell.column, cell.statistic, cell.value) == (row, column, "count", 0.0)
        for cell in table.cells
    )
