"""What a third step with covariates can answer."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from datrial.models.errors import ModelUsageError
from datrial.models.result import ChiSquaredTest, RegressionResult, wald_test
from datrial.models.three_steps.result import INTERVALS

#: A coefficient further out than this, per two standard deviations of its column, is taken
#: for one without a finite estimate: odds of more than 100,000 to 1.
UNBOUNDED = 12.0


@dataclass(frozen=True, kw_only=True)
class ThreeStepRegression(RegressionResult):
    """Estimates of a multinomial logit of, or on, a latent class.

    Attributes
    ----------
    params
        Indexed by (level, term): class against the reference class, or outcome level
        against the reference level.
    method
        ``ml``, ``bch`` or ``modal``.
    reference
        The reference class or outcome level.
    llf
        For ``ml`` the log-likelihood of the third step; for the others a weighted one, which
        is no likelihood and is not to be compared.
    classification
        D[s, t], the probability that a member of class s (row) is assigned to class t.
    unbounded
        Entries of `params` that ran off: the data separate the levels, and there is no
        finite estimate.
    draws
        Bootstrap draws x `params`, or None; `covariance` comes from them if they are there.
    """

    method: str
    reference: object
    classification: pd.DataFrame
    unbounded: tuple[tuple[object, str], ...]
    draws: pd.DataFrame | None = field(repr=False)

    def conf_int(self, level: float = 0.95, kind: str = "normal") -> pd.DataFrame:
        """Intervals: columns `ci_low` and `ci_high`.

        Parameters
        ----------
        kind
            ``normal``: from `bse`. ``percentile``: quantiles of the bootstrap draws.
        """
        if kind not in INTERVALS:
            raise ModelUsageError(f"The kind of an interval is one of {INTERVALS}.")
        if kind == "normal":
            return super().conf_int(level)
        if self.draws is None:
            raise ModelUsageError("Percentile intervals need draws: give bootstrap=200.")
        tail = (1 - level) / 2
        low, high = np.nanquantile(self.draws.to_numpy(), [tail, 1 - tail], axis=0)
        return pd.DataFrame({"ci_low": low, "ci_high": high}, index=self.params.index)

    def relative_risk_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Ratios exp(b) of the odds of a level against the reference (odds ratios for two).

        Columns `relative_risk_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high`
        (normal, built on the log scale).
        """
        names = [name for name in self.params.index if name[1] != "Intercept"]
        return self._exponentiated(names, "relative_risk_ratio", level)

    def joint_test(self, names: str | Sequence[Hashable]) -> ChiSquaredTest:
        """Wald test that these terms have no effect on any level.

        NaN where a coefficient has no finite estimate.

        Parameters
        ----------
        names
            A term, or terms.
        """
        wanted = [names] if isinstance(names, str) else list(names)
        known = set(self.params.index.get_level_values("term"))
        absent = [str(term) for term in wanted if term not in known]
        if absent:
            raise ModelUsageError(f"The model has no term {', '.join(map(repr, absent))}.")
        where = np.flatnonzero(self.params.index.get_level_values("term").isin(wanted))
        b = self.params.to_numpy(dtype=float)[where]
        v = self.covariance.to_numpy(dtype=float)[np.ix_(where, where)]
        if any(term in wanted for _, term in self.unbounded):
            return ChiSquaredTest(float("nan"), len(where), float("nan"))
        return wald_test(b, v)
