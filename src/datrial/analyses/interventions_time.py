"""Tables of the work of case managers over time: month of the case, year of the project."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from datrial.analyses.interventions_tables import WORK, WORK_LABELS, caution
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.base import Context

DAYS_IN_MONTH = 365.25 / 12
LATER = "month_later"
_WHEN = {
    "before_start": "Before the start of the case",
    "after_end": "After the closure of the case",
    "not_known": "Without a known end of the case",
}
_COLUMNS = {**WORK_LABELS, **WORK["indirect"], **WORK["direct"]}


def months_table(context: Context, sites: list[str], months: int) -> Table:
    """Return the actions in each month since the start, and how many for each open case."""
    table = Table(
        "interventions.months",
        "Actions by month since the start of the case",
        "First column: cases open on at least one day of the month. Mean: actions divided by the "
        "months that cases were open in it, a case that closed within the month counting for the "
        "days that it was open. Actions before the start, after the closure, and in cases whose "
        "end is not known are counted below; they have no mean." + caution(context, sites),
        ("D-F6",),
    )
    table.column("open_cases", "Open cases")
    for column, label in _COLUMNS.items():
        table.column(column, label)
    rows = [f"month_{month}" for month in range(1, months + 1)]
    for month, row in enumerate(rows, start=1):
        table.row(row, f"Month {month}")
    table.row(LATER, f"Month {months + 1} and later")
    for row, label in _WHEN.items():
        table.row(row, label)
    nothing = received(context, "cms").reason(sites)
    if nothing:
        table.absent_all([*rows, LATER], ["open_cases"], ["count"], nothing)
        table.absent_all([*rows, LATER], _COLUMNS, ["count", "mean"], nothing)
        table.absent_all(_WHEN, _COLUMNS, ["count"], nothing)
        return table
    opened = _open_cases(context, sites, months)
    counted = _counts_by_month(context, sites, months)
    for number, row in enumerate([*rows, LATER], start=1):
        cases, days = opened.get(number, (0, 0))
        table.add(row, "open_cases", "count", cases)
        for column in _COLUMNS:
            count = counted.get((row, column), 0)
            table.add(row, column, "count", count)
            mean = count * DAYS_IN_MONTH / days if days else None
            reason = "no case was open so long"
            table.add(row, column, "mean", mean, n=cases or None, reason=reason)
    for row in _WHEN:
        for column in _COLUMNS:
            table.add(row, column, "count", counted.get((row, column), 0))
    return table


def _open_cases(context: Context, sites: list[str], months: int) -> dict[int, tuple[int, int]]:
    """Return month since the start -> cases open in it, and the days that they were open.

    The number after the last month stands for all the time after it.
    """
    rows = context.connection.execute(
        """
        with part as (
            select
                number,
                start_date + to_months(cast(number - 1 as integer)) as first_day,
                case when number <= $months
                    then start_date + to_months(cast(number as integer)) end as next_day,
                open_until
            from marts.case_duration, range(1, $months + 2) as numbers(number)
            where open_until >= start_date and list_contains($sites, site)
        ),
        opened as (
            select
                number,
                date_diff('day', first_day, least(next_day, open_until + 1)) as days
            from part
        )
        select number, count(*), sum(days) from opened where days > 0 group by number
        """,
        {"months": months, "sites": sites},
    ).fetchall()
    return {number: (int(cases), int(days)) for number, cases, days in rows}


def _counts_by_month(context: Context, sites: list[str], months: int) -> dict[tuple[str, str], int]:
    """Return row and column -> actions."""
    rows = context.connection.execute(
        """
        select
            case
                when when_in_case <> 'in_case' then when_in_case
                when month <= $months then 'month_' || month
                else $later
            end as place,
            work, action, count(*)
        from marts.action where list_contains($sites, site) group by all
        """,
        {"months": months, "sites": sites, "later": LATER},
    ).fetchall()
    found: dict[tuple[str, str], int] = {}
    for place, work, action, number in rows:
        for column in (work, action):
            if column is not None:
                found[place, column] = found.get((place, column), 0) + int(number)
    return found


def years_table(context: Context, sites: list[str], ends: list[dt.date]) -> Table:
    """Return indirect and direct work by year of the project."""
    last = len(ends) + 1
    table = Table(
        "interventions.years",
        "Indirect and direct work by year of the project",
        "Each row adds up to 100% of the year's actions. "
        + " ".join(
            f"Year {number} ends on {end.day} {end:%B %Y}." for number, end in enumerate(ends, 1)
        )
        + caution(context, sites),
        ("D-F6",),
    )
    for column, label in WORK_LABELS.items():
        table.column(column, label)
    nothing = received(context, "cms").reason(sites)
    rows = context.connection.execute(
        "select 1 + len(list_filter(?::date[], lambda day: day < action_date)) as year, work, "
        "count(*) from marts.action where list_contains(?, site) group by all",
        [ends, sites],
    ).fetchall()
    found = {(int(year), work): int(number) for year, work, number in rows}
    for year in range(1, last + 1):
        row = f"year_{year}"
        table.row(row, f"Year {year}")
        total = sum(found.get((year, work), 0) for work in WORK_LABELS)
        for work in WORK_LABELS:
            count = None if nothing else found.get((year, work), 0)
            table.add(row, work, "count", count, reason=nothing)
            share = found.get((year, work), 0) / total if total and not nothing else None
            reason = nothing or "no action is recorded in this year"
            table.add(row, work, "share", share, n=total or None, reason=reason)
    return table
