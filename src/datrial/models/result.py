"""What every regression result can answer."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError

FloatArray = NDArray[np.float64]

#: Correlations of estimates with a smaller eigenvalue than this have not full rank.
SINGULAR = 1e-10


class ChiSquaredTest(NamedTuple):
    """A test with a chi-squared reference distribution."""

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class RegressionResult:
    """Estimates of a regression by maximum likelihood.

    Attributes
    ----------
    params
        Estimates, named as in the formula.
    covariance
        Their covariance matrix, see `covariance_note`.
    llf
        Log-likelihood at the estimates.
    n_params
        Free parameters, including any that are not in `params` (a dispersion).
    nobs
        Rows used, or the sum of the frequency weights.
    n_left_out
        Rows dropped for a missing answer in anything the model uses.
    converged
        Whether the maximiser met its tolerance.
    n_clusters
        Number of clusters behind robust errors, None without clusters.
    covariance_note
        Which covariance this is, with the small-sample factor.
    notes
        Plain sentences a reader of the estimates should know.
    """

    params: pd.Series
    covariance: pd.DataFrame
    llf: float
    n_params: int
    nobs: float
    n_left_out: int
    converged: bool
    n_clusters: int | None
    covariance_note: str
    notes: tuple[str, ...]

    @property
    def bse(self) -> pd.Series:
        """Standard errors."""
        variances = np.diag(self.covariance.to_numpy(dtype=float))
        with np.errstate(invalid="ignore"):
            return pd.Series(np.sqrt(variances), index=self.params.index, name="bse")

    @property
    def zvalues(self) -> pd.Series:
        """Estimates over their standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.params / self.bse).rename("z")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values from the normal distribution."""
        return pd.Series(two_sided_p(self.zvalues), index=self.params.index, name="p_value")

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.llf + 2 * self.n_params

    @property
    def bic(self) -> float:
        """Schwarz's criterion, with the logarithm of `nobs`."""
        return -2 * self.llf + float(np.log(self.nobs)) * self.n_params

    def cov_params(self) -> pd.DataFrame:
        """Covariance matrix of `params`."""
        return self.covariance.copy()

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Wald intervals: columns `ci_low` and `ci_high`."""
        half = normal_quantile(level) * self.bse
        return pd.DataFrame({"ci_low": self.params - half, "ci_high": self.params + half})

    def parameters_of(self, predictor: str) -> list[Hashable]:
        """Return the entries of `params` of every term with this predictor of the formula.

        Interactions with it are among them. Anything else that is an entry of `params` (a
        single column of a factor, a cutpoint) stands for itself.
        """
        design = getattr(self, "design", None)
        if design is not None and predictor in design.frame.columns:
            columns = sorted(design.spec.variable_indices[predictor])
            terms = {design.names[column] for column in columns}
            return [name for name in self.params.index if self._term(name) in terms]
        if predictor in self.params.index:
            return [predictor]
        known = ", ".join(map(str, self.params.index if design is None else design.frame.columns))
        raise ModelUsageError(
            f"'{predictor}' is not a predictor of this model; it has {known or 'none'}."
        )

    def joint_test(self, names: str | Sequence[Hashable]) -> ChiSquaredTest:
        """Test that several parameters are all 0 (Wald), with the covariance of the model.

        So with the robust one where rows are clustered. Stata: `testparm` after `vce(cluster
        id)`.

        Parameters
        ----------
        names
            A predictor of the formula, all of whose terms are tested, or entries of `params`.

        Returns
        -------
        ChiSquaredTest
            `statistic`, `df` (the number of parameters) and `p_value`. Statistic and p-value
            are NaN where there is no test: the covariance of the parameters has not full rank
            (fewer clusters than parameters, an error of 0) or holds no numbers.

        Raises
        ------
        ModelUsageError
            For a name that is neither, or no name.
        """
        asked = self.parameters_of(names) if isinstance(names, str) else list(names)
        unknown = [str(name) for name in asked if name not in self.params.index]
        if unknown or not asked:
            raise ModelUsageError(
                f"The model has no parameter {', '.join(map(repr, unknown))}."
                if unknown
                else "A joint test needs at least one parameter."
            )
        index = list(self.params.index)
        at = [index.index(name) for name in dict.fromkeys(asked)]
        return wald_test(
            self.params.to_numpy(dtype=float)[at],
            self.covariance.to_numpy(dtype=float)[np.ix_(at, at)],
        )

    def _term(self, parameter: Hashable) -> str:
        """Return the term of the formula that a parameter belongs to."""
        return str(parameter)

    def _exponentiated(self, names: list[str], label: str, level: float) -> pd.DataFrame:
        """Ratios exp(b) with delta-method errors and intervals built on the log scale."""
        limits = self.conf_int(level).loc[names]
        ratio = np.exp(self.params[names])
        return pd.DataFrame(
            {
                label: ratio,
                "bse": ratio * self.bse[names],
                "p_value": self.pvalues[names],
                "ci_low": np.exp(limits["ci_low"]),
                "ci_high": np.exp(limits["ci_high"]),
            }
        )


def wald_test(estimates: FloatArray, covariance: FloatArray) -> ChiSquaredTest:
    """Return Wald's test that all estimates are 0; NaN where the covariance carries none."""
    from scipy.special import chdtrc

    df, none = len(estimates), float("nan")
    variances = np.diag(covariance)
    if not np.isfinite(covariance).all() or not (variances > 0).all():
        return ChiSquaredTest(none, df, none)
    # As correlations, so that the units of the predictors decide nothing.
    scale = np.sqrt(variances)
    correlations = covariance / np.outer(scale, scale)
    if not np.linalg.eigvalsh(correlations)[0] > SINGULAR:
        return ChiSquaredTest(none, df, none)
    scaled = estimates / scale
    statistic = max(float(scaled @ np.linalg.solve(correlations, scaled)), 0.0)
    return ChiSquaredTest(statistic, df, float(chdtrc(df, statistic)))


def normal_quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval, 1.96 for level 0.95."""
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise ModelUsageError("The level of an interval must lie between 0 and 1, as in 0.95.")
    return float(ndtri(0.5 + level / 2))


def two_sided_p(z: pd.Series | FloatArray) -> FloatArray:
    """Return two-sided p-values of standard normal statistics."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(np.asarray(z, dtype=float))))
