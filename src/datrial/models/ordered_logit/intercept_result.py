"""What an ordered logit with a random intercept can answer, of a person and of the population."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.random_effects_poisson import BoundaryTest
from datrial.models.design import Design
from datrial.models.ordered_logit.predictions import AveragePredictions
from datrial.models.ordered_logit.result import average_probabilities
from datrial.models.ordered_logit.rows import drop_intercept
from datrial.models.result import RegressionResult, normal_quantile

FloatArray = NDArray[np.float64]

#: Step and end of the trapezoid rule over a standard normal effect: of a smooth function on the
#: whole line its error falls like exp(-2 pi d / step), d = pi / sigma here.
STEP, END = 0.25, 8.5


@dataclass(frozen=True, kw_only=True)
class RandomInterceptOrderedLogitResult(RegressionResult):
    """Estimates given the intercept of a group: coefficients, then `cut1`, `cut2`, ...

    Attributes
    ----------
    sigma, sigma_bse
        Standard deviation of the intercept and its error; an error of NaN at the boundary 0.
    boundary_test
        Likelihood-ratio test of no random intercept.
    pooled_llf
        Log-likelihood of the ordered logit without it.
    n_groups, n_points
        Groups (people), and nodes of the quadrature.
    quadrature_error
        By how much the log-likelihood changes with twice as many nodes.
    levels, level_counts
        Outcome levels, lowest first, and the rows at each.
    full_covariance
        Covariance of the estimates and the log of sigma.
    """

    sigma: float
    sigma_bse: float
    boundary_test: BoundaryTest
    pooled_llf: float
    n_groups: int
    n_points: int
    quadrature_error: float
    levels: list[object]
    level_counts: pd.Series
    full_covariance: FloatArray = field(repr=False)
    design: Design = field(repr=False)  # holds rows, which no log may show

    @property
    def coefficient_names(self) -> list[str]:
        """The entries of `params` that are coefficients."""
        return [str(name) for name in self.params.index[: -(len(self.levels) - 1)]]

    @property
    def intraclass_correlation(self) -> float:
        """Share of the latent variance that lies between groups: s^2 / (s^2 + pi^2 / 3)."""
        return self.sigma**2 / (self.sigma**2 + float(np.pi) ** 2 / 3)

    def sigma_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of sigma, built on the log scale; NaN at the boundary."""
        if self.sigma == 0:
            return float("nan"), float("nan")
        half = normal_quantile(level) * self.sigma_bse / self.sigma
        return float(self.sigma * np.exp(-half)), float(self.sigma * np.exp(half))

    def odds_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Odds ratios of being at a higher level, of one person at another predictor value.

        They lie further from 1 than those of the pooled model, which are of the population.
        Columns `odds_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high`. Stata:
        `meologit, or`.
        """
        return self._exponentiated(self.coefficient_names, "odds_ratio", level)

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average predictions of the population, the intercept integrated out.

        To be set beside the pooled model's. Index (factor value, outcome level); columns
        `probability`, `bse`, `ci_low`, `ci_high`. Stata: `margins` after `meologit`.
        """
        return self._averages(factor, marginal=True).table(level)

    def conditional_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average predictions of a person with the median intercept, 0.

        Stata: `margins, predict(mu conditional(fixedonly))`.
        """
        return self._averages(factor, marginal=False).table(level)

    def contrasts(self, factor: str, reference: object = None, level: float = 0.95) -> pd.DataFrame:
        """Differences of the population's predictions, as `OrderedLogitResult.contrasts`."""
        return self._averages(factor, marginal=True).contrasts(reference, level)

    def _averages(self, factor: str, *, marginal: bool) -> AveragePredictions:
        """Return the averages of which tables are made."""
        params = self.params.to_numpy(dtype=float)
        sigma, n_levels = self.sigma if marginal else 0.0, len(self.levels)

        def averaging(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
            columns = drop_intercept(matrix, self.design.names)
            if sigma > 0:
                return population_probabilities(params, sigma, columns, n_levels)
            mean, jacobian = average_probabilities(params, columns, np.ones(len(columns)), n_levels)
            return mean, np.column_stack([jacobian, np.zeros(n_levels)])

        return AveragePredictions.of(
            self.design, factor, self.levels, averaging, self.full_covariance
        )


def population_probabilities(
    params: FloatArray, sigma: float, matrix: FloatArray, n_levels: int
) -> tuple[FloatArray, FloatArray]:
    """Return mean level probabilities (J,) over rows and intercepts, and their Jacobian.

    The Jacobian (J, q + 1) is in the parameters and the log of sigma.
    """
    from scipy.special import expit

    k = matrix.shape[1]
    eta = matrix @ params[:k]
    z = np.arange(-END, END + STEP / 2, STEP)
    mass = np.exp(-(z**2) / 2)
    mass /= mass.sum()
    mean, jacobian = np.zeros(n_levels), np.zeros((n_levels, len(params) + 1))
    mean[-1] = 1.0
    for cut, point in enumerate(params[k:]):
        below, density, drift = 0.0, np.zeros(len(eta)), 0.0
        for node, share in zip(z, mass, strict=True):
            p = expit(point - eta - sigma * node)
            slope = p * (1 - p)
            below += share * float(p.mean())
            density += share * slope
            drift -= share * sigma * node * float(slope.mean())
        line = np.zeros(len(params) + 1)
        line[:k] = -(density @ matrix) / len(eta)
        line[k + cut], line[-1] = density.mean(), drift
        mean[cut] += below
        mean[cut + 1] -= below
        jacobian[cut] += line
        jacobian[cut + 1] -= line
    return mean, jacobian
