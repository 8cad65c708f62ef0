"""Statistical disclosure control of a run's result tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datrial.config.disclosure import Profile
from datrial.results.cells import Cell, State, Table
from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.counting import counted, summary_of
from datrial.results.disclosure.derived import cells_to_hide, n_is_hidden
from datrial.results.disclosure.network import Network, costs_of, network_of
from datrial.results.disclosure.partners import Outcome, hide_partners
from datrial.results.disclosure.quantities import CellKey, Quantities
from datrial.results.disclosure.relations import Relation
from datrial.results.disclosure.rounding import rounded
from datrial.results.disclosure.sums import numbers_and_sums, roots
from datrial.results.disclosure.words import protected_words

Pair = tuple[str, Table]


@dataclass(frozen=True)
class Protected:
    """Tables as they may be released.

    Attributes
    ----------
    tables
        The same (analysis id, table) pairs, new tables: hidden cells are suppressed.
    summary
        How many numbers are hidden, in all and for each table, and why; no values.
    relations
        The sums between numbers that were found, by their keys.
    """

    tables: tuple[Pair, ...]
    summary: dict[str, Any]
    relations: tuple[Relation, ...] = ()
    hidden: frozenset[CellKey] = field(default_factory=frozenset)


def hidden_note(profile: Profile) -> str:
    """Return what is said of every hidden cell, whatever the reason why it is hidden."""
    return f"hidden to protect people (profile {profile.profile})"


def protect(
    tables: Sequence[Pair],
    profile: Profile,
    *,
    also_hide: Collection[CellKey] = (),
    still_hidden: Collection[CellKey] = (),
    shown: Collection[CellKey] = (),
    relations: Iterable[Relation] = (),
    preferred: Collection[str] = (),
) -> Protected:
    """Hide, and round, what could tell of single people.

    Parameters
    ----------
    tables
        (analysis id, table) pairs; left as they are.
    also_hide
        Cells, and numbers (see :class:`~datrial.results.disclosure.guard.Guard`), to hide
        besides, for reasons outside these tables.
    still_hidden
        The like that were hidden before: of these some doubt is enough.
    shown
        Numbers that everybody can read elsewhere: hiding one protects nothing. Where nothing
        else would, the number to protect counts as not protected.
    relations
        Sums known beforehand (the boxes of a flow; ``Protected.relations`` of another call),
        beside those that are found. One that does not hold is passed over.
    preferred
        Analyses to keep readable where there is a choice what to hide.
    """
    if not profile.protects and not also_hide and not still_hidden:
        return Protected(tuple(tables), summary_of({}, Outcome()))
    found, known = numbers_and_sums(tables, profile, relations, wanted={*also_hide, *still_hidden})
    small = _small(found, profile)
    more, still, public = (roots(found, keys) for keys in (also_hide, still_hidden, shown))
    network = network_of(found, known, costs_of(found, preferred, _pieces(found)))
    network.hidden |= small | more | still
    network.public |= public
    if profile.round_to > 1:
        network.slack = _slack(network, profile)
    ranges = {number: (found.values[number],) * 2 for number in still if found.values[number]}
    ranges |= _ranges(found, small, more, profile.threshold)
    outcome = hide_partners(network, ranges)
    cells = cells_to_hide(tables, found, network.hidden, small) | {*also_hide, *still_hidden}
    if profile.hide_extremes:
        cells |= _extremes(tables)
    secret = _hidden_values(found, network)
    released = tuple(
        (analysis, _released(table, cells, found, network, profile, secret[analysis]))
        for analysis, table in tables
    )
    hidden = frozenset(
        (table.id, cell.row, cell.column, cell.statistic)
        for _, table in released
        for cell in table.cells
        if cell.state is State.SUPPRESSED
    )
    return Protected(
        released, summary_of(counted(tables, released, found, small), outcome), tuple(known), hidden
    )


def _small(found: Quantities, profile: Profile) -> set[int]:
    return {
        found.root(number) for number, value in enumerate(found.values) if profile.is_small(value)
    }


def _ranges(
    found: Quantities, small: Collection[int], more: Collection[int], threshold: int
) -> dict[int, tuple[int, int]]:
    """Return what must stay possible of each hidden number: for a small one, any small count."""
    ranges = dict.fromkeys(small, (1, threshold - 1))
    far = max(threshold - 1, 1)
    for number in more:
        if number not in ranges and found.values[number] > 0:
            value = found.values[number]
            ranges[number] = (max(1, value - far), value + far)
    return ranges


def _pieces(found: Quantities) -> dict[int, float]:
    """Return how many cells are lost if a quantity is hidden."""
    pieces: dict[int, float] = defaultdict(float)
    for numbers in found.of_cell.values():
        pieces[found.root(numbers[0])] += 1
    for key, number in found.n_of.items():
        pieces[found.root(number)] += 0.2 if kinds.is_count(key[3]) else 1
    for number in range(len(found.keys)):
        pieces.setdefault(found.root(number), 0)
    return pieces


def _slack(network: Network, profile: Profile) -> dict[int, tuple[float, float]]:
    """Return how far each rounded number may be from what is shown for it.

    What is shown is known to be no small count: a 5 stands for 5, 6 or 7.
    """
    slack = {}
    half = (profile.round_to - 1) // 2
    for number, value in network.values.items():
        if number not in network.hidden and value > 0:
            middle = kinds.grid(value, profile.round_to)
            low = max(middle - half, profile.threshold)
            slack[number] = (min(0.0, low - value), max(0.0, middle + half - value))
    return slack


def _hidden_values(found: Quantities, network: Network) -> dict[str, set[int]]:
    """Return analysis -> the counts that are hidden in its tables."""
    secret: dict[str, set[int]] = defaultdict(set)
    for number, key in enumerate(found.keys):
        if not key[3].startswith("rest:") and found.root(number) in network.hidden:
            secret[found.analysis[key[0]]].add(found.values[number])
    return secret


def _extremes(tables: Sequence[Pair]) -> set[CellKey]:
    return {
        (table.id, cell.row, cell.column, cell.statistic)
        for _, table in tables
        if not table.not_about_people
        for cell in table.cells
        if cell.statistic in kinds.EXTREMES and cell.state is State.VALUE
    }


def _released(
    table: Table,
    hidden: Collection[CellKey],
    found: Quantities,
    network: Network,
    profile: Profile,
    secret: Collection[int],
) -> Table:
    """Return a table as it may be released, its words as well as its numbers."""
    cells = []
    for cell in table.cells:
        key = (table.id, cell.row, cell.column, cell.statistic)
        if key in hidden and cell.state is State.VALUE:
            cells.append(
                Cell(*key[1:], value=None, state=State.SUPPRESSED, note=hidden_note(profile))
            )
            continue
        if n_is_hidden(found, network.hidden, key):
            cell = replace(cell, n=None)
        if not table.not_about_people:
            if profile.round_to > 1:
                cell = rounded(cell, key, found, profile.round_to)
            cell = replace(
                cell,
                note=protected_words(cell.note, profile, secret),
                warning=protected_words(cell.warning, profile, secret),
            )
        cells.append(cell)
    return replace(
        table,
        note=protected_words(table.note, profile, secret),
        row_labels=dict(table.row_labels),
        column_labels=dict(table.column_labels),
        cells=cells,
    )
