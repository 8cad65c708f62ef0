"""Intervals of a difference of probabilities that stay where such a difference can be.

A difference of probabilities lies in -1..1, a difference of two of them in -2..2. The interval
is Wald's for atanh(estimate / bound), taken back: Fisher's z, which is nearly the plain Wald
interval near 0 and never leaves the bounds. The statistic is that of the same scale, so that
a p-value and its interval agree.
"""

from __future__ import annotations

from math import atanh, isfinite, nan, tanh


def bounded_interval(
    estimate: float, bse: float, bound: float, quantile: float
) -> tuple[float, float, float]:
    """Return the statistic and the interval of an estimate within -bound..bound.

    Not numbers where the standard error is none or nothing, or the estimate on the bound.
    """
    scaled = estimate / bound
    if not isfinite(scaled) or not isfinite(bse) or abs(scaled) >= 1 or bse <= 1e-12:
        return nan, nan, nan
    centre, error = atanh(scaled), bse / bound / (1 - scaled**2)
    half = quantile * error
    return centre / error, bound * tanh(centre - half), bound * tanh(centre + half)
