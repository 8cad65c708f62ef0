"""Meetings, supervisions, signposting: what a service did in each month, by strand."""

from __future__ import annotations

from collections.abc import Mapping

from datrial.analyses.service_activity_data import ALL, Service
from datrial.analyses.service_activity_tables import add_total
from datrial.results.cells import Table


def work_tables(service: Service, activities: Mapping[str, str]) -> list[Table]:
    """Return the activities over all months, and by month.

    Parameters
    ----------
    activities
        Code -> label.
    """
    totals = Table(
        "service_activity.activity_totals",
        "Meetings, supervisions, signposting and other activities",
        "Each that was recorded counts, also several with one client. Share: of the activity, by "
        "strand. Mean: per whole month.",
        ("F-F11",),
    )
    months = Table(
        "service_activity.activities",
        "Activities by month",
        "By the day on which they were held. A month in which none was recorded has 0 where its "
        "data were received.",
        ("F-F11",),
    )
    for table in (totals, months):
        service.cohorts.name_columns(table, difference=False)
    for code, label in activities.items():
        for strand in service.strands:
            row = f"{code}__{strand}"
            several = len(service.strands) > 1
            name = f"{label}: {service.strands[strand]}" if several else label
            totals.row(row, name)
            for arm in service.cohorts.labels:
                add_total(totals, service, ("activity", code, arm, strand), row)
                if several and strand != ALL:
                    _share(totals, service, (code, arm, strand), row)
            _months(months, service, (code, strand), name)
    return [totals, months]


def _share(table: Table, service: Service, of: tuple[str, str, str], row: str) -> None:
    code, arm, strand = of
    count, total = (service.total("activity", code, arm, name) for name in (strand, ALL))
    table.add(row, arm, "share", (count or 0) / total if total else None, n=total,
              reason=service.reason("activity", arm) or "there was none")  # fmt: skip


def _months(table: Table, service: Service, of: tuple[str, str], name: str) -> None:
    code, strand = of
    for month in service.months:
        row = f"{code}__{strand}__{month.key}"
        table.row(row, f"{name}, {month.label}")
        for arm in service.cohorts.labels:
            known = service.known_of("activity", arm, month)
            number = service.number("activity", code, arm, strand, month)
            table.add(row, arm, "count", number, warning=known.warning, reason=known.reason)
