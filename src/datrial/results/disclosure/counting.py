"""How many numbers are hidden, where and why; no word of what they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from datrial.results.cells import State, Table
from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.partners import Outcome
from datrial.results.disclosure.quantities import CellKey, Quantities


def counted(
    tables: Sequence[tuple[str, Table]],
    released: Sequence[tuple[str, Table]],
    found: Quantities,
    small: Collection[int],
) -> dict[str, dict[str, int]]:
    """Return table -> reason -> how many numbers are hidden for it."""
    by_table: dict[str, dict[str, int]] = {}
    for (_, before), (_, after) in zip(tables, released, strict=True):
        reasons = {"primary": 0, "secondary": 0, "derived": 0}
        for cell, shown in zip(before.cells, after.cells, strict=True):
            if shown.state is State.SUPPRESSED and cell.state is State.VALUE:
                key = (before.id, cell.row, cell.column, cell.statistic)
                reasons[_reason(key, found, small)] += 1
        if any(reasons.values()):
            by_table[before.id] = reasons
    return by_table


def _reason(key: CellKey, found: Quantities, small: Collection[int]) -> str:
    own = found.of_cell.get(key, ())
    base = (found.n_of[key],) if key in found.n_of else ()
    if not kinds.is_count(key[3]) or not own:
        return "derived"
    is_small = any(found.root(number) in small for number in (*own, *base))
    return "primary" if is_small else "secondary"


def summary_of(by_table: dict[str, dict[str, int]], outcome: Outcome) -> dict[str, Any]:
    """Return how many numbers are hidden in all, and how many are protected less than fully."""
    totals = {
        reason: sum(each[reason] for each in by_table.values())
        for reason in ("primary", "secondary", "derived")
    }
    return {
        **totals,
        "tables": by_table,
        "in_doubt_only": len(outcome.weak),
        "not_protected": len(outcome.pinned),
    }
