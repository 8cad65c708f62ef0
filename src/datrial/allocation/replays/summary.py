"""What replays tell: imbalance, predictability, and how large the arms become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Imbalance:
    """How far the arms lie apart, over replays.

    With two equal arms it is the absolute difference of their sizes. Otherwise each
    size is first divided by the arm's share and multiplied by one over the number of
    arms, and it is the range: what the difference would be were the arms equal.

    Attributes
    ----------
    people
        Those among whom it is counted.
    mean, p95, largest
        Mean, 95th percentile and maximum.
    """

    people: int
    mean: float
    p95: float
    largest: float


@dataclass(frozen=True)
class GroupSize:
    """How many people an arm gets, over replays."""

    expected: float
    mean: float
    sd: float
    p2_5: float
    p97_5: float
    smallest: int
    largest: int


@dataclass(frozen=True)
class Simulation:
    """What replays of a scheme tell.

    Attributes
    ----------
    by_level
        (factor, level) -> the imbalance among those who have it.
    guessed
        The share of arms guessed rightly by the convergence strategy of Blackwell
        and Hodges: the arm that has most to catch up in the stratum, of several the
        largest, of equal ones any.
    guessed_knowing_all
        The share guessed by who knows the scheme, the block sizes, the places and
        every arm so far, and names the likeliest.
    guessed_by_ratio
        The share guessed by who always names the largest arm.
    differences
        The overall imbalance of every replay.
    """

    study: str
    scheme: str
    replays: int
    people: int
    overall: Imbalance
    by_level: Mapping[tuple[str, str], Imbalance]
    guessed: float
    guessed_knowing_all: float
    guessed_by_ratio: float
    group_sizes: Mapping[str, GroupSize]
    differences: tuple[float, ...]

    def rows(self) -> list[tuple[str, str, float]]:
        """Return (what, statistic, number), for a table."""
        rows: list[tuple[str, str, float]] = []
        for what, found in [
            ("overall", self.overall),
            *((f"{factor}: {level}", each) for (factor, level), each in self.by_level.items()),
        ]:
            rows += [
                (what, "people", found.people),
                (what, "mean imbalance", found.mean),
                (what, "95th percentile of imbalance", found.p95),
                (what, "largest imbalance", found.largest),
            ]
        rows += [
            ("guessed", "convergence strategy", self.guessed),
            ("guessed", "knowing scheme and past", self.guessed_knowing_all),
            ("guessed", "always the largest arm", self.guessed_by_ratio),
        ]
        for arm, size in self.group_sizes.items():
            rows += [
                (f"size of {arm}", "expected", size.expected),
                (f"size of {arm}", "mean", size.mean),
                (f"size of {arm}", "standard deviation", size.sd),
                (f"size of {arm}", "2.5th percentile", size.p2_5),
                (f"size of {arm}", "97.5th percentile", size.p97_5),
                (f"size of {arm}", "smallest", size.smallest),
                (f"size of {arm}", "largest", size.largest),
            ]
        return rows


def spread(sizes: Array, shares: Array) -> Array:
    """Return the imbalance of every replay, of sizes (replays x arms); see `Imbalance`."""
    # An arm with no share at all (a lottery without places) is not compared.
    compared = shares > 0
    scaled = sizes[:, compared] / (shares[compared] * len(shares))
    # Rounded: equal sizes divided by their shares differ in the last digit.
    apart: Array = np.round(np.ptp(scaled, axis=1), 9)
    return apart


def imbalance(sizes: Array, shares: Array) -> Imbalance:
    """Return how far the arms lie apart, of sizes (replays x arms)."""
    apart = spread(sizes, shares)
    p95 = float(np.percentile(apart, 95))
    return Imbalance(int(sizes[0].sum()), float(apart.mean()), p95, float(apart.max()))


def group_size(sizes: Array, expected: float) -> GroupSize:
    """Return how large an arm becomes, of its size in every replay."""
    low, high = np.percentile(sizes, [2.5, 97.5])
    return GroupSize(
        expected,
        float(sizes.mean()),
        float(sizes.std(ddof=1)) if len(sizes) > 1 else float("nan"),
        float(low),
        float(high),
        int(sizes.min()),
        int(sizes.max()),
    )
