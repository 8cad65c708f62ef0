"""Standardised differences of two means, with intervals from the noncentral t distribution.

The t statistic of two normal groups follows a noncentral t whose noncentrality is the true
standardised difference times sqrt(n1 n2 / (n1 + n2)); the limits are those noncentralities
under which the observed t lies in a tail (Steiger and Fouladi 1997; R: `MBESS::ci.smd`).
"""

from __future__ import annotations

from math import exp, isnan, lgamma, log, sqrt

from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

_METHOD = "noncentral t"


def hedges_g(t: float, n_one: int, n_two: int, level: float) -> tuple[Effect, Effect]:
    """Return Cohen's d and Hedges's g of two groups from Student's t.

    g is d times Hedges's (1981) exact factor, which makes it unbiased; so are its limits.
    """
    df = n_one + n_two - 2
    unit = sqrt(1 / n_one + 1 / n_two)
    low, high = noncentrality_limits(t, df, level)
    factor = small_sample_factor(df)
    d = Effect(unit * t, unit * low, unit * high, _METHOD)
    return d, Effect(factor * d.estimate, factor * d.ci_low, factor * d.ci_high, _METHOD)


def small_sample_factor(df: int) -> float:
    """Return Hedges's factor, near 1 - 3 / (4 df - 1)."""
    if df < 2:
        return float("nan")
    return exp(lgamma(df / 2) - lgamma((df - 1) / 2) - log(df / 2) / 2)


def noncentrality_limits(t: float, df: float, level: float) -> tuple[float, float]:
    """Return the noncentralities under which t is the upper and the lower tail point."""
    from scipy.optimize import brentq
    from scipy.special import nctdtr

    if t < 0:  # the distribution is mirrored; one tail is computed with more digits
        low, high = noncentrality_limits(-t, df, level)
        return -high, -low
    tail = (1 - level) / 2
    reach = 2 * normal_quantile(level) * sqrt(1 + t**2 / (2 * df)) + 1

    def below(nc: float) -> float:
        share = float(nctdtr(df, nc, t))
        # Far out in the tails scipy's series may not converge: there all or nothing lies below.
        return float(nc < t) if isnan(share) else share

    def limit(share: float, side: int) -> float:
        edge = t + side * reach
        while side * (share - below(edge)) < 0:
            edge += side * reach
        return float(brentq(lambda nc: below(nc) - share, t, edge, xtol=1e-10))

    return limit(1 - tail, -1), limit(tail, 1)
