"""The mean of changes: Student's interval, the standardised mean, and the ratio of two means."""

from __future__ import annotations

from math import exp, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from datrial.models.two_arms.effects import Effect
from datrial.models.two_arms.standardised import noncentrality_limits

FloatArray = NDArray[np.float64]


def deviation(values: FloatArray) -> float:
    """Return the standard deviation: 0 and no rounding error where all are alike."""
    if len(values) < 2:
        return nan
    return float(values.std(ddof=1)) if np.ptp(values) else 0.0


def t_quantile(df: int, level: float) -> float:
    """Return the quantile of Student's t for a two-sided interval."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def t_p_value(t: float, df: float) -> float:
    """Return the two-sided p-value of Student's t; not a number for none."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


def mean_change(changes: FloatArray, level: float) -> tuple[Effect, float, float]:
    """Return the mean with Student's interval, t, and its p-value."""
    mean, n, method = float(changes.mean()), len(changes), "Student's t"
    if n < 2 or np.ptp(changes) == 0:
        return Effect(mean, nan, nan, method), nan, nan
    bse = float(changes.std(ddof=1)) / sqrt(n)
    half, t = t_quantile(n - 1, level) * bse, mean / bse
    return Effect(mean, mean - half, mean + half, method), t, t_p_value(t, n - 1)


def standardised(t: float, n: int, level: float) -> Effect:
    """Return the mean change in standard deviations of the changes (Cohen's d_z)."""
    if not np.isfinite(t):
        return Effect(nan, nan, nan, "noncentral t")
    low, high = noncentrality_limits(t, n - 1, level)
    return Effect(t / sqrt(n), low / sqrt(n), high / sqrt(n), "noncentral t")


def ratio_of_means(first: FloatArray, last: FloatArray, level: float) -> Effect:
    """Return the mean of the last over the mean of the first readings.

    Bonett and Price (2020), Journal of Educational and Behavioral Statistics 45, 750-770: Student's
    interval on the log scale with the covariance within people. R: `statpsych::ci.ratio.mean.ps`.
    A scale without a zero has no ratio: not a number with any reading below zero.
    """
    method = "Bonett and Price 2020, log scale"
    if min(first.min(), last.min()) < 0 or first.mean() <= 0:
        return Effect(nan, nan, nan, method)
    ratio = float(last.mean() / first.mean())
    # What each person adds to the logarithm of the ratio, but for constants.
    if ratio == 0 or len(first) < 2:
        return Effect(ratio, nan, nan, method)
    parts = last / last.mean() - first / first.mean()
    if np.ptp(parts) < 1e-12:
        return Effect(ratio, nan, nan, method)
    n = len(parts)
    half = t_quantile(n - 1, level) * float(parts.std(ddof=1)) / sqrt(n)
    return Effect(ratio, exp(log(ratio) - half), exp(log(ratio) + half), method)
