"""What every regression result can answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError

FloatArray = NDArray[np.float64]


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
