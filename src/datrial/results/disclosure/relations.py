"""Sums between quantities: what a hidden number could be worked out from.

They are found in the numbers: a sum that holds wherever it could is taken to be true by
meaning. One that holds by chance does no harm but to hide more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from datrial.results.cells import Table
from datrial.results.disclosure.quantities import CellKey, Quantities


@dataclass(frozen=True)
class Relation:
    """A whole that is the sum of its parts; by keys, without values."""

    whole: CellKey
    parts: tuple[CellKey, ...]


@dataclass(frozen=True)
class Series:
    """The quantities of one kind in a table: row -> column -> quantity."""

    table: str
    statistic: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    at: Mapping[tuple[str, str], int]


def series_of(found: Quantities, tables: Iterable[Table]) -> list[Series]:
    """Return the quantities of each table by kind, in the order of rows and columns.

    A kind that only repeats another (what a share is of, where the count is shown) is left
    out.
    """
    grouped: dict[str, dict[str, dict[tuple[str, str], int]]] = {}
    for number, (table, row, column, statistic) in enumerate(found.keys):
        if not statistic.startswith("rest:"):
            kind = grouped.setdefault(table, {}).setdefault(statistic, {})
            kind[row, column] = number
    named = {table.id: table for table in tables}
    listed = []
    for table, kinds_there in grouped.items():
        said: set[tuple[str, str, int]] = set()
        for statistic, at in sorted(kinds_there.items(), key=lambda item: -len(item[1])):
            saying = {(*place, found.root(number)) for place, number in at.items()}
            if saying <= said:
                continue
            said |= saying
            used_rows, used_columns = {row for row, _ in at}, {column for _, column in at}
            rows = tuple(row for row in named[table].row_labels if row in used_rows)
            columns = tuple(each for each in named[table].column_labels if each in used_columns)
            listed.append(Series(table, statistic, rows, columns, at))
    return listed


def holds(found: Quantities, relation: Relation) -> bool:
    """Tell whether a relation's quantities are all there and add up."""
    keys = (relation.whole, *relation.parts)
    if any(key not in found.index for key in keys):
        return False
    whole, *parts = (found.values[found.index[key]] for key in keys)
    return whole == sum(parts)


def relation_of(found: Quantities, whole: int, parts: Iterable[int]) -> Relation:
    """Return the relation between these quantities."""
    return Relation(found.keys[whole], tuple(found.keys[part] for part in parts))


def columns_that_add_up(found: Quantities, series: Sequence[Series]) -> list[Relation]:
    """Return sums along rows: columns that add to another column, or to the row's n."""
    relations = []
    for one in series:
        for first in range(len(one.columns)):
            for last in range(first + 2, len(one.columns) + 1):
                run = one.columns[first:last]
                others = [column for column in one.columns if column not in run]
                relations += _of_columns(found, one, run, others)
    return relations


def _of_columns(
    found: Quantities, one: Series, run: Sequence[str], others: Sequence[str]
) -> list[Relation]:
    """Return the sums of a run of columns that hold in most rows that could speak against."""
    relations: list[Relation] = []
    wholes: dict[str, list[tuple[bool, bool, Relation]]] = defaultdict(list)
    for row in one.rows:
        parts = [one.at[row, column] for column in run if (row, column) in one.at]
        if len(parts) < 2:
            continue
        total = sum(found.values[part] for part in parts)
        telling = sum(found.values[part] > 0 for part in parts) > 1
        for name, whole in _wholes_of_row(found, one, row, run, others):
            fits = found.values[whole] == total
            wholes[name].append((fits, telling, relation_of(found, whole, parts)))
    for tried in wholes.values():
        good = sum(fits and telling for fits, telling, _ in tried)
        bad = sum(not fits for fits, _, _ in tried)
        if not bad or (good > 1 and good >= 3 * bad):
            relations += [relation for fits, _, relation in tried if fits]
    return relations


def _wholes_of_row(
    found: Quantities, one: Series, row: str, run: Sequence[str], others: Sequence[str]
) -> list[tuple[str, int]]:
    """Return what the parts of a row could add up to: another column, or an n of the row."""
    listed = [(column, one.at[row, column]) for column in others if (row, column) in one.at]
    bases: dict[int, int] = {}
    for column in run:
        for number in found.at_n(one.table, row, column):
            bases.setdefault(found.root(number), number)
    return listed + [(f"n {place}", base) for place, base in enumerate(bases.values())]


def rests(found: Quantities, tells: Callable[[int], bool]) -> list[Relation]:
    """Return that a base is a part of it and what that leaves, where that tells of people.

    Nothing else shows what is left, so that a larger one tells nothing.
    """
    return [
        relation_of(found, base, (part, left))
        for base, part, left in found.rests
        if tells(found.root(left))
    ]


def declared_that_hold(found: Quantities, declared: Iterable[Relation]) -> list[Relation]:
    """Return the declared relations that are between numbers of these tables.

    Parts that have no value are left out: nobody is known to be in them.
    """
    kept = []
    for relation in declared:
        parts = tuple(part for part in relation.parts if part in found.index)
        known = Relation(relation.whole, parts)
        if parts and holds(found, known):
            kept.append(known)
    return kept
