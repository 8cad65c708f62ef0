"""What protection has to heed of earlier tables, and whether tables give something away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datrial.results.cells import Table
from datrial.results.disclosure.quantities import CellKey, quantities_of

Pair = tuple[str, Table]


@dataclass(frozen=True)
class Guard:
    """What protection has to heed of earlier tables: keys of cells and numbers, no values.

    A number's key is that of a cell, or has ``n:``, ``of:`` or ``rest:`` before its statistic,
    as in :class:`~datrial.results.disclosure.quantities.Quantities`.

    Attributes
    ----------
    close
        Numbers that differ from earlier ones by a small count.
    hidden
        Numbers and cells that were hidden, and of which too little has changed since.
    shown
        Numbers that stand in earlier tables as they are now.
    sources
        The names of the runs or releases that these tables are of.
    """

    close: frozenset[CellKey] = frozenset()
    hidden: frozenset[CellKey] = frozenset()
    shown: frozenset[CellKey] = frozenset()
    sources: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.close or self.hidden or self.shown)

    def with_(self, other: Guard) -> Guard:
        """Return what has to be heeded of both."""
        hidden = self.close | other.close | self.hidden | other.hidden
        return Guard(
            self.close | other.close,
            self.hidden | other.hidden,
            (self.shown | other.shown) - hidden,
            tuple(dict.fromkeys((*self.sources, *other.sources))),
        )


def gives_away(guard: Guard, released: Sequence[Pair]) -> bool:
    """Tell whether tables, protected by themselves, give something away beside earlier ones.

    That is so if one shows what has to stay hidden, or if it hides, to protect another, a
    number that everybody can read in the earlier tables.
    """
    numbers = quantities_of(released, complements=True)
    cells = {
        (table.id, cell.row, cell.column, cell.statistic)
        for _, table in released
        for cell in table.cells
        if cell.value is not None
    }
    readable = numbers.index.keys() | cells
    secret = guard.close | guard.hidden
    return not readable.isdisjoint(secret) or not guard.shown <= readable
