"""Cox's proportional hazards regression, with delayed entry, strata and clustered errors."""

from __future__ import annotations

import pandas as pd

from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.errors import ModelUsageError
from datrial.models.survival.cox_fit import cox_rows, fit_cox_rows
from datrial.models.survival.cox_result import CoxResult
from datrial.models.survival.histories import (
    check_durations,
    check_intervals,
    checked_events,
    checked_times,
)


def fit_cox(
    formula: str,
    data: pd.DataFrame,
    *,
    duration: str,
    event: str,
    entry: str | None = None,
    strata: ColumnOrArray | None = None,
    cluster: ColumnOrArray | None = None,
    weights: ColumnOrArray | None = None,
    ties: str = "efron",
    penalty: str | None = None,
) -> CoxResult:
    """Fit a Cox regression of the time to an event.

    Cox (1972), JRSS B 34, 187-220. Stata: `stset duration, failure(event) time0(entry)`,
    `stcox x, efron vce(cluster id) strata(site)`; R: `coxph(Surv(entry, duration, event) ~ x +
    strata(site), cluster = id)`.

    Parameters
    ----------
    formula
        The predictors: ``"arm + site"``. The baseline hazard stands for the intercept.
    data
        One row per person. Rows with a missing answer are left out and counted.
    duration, event
        Columns: the time until the event or the end of follow-up, zero or more, and whether it
        ended in the event (0 or 1).
    entry
        Column: the time from which on the row is under observation (delayed entry), below its
        duration. Events at that very time are not its own to have.
    strata
        Column name or array: groups with a baseline hazard of their own.
    cluster
        Column name or array: whose rows they are. Errors are then Lin and Wei's sandwich
        (1989), the score residuals summed over clusters, with factor G/(G-1).
    weights
        Column name or array, zero or more. Whole numbers count people; any others (inverse
        probabilities) get robust errors, which take the weights as known.
    ties
        ``efron`` or ``breslow``.
    penalty
        None; ``"firth"``; or ``"auto"``: Firth's where maximum likelihood has no finite estimate.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown option, a duration below zero, no event, a predictor
        that is the same for all at risk, and everything `build_design` refuses.
    """
    extras = {"duration": duration, "entry": entry}
    design = design_of(formula, data, event, extras, strata, cluster, weights)
    stop = checked_times(design.extras["duration"], "duration")
    start = None
    if entry is None:
        check_durations(stop)
    else:
        start = checked_times(design.extras["entry"], "entry")
        check_intervals(start, stop)
    rows = cox_rows(design, start, stop, checked_events(design.outcome))
    return fit_cox_rows(rows, ties, penalty)


def design_of(
    formula: str,
    data: pd.DataFrame,
    event: str,
    extras: dict[str, str | None],
    strata: ColumnOrArray | None = None,
    cluster: ColumnOrArray | None = None,
    weights: ColumnOrArray | None = None,
) -> Design:
    """Evaluate the right-hand side of a survival regression on its complete rows."""
    left, tilde, right = formula.rpartition("~")
    if tilde and left.strip():
        raise ModelUsageError(
            f"The formula '{formula}' of a survival model has the predictors only; name the "
            "columns of the times and the event beside it."
        )
    more: dict[str, ColumnOrArray | None] = {**extras}
    more |= {"strata": strata, "cluster": cluster, "weights": weights}
    design = build_design(f"`{event}` ~ {right}", data, more)
    if design.names[:1] != ["Intercept"]:
        raise ModelUsageError("Write the formula without '- 1' or '0 +'.")
    if len(design.names) == 1:
        raise ModelUsageError("A Cox regression needs at least one predictor.")
    return design
