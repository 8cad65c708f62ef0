"""What a fitted ordered logit can answer: odds ratios and average adjusted predictions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design, factor_values, with_factor_at
from datrial.models.errors import ModelUsageError
from datrial.models.ordered_logit.likelihood import level_probabilities
from datrial.models.result import RegressionResult, normal_quantile

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
    """

    levels: list[object]
    level_counts: pd.Series
    coefficient_names: list[str]
    penalised_llf: float
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
        params = self.params.to_numpy(dtype=float)
        covariance = self.covariance.to_numpy(dtype=float)
        values = factor_values(self.design, factor)
        probabilities, errors = [], []
        for value in values:
            matrix = drop_intercept(with_factor_at(self.design, factor, value), self.design.names)
            mean, jacobian = average_probabilities(params, matrix, self.weights, len(self.levels))
            probabilities.append(mean)
            variance = np.einsum("jq,qr,jr->j", jacobian, covariance, jacobian)
            errors.append(np.sqrt(np.maximum(variance, 0.0)))
        index = pd.MultiIndex.from_product([values, self.levels], names=[factor, "level"])
        p, bse = np.concatenate(probabilities), np.concatenate(errors)
        low, high = logit_interval(p, bse, normal_quantile(level))
        return pd.DataFrame(
            {"probability": p, "bse": bse, "ci_low": low, "ci_high": high}, index=index
        )


def drop_intercept(matrix: FloatArray, names: list[str]) -> FloatArray:
    """Return the columns other than the intercept, which the cutpoints replace."""
    if "Intercept" not in names:
        raise ModelUsageError(
            "An ordered logit takes a formula with its intercept (no '- 1' or '0 +'): the "
            "cutpoints stand in its place."
        )
    return np.delete(matrix, names.index("Intercept"), axis=1)


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


def logit_interval(
    p: FloatArray, bse: FloatArray, quantile: float
) -> tuple[FloatArray, FloatArray]:
    """Return an interval for a probability, built on the logit scale: always inside 0..1."""
    from scipy.special import expit, logit

    with np.errstate(divide="ignore", invalid="ignore"):
        half = quantile * bse / (p * (1 - p))
        centre = logit(p)
    return np.asarray(expit(centre - half)), np.asarray(expit(centre + half))
