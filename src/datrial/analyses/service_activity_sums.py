"""Sums between numbers of a service's months that only their meaning tells, and what rests on them.

A total is its months, all strands are the strands, reasons are the cases. A trend with the total
gives two hidden months back, so that the trend of a series with a hidden month is hidden too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from datrial.analyses.service_activity_data import ALL, MEASURES, MONTHS, NOT_RECORDED
from datrial.analyses.service_activity_reasons import ALL_REASONS, EXTERNAL
from datrial.results.cells import Table
from datrial.results.disclosure import CellKey, Relation

_NAME = "service_activity."
_REASONS = {
    "not_taken_on": "not_taken_on_months", "closure_reasons": "closure_reason_months",
}  # fmt: skip
_FITTED = ("fitted", "ci_low", "ci_high")


def activity_sums(tables: Mapping[str, Table]) -> Iterator[Relation]:
    """Yield the sums between the counts of these tables, by id."""
    for name in MEASURES:
        if table := tables.get(_NAME + name):
            yield from _series(table, "")
    if table := tables.get(f"{_NAME}definitions"):
        yield from _strands(table, [row.rpartition("__") for row in table.row_labels])
    for name, by_month in _REASONS.items():
        if table := tables.get(_NAME + name):
            yield from _reasons(table, tables.get(_NAME + by_month))
    if table := tables.get(f"{_NAME}activities"):
        yield from _activities(table, tables.get(f"{_NAME}activity_totals"))
    yield from _closures(tables)


def resting_on_months(tables: Mapping[str, Table], hidden: Collection[CellKey]) -> set[CellKey]:
    """Return the cells of trends, and means of monthly shares, of series with a hidden month."""
    found: set[CellKey] = set()
    for table, row, column, statistic in hidden:
        name = table.removeprefix(_NAME)
        if statistic != "count" or name == table:
            continue
        first, _, last = row.rpartition("__")
        if name in MEASURES and last != MONTHS:
            found |= _cells(tables, table, f"{first}__", column, _FITTED)
            found |= _trend(tables, f"{name}__{first}", column)
        elif name == "activities":
            found |= _trend(tables, f"activity_{first}", column)
        elif name in _REASONS.values():
            of = next(key for key, value in _REASONS.items() if value == name)
            found |= _cells(tables, _NAME + of, "", column, ("share_by_month",))
    return found


def _trend(tables: Mapping[str, Table], row: str, column: str) -> set[CellKey]:
    return {
        key
        for name in ("trend", "line")
        for key in _cells(tables, _NAME + name, row, column, (), whole=True)
    }


def _cells(
    tables: Mapping[str, Table], table: str, start: str, column: str,
    statistics: Collection[str], *, whole: bool = False,
) -> set[CellKey]:  # fmt: skip
    """Return the keys of a table's cells in rows of this start; of any statistic without some."""
    if table not in tables:
        return set()
    return {
        (table, cell.row, cell.column, cell.statistic)
        for cell in tables[table].cells
        if cell.column == column
        and cell.value is not None
        and (cell.row == start if whole else cell.row.startswith(start))
        and (not statistics or cell.statistic in statistics)
    }


def _relations(whole: tuple[str, str], parts: list[tuple[str, str]], table: Table
               ) -> Iterator[Relation]:  # fmt: skip
    """Yield in each column that a count is the sum of others: (table id, row)."""
    for column in table.column_labels:
        keys = tuple((name, row, column, "count") for name, row in parts)
        if keys:
            yield Relation((*whole, column, "count"), keys)


def _series(table: Table, before: str) -> Iterator[Relation]:
    """Yield that months make a total, and strands all of a month."""
    rows = [row.removeprefix(before).partition("__") for row in table.row_labels]
    strands = list(dict.fromkeys(strand for strand, _, _ in rows))
    names = list(dict.fromkeys(name for _, _, name in rows))
    for strand in strands:
        months = [(table.id, f"{strand}__{name}") for name in names if name != MONTHS]
        yield from _relations((table.id, f"{strand}__{MONTHS}"), months, table)
    for name in names:
        parts = [(table.id, f"{strand}__{name}") for strand in strands if strand != ALL]
        yield from _relations((table.id, f"{ALL}__{name}"), parts, table)


def _strands(table: Table, rows: list[tuple[str, str, str]]) -> Iterator[Relation]:
    """Yield that the strands, at the end of a row's key, make all."""
    for first in dict.fromkeys(row[0] for row in rows):
        parts = [(table.id, f"{first}__{last}") for name, _, last in rows
                 if name == first and last != ALL]  # fmt: skip
        yield from _relations((table.id, f"{first}__{ALL}"), parts, table)


def _reasons(table: Table, by_month: Table | None) -> Iterator[Relation]:
    rows = [row.partition("__") for row in table.row_labels]
    beside = (ALL_REASONS, EXTERNAL, NOT_RECORDED)
    strands = list(dict.fromkeys(strand for strand, _, _ in rows))
    names = list(dict.fromkeys(name for _, _, name in rows))
    for strand in strands:
        parts = [(table.id, f"{strand}__{name}") for name in names if name not in beside]
        yield from _relations((table.id, f"{strand}__{ALL_REASONS}"), parts, table)
    for name in names:
        own = [(table.id, f"{strand}__{name}") for strand in strands if strand != ALL]
        yield from _relations((table.id, f"{ALL}__{name}"), own, table)
        if by_month is not None:
            months = [(by_month.id, row) for row in by_month.row_labels
                      if row.partition("__")[2] == name]  # fmt: skip
            yield from _relations((table.id, f"{ALL}__{name}"), months, table)


def _activities(table: Table, totals: Table | None) -> Iterator[Relation]:
    rows = [row.rpartition("__") for row in table.row_labels]
    months = list(dict.fromkeys(month for _, _, month in rows))
    series = list(dict.fromkeys(first for first, _, _ in rows))
    for month in months:
        parts = [(*first.rpartition("__"), month) for first in series]
        for activity in dict.fromkeys(part[0] for part in parts):
            own = [(table.id, f"{activity}__{part[2]}__{month}") for part in parts
                   if part[0] == activity and part[2] != ALL]  # fmt: skip
            yield from _relations((table.id, f"{activity}__{ALL}__{month}"), own, table)
    if totals is None:
        return
    yield from _strands(totals, [row.rpartition("__") for row in totals.row_labels])
    for first in series:
        own = [(table.id, f"{first}__{month}") for month in months]
        yield from _relations((totals.id, first), own, table)


def _closures(tables: Mapping[str, Table]) -> Iterator[Relation]:
    """Yield that the closed cases are those of every reason, external and none included."""
    table, reasons = (tables.get(_NAME + name) for name in ("closures", "closure_reasons"))
    if table is None or reasons is None:
        return
    for row in table.row_labels:
        strand, _, name = row.partition("__")
        if name == MONTHS:
            parts = [(reasons.id, f"{strand}__{each}")
                     for each in (ALL_REASONS, EXTERNAL, NOT_RECORDED)
                     if f"{strand}__{each}" in reasons.row_labels]  # fmt: skip
            yield from _relations((table.id, row), parts, table)
