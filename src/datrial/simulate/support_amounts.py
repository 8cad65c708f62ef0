"""Days and contacts of IDVA support with the printed means, medians, SDs and extremes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.randomness import Array, generator


@dataclass(frozen=True)
class Printed:
    """What the report prints of a number."""

    mean: float
    sd: float
    median: float
    low: float
    high: float


#: Length of Support from IDVAs.
DAYS = {
    INTERVENTION: Printed(251, 119, 259, 0, 504),
    CONTROL: Printed(125, 88, 101, 0, 508),
}
#: Number of contacts. No numbers with the control group's other figures have its SD of 6.
CONTACTS = {
    INTERVENTION: Printed(23, 22, 17, 3, 174),
    CONTROL: Printed(16, 6, 10, 1, 103),
}


def days_of_support(arm: str, room: Array, seed: int) -> Array:
    """Return the days from the intake to the exit form of each person of an arm.

    Parameters
    ----------
    room
        The days from each one's intake to the end of the data: nobody's exit is later.
    """
    rng = generator(seed, "insights", "days of support", arm)
    left = printed_days(DAYS[arm], len(room))
    result = np.empty(len(room), dtype=int)
    # Who has little room chooses first, among the days that fit; then everybody else.
    short = np.flatnonzero(room < left[-1])
    for person in short[np.argsort(room[short], kind="stable")]:
        fitting = max(int(np.searchsorted(left, room[person], side="right")), 1)
        chosen = int(rng.integers(fitting))
        result[person] = min(left[chosen], room[person])
        left = np.delete(left, chosen)
    result[np.setdiff1d(np.arange(len(room)), short)] = rng.permutation(left)
    return result


def contacts(arm: str, n: int, seed: int) -> Array:
    """Return the number of contacts of each person of an arm."""
    numbers = printed_contacts(CONTACTS[arm], n)
    return generator(seed, "insights", "contacts", arm).permutation(numbers)


def printed_days(printed: Printed, n: int) -> Array:
    """Return ``n`` numbers, in order, with the mean, SD, median and extremes printed.

    Below and above the median they are powers of evenly spaced numbers; the powers are those
    that give the mean and the SD.
    """
    below = np.linspace(0, 1, (n + 1) // 2)
    above = np.linspace(0, 1, n - len(below) + 1)[1:]

    def numbers(low: float, high: float) -> Array:
        down, up = printed.median - printed.low, printed.high - printed.median
        return np.concatenate(
            [printed.low + down * below ** np.exp(low), printed.median + up * above ** np.exp(high)]
        )

    def upper(low: float) -> float:
        return _root(lambda high: float(numbers(low, high).mean()) - printed.mean, (-5, 5))

    low = _root(lambda low: float(numbers(low, upper(low)).std(ddof=1)) - printed.sd, (-2, 2))
    whole: Array = np.rint(numbers(low, upper(low))).astype(int)
    return whole


def printed_contacts(printed: Printed, n: int) -> Array:
    """Return ``n`` numbers, in order, with the mean, median and extremes printed.

    Quantiles of a log-normal between the extremes; their SD follows.
    """
    from scipy.stats import norm

    scores = norm.ppf((np.arange(n) + 0.5) / n)

    def numbers(sigma: float) -> Array:
        found: Array = np.clip(printed.median * np.exp(sigma * scores), printed.low, printed.high)
        found[0], found[-1] = printed.low, printed.high
        return found

    sigma = _root(lambda sigma: float(numbers(sigma).mean()) - printed.mean, (0.1, 2))
    whole: Array = np.rint(numbers(sigma)).astype(int)
    return whole


def _root(function: Callable[[float], float], between: tuple[float, float]) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, *between, xtol=1e-9))
