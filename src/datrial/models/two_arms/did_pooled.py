"""Differences in differences of imputed data sets, pooled on both scales by Rubin's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.missing.pooled import PooledResult
from datrial.models.missing.rubin import rubins_rules, t_pvalues, t_quantile
from datrial.models.two_arms.did_result import BOUNDS, DifferenceInDifferences, Estimand

FloatArray = NDArray[np.float64]


class PooledOddsRatio(NamedTuple):
    """A pooled odds ratio, its error, test and interval, and its missing information."""

    estimate: float
    bse: float
    p_value: float
    ci_low: float
    ci_high: float
    fmi: float
    method: str


@dataclass(frozen=True)
class PooledDifferences:
    """What `pool_differences` gives: the effect on both scales, as a single fit gives it.

    Attributes
    ----------
    pooled
        The pooled fits with all coefficients; `pooled.odds_ratios()` is the table of them.
    interaction
        Name of the coefficient time:arm.
    n_not_estimable
        Fits in which a cell of time and arm leaves the interaction without a finite estimate.
        With one of them or more the pooled numbers are not numbers; a penalty helps.
    """

    pooled: PooledResult
    interaction: str
    n_not_estimable: int

    @property
    def estimable(self) -> bool:
        """Whether every fit has a finite estimate of the interaction."""
        return self.n_not_estimable == 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Plain sentences a reader of the estimates should know."""
        if self.estimable:
            return self.pooled.notes
        return (
            *self.pooled.notes,
            f"In {self.n_not_estimable} of {self.pooled.m} imputations the interaction has no "
            "finite estimate: there is nothing to pool without a penalty.",
        )

    def odds_ratio(self, level: float = 0.95) -> PooledOddsRatio:
        """Odds ratio of the interaction: Rubin's rules for its logarithm, Wald with t."""
        if not self.estimable:
            none = float("nan")
            return PooledOddsRatio(none, none, none, none, none, none, "no finite estimate")
        table = self.pooled.odds_ratios(level).loc[[self.interaction]]
        ratio, bse, p_value, low, high, fmi = table.to_numpy(dtype=float)[0].tolist()
        return PooledOddsRatio(ratio, bse, p_value, low, high, fmi, "Rubin's rules")

    def probability_effect(
        self, level: float = 0.95, *, estimand: Estimand = "difference_of_differences"
    ) -> pd.DataFrame:
        """Return the effect on each level's probability, pooled.

        The estimate is the mean over imputations, so that the effects on all levels of an
        ordered outcome sum to 0. Errors are pooled on the scale atanh(estimate / bound), on
        which a single fit has its test and interval; the interval stays within the bounds.

        Parameters
        ----------
        estimand
            As in `DifferenceInDifferences.probability_effect`.

        Returns
        -------
        DataFrame
            Indexed as that of a single fit: `estimate`, `bse`, `statistic`, `p_value`,
            `ci_low`, `ci_high`, `fmi`.
        """
        tables = [fit.probability_effect(estimand=estimand) for fit in self.pooled.fits]
        bound = BOUNDS[estimand]
        values = np.array([table["estimate"].to_numpy(dtype=float) for table in tables]) / bound
        errors = np.array([table["bse"].to_numpy(dtype=float) for table in tables]) / bound
        if not self.estimable:
            errors = np.full_like(errors, np.nan)
        return _pooled_table(values, errors, bound, self.pooled.df_complete, level).set_index(
            tables[0].index
        )


def pool_differences(pooled: PooledResult) -> PooledDifferences:
    """Read the effect off both scales of differences in differences pooled over imputations.

    Parameters
    ----------
    pooled
        Of fits by `fit_difference_in_differences`, from `fit_imputed` or `pool`.

    Raises
    ------
    ModelUsageError
        For fits of another model, or of different times, arms or kinds.

    Examples
    --------
    >>> pooled = fit_imputed(
    ...     lambda people: fit_difference_in_differences(
    ...         "physical", as_rows(people), time="time_point", arm="arm", cluster="victim_id",
    ...     ),
    ...     imputations,
    ... )                                                          # doctest: +SKIP
    >>> effect = pool_differences(pooled)                          # doctest: +SKIP
    >>> effect.odds_ratio(), effect.probability_effect()           # doctest: +SKIP
    """
    fits = [fit for fit in pooled.fits if isinstance(fit, DifferenceInDifferences)]
    if len(fits) < len(pooled.fits):
        raise ModelUsageError("The pooled fits are no differences in differences.")
    first = fits[0]
    if any(
        (fit.kind, fit.sides, fit.model.levels) != (first.kind, first.sides, first.model.levels)
        for fit in fits
    ):
        raise ModelUsageError(
            "The differences in differences are not of the same times, arms and outcome levels."
        )
    return PooledDifferences(pooled, first.interaction, sum(not fit.estimable for fit in fits))


def _pooled_table(
    values: FloatArray, errors: FloatArray, bound: float, df_complete: float, level: float
) -> pd.DataFrame:
    """Pool effects and errors of shape (m, L), both in shares of their bound."""
    mean = values.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved, slope = np.arctanh(values), 1 - values**2
        variances = np.where(errors > 1e-12, (errors / slope) ** 2, np.nan)
        pooled = rubins_rules(moved, variances, df_complete)
        error, centre = np.sqrt(pooled.total), np.arctanh(mean)
        statistic = centre / error
        half = t_quantile(pooled.df, level) * error
        return pd.DataFrame(
            {
                "estimate": bound * mean,
                "bse": bound * error * (1 - mean**2),
                "statistic": statistic,
                "p_value": t_pvalues(statistic, pooled.df),
                "ci_low": bound * np.tanh(centre - half),
                "ci_high": bound * np.tanh(centre + half),
                "fmi": pooled.fmi,
            }
        )
