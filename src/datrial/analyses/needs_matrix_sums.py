"""Which numbers of the needs matrix tell of a few people beside another that is almost the same.

The agreement of raters counts whoever both scored at one time, the change whoever was scored at
both: a mean of 21 people less one of 20 of them is one person's score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datrial.analyses.needs_matrix_data import ALL_ITEMS, TIMES
from datrial.results.cells import Cell, State, Table
from datrial.results.disclosure import CellKey

_MEANS, _RATERS = "needs_matrix.means", "needs_matrix.raters"
_NEED, _RATERS_NEED = "needs_matrix.need", "needs_matrix.raters_need"


def needs_resting(tables: Iterable[Table], few: int) -> set[CellKey]:
    """Return the cells that would tell of fewer than `few` people beside the others."""
    given = {table.id: table for table in tables}
    if few <= 1 or _MEANS not in given or _RATERS not in given:
        return set()
    places = {*_sums(given[_MEANS], few), *_sums(given[_RATERS], few), *_means(given, few)}
    if _NEED in given and _RATERS_NEED in given:
        places.update(_shares(given, few))
    return {
        (name, cell.row, cell.column, cell.statistic)
        for name in (_MEANS, _RATERS, _RATERS_NEED)
        for cell in (given[name].cells if name in given else ())
        if (name, cell.row, cell.column) in places and cell.state is State.VALUE
    }


def _sums(table: Table, few: int) -> Iterator[tuple[str, str, str]]:
    """Yield the sums of all areas that lack a few people of whom an area's mean is."""
    people = _people(table)
    for (row, arm), n in people.items():
        start, _, item = row.rpartition("__")
        whole = people.get((f"{start}__{ALL_ITEMS}", arm))
        if item != ALL_ITEMS and whole is not None and 0 < abs(n - whole) < few:
            yield table.id, f"{start}__{ALL_ITEMS}", arm


def _means(given: dict[str, Table], few: int) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of agreement that count a few people more or fewer than the change."""
    change = _people(given[_MEANS])
    lead = next(iter(given[_MEANS].row_labels), "").split("__")[1:2]
    for (row, arm), n in _people(given[_RATERS]).items():
        instrument, other, _, item = row.split("__")
        for rater in (*lead, other):
            beside = change.get((f"{instrument}__{rater}__{item}", arm))
            if beside is not None and 0 < abs(n - beside) < few:
                yield _RATERS, row, arm


def _shares(given: dict[str, Table], few: int) -> Iterator[tuple[str, str, str]]:
    """Yield the needs that the lead sees where those beyond the change are a few."""
    counts = _cells(given[_NEED], "count")
    for (row, arm), cell in _cells(given[_RATERS_NEED], "share_lead").items():
        instrument, _, time, item, level = row.split("__")
        name = "need" if level == "has_need" else level
        beside = counts.get((f"{instrument}__{item}__{name}__{time}", arm))
        if time not in TIMES or beside is None or cell.value is None or beside.value is None:
            continue
        more = abs((cell.n or 0) - (beside.n or 0))
        with_need = abs(round(cell.value * (cell.n or 0)) - int(beside.value))
        if more and (0 < with_need < few or 0 < more - with_need < few):
            yield _RATERS_NEED, row, arm


def _people(table: Table) -> dict[tuple[str, str], int]:
    """Return (row, column) -> how many people its numbers are of."""
    return {
        (cell.row, cell.column): cell.n
        for cell in table.cells
        if cell.n and cell.statistic in ("mean_intake", "mean_lead")
    }


def _cells(table: Table, statistic: str) -> dict[tuple[str, str], Cell]:
    return {(c.row, c.column): c for c in table.cells if c.statistic == statistic}
