"""How long cases lasted, from the start to the closure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from datrial.analyses.interventions_tables import caution
from datrial.analyses.received import received
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

_STATES = {
    "open": "Still open",
    "not_completed": "Did not complete, no closure date",
    "closed_before_start": "Closed before the start: a date is wrong",
}
#: Row -> the fewest complete months, the first number of months that is too many, the label.
BANDS: dict[str, tuple[int, float, str]] = {
    "under_7": (0, 7, "Under 7 months"),
    "months_7_8": (7, 9, "7 or 8 months"),
    "months_9_10": (9, 11, "9 or 10 months"),
    "months_11_12": (11, 13, "11 or 12 months"),
    "months_13_or_more": (13, float("inf"), "13 months or more"),
}
_SUMMARY: dict[str, Callable[[pd.Series], float]] = {
    "mean": lambda months: float(months.mean()),
    "sd": lambda months: float(months.std()),
    "min": lambda months: float(months.min()),
    "lower_quartile": lambda months: float(months.quantile(0.25)),
    "median": lambda months: float(months.median()),
    "upper_quartile": lambda months: float(months.quantile(0.75)),
    "max": lambda months: float(months.max()),
}
NO_CASE = "no case is closed"
_DAYS_IN_MONTH = 365.25 / 12


def duration_tables(context: Context, sites: list[str], closed_by: dt.date) -> list[Table]:
    """Return how many cases closed and are open, how long the closed lasted, and in bands.

    Parameters
    ----------
    closed_by
        A second column holds the cases closed by this day.
    """
    day = f"{closed_by.day} {closed_by:%B %Y}"
    summary = Table(
        "interventions.duration",
        "Cases, and how long the closed ones lasted",
        "From the start of the case to its closure, in months of 30.4 days. Cases still open are "
        "counted and not measured: where there are many, the durations are too short. Closed by "
        f"{day}: the end of the last year of the project but one; whoever started late and closed "
        "by then had a short case." + caution(context, sites),
        ("D-N4",),
    )
    bands = Table(
        "interventions.duration_bands",
        "Duration of closed cases in complete months",
        "Closed cases. A case of 11 months and 30 days has 11 complete months."
        + caution(context, sites),
        ("D-N4",),
    )
    for table in (summary, bands):
        table.column("all", "All cases" if table is summary else "All closed cases")
        table.column("closed_early", f"Closed by {day}")
        for site in sites if len(sites) > 1 else []:
            table.column(site, context.study.sites[site].label)
    summary.row("cases", "Cases")
    summary.row("closed", "Closed")
    for state, label in _STATES.items():
        summary.row(state, label)
    summary.row("months", "Duration in months")
    for band, (_, _, label) in BANDS.items():
        bands.row(band, label)
    cases = context.connection.execute(
        "select site, state, days, months, state = 'closed' and closure_date <= ? as is_early "
        "from marts.case_duration where list_contains(?, site) order by person_id",
        [closed_by, sites],
    ).df()
    early = cases[cases["is_early"].fillna(value=False).astype(bool)]
    for column in summary.column_labels:
        chosen = {"all": cases, "closed_early": early}.get(column, cases[cases["site"] == column])
        nothing = received(context, "cms").reason([column] if column in sites else sites)
        _counts(summary, column, chosen, nothing)
        closed = chosen[chosen["state"] == "closed"]
        _months(summary, column, closed, nothing or NO_CASE)
        _bands(bands, column, closed, nothing or NO_CASE)
    return [summary, bands]


def _counts(table: Table, column: str, cases: pd.DataFrame, nothing: str) -> None:
    counts = {"cases": len(cases)} | {
        state: int((cases["state"] == state).sum()) for state in ("closed", *_STATES)
    }
    for row, count in counts.items():
        if column == "closed_early" and row != "closed":
            why = "closed cases only"
            table.absent(row, column, "count", why, state=State.NOT_APPLICABLE)
        else:
            table.add(row, column, "count", None if nothing else count, reason=nothing)


def _months(table: Table, column: str, closed: pd.DataFrame, reason: str) -> None:
    months = closed["days"].astype(float) / _DAYS_IN_MONTH
    for statistic, compute in _SUMMARY.items():
        value = None if months.empty else compute(months)
        why = reason if months.empty else "one case: no spread"
        table.add("months", column, statistic, value, n=len(closed) or None, reason=why)


def _bands(table: Table, column: str, closed: pd.DataFrame, reason: str) -> None:
    n = len(closed)
    for band, (least, below, _) in BANDS.items():
        number = int(((closed["months"] >= least) & (closed["months"] < below)).sum())
        table.add(band, column, "count", number if n else None, n=n or None, reason=reason)
        table.add(band, column, "share", number / n if n else None, n=n or None, reason=reason)
