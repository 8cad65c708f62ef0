"""What a fitted ordered logit can answer: odds ratios and average adjusted predictions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design
from datrial.models.ordered_logit.brant import BrantTest, brant_test
from datrial.models.ordered_logit.likelihood import level_probabilities
from datrial.models.ordered_logit.predictions import AveragePredictions, logit_interval
from datrial.models.ordered_logit.rows import drop_intercept
from datrial.models.result import RegressionResult

__all__ = ["OrderedLogitResult", "average_probabilities", "logit_interval"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OrderedLogitResult(RegressionResult):
    """Estimates of an ordered logit: coefficients, then `cut1`, `cut2`, ... increasing.

    Attributes
    ----------
    levels
        Outcome levels, lowest first.
    level_counts
        Rows (or sum of weights) at each level.
    coefficient_names
        The entries of `params` that are coefficients.
    penalised_llf
        Log-likelihood plus penalty at the estimates; equals `llf` without a penalty.
    penalty
        The penalty used, None or ``"log_f"``; with ``"auto"``, the one that was chosen.
    """

    levels: list[object]
    level_counts: pd.Series
    coefficient_names: list[str]
    penalised_llf: float
    penalty: str | None
    design: Design = field(repr=False)  # holds rows, which no log may show
    weights: FloatArray = field(repr=False)

    def odds_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Odds ratios of being at a higher level, per unit of each predictor column.

        Columns `odds_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high` (built on
        the log scale). Stata: `ologit, or`.
        """
        return self._exponentiated(self.coefficient_names, "odds_ratio", level)

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average adjusted predictions of every outcome level at each value of a factor.

        Each row's factor is set to the value, everything else is left as observed, and the
        predicted probabilities are averaged over the rows. Errors by the delta method; the
        interval is built on the logit scale, so it stays inside 0..1. Stata:
        `margins factor`; R: `marginaleffects::avg_predictions`.

        Returns
        -------
        DataFrame
            Index (factor value, outcome level); columns `probability`, `bse`, `ci_low`,
            `ci_high`.
        """
        return self.averages(factor).table(level)

    def contrasts(self, factor: str, reference: object = None, level: float = 0.95) -> pd.DataFrame:
        """Differences of the average predictions from those at a reference value of a factor.

        The reference is the factor's first value unless another is given. Errors and p-values
        by the delta method, as Stata's `margins r.factor`; the interval joins the intervals of
        the two probabilities (MOVER), so it stays inside -1..1.

        Returns
        -------
        DataFrame
            Index (factor value, outcome level), the reference left out; columns `difference`,
            `bse`, `p_value`, `ci_low`, `ci_high`.
        """
        return self.averages(factor).contrasts(reference, level)

    def brant(self) -> BrantTest:
        """Brant's (1990) test that each predictor has the same effect at every cut."""
        return brant_test(self.design, self.levels, self.weights)

    def averages(self, factor: str) -> AveragePredictions:
        """Return what `average_predictions` and `contrasts` of a factor are both made of."""
        params = self.params.to_numpy(dtype=float)

        def averaging(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
            columns = drop_intercept(matrix, self.design.names)
            return average_probabilities(params, columns, self.weights, len(self.levels))

        covariance = self.covariance.to_numpy(dtype=float)
        return AveragePredictions.of(self.design, factor, self.levels, averaging, covariance)


def average_probabilities(
    params: FloatArray, matrix: FloatArray, weights: FloatArray, n_levels: int
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean level probabilities (J,) and their Jacobian (J, q)."""
    k = matrix.shape[1]
    p, density = level_probabilities(params, matrix, n_levels)
    share = weights / weights.sum()
    jacobian = np.zeros((n_levels, len(params)))
    jacobian[:, :k] = -(share[:, None] * np.diff(density, axis=1)).T @ matrix
    mean_density = share @ density
    for cut in range(1, n_levels):
        jacobian[cut - 1, k + cut - 1] = mean_density[cut]
        jacobian[cut, k + cut - 1] = -mean_density[cut]
    return share @ p, jacobian
