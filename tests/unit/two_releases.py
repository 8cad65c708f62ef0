"""Somebody who has two releases of one table, and knows that people were only added since.

Written by hand from what the table means, without anything of the disclosure control that it
is to test: levels add to n, arms add to all, in both releases; no count has become smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from datrial.results.cells import State, Table

ARMS = ("a", "b")
#: More than anybody thinks possible.
MOST = 10_000.0
LEVELS = ("level_w", "level_x", "level_y", "level_z")
Counts = dict[tuple[str, str], int]
Spot = tuple[str, str]  # a level or "n", and a column


def counts(small: dict[tuple[str, str], int]) -> Counts:
    """Return counts by level and arm, with all and n as their sums."""
    made = dict(small)
    for level in LEVELS:
        made[level, "all"] = sum(small[level, arm] for arm in ARMS)
    for column in ("all", *ARMS):
        made["n", column] = sum(made[level, column] for level in LEVELS)
    return made


def table_of(made: Counts) -> Table:
    """Return the table that shows these counts."""
    table = Table("a.levels", "Levels", "Simulated.")
    for column in ("all", *ARMS):
        table.column(column, column)
    for level in LEVELS:
        table.row(level, "Level")
        for column in ("all", *ARMS):
            table.add(level, column, "count", made[level, column], n=made["n", column])
    return table


def readable(table: Table) -> dict[Spot, int | None]:
    """Return each count and n as it can be read; none where it is hidden."""
    found: dict[Spot, int | None] = {}
    for cell in table.cells:
        shown = cell.state is State.VALUE
        found[cell.row, cell.column] = int(cell.value or 0) if shown else None
        if cell.n is not None:
            found["n", cell.column] = cell.n
        found.setdefault(("n", cell.column), None)
    return found


@dataclass
class Attack:
    """What two releases tell together."""

    then: Table
    now: Table

    def __post_init__(self) -> None:
        shown = [readable(self.then), readable(self.now)]
        self.places = {
            (time, *spot): number
            for number, (time, spot) in enumerate((t, s) for t in (0, 1) for s in shown[0])
        }
        equal: list[tuple[dict[int, float], float]] = []
        self.limits: list[tuple[float, float]] = [(0.0, MOST)] * len(self.places)
        for (time, *spot), number in self.places.items():
            value = shown[time][spot[0], spot[1]]
            if value is not None:
                self.limits[number] = (value, value)
            elif spot[0] != "n" and shown[time]["n", spot[1]] is not None:
                self.limits[number] = (1.0, MOST)  # a zero is shown, unless its n is hidden
        for time in (0, 1):
            for row in ("n", *LEVELS):
                parts = {self.places[time, row, arm]: 1.0 for arm in ARMS}
                equal.append((parts | {self.places[time, row, "all"]: -1.0}, 0.0))
            for column in ("all", *ARMS):
                parts = {self.places[time, level, column]: 1.0 for level in LEVELS}
                equal.append((parts | {self.places[time, "n", column]: -1.0}, 0.0))
        self.equal = np.zeros((len(equal), len(self.places)))
        for row, (entries, _) in enumerate(equal):
            for number, times in entries.items():
                self.equal[row, number] = times
        self.grown = np.zeros((len(shown[0]), len(self.places)))
        for row, spot in enumerate(shown[0]):
            self.grown[row, self.places[0, *spot]] = 1.0
            self.grown[row, self.places[1, *spot]] = -1.0

    def range_of(self, wanted: dict[tuple[int, str, str], float]) -> tuple[float, float]:
        """Return the least and the most that a number, or a sum of numbers, can be."""
        costs = np.zeros(len(self.places))
        for place, times in wanted.items():
            costs[self.places[place]] = times
        ends = []
        for sign in (1.0, -1.0):
            answer = linprog(
                sign * costs, A_eq=self.equal, b_eq=np.zeros(len(self.equal)), A_ub=self.grown,
                b_ub=np.zeros(len(self.grown)), bounds=self.limits, method="highs",
            )  # fmt: skip
            assert answer.status == 0, "what is released contradicts itself"
            ends.append(sign * answer.fun)
        return ends[0], ends[1]

    def is_known(self, wanted: dict[tuple[int, str, str], float]) -> bool:
        low, high = self.range_of(wanted)
        return bool(np.floor(high + 1e-6) <= np.ceil(low - 1e-6))


def known_for_certain(
    before: Counts, after: Counts, attack: Attack, threshold: int
) -> list[tuple[str, Spot]]:
    """Return the small counts, and small differences, that are known to the last person."""
    found = []
    for spot in before:
        for time, counted in enumerate((before, after)):
            if 0 < counted[spot] < threshold and attack.is_known({(time, *spot): 1.0}):
                found.append((("then", "now")[time], spot))
        change = {(1, *spot): 1.0, (0, *spot): -1.0}
        if 0 < after[spot] - before[spot] < threshold and attack.is_known(change):
            found.append(("difference", spot))
    return found
