"""Coverage: for which months each source sent its data, and how many rows it sent."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.analyses.base import Context

#: Begins the warning of a month for which only some days were received.
PART = "data for"
NOT_RECEIVED = "no data were received for this month"
NOT_RECEIVED_BUT_ROWS = "no data were received for this month, although some rows bear a date in it"
EMPTY = "not one row, though the months around it have many: was the file complete?"
NO_ROW_AT_ALL = "not one row with a date in any month: was the file complete?"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: By chance, a month of as many expected rows is empty less than once in a thousand.
_MANY = 7

#: (month, days in it, days received, state, rows)
_Month = tuple[dt.date, int, int, str, int]


def coverage_table(context: Context) -> Table:
    """Return rows by source, site and month: a calendar of what was received."""
    table = Table(
        "extracts_received.coverage",
        "Coverage by source, site and month",
        "Rows that can be used, by the month of their event (hearing, incident, form, action). A "
        "month that was not received is not available: it takes no part in any rate. A month of "
        "which only some days were received counts for these days.",
        not_about_people="it counts rows of files, not people",
    )
    for position, name in enumerate(_MONTHS, start=1):
        table.column(f"month_{position:02d}", name)
    found = _months(context)
    if not found:
        table.row("none", "No extract was received")
        table.absent_all(["none"], table.column_labels, ["rows"], "no extract was received")
    for (source, site), months in found.items():
        settings = context.study.sites.get(site)
        place = settings.label if settings else site
        start = settings.recruitment_start if settings else None
        for month, days, received, state, rows in months:
            row, column = f"{source}__{site}__{month.year}", f"month_{month.month:02d}"
            table.row(row, f"{_source(source)}, {place}, {month.year}")
            if state == "not_received":
                note = NOT_RECEIVED_BUT_ROWS if rows else NOT_RECEIVED
                table.absent(row, column, "rows", note)
                continue
            warnings = [f"{PART} {received} of {days} days"] if state == "part" else []
            if not rows:
                warnings += _empty(months, month, start)
            table.add(row, column, "rows", rows, warning="; ".join(warnings))
    return table


def _months(context: Context) -> dict[tuple[str, str], list[_Month]]:
    """Return every source's and site's months in their order."""
    rows = context.connection.execute(
        """
        select
            covered.source, covered.site, covered.month, covered.days_in_month,
            covered.days_received, covered.state, coalesce(counted.rows, 0)
        from study.coverage_month as covered
        left join accounting.month as counted using (source, site, month)
        order by covered.source, covered.site, covered.month
        """
    ).fetchall()
    found: dict[tuple[str, str], list[_Month]] = {}
    for source, site, *month in rows:
        found.setdefault((source, site), []).append((*month,))
    return found


def _empty(months: list[_Month], month: dt.date, start: dt.date | None) -> list[str]:
    """Return a warning where a month without a row is no chance.

    Compared are the nearest months with rows before and after it, so that a
    run of empty months, or an extract cut off at its end, is told as well.
    Before a site began to recruit (``start``) nothing needs to have happened in
    a source whose rows begin no earlier.
    """
    before = [rows for when, _, _, _, rows in months if when < month and rows]
    after = [rows for when, _, _, _, rows in months if when > month and rows]
    nearest = before[-1:] + after[:1]
    if not nearest:
        return [NO_ROW_AT_ALL]
    first = min(when for when, *_, rows in months if rows)
    if start and month < start.replace(day=1) <= first:
        return []
    return [EMPTY] if sum(nearest) / len(nearest) >= _MANY else []


def _source(name: str) -> str:
    """Return a source's name for people; abbreviations stay in capitals."""
    return {"marac": "MARAC", "cms": "Case management"}.get(name, name.replace("_", " ").title())
