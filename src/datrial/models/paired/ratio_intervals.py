"""Intervals for the ratio of two shares of the same people.

Tang, Tang and Chan (2003), Statistics in Medicine 22, 1217-1233 (and Nam and Blackwelder 2002):
the ratios that a score test does not reject. Bonett and Price (2006), Statistics in Medicine 25,
3039-3047: two Wilson intervals put together with their correlation. Both have an end where nobody
is left with a yes, as Wald's on the log scale has not.
"""

from __future__ import annotations

from math import exp, inf, sqrt

from datrial.models.two_arms.effects import wilson_interval

#: How far from 1 a ratio is looked for, on the log scale.
_FARTHEST = 30.0


def tang_paired_ratio(
    both: int, first_only: int, second_only: int, n: int, quantile: float
) -> tuple[float, float]:
    """Return the score interval for the first share over the second.

    0 below where the first share is 0, without an end above where the second is.
    """
    from scipy.optimize import brentq

    one, two, seen = both + first_only, both + second_only, both + first_only + second_only
    if not seen:
        return 0.0, inf

    def statistic(log_ratio: float) -> float:
        ratio = exp(log_ratio)
        gap = one - ratio * two
        # The most likely share of pairs with the second answer only, given the ratio.
        a = n * (1 + ratio)
        b = two * ratio**2 - (one + 2 * second_only)
        c = second_only * (1 - ratio) * seen / n
        share = (sqrt(max(b**2 - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = a * share + seen * (ratio - 1)
        return gap / sqrt(max(variance, 1e-300)) if gap else 0.0

    def limit(target: float, missing: float) -> float:
        if (statistic(-_FARTHEST) - target) * (statistic(_FARTHEST) - target) > 0:
            return missing
        root = brentq(lambda at: statistic(at) - target, -_FARTHEST, _FARTHEST, xtol=1e-12)
        return exp(float(root))

    low = limit(quantile, 0.0) if one else 0.0
    high = limit(-quantile, inf) if two else inf
    return low, high


def bonett_price_ratio(
    both: int, first_only: int, second_only: int, quantile: float
) -> tuple[float, float]:
    """Return Bonett and Price's hybrid interval for the first share over the second."""
    one, two, seen = both + first_only, both + second_only, both + first_only + second_only
    if not seen:
        return 0.0, inf

    def error(events: int) -> float:
        return sqrt((1 - (events + 1) / (seen + 2)) / (events + 1))

    joint = sqrt((first_only + second_only + 2) / ((one + 1) * (two + 1)))
    z = quantile * joint / (error(one) + error(two))

    (one_low, one_high), (two_low, two_high) = (
        wilson_interval(events, seen, z) for events in (one, two)
    )
    return (one_low / two_high if one else 0.0), (one_high / two_low if two else inf)
