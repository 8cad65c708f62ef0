"""What a Cox regression can answer."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design
from datrial.models.errors import ModelUsageError
from datrial.models.newton import Maximum
from datrial.models.profile import profile_limits, profile_p_value
from datrial.models.result import ChiSquaredTest, RegressionResult, normal_quantile
from datrial.models.survival.firth import CoxProblem
from datrial.models.survival.monotone import Monotone
from datrial.models.survival.proportionality import (
    proportionality_tests,
    scaled_residuals,
    transformed_times,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class CoxResult(RegressionResult):
    """Estimates of a Cox regression; `params` are log hazard ratios, without an intercept.

    Attributes
    ----------
    n_events
        Events in the rows used.
    llf_null
        Log partial likelihood with every coefficient 0.
    penalised_llf
        Log partial likelihood plus penalty at the estimates; equals `llf` without a penalty.
    ties
        ``efron`` or ``breslow``.
    penalty
        None or ``"firth"``: what was used, also where it was left to ``"auto"``.
    monotone
        Columns whose maximum-likelihood hazard ratio is zero or infinite, if there are any.
    strata
        The strata, None without any.
    """

    n_events: int
    llf_null: float
    penalised_llf: float
    ties: str
    penalty: str | None
    monotone: Monotone
    strata: list[object] | None
    design: Design = field(repr=False)  # holds rows, which no log may show
    problem: CoxProblem = field(repr=False)
    top: Maximum = field(repr=False)
    clusters: tuple[IntArray, int] | None = field(repr=False)

    @property
    def unbounded(self) -> list[Hashable]:
        """Names of the parameters without a finite maximum-likelihood estimate."""
        return [self.params.index[position] for position in self.monotone.columns]

    def hazard_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Hazard ratios exp(b).

        Columns `hazard_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high` (built on
        the log scale). Stata: `stcox`. Without a penalty a ratio that has no finite estimate is
        given as 0 or infinity and has no error; `profile_intervals` has the end that exists.
        """
        names = [str(name) for name in self.params.index]
        with np.errstate(over="ignore"):  # without a finite estimate, replaced below
            table = self._exponentiated(names, "hazard_ratio", level)
        if self.penalty is None:
            limits = {1: np.inf, -1: 0.0, 0: np.nan}
            for column, sign in zip(self.monotone.columns, self.monotone.signs, strict=True):
                table.iloc[column] = np.nan
                table.loc[names[column], "hazard_ratio"] = limits[sign]
        return table

    def joint_test(self, names: str | Sequence[Hashable]) -> ChiSquaredTest:
        """Test that several parameters are all 0, as `RegressionResult.joint_test`.

        NaN besides where one of them has no finite estimate and there is no penalty.
        """
        test = super().joint_test(names)
        asked = self.parameters_of(names) if isinstance(names, str) else list(names)
        if self.penalty is None and set(asked) & set(self.unbounded):
            return ChiSquaredTest(float("nan"), test.df, float("nan"))
        return test

    def likelihood_ratio_test(self) -> ChiSquaredTest:
        """Test all coefficients at once; under a penalty both likelihoods carry it.

        Raises
        ------
        ModelUsageError
            With clusters or weights that do not count people: the ratio has another distribution.
        """
        from scipy.special import chdtrc

        self._refuse_clusters("The likelihood-ratio test", "use joint_test()")
        p = len(self.params)
        null = self.problem.objective(np.zeros(p))[0]
        statistic = max(2 * (self.top.value - null), 0.0)
        return ChiSquaredTest(statistic, p, float(chdtrc(p, statistic)))

    def profile_intervals(
        self, names: Sequence[Hashable] | None = None, level: float = 0.95
    ) -> pd.DataFrame:
        """Profile-likelihood intervals of log hazard ratios, and likelihood-ratio tests.

        Under a penalty those of the penalised likelihood, to be preferred to Wald's where
        events are few. An end is infinite where the likelihood never falls far enough.

        Parameters
        ----------
        names
            Entries of `params`; all by default.

        Returns
        -------
        DataFrame
            Index: names; columns `ci_low`, `ci_high`, `p_value`.
        """
        self._refuse_clusters("A profile interval", "use conf_int()")
        index = list(self.params.index)
        asked = index if names is None else list(names)
        unknown = [str(name) for name in asked if name not in index]
        if unknown:
            raise ModelUsageError(f"The model has no parameter {', '.join(map(repr, unknown))}.")
        rows = []
        for name in asked:
            place = index.index(name)
            column = self.problem.likelihood.matrix[:, place]
            low, high = profile_limits(
                self.problem, self.top, place, float(self.bse.iloc[place]), normal_quantile(level),
                longest=2.0 / max(float(np.ptp(column)), 1e-300),  # on the scale of the log ratio
            )  # fmt: skip
            p_value = profile_p_value(self.problem, self.top, place)
            rows.append({"ci_low": low, "ci_high": high, "p_value": p_value})
        return pd.DataFrame(rows, index=pd.Index(asked))

    def proportionality_test(self, transform: str = "km") -> pd.DataFrame:
        """Test that hazard ratios do not change with time, each term and all together.

        Grambsch and Therneau (1994); R: `cox.zph`, Stata: `estat phtest, detail`. With
        clusters the variance of the score is taken between them.

        Parameters
        ----------
        transform
            Of time: ``km`` (1 minus Kaplan-Meier), ``rank``, ``log`` or ``identity``.

        Returns
        -------
        DataFrame
            Index: terms of the formula and `all`; columns `chi2`, `df`, `p_value`; NaN where
            the model has no finite estimates.
        """
        likelihood = self.problem.likelihood
        at = likelihood.evaluate(self.top.point)
        g = transformed_times(likelihood, transform)
        tests = proportionality_tests(likelihood, at, g, self._columns_of_terms(), self.clusters)
        table = pd.DataFrame.from_dict(
            {name: tuple(test) for name, test in tests.items()},
            orient="index", columns=["chi2", "df", "p_value"],
        )  # fmt: skip
        if self.penalty is None and self.monotone:
            table[["chi2", "p_value"]] = np.nan
        return table.astype({"df": int})

    def scaled_schoenfeld(self) -> pd.DataFrame:
        """Return b plus the scaled Schoenfeld residuals by event time: how b moves with time."""
        likelihood = self.problem.likelihood
        at = likelihood.evaluate(self.top.point)
        names = [str(name) for name in self.params.index]
        return scaled_residuals(likelihood, at, names, self.top.point)

    def baseline_hazard(self) -> pd.DataFrame:
        """Return the cumulative hazard of somebody with every predictor column at 0.

        Categorical predictors are then at their reference. Breslow's estimate, with Efron's
        steps under Efron's ties.

        Returns
        -------
        DataFrame
            Columns `stratum` (where there are strata), `time`, `cumulative_hazard`.
        """
        likelihood = self.problem.likelihood
        steps = likelihood.hazard_steps(likelihood.evaluate(self.top.point))
        stratum = likelihood.risk.stratum
        table = pd.DataFrame({"stratum": stratum, "time": likelihood.risk.times})
        table["cumulative_hazard"] = pd.Series(steps).groupby(stratum).cumsum()
        if self.strata is None:
            return table.drop(columns="stratum")
        return table.assign(stratum=[self.strata[code] for code in stratum])

    def _columns_of_terms(self) -> dict[str, list[int]]:
        """Return the positions in `params` of the columns of each term of the formula."""
        positions = {name: place for place, name in enumerate(map(str, self.params.index))}
        terms: dict[str, list[int]] = {}
        for term, columns in self.design.spec.term_indices.items():
            places = [
                positions[n] for n in (self.design.names[c] for c in columns) if n in positions
            ]
            if places:
                terms[str(term)] = places
        return terms

    def _refuse_clusters(self, what: str, instead: str) -> None:
        if self.clusters is not None and self.penalty is None:
            raise ModelUsageError(
                f"{what} takes the rows as independent people, which clustered or weighted rows "
                f"are not; {instead}."
            )
