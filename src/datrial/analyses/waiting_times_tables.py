"""Tables of waiting times: of those who got there, and with those who still wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import few
from datrial.analyses.service_activity_data import within
from datrial.analyses.waiting_times_data import CLOSED, ENDS, REACHED, STEPS, WAITING, Waits
from datrial.results.cells import Table
from datrial.results.disclosure import Relation

if TYPE_CHECKING:
    import pandas as pd

BEGAN = "began"
#: What is done with whoever was closed before -> what people read.
TREATMENTS = {
    "closed_censored": "closed ones waited until they were closed",
    "closed_left_out": "closed ones left out",
}
_MEDIAN = ("median", "ci_low", "ci_high")
_QUARTILES = ("lower_quartile", "upper_quartile")
#: From so many on the interval's ends are neither the shortest nor the longest time.
_ENDS_INSIDE = 9
#: And from so many on a quartile lies between the times of several people.
_QUARTILES_INSIDE = 9
_THERE = (
    "Days of referrals that got there in the reporting period, whenever they had begun, as a "
    "service counts them. "
)
_WHO = "Days of referrals whose step began in the reporting period. "


def people_table(waits: Waits) -> Table:
    """Return what became of whoever began a step."""
    table = Table(
        "waiting_times.people",
        "Referrals by step: who got there, who waits, who was closed before",
        "Referrals whose step began in the reporting period (the request; of the second step the "
        "assessment), at the last day of the data. Share: of those who began it.",
        ("F-N1",),
    )
    waits.cohorts.name_columns(table)
    for row, label, rows in waits.begun():
        table.row(f"{row}__{BEGAN}", f"{label}: began")
        for arm, of_arm in waits.cohorts.split(rows):
            reason, warning = waits.reasons[arm], waits.warnings[arm]
            count = None if reason else len(of_arm)
            table.add(f"{row}__{BEGAN}", arm, "count", count, warning=warning, reason=reason)
        for end, name in ENDS.items():
            table.row(f"{row}__{end}", f"{label}: {within(name)}")
            counts = {
                arm: (int((of_arm["end"] == end).sum()), len(of_arm))
                for arm, of_arm in waits.cohorts.split(rows)
            }
            waits.cohorts.add_shares(table, f"{row}__{end}", counts, reason=waits.reason)
    return table


def mean_table(waits: Waits) -> Table:
    """Return the mean days of those who got there."""
    table = Table(
        "waiting_times.mean",
        "Mean days from step to step, of those who got there",
        f"{_THERE}Whoever still waits, and has waited long, is not in it, so that it is too short. "
        f"Interval: Student's.{waits.cohorts.note}",
        ("F-N1",),
    )
    waits.cohorts.name_columns(table)
    for row, label, rows in waits.reached():
        table.row(row, label)
        days = {arm: of_arm["days"].astype(float) for arm, of_arm in waits.cohorts.split(rows)}
        waits.cohorts.add_means(table, row, days, reason=waits.reason)
    return table


def median_table(waits: Waits) -> Table:
    """Return the median days of those who got there."""
    table = Table(
        "waiting_times.median",
        "Median days from step to step, of those who got there",
        f"{_THERE}Half of them took no longer. Interval: exact, of order statistics. "
        f"Its ends and the quartiles are not shown of fewer than {_ENDS_INSIDE}, of whom they may "
        "be one person's days.",
        ("F-N1",),
    )
    waits.cohorts.name_columns(table, difference=False)
    for row, label, rows in waits.reached():
        table.row(row, label)
        for arm, of_arm in waits.cohorts.split(rows):
            _median(table, (row, arm), of_arm["days"], waits.reasons[arm])
    return table


def _median(table: Table, at: tuple[str, str], days: pd.Series, reason: str) -> None:
    from datrial.models import median_interval

    if reason or days.empty:
        nothing = reason or "nobody got there"
        table.absent_all([at[0]], [at[1]], (*_MEDIAN, *_QUARTILES), nothing)
        return
    found, n = median_interval(days.astype(float)), len(days)
    table.add(*at, "median", found.median.estimate, n=n, warning=few(n))
    ends = (found.median.ci_low, found.median.ci_high)
    quartiles = (found.lower_quartile, found.upper_quartile)
    for names, values, least in (
        (_MEDIAN[1:], ends, _ENDS_INSIDE), (_QUARTILES, quartiles, _QUARTILES_INSIDE)
    ):  # fmt: skip
        for statistic, value in zip(names, values, strict=True):
            table.add(*at, statistic, value if n >= least else None, n=n, warning=few(n),
                      reason="too few: it may be a single person's days")  # fmt: skip


def censored_table(waits: Waits) -> Table:
    """Return the median days where whoever still waits counts with the days so far."""
    table = Table(
        "waiting_times.censored",
        "Median days from step to step, with those who still wait",
        f"{_WHO}Kaplan-Meier: whoever still waits counts with the days until the last day of the "
        "data; interval by Brookmeyer and Crowley. Whoever was closed before waits no more: once "
        "they count as waiting until they were closed, which takes for granted that they would "
        "have waited like the others (with closures a competing risk it is the median of a "
        "service that closes nobody); once they are left out, as a share of those who are to get "
        "there. Number: referrals in it. Events: got there.",
        ("F-N1",),
    )
    waits.cohorts.name_columns(table, difference=False)
    for row, label, rows in waits.begun():
        for treatment, name in TREATMENTS.items():
            table.row(f"{row}__{treatment}", f"{label}; {name}")
            ends = [REACHED, WAITING, *([CLOSED] if treatment == "closed_censored" else [])]
            for arm, of_arm in waits.cohorts.split(rows[rows["end"].isin(ends)]):
                at = (f"{row}__{treatment}", arm)
                _censored(table, at, of_arm, waits.reasons[arm])
    return table


def _censored(table: Table, at: tuple[str, str], rows: pd.DataFrame, reason: str) -> None:
    from datrial.models import kaplan_meier

    statistics = ("count", "events", *_MEDIAN)
    n, events = len(rows), int((rows["end"] == REACHED).sum())
    if reason or not n:
        table.absent_all([at[0]], [at[1]], statistics, reason or "nobody began it")
        return
    table.add(*at, "count", n)
    table.add(*at, "events", events, n=n)
    curve = kaplan_meier(rows["days"].astype(float), (rows["end"] == REACHED).astype(float))
    found = curve.median().iloc[0]
    for statistic, name in zip(_MEDIAN, ("time", "ci_low", "ci_high"), strict=True):
        shown = float(found[name]) if events >= _ENDS_INSIDE or statistic == "median" else None
        why = (
            "fewer than half got there within the days observed"
            if shown is not None else "too few: it may be a single person's days"
        )  # fmt: skip
        table.add(*at, statistic, shown, n=events, warning=few(events), reason=why)


def waiting_sums(tables: Mapping[str, Table]) -> Iterator[Relation]:
    """Yield that those who began a step are all its ends, and that all strands are the strands."""
    table, curves = (tables.get(f"waiting_times.{name}") for name in ("people", "censored"))
    if table is None:
        return
    strands = list(dict.fromkeys(row.split("__")[1] for row in table.row_labels))
    for column in table.column_labels:
        for step in STEPS:
            for strand in strands:
                row = f"{step}__{strand}"
                parts = tuple((table.id, f"{row}__{end}", column, "count") for end in ENDS)
                yield Relation((table.id, f"{row}__{BEGAN}", column, "count"), parts)
                if curves is not None:
                    for treatment, ends in (("closed_censored", (REACHED, WAITING, CLOSED)),
                                            ("closed_left_out", (REACHED, WAITING))):  # fmt: skip
                        whole = (curves.id, f"{row}__{treatment}", column, "count")
                        yield Relation(whole, tuple(
                            (table.id, f"{row}__{end}", column, "count") for end in ends
                        ))  # fmt: skip
            for end in (BEGAN, *ENDS):
                own = tuple((table.id, f"{step}__{strand}__{end}", column, "count")
                            for strand in strands[:-1])  # fmt: skip
                if own:
                    whole = (table.id, f"{step}__{strands[-1]}__{end}", column, "count")
                    yield Relation(whole, own)
