"""What a fitted logit can answer, whatever the number of its outcome levels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design, factor_values, with_factor_at
from datrial.models.errors import ModelUsageError
from datrial.models.logit.likelihood import level_shares, level_variance, linear_predictors
from datrial.models.logit.problem import LogitProblem
from datrial.models.logit.separation import Separation
from datrial.models.newton import Maximum
from datrial.models.ordered_logit.result import logit_interval
from datrial.models.profile import profile_limits, profile_p_value
from datrial.models.result import ChiSquaredTest, RegressionResult, normal_quantile

__all__ = ["ChiSquaredTest", "LogitFamilyResult", "average_shares"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LogitFamilyResult(RegressionResult):
    """Estimates of a binary or multinomial logit.

    Attributes
    ----------
    levels, level_counts
        Outcome levels, the reference first, and the rows (or weights) at each.
    penalty
        None, ``"firth"`` or ``"log_f"``: what was used, also where it was left to ``"auto"``.
    penalised_llf
        Log-likelihood plus penalty at the estimates; equals `llf` without a penalty.
    llf_null
        Log-likelihood of the model with intercepts only.
    separation
        Whether maximum likelihood has no finite estimate, and for which parameters.
    sparse
        0/1 predictor columns with fewer than five rows in some cell with the outcome.
    """

    levels: list[object]
    level_counts: pd.Series
    penalty: str | None
    penalised_llf: float
    llf_null: float
    separation: Separation
    sparse: tuple[str, ...]
    design: Design = field(repr=False)  # holds rows, which no log may show
    weights: FloatArray = field(repr=False)
    problem: LogitProblem = field(repr=False)
    top: Maximum = field(repr=False)

    @property
    def mcfadden_r2(self) -> float:
        """McFadden's (1974) 1 - llf / llf_null, from the likelihood without its penalty."""
        return 1 - self.llf / self.llf_null

    @property
    def separated(self) -> list[Hashable]:
        """Names of the parameters without a finite maximum-likelihood estimate."""
        return [self.params.index[position] for position in self.separation.unbounded]

    def likelihood_ratio_test(self) -> ChiSquaredTest:
        """Test all coefficients at once against the model with intercepts only.

        Under a penalty both likelihoods carry the penalty of the full model, the coefficients
        held at 0 in one of them (Heinze and Schemper 2002, as R's `logistf`).

        Raises
        ------
        ModelUsageError
            With clusters: their rows are not independent, so the ratio has another distribution.
        """
        self._refuse_clusters("The likelihood-ratio test", "use joint_test()")
        columns = len(self.design.names)
        held = np.arange(len(self.params)) % columns > 0
        null = self.problem.fit(np.where(held, 0.0, self.top.point), held)
        return _chi_squared(2 * (self.top.value - null.value), int(held.sum()))

    def joint_test(self, names: str | Sequence[Hashable]) -> ChiSquaredTest:
        """Test that several parameters are all 0, as `RegressionResult.joint_test`.

        NaN besides where one of them has no finite estimate and there is no penalty.
        """
        test = super().joint_test(names)
        asked = self.parameters_of(names) if isinstance(names, str) else list(names)
        if self.penalty is None and set(asked) & set(self.separated):
            return ChiSquaredTest(float("nan"), test.df, float("nan"))
        return test

    def profile_intervals(
        self, names: Sequence[Hashable] | None = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Profile-likelihood intervals and likelihood-ratio tests of single parameters.

        For rows that are independent. Under a penalty those of the penalised likelihood, which
        are to be preferred to Wald's where data are sparse. An end is infinite where the
        likelihood never falls far enough.

        Parameters
        ----------
        names
            Entries of `params`; all by default.

        Returns
        -------
        DataFrame
            `estimate`, `ci_low`, `ci_high`, `p_value`, on the scale of `params`.

        Raises
        ------
        ModelUsageError
            For an unknown name, or with clusters, whose rows are not independent.
        """
        self._refuse_clusters("A profile interval", "use conf_int()")
        quantile = normal_quantile(level)
        asked = list(self.params.index) if names is None else list(names)
        unknown = [str(name) for name in asked if name not in self.params.index]
        if unknown:
            raise ModelUsageError(f"The model has no parameter {', '.join(map(repr, unknown))}.")
        errors = self.bse.to_numpy(dtype=float)
        rows = []
        for name in asked:
            j = list(self.params.index).index(name)
            column = self.problem.likelihood.matrix[:, j % self.problem.likelihood.n_columns]
            ends = profile_limits(
                self.problem, self.top, j, float(errors[j]), quantile,
                longest=5.0 / max(float(np.abs(column).max()), 1e-300),  # on the logit scale
            )  # fmt: skip
            rows.append((self.top.point[j], *ends, profile_p_value(self.problem, self.top, j)))
        index = self.params.index[[list(self.params.index).index(name) for name in asked]]
        return pd.DataFrame(rows, index=index, columns=["estimate", "ci_low", "ci_high", "p_value"])

    def _exponentiated(self, names: list[str], label: str, level: float) -> pd.DataFrame:
        """Return ratios as every regression does; an infinite one is no fault of the arithmetic."""
        with np.errstate(over="ignore", invalid="ignore"):
            return super()._exponentiated(names, label, level)

    def _average(self, factor: str, level: float) -> tuple[list[object], pd.DataFrame]:
        """Return a factor's values and the average prediction of every level at each."""
        covariance = self.covariance.to_numpy(dtype=float)
        values, parts = factor_values(self.design, factor), []
        for value in values:
            matrix = with_factor_at(self.design, factor, value)
            mean, jacobian = average_shares(self.top.point, matrix, self.weights)
            variance = np.einsum("jq,qr,jr->j", jacobian, covariance, jacobian)
            parts.append(np.column_stack([mean, np.sqrt(np.maximum(variance, 0.0))]))
        p, bse = np.concatenate(parts).T
        low, high = logit_interval(p, bse, normal_quantile(level))
        return values, pd.DataFrame({"probability": p, "bse": bse, "ci_low": low, "ci_high": high})

    def _term(self, parameter: Hashable) -> str:
        """Return the term of a parameter, which a multinomial logit has once for each level."""
        return str(parameter[1]) if isinstance(parameter, tuple) else str(parameter)

    def _refuse_clusters(self, what: str, instead: str) -> None:
        if self.n_clusters is not None:
            raise ModelUsageError(
                f"{what} is not valid with clusters, whose rows are not independent; {instead}."
            )


def average_shares(
    params: FloatArray, matrix: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted mean level probabilities (J,) and their Jacobian (J, q)."""
    p, others, log_sum = level_shares(linear_predictors(params, matrix))
    share, k, size = weights / weights.sum(), matrix.shape[1], p.shape[1]
    variance = level_variance(p, others)
    jacobian = np.zeros((size + 1, size * k))
    for level in range(size):
        for moved in range(size):
            columns = slice(moved * k, (moved + 1) * k)
            jacobian[level + 1, columns] = (share * variance[:, level, moved]) @ matrix
    jacobian[0] = -jacobian[1:].sum(axis=0)
    return np.concatenate([[share @ np.exp(-log_sum)], share @ p]), jacobian


def _chi_squared(statistic: float, df: int) -> ChiSquaredTest:
    from scipy.special import chdtrc

    statistic = max(statistic, 0.0)
    return ChiSquaredTest(statistic, df, float(chdtrc(df, statistic)) if df else float("nan"))
