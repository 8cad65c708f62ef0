"""Multinomial (baseline-category) logit, with Firth's penalised likelihood where needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelUsageError
from datrial.models.logit.fit import Rows, fit_rows, read_rows
from datrial.models.logit.result import LogitFamilyResult


@dataclass(frozen=True, kw_only=True)
class MultinomialLogitResult(LogitFamilyResult):
    """Estimates of a multinomial logit: `params` is indexed by (level, term).

    The first of `levels` is the reference, which has no parameters.
    """

    @property
    def reference(self) -> object:
        """The level that the others are compared with."""
        return self.levels[0]

    def relative_risk_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Ratios exp(b): how the odds of a level against the reference change per unit.

        Indexed by (level, term); columns `relative_risk_ratio`, `bse` (delta method),
        `p_value`, `ci_low`, `ci_high` (Wald, built on the log scale). Stata: `mlogit, rrr`.
        """
        names = [name for name in self.params.index if name[1] != "Intercept"]
        return self._exponentiated(names, "relative_risk_ratio", level)

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average adjusted probability of every outcome level at each value of a factor.

        As for the ordered logit: delta-method errors, intervals built on the logit scale.

        Returns
        -------
        DataFrame
            Index (factor value, outcome level); columns `probability`, `bse`, `ci_low`,
            `ci_high`.
        """
        values, table = self._average(factor, level)
        return table.set_index(
            pd.MultiIndex.from_product([values, self.levels], names=[factor, "level"])
        )


def fit_multinomial_logit(
    formula: str,
    data: pd.DataFrame,
    *,
    reference: object = None,
    cluster: ColumnOrArray | None = None,
    weights: ColumnOrArray | None = None,
    penalty: str | None = None,
) -> MultinomialLogitResult:
    """Fit ln(P(level a) / P(reference)) = x'b_a for every level but the reference.

    Stata: `mlogit y x, baseoutcome(#) vce(cluster id)`; R: `nnet::multinom`,
    `brglm2::brmultinom`.

    Parameters
    ----------
    formula
        ``"outcome ~ predictors"``; the outcome is a categorical, a number or a text with at
        most 50 levels.
    data, cluster, weights
        As in `fit_logit`.
    reference
        The level that the others are compared with; the first by default.
    penalty
        None, ``"firth"``, ``"log_f"`` or ``"auto"``, as in `fit_logit`. Firth's does not depend
        on the reference (Kosmidis and Firth 2011); log-F, on every coefficient, does.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: a reference that is no level, and everything `fit_logit` refuses.
    """
    rows = read_rows(formula, data, cluster, weights, penalty)
    if reference is not None:
        rows = _with_reference(rows, reference)
    index = pd.MultiIndex.from_product(
        [rows.levels[1:], rows.design.names], names=["level", "term"]
    )
    fit = fit_rows(rows, penalty, [f"{term} at level {level}" for level, term in index])
    params = pd.Series(fit.pop("point"), index=index, name="params")
    covariance = pd.DataFrame(fit.pop("covariance"), index=index, columns=index)
    return MultinomialLogitResult(params=params, covariance=covariance, **fit)


def _with_reference(rows: Rows, reference: object) -> Rows:
    """Return the rows with another level first, the rest in their order."""
    if reference not in rows.levels:
        raise ModelUsageError(
            f"'{reference}' is not a level of the outcome '{rows.design.outcome.name}'."
        )
    first = rows.levels.index(reference)
    order = [first, *(j for j in range(len(rows.levels)) if j != first)]
    new_code = np.argsort(order)
    return replace(
        rows, codes=new_code[rows.codes], levels=[rows.levels[position] for position in order]
    )
