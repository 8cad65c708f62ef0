"""Recurrent events: the Andersen-Gill model with errors by person."""

from __future__ import annotations

import pandas as pd

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelDataError
from datrial.models.sandwich import cluster_codes
from datrial.models.survival.cox import design_of
from datrial.models.survival.cox_fit import cox_rows, fit_cox_rows
from datrial.models.survival.cox_result import CoxResult
from datrial.models.survival.histories import (
    check_intervals,
    check_overlaps,
    checked_events,
    checked_times,
)


def fit_recurrent_events(
    formula: str,
    data: pd.DataFrame,
    *,
    start: str,
    stop: str,
    event: str,
    person: str,
    strata: ColumnOrArray | None = None,
    ties: str = "efron",
    penalty: str | None = None,
) -> CoxResult:
    """Fit the Andersen-Gill model of the rate of events that can happen again.

    Andersen and Gill (1982), Annals of Statistics 10, 1100-1120, with the robust errors of Lin,
    Wei, Yang and Ying (2000), JRSS B 62, 711-730, under which the ratios are those of the mean
    number of events, whatever the dependence of a person's events. Stata: `stset stop,
    failure(event) id(person) exit(time .)`, `stcox x, vce(cluster person) efron`; R:
    `coxph(Surv(start, stop, event) ~ x, cluster = person)`.

    Parameters
    ----------
    formula
        The predictors: ``"arm + site"``.
    data
        One row per person and stretch of time under observation, from `start` (not included) to
        `stop` (included). A gap in coverage is a stretch without a row. Rows with a missing
        answer are left out and counted.
    start, stop
        Columns: times since allocation, `stop` above `start`.
    event
        Column: how many events happened at `stop`, mostly 0 or 1. Several events of one day are
        one row with their number.
    person
        Column: whose rows they are; a person's rows may not overlap.
    strata
        Column name or array: groups with a baseline rate of their own.
    ties, penalty
        As for `fit_cox`.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: intervals without length or overlapping, a single person, no
        event, and everything that `fit_cox` refuses.
    """
    extras: dict[str, str | None] = {"start": start, "stop": stop}
    design = design_of(formula, data, event, extras, strata, person)
    begins = checked_times(design.extras["start"], "start")
    ends = checked_times(design.extras["stop"], "stop")
    check_intervals(begins, ends)
    people = design.extras["cluster"]
    if people.nunique() < 2:
        raise ModelDataError("Recurrent events need at least two people; the rows hold one.")
    check_overlaps(begins, ends, cluster_codes(people)[0])
    events = checked_events(design.outcome, counts=True)
    return fit_cox_rows(cox_rows(design, begins, ends, events), ties, penalty)
