"""What a fitted difference in differences can answer, on the odds and the probability scale."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.logit.binary import LogitResult
from datrial.models.ordered_logit.result import OrderedLogitResult, logit_interval
from datrial.models.result import ChiSquaredTest, normal_quantile, two_sided_p
from datrial.models.two_arms.bounded import bounded_interval
from datrial.models.two_arms.did_averages import (
    Sides,
    cell_averages,
    cross_difference,
    on_the_treated,
)

FloatArray = NDArray[np.float64]

#: The label of the probability of being above the lowest level.
ANY = "any"

Estimand = Literal["difference_of_differences", "on_the_treated"]
#: The largest effect on a probability, of either sign.
BOUNDS: dict[str, float] = {"difference_of_differences": 2.0, "on_the_treated": 1.0}


class OddsRatio(NamedTuple):
    """An odds ratio, its error, test and interval, and how the last two were made."""

    estimate: float
    bse: float
    p_value: float
    ci_low: float
    ci_high: float
    method: str


@dataclass(frozen=True, kw_only=True)
class DifferenceInDifferences:
    """Estimates of a difference in differences.

    Attributes
    ----------
    model
        The logit or ordered logit behind it, with all coefficients.
    interaction
        Name of the coefficient time:arm in the model's `params`.
    cells
        Rows of the four cells of time and arm, and how many have the lowest and highest level.
    estimable
        False where a cell leaves the interaction without a finite estimate: intervals are then
        not numbers. A penalty helps.
    notes
        Plain sentences a reader of the estimates should know.
    """

    model: LogitResult | OrderedLogitResult
    kind: Literal["binary", "ordered"]
    sides: Sides
    interaction: str
    cells: pd.DataFrame = field(repr=False)
    estimable: bool
    notes: tuple[str, ...]

    @property
    def params(self) -> pd.Series:
        """All estimates of the model."""
        return self.model.params

    @property
    def bse(self) -> pd.Series:
        """Their standard errors."""
        return self.model.bse

    def cov_params(self) -> pd.DataFrame:
        """Covariance matrix of `params`."""
        return self.model.cov_params()

    @property
    def nobs(self) -> float:
        """Rows used."""
        return self.model.nobs

    @property
    def n_left_out(self) -> int:
        """Rows dropped for a missing answer in anything the model uses."""
        return self.model.n_left_out

    @property
    def n_clusters(self) -> int | None:
        """People behind the robust errors."""
        return self.model.n_clusters

    @property
    def converged(self) -> bool:
        """Whether the maximiser met its tolerance."""
        return self.model.converged

    @property
    def covariance_note(self) -> str:
        """Which covariance this is, with the small-sample factor."""
        return self.model.covariance_note

    @property
    def penalised(self) -> bool:
        """Whether the estimates are those of a penalised likelihood."""
        return self.model.penalty is not None

    def odds_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Odds ratios of every coefficient, as a table in print has them."""
        return self.model.odds_ratios(level)

    def joint_test(self, names: str | Sequence[Hashable]) -> ChiSquaredTest:
        """Wald test of several parameters, as `RegressionResult.joint_test`."""
        return self.model.joint_test(names)

    def parameters_of(self, predictor: str) -> list[Hashable]:
        """Return the entries of `params` of a predictor, as every regression does."""
        return self.model.parameters_of(predictor)

    def odds_ratio(self, level: float = 0.95) -> OddsRatio:
        """Odds ratio of the interaction.

        Errors by the delta method, intervals Wald's on the log scale; for a penalised binary
        logit of independent rows (no `cluster`) test and interval by profile likelihood. Of an
        interaction held finite by a penalty Wald's interval is too wide on the side of 1.
        """
        if not self.estimable:
            return OddsRatio(np.nan, np.nan, np.nan, np.nan, np.nan, "no finite estimate")
        table = self.model.odds_ratios(level).loc[[self.interaction]]
        ratio, bse, p_value, low, high = table.to_numpy(dtype=float)[0].tolist()
        if not isinstance(self.model, LogitResult) or not self._profiled:
            return OddsRatio(ratio, bse, p_value, low, high, "Wald")
        profile = self.model.profile_intervals([self.interaction], level)
        _, low, high, p_value = profile.to_numpy(dtype=float)[0].tolist()
        low, high = np.exp([low, high]).tolist()
        return OddsRatio(ratio, bse, p_value, low, high, "profile likelihood")

    def predictions(self, level: float = 0.95) -> pd.DataFrame:
        """Average adjusted probabilities in the four cells of time and arm.

        Every row is put into the cell, its covariates left as observed. Delta method; intervals
        on the logit scale. Index (time, arm, outcome level); an ordered outcome has the row
        ``any`` besides, the probability of being above the lowest level.
        """
        quantile, covariance, parts = normal_quantile(level), self._covariance(), []
        keys = self._keys()
        for mean, jacobian in cell_averages(self.model, self.sides):
            bse = _errors(jacobian, covariance)
            low, high = logit_interval(mean, bse, quantile)
            parts.append(np.column_stack([mean, bse, low, high]))
        index = pd.MultiIndex.from_tuples(
            [(when, who, key) for when, who in self.sides.corners() for key in keys],
            names=[self.sides.time, self.sides.arm, "level"],
        )
        columns = ["probability", "bse", "ci_low", "ci_high"]
        return pd.DataFrame(np.concatenate(parts), index=index, columns=columns)

    def probability_effect(
        self, level: float = 0.95, *, estimand: Estimand = "difference_of_differences"
    ) -> pd.DataFrame:
        """Return the effect on each level's probability.

        Parameters
        ----------
        estimand
            ``"difference_of_differences"``: (after - before) of the intervention arm minus that
            of the comparison arm, in average predictions over all rows used (Ai and Norton
            2003); -2 to 2. ``"on_the_treated"``: what the interaction adds to the probability
            of the intervention arm's own rows after, against the same rows with the interaction
            at 0 (Puhani 2012, Economics Letters 115, 85-87); -1 to 1. The second is the effect
            of treatment if, without it, both arms had moved alike on the logit scale; the first
            if they had moved alike in probability.

        Returns
        -------
        DataFrame
            Indexed by outcome level (the event of a binary outcome; every level and ``any`` of
            an ordered one): `estimate`, `bse` (delta method), `statistic`, `p_value`, `ci_low`,
            `ci_high`. The test and the interval are on the scale atanh(estimate / bound), so
            that they agree and the interval stays within its bounds.
        """
        if estimand == "difference_of_differences":
            value, jacobian = cross_difference(self.model, self.sides)
        elif estimand == "on_the_treated":
            value, jacobian = on_the_treated(self.model, self.sides, self.interaction)
        else:
            raise ModelUsageError(
                "The estimand is 'difference_of_differences' or 'on_the_treated'."
            )
        bse = _errors(jacobian, self._covariance())
        if not self.estimable:
            bse = np.full_like(bse, np.nan)
        quantile, bound = normal_quantile(level), BOUNDS[estimand]
        tests = np.array(
            [bounded_interval(v, s, bound, quantile) for v, s in zip(value, bse, strict=True)]
        )
        return pd.DataFrame(
            {
                "estimate": value,
                "bse": bse,
                "statistic": tests[:, 0],
                "p_value": two_sided_p(tests[:, 0]),
                "ci_low": tests[:, 1],
                "ci_high": tests[:, 2],
            },
            index=pd.Index(self._keys(), name="level"),
        )

    @property
    def _profiled(self) -> bool:
        """Whether the penalised likelihood is one of independent rows."""
        return self.penalised and self.n_clusters is None

    def _keys(self) -> list[object]:
        return [self.model.levels[1]] if self.kind == "binary" else [*self.model.levels, ANY]

    def _covariance(self) -> FloatArray:
        return np.asarray(self.model.covariance, dtype=np.float64)


def _errors(jacobian: FloatArray, covariance: FloatArray) -> FloatArray:
    variance = np.einsum("jq,qr,jr->j", jacobian, covariance, jacobian)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))
