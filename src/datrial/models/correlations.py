"""The correlation of two numbers of the same people, with an interval that small samples need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations
from math import atanh, nan, sqrt, tanh
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.paired.mean_change import t_p_value
from datrial.models.paired.readings import paired_numbers
from datrial.models.result import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatArray = NDArray[np.float64]
Method = Literal["pearson", "spearman"]

#: Up to this many people every order is tried; above it orders are drawn.
EXACT_UP_TO = 9

DRAWS, SEED = 99_999, 20_161_101


@dataclass(frozen=True)
class CorrelationResult:
    """A correlation.

    Attributes
    ----------
    estimate, ci_low, ci_high
        The correlation and its interval, built on Fisher's z scale: it never leaves -1 to 1. No
        interval with fewer than four people or at -1 and 1; no correlation where one of the two
        is the same for everybody.
    p_value
        Of the permutation test that nothing ties the two together: exact up to nine people, from
        99,999 drawn orders above. Two-sided.
    p_t
        Student's p-value, for comparison with print.
    method
        ``pearson`` or ``spearman``.
    n, n_left_out
        People with both numbers, and pairs with one missing.
    notes
        What a reader of the correlation should know.
    """

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    p_t: float
    method: Method
    n: int
    n_left_out: int
    notes: tuple[str, ...]


def correlation(
    first: ArrayLike, second: ArrayLike, *, method: Method = "pearson", level: float = 0.95
) -> CorrelationResult:
    """Correlate two numbers of the same people.

    Fisher (1921), Metron 1, 3-32; Spearman (1904), American Journal of Psychology 15, 72-101, with
    the error of Bonett and Wright (2000), Psychometrika 65, 23-28. Stata: `ci2`, `spearman`; R:
    `cor.test`, `statpsych::ci.spear`.

    Parameters
    ----------
    first, second
        One number per person, in the same order; incomplete pairs are left out and counted.
    method
        ``pearson`` for a straight line, ``spearman`` for ranks (ties share their mean).
    level
        Of the interval.

    Raises
    ------
    ModelUsageError, ModelDataError
        For an unknown method, anything but numbers, or fewer than two complete pairs.

    Notes
    -----
    A change correlated with its own first reading is negative by itself: see
    `regression_to_the_mean`. Change against the time between two readings has no such pull.
    """
    if method not in ("pearson", "spearman"):
        raise ModelUsageError("A correlation is pearson or spearman.")
    quantile = normal_quantile(level)
    names = ("first numbers", "second numbers")
    x, y, left_out = paired_numbers(first, second, names, fewest=2)
    n = len(x)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        note = ("One of the two is the same for everybody: there is nothing to correlate.",)
        return CorrelationResult(nan, nan, nan, nan, nan, method, n, left_out, note)
    if method == "spearman":
        from scipy.stats import rankdata

        x, y = rankdata(x), rankdata(y)
    x, y = unit(x), unit(y)
    r, low, high = limits(x, y, method, quantile)
    notes: tuple[str, ...] = ()
    if not np.isfinite(low):
        notes = ("No interval: fewer than four people, or a correlation of -1 or 1.",)
    p_t = nan if n < 3 else _p_student(r, n)
    return CorrelationResult(r, low, high, _p_permuted(x, y), p_t, method, n, left_out, notes)


def limits(
    x: FloatArray, y: FloatArray, method: Method, quantile: float
) -> tuple[float, float, float]:
    """Return the correlation of two columns of length one about 0, and its interval."""
    r, n = min(max(float(x @ y), -1.0), 1.0), len(x)
    if abs(r) > 1 - 1e-12:
        return float(np.sign(r)), nan, nan
    if n < 4:
        return r, nan, nan
    half = quantile * sqrt((1 + r**2 / 2 if method == "spearman" else 1.0) / (n - 3))
    return r, tanh(atanh(r) - half), tanh(atanh(r) + half)


def unit(values: FloatArray) -> FloatArray:
    """Return a column less its mean, of length one."""
    centred = values - values.mean()
    return np.asarray(centred / np.sqrt(centred @ centred))


def _p_student(r: float, n: int) -> float:
    return 0.0 if abs(r) == 1 else t_p_value(r * sqrt((n - 2) / (1 - r**2)), n - 2)


@cache
def _orders(n: int) -> NDArray[np.int8]:
    return np.array(list(permutations(range(n))), dtype=np.int8)


def _p_permuted(x: FloatArray, y: FloatArray) -> float:
    """Return the share of orders with at least this correlation, either way."""
    observed = abs(float(x @ y)) - 1e-9
    n = len(x)
    if n <= EXACT_UP_TO:
        return float((np.abs(x[_orders(n)] @ y) >= observed).mean())
    rng = np.random.default_rng(SEED)
    hits, left = 0, DRAWS
    while left:
        drawn = rng.permuted(np.tile(x, (min(left, 10_000), 1)), axis=1)
        hits += int((np.abs(drawn @ y) >= observed).sum())
        left -= len(drawn)
    return (1 + hits) / (1 + DRAWS)
