"""Family Solutions Plus: scores of the two Outcome Stars with the printed sums and extremes.

Every column of scores has an exact sum, so that the ratios of means are the printed ones; and
every client's percentage change lies strictly between the printed least and greatest, which two
clients have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from datrial.simulate.randomness import Array


@dataclass(frozen=True)
class Star:
    """An Outcome Star of a strand.

    Attributes
    ----------
    both, one
        Clients with two Stars or more, and with one. The report does not print how many: those
        here fit its percentages.
    first, last
        Sums over the clients with two or more, area by area.
    fixed
        First and last total of clients who are as the report prints: the least and the greatest
        change, and others who did not improve.
    change
        The percentages between which all other clients lie.
    days
        Days between the first and the last Star are at least these.
    """

    key: str
    strand: str
    lowest: int
    highest: int
    both: int
    one: int
    first: tuple[int, ...]
    last: tuple[int, ...]
    fixed: tuple[tuple[int, int], ...]
    change: tuple[float, float]
    days: int = 35


#: Printed: total 169%, thinking and attitudes (the second) +93%, all improved, 19% to 329%.
#: 30 of 7 is the only total of whole numbers on this scale that is 329% more.
CHANGE_STAR: Final = Star(
    key="change_star", strand="perpetrator", lowest=1, highest=5, both=41, one=18,
    first=(86, 85, 94, 90, 103, 98), last=(143, 164, 159, 150, 166, 158),
    fixed=((16, 19), (7, 30)), change=(20.0, 250.0),
)  # fmt: skip
#: Printed: total 116%, empowerment and self-esteem (the last) +24%, 93% improved, -3% to 73%.
EMPOWERMENT_STAR: Final = Star(
    key="empowerment_star", strand="victim_survivor", lowest=1, highest=10, both=72, one=25,
    first=(461, 533, 454, 475, 439, 490, 518, 432, 396),
    last=(545, 581, 538, 548, 524, 556, 580, 506, 491),
    fixed=((64, 62), (33, 57), (70, 69), (62, 61), (57, 56), (75, 74)), change=(1.0, 65.0),
)  # fmt: skip
STARS: Final = {star.strand: star for star in (CHANGE_STAR, EMPOWERMENT_STAR)}


def first_and_last(rng: np.random.Generator, star: Star) -> tuple[Array, Array]:
    """Return first and last scores, clients x areas; those who are fixed come first."""
    n, areas, fixed = star.both, len(star.first), len(star.fixed)
    spread = (star.highest - star.lowest) / 10
    person = rng.normal(0, spread, (n, 1))
    mean = np.array(star.first) / n
    first = np.round(mean + person + rng.normal(0, spread, (n, areas))).astype(int)
    gain = (np.array(star.last) - np.array(star.first)) / n
    own = rng.gamma(2.5, 1 / 2.5, (n, 1))
    last = first + np.round(gain * own + rng.normal(0, spread / 2, (n, areas))).astype(int)
    for row, totals in enumerate(star.fixed):
        first[row], last[row] = (_shared_out(total, areas) for total in totals)
    # Nobody begins at the top: there would be no room for the least change.
    first = np.clip(first, star.lowest, star.highest - 1)
    last = np.clip(last, star.lowest, star.highest)
    ordinary = np.arange(n) >= fixed
    _meet_sums(rng, first, star.first, (star.lowest, star.highest - 1), ordinary)
    _meet_sums(rng, last, star.last, (star.lowest, star.highest), ordinary)
    _keep_between(rng, first, last, star, ordinary)
    return first, last


def _shared_out(total: int, areas: int) -> Array:
    """Return a total as scores that differ by one at most."""
    return total // areas + (np.arange(areas) < total % areas)


def _meet_sums(
    rng: np.random.Generator,
    scores: Array,
    sums: tuple[int, ...],
    scale: tuple[int, int],
    ordinary: Array,
) -> None:
    """Raise or lower single scores within the scale until every area has its sum."""
    for area, total in enumerate(sums):
        column = scores[:, area]
        while (short := total - int(column.sum())) != 0:
            room = column < scale[1] if short > 0 else column > scale[0]
            rows = np.flatnonzero(ordinary & room)
            some = rng.choice(rows, min(len(rows), abs(short)), replace=False)
            column[some] += np.sign(short)


def _keep_between(
    rng: np.random.Generator, first: Array, last: Array, star: Star, ordinary: Array
) -> None:
    """Move single points of the last Star from one client to another of the same area.

    Raises
    ------
    ValueError
        If that does not bring everybody between the printed least and greatest change.
    """
    least, most = star.change
    for _ in range(20_000):
        percent = 100 * (last.sum(axis=1) / first.sum(axis=1) - 1)
        wrong = np.flatnonzero(ordinary & ((percent <= least) | (percent >= most)))
        if not len(wrong):
            return
        client, area = wrong[int(rng.integers(len(wrong)))], int(rng.integers(len(star.first)))
        step = 1 if percent[client] <= least else -1
        after = 100 * ((last.sum(axis=1) - step) / first.sum(axis=1) - 1)
        usable = ordinary & (after > least) & (after < most)
        room = last[:, area] > star.lowest if step > 0 else last[:, area] < star.highest
        others = np.flatnonzero(usable & room & (np.arange(len(last)) != client))
        own = last[client, area] < star.highest if step > 0 else last[client, area] > star.lowest
        if len(others) and own:
            last[client, area] += step
            last[others[int(rng.integers(len(others)))], area] -= step
    raise ValueError("the changes of the Star could not be brought between the printed ones")
