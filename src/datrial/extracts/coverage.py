"""How many staged rows fall into each month: the other half of what coverage tells."""

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml)

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.config.tables import staging_tables

if TYPE_CHECKING:
    import duckdb


def write_month_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``accounting.month``: staged rows by source, site and month of their event.

    Which date is a row's event is said in ``configs/tables.yaml``; tables and
    rows without one are not counted. A month without a row has no line here:
    whether it was received is told by ``study.coverage_month``.

    Parameters
    ----------
    connection
        A warehouse whose staging tables are made.
    """
    connection.execute("create schema if not exists accounting")
    connection.execute(
        "create or replace table accounting.month "
        "(source varchar, site varchar, month date, rows bigint)"
    )
    counted = [
        f"""
        select extract.source, row.site, date_trunc('month', row.{table.event_date}) as month
        from staging.{name} as row
        inner join (
            select distinct extract_id, source from raw.extract where table_name = '{name}'
        ) as extract on extract.extract_id = row.extract_id
        where row.{table.event_date} is not null
        """
        for name, table in staging_tables().items()
        if table.event_date and name in _staged(connection)
    ]
    if counted:
        connection.execute(
            "insert into accounting.month select source, site, month, count(*) "
            f"from ({' union all '.join(counted)}) group by all order by all"
        )


def _staged(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of the staging tables that there are."""
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'staging'"
    ).fetchall()
    return {name for (name,) in found}
