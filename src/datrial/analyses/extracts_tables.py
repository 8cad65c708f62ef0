"""The extracts that count: their days and rows, and what corrected ones changed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from datrial.results.cells import State, Table

if TYPE_CHECKING:
    from datrial.analyses.base import Context

_ROWS = {"received": "Received", "staged": "Staged", "quarantined": "Quarantined"}
_CHANGES = {"added": "Added", "changed": "Changed", "gone": "Gone", "same": "The same"}


def extracts_table(context: Context) -> Table:
    """Return the extracts that count, in the order of arrival."""
    table = Table(
        "extracts_received.extracts",
        "Extracts that count",
        "Each file that is read, with the days for which the agency says it sent everything, and "
        "the rows of all its tables. A file whose days lie within those of a later one is replaced "
        "by it. Its receipt in the landing folder says when it arrived and who received it.",
        not_about_people="it counts rows of files, not people",
    )
    table.column("arrival", "Order of arrival")
    table.column("days", "Days covered")
    for column, label in _ROWS.items():
        table.column(column, label)
    rows = context.connection.execute(
        """
        with extract as (
            select distinct table_name, extract_id, mapping, part, covers_start, covers_end, arrival
            from raw.extract
        )
        select
            extract.mapping, extract.part, extract.covers_start, extract.covers_end,
            dense_rank() over (order by extract.arrival),
            sum(account.received), sum(account.staged), sum(account.quarantined)
        from extract
        inner join accounting.extract as account using (table_name, extract_id)
        group by
            extract.extract_id, extract.mapping, extract.part, extract.covers_start,
            extract.covers_end, extract.arrival
        order by extract.arrival, extract.mapping
        """
    ).fetchall()
    for mapping, part, first, last, arrival, *counts in rows:
        row = _key(mapping, part, first, last)
        table.row(row, f"{_name(mapping, part)}: {_day(first)} to {_day(last)}")
        table.add(row, "arrival", "count", arrival)
        table.add(row, "days", "count", (last - first).days + 1)
        for column, count in zip(_ROWS, counts, strict=True):
            table.add(row, column, "count", count)
    if not rows:
        table.row("none", "No extract was received")
        table.absent_all(["none"], table.column_labels, ["count"], "no extract was received")
    return table


def corrected_table(context: Context) -> Table:
    """Return what each extract changed that took the place of earlier ones."""
    table = Table(
        "extracts_received.corrected",
        "Corrected extracts",
        "Each extract that replaced an earlier one, or several: rows by their key (in a table "
        "without a key, whole rows). Changed: the same key with other answers. The earlier rows "
        "stay in the snapshot (schema earlier) and take no part in any analysis.",
        not_about_people="it counts rows of files, not people",
    )
    for column, label in _CHANGES.items():
        table.column(column, label)
    rows = context.connection.execute(
        """
        with extract as (
            select distinct table_name, extract_id, mapping, part, covers_start, covers_end
            from raw.extract
        )
        select
            difference.table_name, extract.mapping, extract.part, extract.covers_start,
            extract.covers_end, difference.earlier_extracts,
            difference.added, difference.changed, difference.gone, difference.same
        from accounting.difference as difference
        inner join extract using (table_name, extract_id)
        order by all
        """
    ).fetchall()
    for name, mapping, part, first, last, earlier, *counts in rows:
        row = f"{name}__{_key(mapping, part, first, last)}"
        against = f", in place of {earlier} extracts" if earlier > 1 else ""
        days = f"{_day(first)} to {_day(last)}"
        table.row(row, f"{name.replace('_', ' ')} ({_name(mapping, part)}, {days}{against})")
        for column, count in zip(_CHANGES, counts, strict=True):
            table.add(row, column, "count", count)
    if not rows:
        table.row("none", "No extract was corrected")
        for column in _CHANGES:
            note = "no extract that counts replaced an earlier one"
            table.absent("none", column, "count", note, state=State.NOT_APPLICABLE)
    return table


def _name(mapping: str, part: str | None) -> str:
    name = mapping.rpartition("/")[2].replace("_", " ")
    return f"{name}, part {part}" if part else name


def _key(mapping: str, part: str | None, first: dt.date, last: dt.date) -> str:
    """Return a row key that a corrected file of the same days has as well."""
    words = [mapping.rpartition("/")[2], *([part] if part else []), f"{first:%Y%m%d}_{last:%Y%m%d}"]
    return "__".join(words)


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
