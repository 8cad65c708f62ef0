"""Miettinen and Nurminen's score intervals of two independent shares.

Statistics in Medicine 4 (1985), 213-226: an interval holds every difference, ratio or odds
ratio that a score test does not reject, the shares being estimated under it, with the
variance times N / (N - 1). Groups without events do not trouble it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import acos, copysign, cos, exp, inf, pi, sqrt
from typing import NamedTuple

#: How near to a difference of one limits are looked for.
_EDGE = 1 - 1e-9
#: The logarithm of the largest ratio looked at; a limit beyond it is infinite.
_FARTHEST = 25.0
_TINY = 1e-300


class Shares(NamedTuple):
    """Events and people of the compared group, then of the reference group."""

    events: int
    people: int
    reference_events: int
    reference_people: int

    @property
    def all_events(self) -> int:
        """Events in both groups."""
        return self.events + self.reference_events

    @property
    def total(self) -> int:
        """People in both groups."""
        return self.people + self.reference_people


def difference_limits(shares: Shares, quantile: float) -> tuple[float, float]:
    """Return the limits of the compared share minus the reference share."""
    x, n, y, m = shares

    def statistic(difference: float) -> float:
        q = _reference_share(shares, difference)
        p = min(max(q + difference, 0.0), 1.0)
        variance = p * (1 - p) / n + q * (1 - q) / m
        return _score(x / n - y / m - difference, variance, shares.total)

    return _limits(statistic, _EDGE, quantile, (-1.0, 1.0))


def ratio_limits(shares: Shares, quantile: float) -> tuple[float, float]:
    """Return the limits of the compared share over the reference share."""
    x, n, y, m = shares

    def statistic(log_ratio: float) -> float:
        ratio = exp(log_ratio)
        b = n * ratio + x + m + y * ratio
        root = sqrt(max(b**2 - 4 * shares.total * ratio * shares.all_events, 0.0))
        q = 2 * shares.all_events / (b + root)
        p = min(q * ratio, 1.0)
        variance = p * (1 - p) / n + ratio**2 * q * (1 - q) / m
        return _score(x / n - ratio * y / m, variance, shares.total)

    low, high = _limits(statistic, _FARTHEST, quantile, (-inf, inf))
    return exp(low), exp(high)


def odds_ratio_limits(shares: Shares, quantile: float) -> tuple[float, float]:
    """Return the limits of the compared odds over the reference odds."""
    x, n, _, m = shares
    events = shares.all_events

    def statistic(log_odds_ratio: float) -> float:
        odds_ratio = exp(log_odds_ratio)
        # q solves n p + m q = events, where the odds of p are those of q times the ratio.
        a, b = m * (odds_ratio - 1), n * odds_ratio + m - events * (odds_ratio - 1)
        root = sqrt(max(b**2 + 4 * a * events, 0.0))
        q = 2 * events / (b + root) if b > 0 else (root - b) / (2 * a)
        p = min(max((events - m * q) / n, 0.0), 1.0)
        spread = 1 / max(n * p * (1 - p), _TINY) + 1 / max(m * q * (1 - q), _TINY)
        return _score((x - n * p) * spread, spread, shares.total)

    low, high = _limits(statistic, _FARTHEST, quantile, (-inf, inf))
    return exp(low), exp(high)


def _limits(
    statistic: Callable[[float], float],
    farthest: float,
    quantile: float,
    ends: tuple[float, float],
) -> tuple[float, float]:
    """Return where a falling statistic passes the quantile and minus the quantile."""
    from scipy.optimize import brentq

    def passes(target: float) -> float:
        return float(brentq(lambda at: statistic(at) - target, -farthest, farthest, xtol=1e-11))

    low = passes(quantile) if statistic(-farthest) > quantile else ends[0]
    high = passes(-quantile) if statistic(farthest) < -quantile else ends[1]
    return low, high


def _reference_share(shares: Shares, difference: float) -> float:
    """Return the likeliest reference share under a difference: a root of a cubic.

    The paper's appendix: L3 to L0 are the coefficients of the third power to the constant.
    """
    _, n, y, m = shares
    l3 = float(shares.total)
    l2 = (n + 2 * m) * difference - l3 - shares.all_events
    l1 = (m * difference - l3 - 2 * y) * difference + shares.all_events
    l0 = y * difference * (1 - difference)
    third = l2 / (3 * l3)
    q = third**3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    p = copysign(sqrt(max(third**2 - l1 / (3 * l3), 0.0)), q)
    if p == 0:
        return min(max(-third, 0.0), 1.0)
    angle = (pi + acos(min(max(q / p**3, -1.0), 1.0))) / 3
    return min(max(2 * p * cos(angle) - third, 0.0), 1.0)


def _score(gap: float, variance: float, total: int) -> float:
    if gap == 0:
        return 0.0
    return gap / sqrt(max(variance * total / (total - 1), _TINY))
