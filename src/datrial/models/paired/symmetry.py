"""Exact tests of a square table of answers before and after, by counting every way it could fall.

Given how many people moved between two levels, in either direction, each direction is a fair coin
if nothing changed. Every test here counts the coins of all pairs of levels: no distribution is
approximated, however few moved.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: States that are counted before the chi-square stands in.
MOST_STATES = 200_000


def moves(table: FloatArray) -> list[tuple[int, int, int, int]]:
    """Return each two levels between which people moved, and how many rose and fell."""
    return [
        (low, high, int(table[low, high]), int(table[high, low]))
        for low in range(len(table))
        for high in range(low + 1, len(table))
        if table[low, high] + table[high, low]
    ]


def bowker_statistic(table: FloatArray) -> tuple[float, int]:
    """Return Bowker's chi-square of symmetry and its degrees of freedom."""
    found = moves(table)
    return sum((rose - fell) ** 2 / (rose + fell) for _, _, rose, fell in found), len(found)


def exact_symmetry(table: FloatArray) -> float | None:
    """Return the exact p-value of Bowker's chi-square; None with too many states to count."""
    observed, _ = bowker_statistic(table)

    def part(rose: FloatArray, fell: FloatArray, low: int, high: int) -> FloatArray:
        return ((rose - fell) ** 2 / (rose + fell))[:, None]

    return _share(table, 1, part, lambda sums: sums[:, 0] >= observed - 1e-9)


def exact_marginal_homogeneity(table: FloatArray) -> float | None:
    """Return the exact p-value of Stuart and Maxwell's chi-square; None with too many states."""
    levels = len(table)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    # The spread depends on how many moved and not on which way, so it is the same throughout.
    inverse = np.linalg.pinv(np.diag(rows + columns) - table - table.T, hermitian=True)
    gap = columns - rows
    observed = float(gap @ inverse @ gap)

    def part(rose: FloatArray, fell: FloatArray, low: int, high: int) -> FloatArray:
        gained = np.zeros((len(rose), levels))
        gained[:, high], gained[:, low] = rose - fell, fell - rose
        return gained

    def extreme(sums: FloatArray) -> NDArray[np.bool_]:
        statistics: FloatArray = np.einsum("ij,jk,ik->i", sums, inverse, sums)
        return np.asarray(statistics >= observed - 1e-9)

    return _share(table, levels, part, extreme)


def exact_direction(table: FloatArray) -> float:
    """Return the exact p-value that as many levels were lost as gained (equal steps)."""
    steps = [(high - low, rose, fell) for low, high, rose, fell in moves(table)]
    observed = abs(sum(step * (rose - fell) for step, rose, fell in steps))
    chances = np.ones(1)
    for step, rose, fell in steps:
        for _ in range(rose + fell):
            coin = np.zeros(2 * step + 1)
            coin[[0, -1]] = 0.5
            chances = np.convolve(chances, coin)
    sums = np.arange(len(chances)) - len(chances) // 2
    return float(min(chances[np.abs(sums) >= observed].sum(), 1.0))


def _share(
    table: FloatArray,
    width: int,
    part: Callable[[FloatArray, FloatArray, int, int], FloatArray],
    extreme: Callable[[FloatArray], NDArray[np.bool_]],
) -> float | None:
    """Return the chance of an extreme sum of the parts of all moves, if the coins are fair."""
    from scipy.stats import binom

    sums, chances = np.zeros((1, width)), np.ones(1)
    for low, high, rose, fell in moves(table):
        moved = rose + fell
        if len(sums) * (moved + 1) > MOST_STATES:
            return None
        ups = np.arange(moved + 1, dtype=np.float64)
        added = part(ups, moved - ups, low, high)
        weights = binom.pmf(ups, moved, 0.5)
        together = np.round((sums[:, None, :] + added[None, :, :]).reshape(-1, width), 9)
        weighed = (chances[:, None] * weights[None, :]).ravel()
        sums, place = np.unique(together, axis=0, return_inverse=True)
        chances = np.zeros(len(sums))
        np.add.at(chances, place.ravel(), weighed)
    return float(min(chances[extreme(sums)].sum(), 1.0))
