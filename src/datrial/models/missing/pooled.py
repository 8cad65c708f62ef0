"""What a pooled result can answer: as a single fit does, with t distributions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from datrial.models.errors import ModelUsageError
from datrial.models.missing.rubin import rubins_rules, t_pvalues, t_quantile
from datrial.models.result import wald_test


class PooledTest(NamedTuple):
    """A joint test of pooled parameters."""

    statistic: float
    df_num: int
    df_denom: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class PooledResult:
    """Estimates pooled over imputations by Rubin's rules.

    There is no likelihood: the fits have one each, of data that differ.

    Attributes
    ----------
    params
        Mean estimates, named as in the fits.
    within, between
        Mean covariance of the fits, and covariance of their estimates.
    df, riv, fmi
        Per parameter: degrees of freedom (Barnard and Rubin 1999), relative increase in
        variance, and fraction of missing information.
    m
        Number of imputations.
    df_complete
        Degrees of freedom without missing answers, infinite for large samples.
    nobs, n_left_out, n_clusters
        As in the fits (means where they differ).
    converged
        Whether every fit did.
    covariance_note, notes
        In plain sentences, those of the fits among them.
    """

    params: pd.Series
    within: pd.DataFrame
    between: pd.DataFrame
    df: pd.Series
    riv: pd.Series
    fmi: pd.Series
    m: int
    df_complete: float
    nobs: float
    n_left_out: float
    n_clusters: int | None
    converged: bool
    covariance_note: str
    notes: tuple[str, ...]
    fits: tuple[Any, ...] = field(repr=False)  # hold rows, which no log may show

    @property
    def covariance(self) -> pd.DataFrame:
        """Total covariance: within + (1 + 1/m) between."""
        return self.within + (1 + 1 / self.m) * self.between

    @property
    def bse(self) -> pd.Series:
        """Standard errors."""
        with np.errstate(invalid="ignore"):
            errors = np.sqrt(np.diag(self.covariance.to_numpy(dtype=float)))
        return pd.Series(errors, index=self.params.index, name="bse")

    @property
    def tvalues(self) -> pd.Series:
        """Estimates over their standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.params / self.bse).rename("t")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values from the t distribution with `df`."""
        p = t_pvalues(self.tvalues.to_numpy(dtype=float), self.df.to_numpy(dtype=float))
        return pd.Series(p, index=self.params.index, name="p_value")

    @property
    def relative_efficiency(self) -> pd.Series:
        """Efficiency against infinitely many imputations, 1 / (1 + fmi / m)."""
        return (1 / (1 + self.fmi / self.m)).rename("relative_efficiency")

    def cov_params(self) -> pd.DataFrame:
        """Covariance matrix of `params`."""
        return self.covariance

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Intervals from the t distribution: columns `ci_low` and `ci_high`."""
        half = t_quantile(self.df.to_numpy(dtype=float), level) * self.bse
        return pd.DataFrame({"ci_low": self.params - half, "ci_high": self.params + half})

    def odds_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Odds ratios as a single logit, ordered or not, gives them, and `fmi`.

        Wald's, also where some fits are penalised.
        """
        return self._ratios("odds_ratios", level)

    def relative_risk_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Ratios exp(b) as a single multinomial logit gives them, and `fmi`."""
        return self._ratios("relative_risk_ratios", level)

    def rate_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Rate ratios as a single count regression gives them, and `fmi`."""
        return self._ratios("rate_ratios", level)

    def joint_test(self, names: str | Sequence[Hashable]) -> PooledTest:
        """Test that several parameters are all 0 (Li, Raghunathan and Rubin 1991).

        JASA 86, 1065-1073; Stata: `mi test`; R: `mice::D1`. It takes the share of missing
        information to be the same for all of them.

        Parameters
        ----------
        names
            A predictor of the formula, all of whose terms are tested, or entries of `params`.

        Returns
        -------
        PooledTest
            Statistic and p-value are NaN where the covariance within the fits has not full
            rank, as in the joint test of a single fit.
        """
        from scipy.special import chdtrc, fdtrc

        asked = self.parameters_of(names) if isinstance(names, str) else list(names)
        unknown = [str(name) for name in asked if name not in self.params.index]
        if unknown or not asked:
            raise ModelUsageError(f"The model has no parameter {', '.join(map(repr, unknown))}.")
        index = list(self.params.index)
        at = [index.index(name) for name in dict.fromkeys(asked)]
        estimate = self.params.to_numpy(dtype=float)[at]
        within = self.within.to_numpy(dtype=float)[np.ix_(at, at)]
        between = self.between.to_numpy(dtype=float)[np.ix_(at, at)]
        if np.isnan(wald_test(estimate, within).statistic):
            return PooledTest(float("nan"), len(at), float("nan"), float("nan"))
        k, inverse = len(at), np.linalg.inv(within)
        r = (1 + 1 / self.m) * float(np.trace(between @ inverse)) / k
        statistic = float(estimate @ inverse @ estimate) / (k * (1 + r))
        spare = k * (self.m - 1)
        if r <= 0:
            return PooledTest(statistic, k, float("inf"), float(chdtrc(k, k * statistic)))
        if spare > 4:
            df = 4 + (spare - 4) * (1 + (1 - 2 / spare) / r) ** 2
        else:
            df = spare * (1 + 1 / k) * (1 + 1 / r) ** 2 / 2
        return PooledTest(statistic, k, df, float(fdtrc(k, df, statistic)))

    def parameters_of(self, predictor: str) -> list[Hashable]:
        """Return the entries of `params` of a predictor, as those of a single fit."""
        of_one = getattr(self.fits[0], "parameters_of", None)
        return [predictor] if of_one is None else list(of_one(predictor))

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average adjusted predictions of the fits, pooled.

        The estimate is the mean over imputations, so that the probabilities of all levels sum
        to 1. Errors are pooled, and the interval is built, on the log-odds scale (for counts the
        log scale), where an interval stays inside 0..1.

        Returns
        -------
        DataFrame
            Indexed as that of a single fit: `probability` or `mean_count`, `bse`, `ci_low`,
            `ci_high`, `fmi`.
        """
        from scipy.special import expit, logit

        tables = [fit.average_predictions(factor) for fit in self.fits]
        if any(not table.index.equals(tables[0].index) for table in tables):
            raise ModelUsageError(f"'{factor}' has other values in some imputation than in others.")
        what = str(tables[0].columns[0])
        values = np.array([table[what].to_numpy(dtype=float) for table in tables])
        errors = np.array([table["bse"].to_numpy(dtype=float) for table in tables])
        odds = what == "probability"
        mean = values.mean(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = values * (1 - values) if odds else values
            moved = logit(values) if odds else np.log(values)
            pooled = rubins_rules(moved, (errors / slope) ** 2, self.df_complete)
            half = t_quantile(pooled.df, level) * np.sqrt(pooled.total)
            centre = logit(mean) if odds else np.log(mean)
            back = expit if odds else np.exp
            return pd.DataFrame(
                {
                    what: mean,
                    "bse": np.sqrt(pooled.total) * (mean * (1 - mean) if odds else mean),
                    "ci_low": back(centre - half),
                    "ci_high": back(centre + half),
                    "fmi": pooled.fmi,
                },
                index=tables[0].index,
            )

    def _ratios(self, method: str, level: float) -> pd.DataFrame:
        """Return exp(b) of the parameters for which a single fit gives ratios."""
        if not hasattr(self.fits[0], method):
            raise ModelUsageError(f"The pooled model has no {method.replace('_', ' ')}.")
        of_one = getattr(self.fits[0], method)()
        names, limits = of_one.index, self.conf_int(level)
        with np.errstate(over="ignore"):
            ratio = np.exp(self.params[names])
            return pd.DataFrame(
                {
                    str(of_one.columns[0]): ratio,
                    "bse": ratio * self.bse[names],
                    "p_value": self.pvalues[names],
                    "ci_low": np.exp(limits.loc[names, "ci_low"]),
                    "ci_high": np.exp(limits.loc[names, "ci_high"]),
                    "fmi": self.fmi[names],
                }
            )
