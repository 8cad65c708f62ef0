"""Pointwise intervals that stay where the quantity can lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def survival_limits(
    survival: FloatArray, log_variance: FloatArray, quantile: float, interval: str
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of survival probabilities; NaN at 0 and 1.

    Parameters
    ----------
    survival, log_variance
        Estimates and the variance of their logarithms.
    quantile
        Normal quantile of the level.
    interval
        ``log_log``: symmetric on ln(-ln S) (Kalbfleisch and Prentice 1980); ``arcsine``: on
        arcsin(sqrt S) (Nair 1984, Technometrics 26, 265-275; the better with few people).
    """
    inside = (survival > 0) & (survival < 1) & np.isfinite(log_variance)
    s, half = survival[inside], quantile * np.sqrt(log_variance[inside])
    low, high = np.full(len(survival), np.nan), np.full(len(survival), np.nan)
    if interval == "log_log":
        spread = half / np.abs(np.log(s))
        low[inside], high[inside] = s ** np.exp(spread), s ** np.exp(-spread)
    else:
        angle, turn = np.arcsin(np.sqrt(s)), half / 2 * np.sqrt(s / (1 - s))
        low[inside] = np.sin(np.maximum(angle - turn, 0.0)) ** 2
        high[inside] = np.sin(np.minimum(angle + turn, np.pi / 2)) ** 2
    return low, high


def log_limits(
    estimate: FloatArray, error: FloatArray, quantile: float
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of positive quantities, symmetric on the log scale; NaN at 0."""
    positive = (estimate > 0) & np.isfinite(error)
    low, high = np.full(len(estimate), np.nan), np.full(len(estimate), np.nan)
    m = estimate[positive]
    spread = np.exp(quantile * error[positive] / m)
    low[positive], high[positive] = m / spread, m * spread
    return low, high
