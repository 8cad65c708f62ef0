"""Which cells are hidden once it is known which quantities are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from datrial.results.cells import Cell, State, Table
from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.comparisons import Comparisons
from datrial.results.disclosure.quantities import CellKey, Place, Quantities


def cells_to_hide(
    tables: Sequence[tuple[str, Table]],
    found: Quantities,
    hidden: Collection[int],
    small: Collection[int],
) -> set[CellKey]:
    """Return the cells that show, or are computed from, hidden quantities.

    Parameters
    ----------
    hidden
        Quantities that are hidden, by what stands for them (``found.root``).
    small
        Those of them that are small counts: what rests on so few is hidden altogether.
    """
    out = set(_of_counts(tables, found, hidden, small))
    places = {key[:3] for key in out}
    comparing = Comparisons(found, places)
    for key, cell in about_people(tables):
        if cell.state is State.VALUE and comparing.compares(key[:3]):
            out.add(key)
    return out | _copies(tables, found, out)


def n_is_hidden(found: Quantities, hidden: Collection[int], key: CellKey) -> bool:
    """Tell whether the n of a cell that is shown is hidden."""
    return key in found.n_of and found.root(found.n_of[key]) in hidden


def about_people(tables: Sequence[tuple[str, Table]]) -> Iterator[tuple[CellKey, Cell]]:
    """Yield the cells of the tables that tell of people, with their keys."""
    for _, table in tables:
        if not table.not_about_people:
            for cell in table.cells:
                yield (table.id, cell.row, cell.column, cell.statistic), cell


def _of_counts(
    tables: Sequence[tuple[str, Table]],
    found: Quantities,
    hidden: Collection[int],
    small: Collection[int],
) -> Iterator[CellKey]:
    """Yield the cells that are hidden for what they themselves show or rest on."""
    for key, cell in about_people(tables):
        if cell.state is not State.VALUE:
            continue
        own = found.of_cell.get(key, ())
        base = found.root(found.n_of[key]) if key in found.n_of else None
        is_count = bool(own) and kinds.is_count(cell.statistic)
        if (
            any(found.root(number) in hidden for number in own)
            or base in small
            or (not is_count and base in hidden)
            or (not own and _place_is_hidden(found, key[:3], hidden))
        ):
            yield key


def _place_is_hidden(found: Quantities, place: Place, hidden: Collection[int]) -> bool:
    return any(found.root(number) in hidden for number in found.at.get(place, ()))


def _copies(
    tables: Sequence[tuple[str, Table]], found: Quantities, hidden: Collection[CellKey]
) -> set[CellKey]:
    """Return cells that repeat a hidden comparison: the same statistic, digit for digit."""
    values = {
        (key[3], cell.value)
        for key, cell in about_people(tables)
        if key in hidden and _telling(cell) and key not in found.of_cell
    }
    copies = {
        key
        for key, cell in about_people(tables)
        if key not in found.of_cell and (key[3], cell.value) in values
    }
    places = {key[:3] for key in copies}
    return copies | {
        key
        for key, cell in about_people(tables)
        if key[:3] in places and cell.value is not None and key not in found.of_cell
    }


def _telling(cell: Cell) -> bool:
    """Tell whether a value is so particular that finding it twice is no chance."""
    return cell.value is not None and (cell.value * 1000) % 1 != 0
