"""When cases were closed: long ones in the first two years, the planned length after that.

The report prints a mean of 10.5 months over all cases, and of the 212 closed in Years 1
and 2 that three quarters lasted 11 or 12 months and 49 longer than 13. Both can be true:
the later cases then lasted nine months and a half, near the ten that were planned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.simulate.days import DATA_END, add_months, day
from datrial.simulate.randomness import Array, generator, pick

#: Published: 10.5 months from the index meeting, here over the cases of all sites together.
MEAN_DAYS = 320
SHORTEST_DAYS = 90
#: The last day of Year 2 is not printed; the analysis takes the end of March.
YEAR_2_ENDS = np.datetime64("2018-03-31")
#: Closed by then; of these after 11 or 12 complete months, after more than 13, and sooner.
CLOSED_EARLY = 212
EARLY = {"months_11_12": 158, "over_13": 49, "sooner": 5}
LONGEST_MONTHS = 17
SPREAD_LATER = 25.0


@dataclass(frozen=True)
class Cases:
    """Cases to be closed, one array entry each, of all sites.

    Attributes
    ----------
    index
        The day of the meeting at which he was allocated.
    start
        The first day of the intervention.
    """

    index: Array
    start: Array


def closures(cases: Cases, seed: int, scale: int) -> Array:
    """Return the day on which each case was closed; the mean from the index is ``MEAN_DAYS``.

    Who started first is closed first. Where too few started early enough, fewer of the
    early ones are as long as printed. Nobody is closed after the end of the data.
    """
    rng = generator(seed, "durations")
    n = len(cases.index)
    order = np.argsort(cases.start, kind="stable")
    early, later = order[: scale * CLOSED_EARLY], order[scale * CLOSED_EARLY :]
    days = np.zeros(n, dtype=int)
    days[early] = _early(rng, cases, early, scale)
    total = MEAN_DAYS * n - int(days.sum())
    # Had they been closed sooner they would be among the early ones.
    least = (YEAR_2_ENDS + 1 - cases.index[later]).astype(int)
    longest = (day(DATA_END) - cases.index[later]).astype(int)
    days[later] = _later(rng, total, np.maximum(least, SHORTEST_DAYS), longest)
    closed: Array = cases.index + days
    return closed


def _early(rng: np.random.Generator, cases: Cases, early: Array, scale: int) -> Array:
    """Return the days from the index of the cases closed by the end of Year 2."""
    start = cases.start[early]
    eleven, thirteen = add_months(start, 11), add_months(start, 13)
    n = len(early)
    # First those who have no other choice, then the long ones of whoever has room.
    shorter = eleven > YEAR_2_ENDS
    shorter[np.argsort(shorter, kind="stable")[n - scale * EARLY["sooner"] :]] = True
    long = np.zeros(n, dtype=bool)
    room = (thirteen < YEAR_2_ENDS) & ~shorter
    long[pick(rng, room.astype(float), scale * EARLY["over_13"])] = True
    first = np.where(long, thirteen + 1, np.where(shorter, add_months(start, 8), eleven))
    last = np.where(
        long, add_months(start, LONGEST_MONTHS), np.where(shorter, eleven - 1, thirteen - 1)
    )
    last = np.minimum(last, YEAR_2_ENDS)
    first = np.minimum(first, last)
    # Most end soon after the planned time: the density falls.
    part = rng.beta(1.0, 2.5, size=n)
    closed = first + np.floor(part * ((last - first).astype(int) + 1)).astype(int)
    days: Array = (closed - cases.index[early]).astype(int)
    return days


def _later(rng: np.random.Generator, total: int, least: Array, longest: Array) -> Array:
    """Return durations between these bounds that add up to ``total``."""
    n = len(least)
    days = np.round(rng.normal(total / n, SPREAD_LATER, size=n)).astype(int)
    days = np.clip(days, least, longest)
    while (missing := total - int(days.sum())) != 0:
        step = int(np.sign(missing))
        can_move = days < longest if step > 0 else days > least
        if not can_move.any():
            raise AssertionError("the mean duration cannot be met by the end of the data")
        days[pick(rng, can_move.astype(float), abs(missing))] += step
    durations: Array = days
    return durations
