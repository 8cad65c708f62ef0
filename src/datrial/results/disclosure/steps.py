"""Running counts: what two rows of a curve, a time apart, tell of those in between."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from datrial.results.cells import Table
from datrial.results.disclosure.quantities import Quantities

_RUNNING = ("people", "at_risk", "with_event", "observed")
_AT = re.compile(r"(.*?)(?:day|week|month|year)s?_(\d+)")
_LEAST = 4


def add_steps(found: Quantities, tables: Iterable[Table]) -> None:
    """Add what a running count gains or loses from one time to the next.

    People with a first event by month 12 and by month 15 differ by those who had it in
    between; those at risk, by those who left. A count runs if, over four times or more, it
    never falls, or never rises.
    """
    for table in tables:
        curves: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
        for row in table.row_labels:
            at = _AT.fullmatch(row)
            for column in table.column_labels if at else ():
                for statistic in _RUNNING:
                    number = found.index.get((table.id, row, column, statistic))
                    if at and number is not None:
                        curves[at[1], column, statistic].append((int(at[2]), number))
        for curve in curves.values():
            _of_curve(found, [number for _, number in sorted(curve)])


def _of_curve(found: Quantities, curve: list[int]) -> None:
    values = [found.values[number] for number in curve]
    if len(curve) < _LEAST or values not in (sorted(values), sorted(values, reverse=True)):
        return
    for first, second in pairwise(curve):
        less, more = sorted((first, second), key=lambda number: found.values[number])
        table, row, column, statistic = found.keys[second]
        step = found.add(
            (table, row, column, f"rest:step:{statistic}"),
            found.values[more] - found.values[less],
        )
        found.rests.append((more, less, step))
