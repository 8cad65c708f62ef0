"""Intervals for the difference of two shares of the same people.

Newcombe (1998), Statistics in Medicine 17, 2635-2650, method 10: the Wilson intervals of the
two shares, put together with their correlation. Tango (1998), Statistics in Medicine 17,
891-908: the differences that a score test does not reject. Neither leaves -1..1, and
neither shrinks to a point where nobody changed, as Wald's does.
"""

from __future__ import annotations

from math import sqrt

from datrial.models.two_arms.effects import wilson_interval

#: How near to a difference of one the score statistic is still computed.
_EDGE = 1e-12


def newcombe_paired(
    both: int, first_only: int, second_only: int, neither: int, quantile: float
) -> tuple[float, float]:
    """Return Newcombe's interval for the first share minus the second.

    Parameters
    ----------
    both, first_only, second_only, neither
        Pairs by which of the two answers is yes.
    quantile
        Standard normal quantile of the level, 1.96 for 95%.
    """
    n = both + first_only + second_only + neither
    one, two = both + first_only, both + second_only
    margins = one * (n - one) * two * (n - two)
    agreement = float(both * neither - first_only * second_only)
    if agreement > 0:  # the continuity correction of method 10
        agreement = max(agreement - n / 2, 0.0)
    phi = agreement / sqrt(margins) if margins else 0.0
    p, q = one / n, two / n
    p_low, p_high = wilson_interval(one, n, quantile)
    q_low, q_high = wilson_interval(two, n, quantile)
    below = _combined(p - p_low, q_high - q, phi)
    above = _combined(p_high - p, q - q_low, phi)
    return max(p - q - below, -1.0), min(p - q + above, 1.0)


def tango_paired(first_only: int, second_only: int, n: int, quantile: float) -> tuple[float, float]:
    """Return Tango's score interval for the first share minus the second."""
    from scipy.optimize import brentq

    found = (first_only - second_only) / n

    def statistic(difference: float) -> float:
        # q: the most likely share of pairs with the second answer only, given the difference.
        half = -first_only - second_only + (2 * n - first_only + second_only) * difference
        inside = half**2 + 8 * n * second_only * difference * (1 - difference)
        q = (sqrt(max(inside, 0.0)) - half) / (4 * n)
        variance = n * (2 * q + difference * (1 - difference))
        gap = first_only - second_only - n * difference
        return gap / sqrt(max(variance, 1e-300)) if gap else 0.0

    def limit(side: int) -> float:
        edge = side * (1 - _EDGE)
        if -side * statistic(edge) <= quantile:
            return float(side)
        return float(brentq(lambda d: -side * statistic(d) - quantile, found, edge, xtol=1e-12))

    return limit(-1), limit(1)


def _combined(one: float, two: float, phi: float) -> float:
    return sqrt(max(one**2 - 2 * phi * one * two + two**2, 0.0))
