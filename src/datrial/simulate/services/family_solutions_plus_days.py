"""Family Solutions Plus: months as numbers from January 2022, and waits with a given mean."""

from __future__ import annotations

import numpy as np

from datrial.simulate.randomness import Array

_JANUARY = np.datetime64("2022-01", "M")


def month_first(month: Array) -> Array:
    """Return the first day of months counted from January 2022 (0)."""
    days: Array = (_JANUARY + np.asarray(month)).astype("datetime64[D]")
    return days


def month_last(month: Array) -> Array:
    """Return the last day of months counted from January 2022 (0)."""
    days: Array = month_first(np.asarray(month) + 1) - 1
    return days


def month_of(days: Array) -> Array:
    """Return the months of days, counted from January 2022 (0)."""
    months: Array = (days.astype("datetime64[M]") - _JANUARY).astype(int)
    return months


def nudged(rng: np.random.Generator, days: Array, mean: float, least: Array, most: Array) -> Array:
    """Return days within bounds whose sum is that of the mean, changed by as few days as need be.

    Raises
    ------
    ValueError
        If no days within the bounds have this mean.
    """
    moved = np.clip(days, least, most)
    total = round(mean * len(days))
    while (short := total - int(moved.sum())) != 0:
        open_to = np.flatnonzero(moved < most if short > 0 else moved > least)
        if not len(open_to):
            raise ValueError("no days within the bounds have this mean")
        some = rng.choice(open_to, min(len(open_to), abs(short)), replace=False)
        moved[some] += np.sign(short)
    result: Array = moved
    return result
