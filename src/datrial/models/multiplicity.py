"""p-values adjusted for the number of tests: Holm, and Benjamini and Hochberg.

Holm (1979), Scandinavian Journal of Statistics 6, 65-70, holds the chance of any false
finding; Benjamini and Hochberg (1995), JRSS B 57, 289-300, the expected share of false ones
among the findings (for independent or positively dependent tests). R: `p.adjust`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelUsageError

FloatArray = NDArray[np.float64]


def adjust_holm(p_values: ArrayLike) -> FloatArray:
    """Return Holm's adjusted p-values, in the order given.

    A missing p-value stays missing and does not count as a test.
    """
    p, order, m = _sorted(p_values)
    steps = p[order] * (m - np.arange(m))
    return _placed(p, order, np.minimum(np.maximum.accumulate(steps), 1.0))


def adjust_benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given.

    A missing p-value stays missing and does not count as a test.
    """
    p, order, m = _sorted(p_values)
    steps = p[order] * m / np.arange(1, m + 1)
    lowest = np.minimum.accumulate(steps[::-1])[::-1]
    return _placed(p, order, np.minimum(lowest, 1.0))


def _sorted(p_values: ArrayLike) -> tuple[FloatArray, NDArray[Any], int]:
    """Return the p-values, the positions of the known ones from small to large, their number."""
    p = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(p)
    if p.ndim != 1 or ((p[known] < 0) | (p[known] > 1)).any():
        raise ModelUsageError("p-values are one list of numbers between 0 and 1.")
    order = np.flatnonzero(known)[np.argsort(p[known], kind="stable")]
    return p, order, len(order)


def _placed(p: FloatArray, order: NDArray[Any], adjusted: FloatArray) -> FloatArray:
    out = np.full(len(p), np.nan)
    out[order] = adjusted
    return out
