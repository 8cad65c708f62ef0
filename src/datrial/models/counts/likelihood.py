"""Log-likelihoods of count regressions with a log link, with gradient and Hessian."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.collapse import collapse_groups, collapse_rows
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
    """Counts y (n,), predictor columns x (n, k) and log exposure (n,).

    Sums over the rows are taken over the different ones, `rows`.
    """

    def __init__(self, y: FloatArray, matrix: FloatArray, offset: FloatArray) -> None:
        self.y, self.matrix, self.offset = y, matrix, offset
        self.rows = collapse_rows(matrix, offset)
        self.constant = -_log_factorials(y)
        self.y_by_row = total_by(self.rows.codes, len(self.rows.frequency), y)
        self.y_x = self.rows.matrix.T @ self.y_by_row
        self.y_offset = float(self.rows.offset @ self.y_by_row)

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
        return self.expected_by_row(coefficients)[self.rows.codes]

    def expected_by_row(self, coefficients: FloatArray) -> FloatArray:
        """Return the expected count of each different row, at random effect 1."""
        eta = self.rows.offset + self.rows.matrix @ coefficients
        return np.exp(np.clip(eta, -LARGEST_LINEAR_PREDICTOR, LARGEST_LINEAR_PREDICTOR))

    def poisson(self, coefficients: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the Poisson log-likelihood, gradient (k,) and Hessian (k, k)."""
        x = self.rows.matrix
        mean = self.rows.frequency * self.expected_by_row(coefficients)
        value = float(self.y_x @ coefficients) + self.y_offset - float(mean.sum()) + self.constant
        return value, self.y_x - x.T @ mean, -(x.T * mean) @ x

    def scores(self, coefficients: FloatArray) -> FloatArray:
        """Return each row's Poisson score (n, k)."""
        return self.matrix * (self.y - self.expected(coefficients))[:, None]

    def fit_poisson(self) -> Maximum:
        """Maximise the Poisson likelihood, starting from the overall rate."""
        frequency = self.rows.frequency
        target = np.log((self.y_by_row / frequency + self.y.mean()) / 2) - self.rows.offset
        root = np.sqrt(frequency)
        start, *_ = np.linalg.lstsq(self.rows.matrix * root[:, None], target * root, rcond=None)
        return maximise(self.poisson, start)


class GroupedCounts:
    """A count regression whose rows share a random effect within groups.

    Parameters are the k coefficients, then the log dispersion s of the kernel. Groups that are
    alike are one cell with a frequency.
    """

    def __init__(self, data: CountData, codes: IntArray, n_groups: int, kernel: Kernel) -> None:
        self.data, self.codes, self.n_groups, self.kernel = data, codes, n_groups, kernel
        self.total = total_by(codes, n_groups, data.y)
        self.cells = collapse_groups(data.rows, codes, n_groups, self.total)
        self.matrix = data.rows.matrix[self.cells.rows]

    def value_gradient_hessian(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, gradient (k+1,) and Hessian (k+1, k+1)."""
        data, cells, k = self.data, self.cells, len(params) - 1
        if not -60 < params[k] < 30:
            return -np.inf, np.zeros(k + 1), np.zeros((k + 1, k + 1))
        x = self.matrix
        mean = data.expected_by_row(params[:k])[cells.rows]
        expected = total_by(cells.profiles, cells.n_profiles, mean)
        t = self.kernel(cells.total, expected[cells.profile], float(params[k]))
        means = sum_by(cells.profiles, cells.n_profiles, x * mean[:, None])
        effect, variance, slope = (
            total_by(cells.profile, cells.n_profiles, cells.frequency * each)
            for each in (t.effect, t.effect_variance, t.effect_slope)
        )
        shrunk = mean * effect[cells.profiles]
        gradient, hessian = np.empty(k + 1), np.empty((k + 1, k + 1))
        gradient[:k] = data.y_x - x.T @ shrunk
        gradient[k] = cells.frequency @ t.slope
        hessian[:k, :k] = (means.T * variance) @ means - (x.T * shrunk) @ x
        hessian[:k, k] = hessian[k, :k] = -means.T @ slope
        hessian[k, k] = cells.frequency @ t.curvature
        value = float(data.y_x @ params[:k]) + data.y_offset + float(cells.frequency @ t.value)
        return value + data.constant, gradient, hessian

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
        cells = self.cells
        mean = self.data.expected_by_row(poisson.point)[cells.rows]
        expected = total_by(cells.profiles, cells.n_profiles, mean)[cells.profile]
        excess = float(cells.frequency @ ((cells.total - expected) ** 2 - cells.total))
        dispersion = np.clip(excess / float(cells.frequency @ expected**2), 1e-3, 5.0)
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


def _log_factorials(y: FloatArray) -> float:
    """Return the sum of ln y!, count by count where they are small."""
    from scipy.special import gammaln

    if y.max(initial=0) >= len(y):
        return float(gammaln(y + 1).sum())
    times = np.bincount(y.astype(np.int64))
    return float(gammaln(np.arange(len(times)) + 1.0) @ times)
