"""What a corrected extract changed: rows added, changed, gone and the same, as counts."""

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml)

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.config.tables import StagingTable, staging_tables
from datrial.errors import DatrialError
from datrial.extracts.periods import Days
from datrial.extracts.replaced import Extract, predecessors

if TYPE_CHECKING:
    import duckdb

#: More than the rows of any file.
_FAR = 2**40


def write_differences(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``accounting.difference``: each current extract against those that it replaced.

    One row for each table of an extract that replaced another, with the number
    of keys that are ``added``, ``changed`` (same key, other content), ``gone``
    and the ``same``. A table without a key (actions) is compared by whole rows,
    as often as each stands there, so that nothing in it is ever changed. Only
    rows with a usable key take part; of several rows of one key the first
    counts, as in staging, and the one that arrived last where an extract
    replaced several. The earlier rows themselves stay in ``earlier.<table>``.

    Parameters
    ----------
    connection
        A warehouse into which the current and the earlier extracts have been
        loaded. Where references are replaced by persons, both must be, or neither.
    """
    connection.execute("create schema if not exists accounting")
    connection.execute(
        "create or replace table accounting.difference (table_name varchar, extract_id varchar, "
        "earlier_extract_id varchar, added bigint, changed bigint, gone bigint, same bigint, "
        "earlier_extracts bigint)"
    )
    for table, extract, before in _corrected(connection):
        ids = [each.id for each in before]
        counts = _compared(connection, table, extract.id, ids)
        connection.execute(
            "insert into accounting.difference values (?, ?, ?, ?, ?, ?, ?, ?)",
            [table, extract.id, ids[-1], *counts, len(ids)],
        )


def _corrected(
    connection: duckdb.DuckDBPyConnection,
) -> list[tuple[str, Extract, list[Extract]]]:
    """Return (table, current extract, what it replaced by arrival), in a stable order."""
    earlier = _extracts(connection, "earlier")
    found = []
    for (table, _), extract in sorted(_extracts(connection, "raw").items()):
        of_table = [each for (name, _), each in earlier.items() if name == table]
        before = sorted(predecessors(extract, of_table), key=lambda each: each.arrival)
        if before:
            found.append((table, extract, before))
    return found


def _extracts(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[tuple[str, str], Extract]:
    """Return table and extract id -> extract, as ``<schema>.extract`` tells of them."""
    rows = connection.execute(
        "select distinct table_name, extract_id, mapping, part, covers_start, covers_end, arrival "
        f"from {schema}.extract"
    ).fetchall()
    return {
        (table, key): Extract(key, mapping, part, Days(first, last), arrival, "")
        for table, key, mapping, part, first, last, arrival in rows
    }


def _compared(
    connection: duckdb.DuckDBPyConnection, table: str, extract: str, before: list[str]
) -> tuple[int, ...]:
    """Return the rows of a table that an extract added, changed, left out, and left the same."""
    import duckdb

    contract = staging_tables()[table]
    sql = _by_key(table, contract) if contract.key else _by_row(table, contract)
    try:
        counts = connection.execute(sql, {"extract": extract, "before": before}).fetchall()[0]
    except duckdb.Error as error:
        # DuckDB's own text could quote a row's value: only the kind of error is told.
        raise DatrialError(
            f"{table}, extract {extract}: comparing it with the extract that it replaced failed "
            f"({type(error).__name__})."
        ) from None
    return tuple(int(count or 0) for count in counts)


def _by_key(table: str, contract: StagingTable) -> str:
    """Return SQL that compares rows by their key, and their content by its hash."""
    keys = ", ".join(f'"{name}"' for name in contract.key)
    others = [name for name in ("site", *contract.columns) if name not in contract.key]
    content = "hash(" + (", ".join(f'"{name}"' for name in others) or "1") + ")"
    usable = " and ".join(f'"{name}" is not null' for name in contract.key)
    return f"""
        with rows as (
            select {keys}, true as is_now, row_number as place, {content} as content
            from mapped.{table}
            where extract_id = $extract and row_kind = 'data' and {usable}
            union all
            select
                {keys}, false,
                -- the last of the earlier extracts comes first
                row_number - cast(list_position($before, extract_id) as bigint) * {_FAR}, {content}
            from earlier.{table}
            where list_contains($before, extract_id) and row_kind = 'data' and {usable}
        ),
        compared as (
            select
                arg_min(content, place) filter (is_now) as now,
                arg_min(content, place) filter (not is_now) as before
            from rows
            group by {keys}
        )
        select
            count(*) filter (before is null),
            count(*) filter (now <> before),
            count(*) filter (now is null),
            count(*) filter (now = before)
        from compared
    """


def _by_row(table: str, contract: StagingTable) -> str:
    """Return SQL that compares whole rows, each as often as it stands there."""
    columns = ", ".join(f'"{name}"' for name in ("site", *contract.columns))
    required = [name for name, column in contract.columns.items() if column.required]
    usable = " and ".join(f'"{name}" is not null' for name in ("site", *required))
    return f"""
        with rows as (
            select {columns}, true as is_now from mapped.{table}
            where extract_id = $extract and row_kind = 'data' and {usable}
            union all
            select {columns}, false from earlier.{table}
            where list_contains($before, extract_id) and row_kind = 'data' and {usable}
        ),
        compared as (
            select count(*) filter (is_now) as now, count(*) filter (not is_now) as before
            from rows
            group by {columns}
        )
        select
            sum(greatest(now - before, 0)), 0,
            sum(greatest(before - now, 0)), sum(least(now, before))
        from compared
    """
