"""The mean cumulative function: how many events a person has had by a time, on average."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.sandwich import total_by
from datrial.models.survival.histories import (
    arrays_of,
    check_intervals,
    check_overlaps,
    checked_events,
    checked_times,
    group_codes,
)
from datrial.models.survival.mean_curves import MeanCumulativeFunction, MeanCurve
from datrial.models.survival.risk_sets import build_risk_sets
from datrial.models.survival.robust_paths import path_variance, sum_within

FloatArray = NDArray[np.float64]


def mean_cumulative_function(
    data: pd.DataFrame,
    *,
    start: str,
    stop: str,
    event: str,
    person: str,
    group: str | None = None,
) -> MeanCumulativeFunction:
    """Estimate the mean number of events by time with robust errors, in each group.

    Nelson (1988), Journal of Quality Technology 20, 24-35; variance by Lawless and Nadeau
    (1995), Technometrics 37, 158-168, which needs no Poisson process: a person's events may
    depend on each other. Observation must not end because of the events. R: `reda::mcf`, and
    `survfit(Surv(start, stop, event) ~ group, id = person)`, its cumulative hazard.

    Parameters
    ----------
    data
        One row per person and stretch of time under observation, as for
        `fit_recurrent_events`; gaps in coverage are stretches without a row. Rows with a
        missing answer are left out and counted.
    start, stop, event, person
        Columns: the stretch, how many events happened at its end, and whose it is.
    group
        Column: the curve a person belongs to.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown column, intervals without length or overlapping, a
        person in two groups, no complete row.
    """
    names = {"start": start, "stop": stop, "event": event, "person": person, "group": group}
    columns, n_left_out = arrays_of(_columns(data, names))
    begins = checked_times(columns["start"], "start")
    ends = checked_times(columns["stop"], "stop")
    events = checked_events(columns["event"], counts=True)
    check_intervals(begins, ends)
    people = pd.factorize(columns["person"])[0].astype(np.int64)
    order = check_overlaps(begins, ends, people)
    codes, labels = group_codes(columns.get("group"), len(ends))
    pairs = pd.DataFrame({"person": people, "group": codes}).drop_duplicates()
    twice = int(pairs["person"].duplicated().sum())
    if twice:
        raise ModelDataError(f"{twice} people are in more than one group; a curve needs one each.")
    risk = build_risk_sets(ends, events > 0, start=begins, stratum=codes)
    at_risk = risk.totals(np.ones(len(ends)))
    rows = np.flatnonzero(events > 0)
    number = total_by(risk.past[rows] - 1, risk.n_times, events[rows])
    hazard = number / at_risk
    weights = np.ones(len(ends))
    variance = path_variance(risk, events, weights, people, order, 1 / at_risk, hazard)
    mean = sum_within(hazard, risk.stratum)
    curves = []
    for code, label in enumerate(labels):
        at, of_group = risk.stratum == code, codes == code
        curves.append(
            MeanCurve(
                label=label,
                n_people=len(np.unique(people[of_group])),
                n_events=int(events[of_group].sum()),
                last_time=float(ends[of_group].max()),
                times=risk.times[at],
                at_risk=at_risk[at],
                events=number[at],
                mean=mean[at],
                bse=np.sqrt(variance[at]),
            )
        )
    notes = _notes(curves)
    for code, label in enumerate(labels):
        gaps = _unobserved(begins[codes == code], ends[codes == code])
        if gaps:
            notes += (
                f"Nobody{_of(label, curves)} is under observation in {gaps} stretches between the "
                "first and the last day: events there are not counted.",
            )
    return MeanCumulativeFunction(tuple(curves), n_left_out, notes)


def _columns(data: pd.DataFrame, names: dict[str, str | None]) -> dict[str, pd.Series | None]:
    """Return the columns asked for, or say which there are not."""
    if not isinstance(data, pd.DataFrame):
        raise ModelUsageError("The data must be a pandas DataFrame.")
    for what, name in names.items():
        if name is not None and name not in data.columns:
            raise ModelUsageError(f"The data have no column '{name}' (asked for as {what}).")
    return {what: None if name is None else data[name] for what, name in names.items()}


def _unobserved(begins: FloatArray, ends: FloatArray) -> int:
    """Count the stretches within which nobody at all is under observation."""
    order = np.argsort(begins, kind="stable")
    covered = np.maximum.accumulate(ends[order])
    return int((begins[order][1:] > covered[:-1]).sum())


def _notes(curves: list[MeanCurve]) -> tuple[str, ...]:
    """Say what a reader of the curves should know."""
    notes: tuple[str, ...] = ()
    for curve in curves:
        if not curve.n_events:
            notes += (f"No event{_of(curve.label, curves)}: the mean is 0 and has no interval.",)
        if curve.n_people < 2:
            notes += (f"One person only{_of(curve.label, curves)}: there is no error.",)
    return notes


def _of(label: object, curves: list[MeanCurve]) -> str:
    """Name a group in a sentence, where there are several."""
    return f" in group '{label}'" if len(curves) > 1 else ""
