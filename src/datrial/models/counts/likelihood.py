"""Log-likelihoods of count regressions with a log link, with gradient and Hessian."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.random_effects import Kernel, NormalEffect
from datrial.models.design import Design, positive_column
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.newton import ROUNDING, Maximum, maximise
from datrial.models.sandwich import sum_by, total_by

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LARGEST_LINEAR_PREDICTOR = 200.0
SMALLEST_LOG_VARIANCE = -16.0


class CountData:
    """Counts y (n,), predictor columns x (n, k) and log exposure (n,)."""

    def __init__(self, y: FloatArray, matrix: FloatArray, offset: FloatArray) -> None:
        from scipy.special import gammaln

        self.y, self.matrix, self.offset = y, matrix, offset
        self.constant = float(-gammaln(y + 1).sum())

    @classmethod
    def from_design(cls, design: Design) -> CountData:
        """Check the outcome and exposure of a design."""
        y = checked_counts(design.outcome)
        if "exposure" in design.extras:
            offset = np.log(positive_column(design.extras["exposure"], "exposure"))
        else:
            offset = np.zeros(len(y))
        return cls(y, design.matrix, offset)

    def expected(self, coefficients: FloatArray) -> FloatArray:
        """Return the expected counts at random effect 1."""
        eta = self.offset + self.matrix @ coefficients
        return np.exp(np.clip(eta, -LARGEST_LINEAR_PREDICTOR, LARGEST_LINEAR_PREDICTOR))

    def poisson(self, coefficients: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the Poisson log-likelihood, gradient (k,) and Hessian (k, k)."""
        mean = self.expected(coefficients)
        eta = self.offset + self.matrix @ coefficients
        value = float(self.y @ eta - mean.sum()) + self.constant
        gradient = self.matrix.T @ (self.y - mean)
        return value, gradient, -(self.matrix.T * mean) @ self.matrix

    def fit_poisson(self) -> Maximum:
        """Maximise the Poisson likelihood, starting from the overall rate."""
        target = np.log((self.y + self.y.mean()) / 2) - self.offset
        start, *_ = np.linalg.lstsq(self.matrix, target, rcond=None)
        return maximise(self.poisson, start)


class GroupedCounts:
    """A count regression whose rows share a random effect within groups.

    Parameters are the k coefficients, then the log dispersion s of the kernel.
    """

    def __init__(self, data: CountData, codes: IntArray, n_groups: int, kernel: Kernel) -> None:
        self.data, self.codes, self.n_groups, self.kernel = data, codes, n_groups, kernel
        self.total = total_by(codes, n_groups, data.y)

    def value_gradient_hessian(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, gradient (k+1,) and Hessian (k+1, k+1)."""
        data, k = self.data, len(params) - 1
        if not -60 < params[k] < 30:
            return -np.inf, np.zeros(k + 1), np.zeros((k + 1, k + 1))
        x, mean = data.matrix, data.expected(params[:k])
        expected = total_by(self.codes, self.n_groups, mean)
        t = self.kernel(self.total, expected, float(params[k]))
        eta = data.offset + x @ params[:k]
        shrunk = mean * t.effect[self.codes]
        group_means = sum_by(self.codes, self.n_groups, x * mean[:, None])
        gradient, hessian = np.empty(k + 1), np.empty((k + 1, k + 1))
        gradient[:k] = x.T @ (data.y - shrunk)
        gradient[k] = t.slope.sum()
        hessian[:k, :k] = (group_means.T * t.effect_variance) @ group_means - (x.T * shrunk) @ x
        hessian[:k, k] = hessian[k, :k] = -group_means.T @ t.effect_slope
        hessian[k, k] = t.curvature.sum()
        return float(data.y @ eta + t.value.sum()) + data.constant, gradient, hessian

    def row_scores(self, params: FloatArray) -> FloatArray:
        """Return each row's score (n, k+1); the dispersion's is on the group's first row."""
        data, k = self.data, len(params) - 1
        mean = data.expected(params[:k])
        expected = total_by(self.codes, self.n_groups, mean)
        t = self.kernel(self.total, expected, float(params[k]))
        scores = np.zeros((len(data.y), k + 1))
        scores[:, :k] = data.matrix * (data.y - mean * t.effect[self.codes])[:, None]
        first = np.unique(self.codes, return_index=True)[1]
        scores[first, k] = t.slope
        return scores

    def fit(self, poisson: Maximum) -> Maximum:
        """Maximise from the Poisson estimates and a moment estimate of the dispersion."""
        return maximise(self.value_gradient_hessian, self.start(poisson))

    def start(self, poisson: Maximum) -> FloatArray:
        """Return the Poisson estimates and a moment estimate of the log dispersion."""
        mean = self.data.expected(poisson.point)
        expected = total_by(self.codes, self.n_groups, mean)
        excess = float(((self.total - expected) ** 2 - self.total).sum())
        dispersion = np.clip(excess / float((expected**2).sum()), 1e-3, 5.0)
        return np.append(poisson.point, np.log(dispersion) * self._log_power())

    def _log_power(self) -> float:
        """Return 1 where s is the log of a variance, 1/2 where of a standard deviation."""
        return 0.5 if isinstance(self.kernel, NormalEffect) else 1.0


def vanishes(top: Maximum, poisson: Maximum, log_variance: float) -> bool:
    """Return whether a fitted dispersion is no better than none, to rounding."""
    negligible = 1e-7 + ROUNDING * abs(poisson.value)
    return top.value < poisson.value + negligible or log_variance < SMALLEST_LOG_VARIANCE


def checked_counts(outcome: pd.Series) -> FloatArray:
    """Return counts as floats, or say how many rows are not whole and zero or above."""
    if not (pd.api.types.is_numeric_dtype(outcome.dtype)):
        raise ModelUsageError(f"The outcome '{outcome.name}' must be a count (a number).")
    y = np.asarray(outcome, dtype=np.float64)
    wrong = int((~np.isfinite(y) | (y < 0) | (y != np.rint(y))).sum())
    if wrong:
        raise ModelDataError(
            f"The outcome '{outcome.name}' must be whole numbers of zero or more; {wrong} rows "
            "are not."
        )
    if not y.any():
        raise ModelDataError(f"The outcome '{outcome.name}' is zero in every row.")
    return y
