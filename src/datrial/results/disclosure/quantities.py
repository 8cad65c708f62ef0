"""Quantities: the whole numbers that the cells of result tables show or give away.

A cell shows a count and the n that it rests on; a share of that n gives the count away, a
mean the total, a rate the events. One quantity may stand in many cells: they are hidden or
shown together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from datrial.results.cells import Cell, State, Table
from datrial.results.disclosure import statistics as kinds

CellKey = tuple[str, str, str, str]
"""Table id, row, column, statistic."""
Place = tuple[str, str, str]
"""Table id, row, column."""

_EXACT = 1e-7


@dataclass
class Quantities:
    """All quantities of a set of tables, and which cells each stands in.

    A quantity's key is that of the cell that shows it; ``n:``, ``of:`` and ``rest:`` before the
    statistic mean the cell's n, what its share or mean is of, and what that leaves of n.
    """

    keys: list[CellKey] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    index: dict[CellKey, int] = field(default_factory=dict)
    analysis: dict[str, str] = field(default_factory=dict)
    #: What a cell gives away together with its n: the number's own quantity comes first.
    of_cell: dict[CellKey, tuple[int, ...]] = field(default_factory=dict)
    n_of: dict[CellKey, int] = field(default_factory=dict)
    at: dict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))
    rests: list[tuple[int, int, int]] = field(default_factory=list)
    bases: dict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))
    _parent: list[int] = field(default_factory=list)

    def add(self, key: CellKey, value: float) -> int:
        """Add a quantity, or return the one that has this key."""
        if key in self.index:
            return self.index[key]
        number = len(self.keys)
        self.index[key] = number
        self.keys.append(key)
        self.values.append(round(value))
        self._parent.append(number)
        return number

    def root(self, number: int) -> int:
        """Return the quantity that stands for all that are the same as this one."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def at_n(self, table: str, row: str, column: str) -> list[int]:
        """Return the quantities that are an n of the cells of a place."""
        return self.bases.get((table, row, column), [])

    def same(self, one: int, other: int) -> None:
        """Say that two quantities are one; without effect if their values differ."""
        first, second = sorted((self.root(one), self.root(other)))
        if first != second and self.values[first] == self.values[second]:
            self._parent[second] = first


def quantities_of(tables: Sequence[tuple[str, Table]], *, complements: bool) -> Quantities:
    """Return the quantities of (analysis id, table) pairs; tables about nobody have none.

    Parameters
    ----------
    complements
        Whether what a count leaves of its n is a quantity as well.
    """
    found = Quantities()
    for analysis, table in tables:
        if table.not_about_people:
            continue
        found.analysis[table.id] = analysis
        places: dict[Place, dict[str, Cell]] = defaultdict(dict)
        for cell in table.cells:
            if cell.state is not State.SUPPRESSED:
                places[table.id, cell.row, cell.column][cell.statistic] = cell
        parts = complements and not _counts_events(table)
        for place, cells in places.items():
            _of_place(found, place, cells, parts if "count" in cells else complements)
    return found


def _of_place(found: Quantities, place: Place, cells: dict[str, Cell], complements: bool) -> None:
    """Add what the cells of one place, one row and column of a table, show and give away."""
    shown: dict[int, int] = {}

    def once(key: CellKey, value: float) -> int:
        number = found.add(key, value)
        if shown.setdefault(round(value), number) != number:
            found.same(shown[round(value)], number)
        return number

    for statistic, cell in cells.items():
        key = (*place, statistic)
        if cell.value is not None and kinds.is_count(statistic) and _whole(cell.value):
            found.of_cell[key] = (once(key, cell.value),)
        if cell.n is not None:
            found.n_of[key] = once((*place, f"n:{statistic}"), cell.n)
            found.bases[place].append(found.n_of[key])
    for statistic, cell in cells.items():
        key = (*place, statistic)
        given = _given_away(statistic, cell, cells)
        if given is not None and key not in found.of_cell:
            found.of_cell[key] = (once((*place, f"of:{statistic}"), given),)
        if complements and key in found.of_cell and _part_of_n(statistic, cell, cells):
            number, base = found.of_cell[key][0], found.n_of[key]
            rest = found.values[base] - found.values[number]
            if rest >= 0:
                left = found.add((*place, f"rest:{statistic}"), rest)
                found.rests.append((base, number, left))
                found.of_cell[key] = (number, left)
    numbers = {number for key in cells for number in found.of_cell.get((*place, key), ())}
    found.at[place] = sorted(numbers)


def _given_away(statistic: str, cell: Cell, beside: dict[str, Cell]) -> float | None:
    """Return the whole number that a share, mean or rate gives away; None if it gives none."""
    if cell.value is None:
        return None
    base: float | None = None
    if kinds.is_share(statistic) or statistic == "mean":
        base = cell.n
    elif statistic in kinds.RATES and "person_years" in beside:
        base = beside["person_years"].value
    if not base:
        return None
    number = cell.value * base
    near = abs(number - round(number)) <= _EXACT * max(1.0, abs(number))
    return number if near and number > -0.5 else None


def _part_of_n(statistic: str, cell: Cell, beside: dict[str, Cell]) -> bool:
    """Tell whether a number is of some of the people who are its n."""
    if cell.n is None or cell.value is None or statistic in kinds.EVENTS:
        return False
    if kinds.is_share(statistic):
        return True
    of_events = statistic == "count" and bool(kinds.OF_EVENTS & beside.keys())
    return kinds.is_count(statistic) and not of_events


def _counts_events(table: Table) -> bool:
    """Tell whether the counts of a table are of events: it has no shares, or more than its n."""
    cells = [cell for cell in table.cells if cell.statistic == "count" and cell.value is not None]
    more = any(cell.n is not None and (cell.value or 0) > cell.n for cell in cells)
    return more or not any(kinds.is_share(cell.statistic) for cell in table.cells)


def _whole(value: float) -> bool:
    return value >= 0 and value == round(value)


def unite(found: Quantities, bases: Collection[CellKey] = ()) -> None:
    """Join quantities of different places that are the same number of the same people.

    That cannot be known from numbers alone; where it is likely it is taken as true, which
    can only hide more. The words of row and column say whom a number is of.

    Parameters
    ----------
    bases
        Counts that may be the n of any table: the boxes of a flow.
    """
    by_words: dict[tuple[str, int], list[int]] = defaultdict(list)
    by_base: dict[tuple[str, str, str, int], int] = {}
    exact: dict[tuple[frozenset[str], int], int] = {}
    across: dict[tuple[str, str, str, int], list[int]] = defaultdict(list)
    for key in bases:
        if key in found.index:
            number = found.index[key]
            by_base.setdefault(("", "", key[2], found.values[number]), number)
    for number, key in enumerate(found.keys):
        table, row, column, statistic = key
        value = found.values[number]
        if value == 0 or statistic.startswith("rest:"):
            continue
        words = kinds.tokens(row) | kinds.tokens(column)
        found.same(exact.setdefault((words, value), number), number)
        if value >= _TELLING:
            by_words[found.analysis[table], value].append(number)
        is_n = statistic.startswith("n:")
        if value >= _LARGE and is_n:
            own = by_base.get(("", "", column, value), number)
            found.same(own, number)
            found.same(by_base.setdefault((found.analysis[table], "", column, value), own), number)
        if is_n:
            start, _, rest = row.partition("__")
            start = (start if rest else "") if value >= _TELLING else row.rpartition("__")[0]
            found.same(by_base.setdefault((table, start, column, value), number), number)
            across[table, row, statistic, value].append(number)
    for group in by_words.values():
        _unite_nested(found, group)
    for group in across.values():
        if len(group) >= _COLUMNS:
            for number in group[1:]:
                found.same(group[0], number)


#: As many columns with one n are parts of that n.
_COLUMNS = 3
#: From here on, a number that stands twice where the words allow it is the same number.
_TELLING = 10
#: And from here on, if it stands twice under one column.
_LARGE = 50


def _unite_nested(found: Quantities, group: Sequence[int]) -> None:
    """Join equal numbers of an analysis where the words of one are among those of the other."""
    words: dict[frozenset[str], int] = {}
    for number in group:
        _, row, column, _ = found.keys[number]
        words.setdefault(kinds.tokens(row) | kinds.tokens(column), number)
    listed = sorted(words.items(), key=lambda item: len(item[0]))
    for position, (few, number) in enumerate(listed):
        for more, other in listed[position + 1 :]:
            if few and few < more:
                found.same(number, other)
