"""Binary logit, with penalised likelihood where the data are separated or sparse."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelUsageError
from datrial.models.logit.fit import fit_rows, read_rows
from datrial.models.logit.result import LogitFamilyResult


@dataclass(frozen=True, kw_only=True)
class LogitResult(LogitFamilyResult):
    """Estimates of a binary logit, named as in the formula, `Intercept` first.

    The event whose odds are modelled is the second of `levels`.
    """

    @property
    def events(self) -> float:
        """Rows (or weights) with the event."""
        return float(self.level_counts.iloc[1])

    def odds_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Odds ratios of the event per unit of each predictor column.

        Columns `odds_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high` (Wald, built
        on the log scale); see `profile_intervals` for sparse data without clusters. Stata:
        `logit, or`.
        """
        return self._exponentiated(list(self.params.index[1:]), "odds_ratio", level)

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average adjusted probability of the event at each value of a factor.

        Each row's factor is set to the value, everything else is left as observed. Errors by
        the delta method; the interval is built on the logit scale, so it stays inside 0..1.
        Stata: `margins factor`. Under Firth's penalty probabilities lean a little towards one
        half (Puhr et al. 2017, Statistics in Medicine 36, 2302-2317); odds ratios are its aim.

        Returns
        -------
        DataFrame
            Indexed by factor value: `probability`, `bse`, `ci_low`, `ci_high`.
        """
        values, table = self._average(factor, level)
        return table.iloc[1::2].set_index(pd.Index(values, name=factor))


def fit_logit(
    formula: str,
    data: pd.DataFrame,
    *,
    cluster: ColumnOrArray | None = None,
    weights: ColumnOrArray | None = None,
    penalty: str | None = None,
) -> LogitResult:
    """Fit ln(P(event) / P(no event)) = x'b.

    Stata: `logit y x, vce(cluster id)`, `firthlogit`; R: `glm(family = binomial)`, `logistf`.

    Parameters
    ----------
    formula
        ``"outcome ~ predictors"``; the outcome has two levels: a boolean, 0 and 1, a text or a
        categorical. The event is the higher, or the second category.
    data
        Rows with a missing answer in the outcome, a predictor, the cluster or the weights are
        left out and counted in `n_left_out`.
    cluster
        Column name or array: whose repeated answers the rows are. Gives the robust sandwich
        with factor G/(G-1); without it errors come from the information, and
        `profile_intervals` and `likelihood_ratio_test` can be asked for.
    weights
        Column name or array of frequency weights: a row of weight w counts as w rows.
    penalty
        None; ``"firth"`` (Firth 1993; Heinze and Schemper 2002); ``"log_f"``: log-F(1,1) on
        every coefficient (Greenland and Mansournia 2015); ``"auto"``: Firth's if the outcome is
        separated, if one of its levels has fewer than 10 rows, or if a 0/1 predictor has fewer
        than 5 rows in a cell with the outcome, and none otherwise. The choice and its reason
        stand in `penalty` and `notes`. With `cluster` errors are from the sandwich under a
        penalty too, but no smaller than model-based ones for what few clusters carry, where a
        sandwich collapses (`covariance_note` names it).

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unreadable formula, an outcome without exactly two levels, a
        level without rows, a factor with one value, collinear columns, no complete row.
    """
    rows = read_rows(formula, data, cluster, weights, penalty)
    if len(rows.levels) != 2:
        raise ModelUsageError(
            f"The outcome '{rows.design.outcome.name}' has {len(rows.levels)} levels; a binary "
            "logit takes two (see fit_multinomial_logit and fit_ordered_logit)."
        )
    names = rows.design.names
    fit = fit_rows(rows, penalty, names)
    params = pd.Series(fit.pop("point"), index=names, name="params")
    covariance = pd.DataFrame(fit.pop("covariance"), index=names, columns=names)
    return LogitResult(params=params, covariance=covariance, **fit)
