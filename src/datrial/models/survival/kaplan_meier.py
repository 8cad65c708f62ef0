"""The Kaplan-Meier estimate with delayed entry, weights and groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.design import positive_column
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile
from datrial.models.sandwich import total_by
from datrial.models.survival.curves import SurvivalCurves
from datrial.models.survival.group_curve import GroupCurve
from datrial.models.survival.histories import (
    Values,
    arrays_of,
    check_durations,
    check_intervals,
    checked_events,
    checked_times,
    group_codes,
)
from datrial.models.survival.risk_sets import RiskSets, build_risk_sets
from datrial.models.survival.robust_paths import path_variance, sum_within

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

INTERVALS = ("log_log", "arcsine")


def kaplan_meier(
    time: Values,
    event: Values,
    *,
    entry: Values | None = None,
    group: Values | None = None,
    weights: Values | None = None,
    level: float = 0.95,
    interval: str = "log_log",
) -> SurvivalCurves:
    """Estimate the share without the event by time, in each group.

    Kaplan and Meier (1958), JASA 53, 457-481; errors by Greenwood (1926). Stata: `sts list`;
    R: `survfit(Surv(entry, time, event) ~ group, conf.type = "log-log")`.

    Parameters
    ----------
    time, event
        Time until the event or the end of follow-up, zero or more, and whether it ended in the
        event (0 or 1), one value a person. People with a missing answer are left out and counted.
    entry
        Time from which on each is under observation, below `time`.
    group
        The curve each belongs to.
    weights
        Whole numbers count people. Any others (inverse probabilities) get robust errors, which
        take the weights as known.
    level
        Of the intervals.
    interval
        ``log_log`` or ``arcsine``; both stay within 0 and 1.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown option, times below zero, an entry after the end,
        arrays of unequal length, no complete row.
    """
    if interval not in INTERVALS:
        raise ModelUsageError(f"The interval of a survival curve is {' or '.join(INTERVALS)}.")
    columns, n_left_out = arrays_of(
        {"time": time, "event": event, "entry": entry, "group": group, "weights": weights}
    )
    stop, events = checked_times(columns["time"], "time"), checked_events(columns["event"])
    start = None
    if entry is None:
        check_durations(stop)
    else:
        start = checked_times(columns["entry"], "entry")
        check_intervals(start, stop)
    w = np.ones(len(stop))
    if weights is not None:
        w = positive_column(columns["weights"], "weights", zero_allowed=True)
        if not w.any():
            raise ModelDataError("Every weight is zero; no curve can be drawn.")
    codes, labels = group_codes(columns.get("group"), len(stop))
    seen = w > 0
    risk = build_risk_sets(stop, (events > 0) & seen, start=start, stratum=codes)
    whole = bool((w == np.rint(w)).all())
    estimate = _product_limit(risk, events, w, robust=not whole)
    curves = []
    for code, label in enumerate(labels):
        rows, at = seen & (codes == code), risk.stratum == code
        curves.append(
            GroupCurve(
                label=label,
                start=None if start is None else start[rows],
                stop=stop[rows],
                events=events[rows],
                weights=w[rows],
                times=risk.times[at],
                **{name: values[at] for name, values in estimate.items()},
            )
        )
    return SurvivalCurves(
        curves=tuple(curves),
        level=level,
        interval=interval,
        n_left_out=n_left_out,
        quantile_of_level=normal_quantile(level),
        notes=_notes(curves, whole),
    )


def _product_limit(
    risk: RiskSets, events: FloatArray, weights: FloatArray, *, robust: bool
) -> dict[str, FloatArray]:
    """Return numbers at risk and with the event, survival and the variance of its logarithm."""
    ends = np.flatnonzero((events > 0) & (weights > 0))
    deaths = total_by(risk.past[ends] - 1, risk.n_times, weights[ends])
    at_risk = risk.totals(weights)
    left = at_risk - deaths
    # Weights that are not whole leave a rounding error where everybody has the event.
    ended = left <= 1e-12 * at_risk
    with np.errstate(divide="ignore"):
        logarithm = sum_within(np.where(ended, -np.inf, np.log1p(-deaths / at_risk)), risk.stratum)
    steps = np.zeros(risk.n_times)
    np.divide(deaths, at_risk * left, out=steps, where=~ended)
    if robust:
        factor = np.zeros(risk.n_times)
        np.divide(1.0, left, out=factor, where=~ended)
        row = np.arange(len(events))
        counted = np.where(weights > 0, events, 0.0)
        variance = path_variance(risk, counted, weights, row, row, factor, deaths / at_risk)
    else:
        variance = sum_within(steps, risk.stratum)
    survival = np.exp(logarithm)
    return {
        "deaths": deaths,
        "at_risk": at_risk,
        "survival": survival,
        "log_variance": np.where(survival > 0, variance, np.nan),
    }


def _notes(curves: list[GroupCurve], whole: bool) -> tuple[str, ...]:
    """Say what a reader of the curves should know."""
    notes: tuple[str, ...] = ()
    for curve in curves:
        name = "" if curve.label == "all" and len(curves) == 1 else f" in group '{curve.label}'"
        if not len(curve.times):
            notes += (f"No event{name}: the curve stays at 1 and has no interval.",)
        elif curve.exhausted_early:
            notes += (
                f"The curve{name} reaches 0 while later people are still to come under "
                "observation, because everybody at risk early on had the event; start the curve "
                "later.",
            )
    if not whole:
        notes += ("Errors are robust: the weights are not whole numbers and are taken as known.",)
    return notes
