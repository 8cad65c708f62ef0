"""Referrals by period, and by site where there are several."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from datrial.analyses.referral_pathway_data import (
    ALL,
    ReferralPathwayParameters,
    Referrals,
    add_count,
    add_shares,
    of_site,
    sites_of,
    tally,
)
from datrial.errors import UsageError
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.config.study import Study

OUTSIDE = "outside"
_NOTE = (
    "Counts referrals, by the day on which they were made; a person referred again counts "
    "again. Share: of all referrals. 95% intervals: Wilson."
)


@dataclass(frozen=True)
class Period:
    """Days in which referrals are counted, the first and the last included."""

    key: str
    label: str
    first: dt.date
    last: dt.date


def periods_of(study: Study, first_days: tuple[dt.date, ...]) -> list[Period]:
    """Return the periods: from each first day to the next, the last to the end of reporting.

    Without first days they are the calendar quarters of the reporting period.

    Raises
    ------
    UsageError
        If the days do not rise, or the last of them is after the reporting period.
    """
    start = min(site.recruitment_start for site in study.sites.values())
    end = max(site.recruitment_end for site in study.sites.values())
    days = list(first_days or _quarters(start, end))
    if days != sorted(set(days)) or days[-1] > end:
        raise UsageError(
            "referral_pathway: the first days of `periods` must rise, and the last must not be "
            f"after the reporting period, which ends on {end.isoformat()}."
        )
    lasts = [later - dt.timedelta(days=1) for _, later in pairwise(days)] + [end]
    return [
        Period(f"from_{first:%Y_%m_%d}", f"{_day(first)} to {_day(last)}", first, last)
        for first, last in zip(days, lasts, strict=True)
    ]


def _quarters(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Yield the first day, then that of each calendar quarter that begins until the last."""
    yield start
    month = start.year * 12 + (start.month - 1) // 3 * 3 + 3
    while dt.date(month // 12, month % 12 + 1, 1) <= end:
        yield dt.date(month // 12, month % 12 + 1, 1)
        month += 3


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"


def periods_table(of: Referrals, parameters: ReferralPathwayParameters) -> Table:
    """Return the referrals of each period: a row each, or of several sites a column each."""
    marks, labels = _marks(of, periods_of(of.context.study, parameters.periods))
    if len(of.context.study.sites) > 1:
        return _by_site(of, marks, labels)
    return _of_one_site(of, marks, labels)


def _marks(of: Referrals, periods: list[Period]) -> tuple[dict[str, pd.Series], dict[str, str]]:
    """Return the referrals of each period, those of no period where there are any, and names."""
    days = of.frame["referred_on"]
    marks = {
        period.key: (days >= f"{period.first}") & (days <= f"{period.last}") for period in periods
    }
    labels = {period.key: period.label for period in periods}
    outside = (days < f"{periods[0].first}") | (days > f"{periods[-1].last}")
    if outside.any():
        marks[OUTSIDE], labels[OUTSIDE] = outside, "Other days"
    return marks, labels


def _of_one_site(of: Referrals, marks: dict[str, pd.Series], labels: dict[str, str]) -> Table:
    table = Table(
        "referral_pathway.by_period",
        "Referrals by period",
        f"{_NOTE}{of.cohorts.note}",
        ("R-T1",),
    )
    of.cohorts.name_columns(table)
    nothing = of.unknown("person_id")
    for key, label in labels.items():
        table.row(key, label)
        add_shares(of, table, key, tally(of, of.frame, marks[key]), nothing)
    table.row(ALL, "All")
    add_count(of, table, ALL, of.cohorts.by_arm(of.frame, len), nothing)
    return table


def _by_site(of: Referrals, marks: dict[str, pd.Series], labels: dict[str, str]) -> Table:
    table = Table(
        "referral_pathway.periods",
        "Referrals by site and period",
        f"{_NOTE}{of.cohorts.note}",
        ("R-T1",),
    )
    for arm, label in of.cohorts.labels.items():
        before = f"{label}: " if of.cohorts.is_compared else ""
        for key, words in labels.items():
            table.column(f"{arm}__{key}", f"{before}{words}")
    of.cohorts.name_columns(table)
    if not of.cohorts.is_compared:
        table.column(*next((arm, "Total") for arm in of.cohorts.labels))
    nothing = of.unknown("person_id")
    totals = of.cohorts.by_arm(of.frame, len)
    for site, label in sites_of(of).items():
        table.row(site, label)
        for arm, rows in of.cohorts.split(of_site(of.frame, site)):
            for key, mark in marks.items():
                count = int(mark[rows.index].sum())
                if arm in nothing:
                    table.absent(site, f"{arm}__{key}", "count", nothing[arm])
                else:
                    table.add(site, f"{arm}__{key}", "count", count)
        own = of.cohorts.by_arm(of_site(of.frame, site), len)
        if site == ALL:
            add_count(of, table, site, own, nothing)
        else:
            add_shares(of, table, site, {arm: (own[arm], totals[arm]) for arm in own}, nothing)
    return table
