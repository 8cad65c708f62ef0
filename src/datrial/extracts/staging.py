"""Staging: rows that can be used, quarantine for the others, and the account of both.

Rows received (counted while the files were read) = rows staged + rows quarantined,
for every table and extract, or the build stops.
"""

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml)

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.tables import staging_tables
from datrial.errors import DatrialError
from datrial.extracts.decoding import literal
from datrial.extracts.load_columns import SQL_TYPES

if TYPE_CHECKING:
    import duckdb

#: Reasons of rows that say nothing of their own: their loss is no loss.
NOTHING_LOST = (
    "blank row",
    "summary line",
    "duplicate of an earlier row",
    "duplicate of a row in an earlier extract",
    "replaced by a later extract",
)

#: The rows of a table where they ended.
_PLACED = (
    "(select extract_id, row_number from staging.{0} union all "
    "select extract_id, row_number from quarantine.row where table_name = '{0}')"
)


def stage(connection: duckdb.DuckDBPyConnection, tables: Iterable[str], sql_folder: Path) -> None:
    """Make ``staging.<table>``, ``quarantine.row`` and the accounts from ``mapped``.

    Parameters
    ----------
    connection
        A warehouse into which the extracts have been loaded.
    tables
        The staging tables to make.
    sql_folder
        The folder with ``<table>.sql``: a SELECT of the mapped columns and
        ``reject_reason``, which is null for a row that is staged. Beside the
        folder lies ``macros.sql``, with the rules that they share.

    Raises
    ------
    DatrialError
        If a SQL file is missing or fails, or if rows were lost or doubled.
    """
    names = sorted(tables)
    connection.execute("set enable_progress_bar = false")
    connection.execute((sql_folder.parent / "macros.sql").read_text(encoding="utf-8"))
    _make_account_tables(connection)
    for name in names:
        _stage_table(connection, name, sql_folder)
        balance(connection, name)


def balance(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Write a table's ``accounting.extract`` and ``accounting.problem`` anew, and prove them.

    Raises
    ------
    DatrialError
        If for any extract the rows received are not the rows staged and
        quarantined, each row once.
    """
    connection.execute("delete from accounting.extract where table_name = ?", [table])
    connection.execute("delete from accounting.problem where table_name = ?", [table])
    connection.execute(
        f"""
        insert into accounting.extract
        with staged as (
            select extract_id, count(*) as staged from staging.{table} group by extract_id
        ),
        quarantined as (
            select extract_id, count(*) as quarantined
            from quarantine.row where table_name = $name group by extract_id
        )
        select
            extract.table_name, extract.extract_id, extract.site, extract.received,
            coalesce(staged.staged, 0), coalesce(quarantined.quarantined, 0)
        from raw.extract as extract
        left join staged using (extract_id)
        left join quarantined using (extract_id)
        where extract.table_name = $name
        order by extract.extract_id
        """,
        {"name": table},
    )
    connection.execute(
        f"""
        insert into accounting.problem
        with problems as (
            select mapped.extract_id, unnest(mapped.problems) as problem
            from mapped.{table} as mapped
            anti join quarantine.row as quarantined
                on quarantined.table_name = $name
                and mapped.extract_id = quarantined.extract_id
                and mapped.row_number = quarantined.row_number
            where len(mapped.problems) > 0
        )
        select
            $name, extract_id, split_part(problem, ': ', 1), split_part(problem, ': ', 2), count(*)
        from problems
        group by all
        order by all
        """,
        {"name": table},
    )
    _prove(connection, table)


def _prove(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    unbalanced = connection.execute(
        "select extract_id, received, staged, quarantined from accounting.extract "
        "where table_name = ? and received <> staged + quarantined order by extract_id",
        [table],
    ).fetchall()
    for extract, received, staged, quarantined in unbalanced:
        raise DatrialError(
            f"{table}, extract {extract}: {received} rows were received, but {staged} are staged "
            f"and {quarantined} quarantined. The snapshot is not published; please report this."
        )
    if _fingerprint(connection, f"raw.{table}") == _fingerprint(connection, _PLACED.format(table)):
        return
    repeated, strange = connection.execute(
        f"""
        with counted as (
            select extract_id, row_number, count(*) as times
            from {_PLACED.format(table)} as placed group by all
        )
        select
            count(*) filter (counted.times > 1),
            count(*) filter (raw_row.row_number is null)
        from counted
        left join raw.{table} as raw_row using (extract_id, row_number)
        """
    ).fetchall()[0]
    raise DatrialError(
        f"{table}: {repeated} received rows stand in more than one place and {strange} rows "
        "were never received. The snapshot is not published; please report this."
    )


def _fingerprint(connection: duckdb.DuckDBPyConnection, rows: str) -> tuple[int, int]:
    """Return the number of rows and the sum of their hashes: equal for the same rows alone.

    The sum depends on no order and needs no memory; that other rows have the same
    one has a chance of 1 in 2^64.
    """
    found: tuple[int, int] = connection.execute(
        f"select count(*), coalesce(sum(hash(extract_id, row_number)), 0) from {rows}"
    ).fetchall()[0]
    return found


def _make_account_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in (
        "create schema if not exists staging",
        "create schema if not exists quarantine",
        "create schema if not exists accounting",
        "create table if not exists quarantine.row (table_name varchar, extract_id varchar, "
        "row_number bigint, reason varchar, stage varchar)",
        "create table if not exists accounting.extract (table_name varchar, extract_id varchar, "
        "site varchar, received bigint, staged bigint, quarantined bigint)",
        "create table if not exists accounting.problem (table_name varchar, extract_id varchar, "
        "column_name varchar, problem varchar, rows bigint)",
    ):
        connection.execute(statement)


def _stage_table(connection: duckdb.DuckDBPyConnection, table: str, sql_folder: Path) -> None:
    """Make a staging table, and put the other rows into quarantine."""
    import duckdb

    path = sql_folder / f"{table}.sql"
    if not path.is_file():
        raise DatrialError(f"sql/staging/{table}.sql is missing.")
    select = path.read_text(encoding="utf-8").strip().rstrip(";")
    contract = staging_tables()[table].columns
    columns = ", ".join(("extract_id", "row_number", "site", *contract))
    typed = "".join(f', "{name}" {SQL_TYPES[column.kind]}' for name, column in contract.items())
    connection.begin()
    try:
        connection.execute("delete from quarantine.row where table_name = ?", [table])
        connection.execute(
            f"create or replace table staging.{table} "
            f"(extract_id varchar, row_number bigint, site varchar{typed})"
        )
        # The SELECT runs twice: that costs less than holding all its rows with their verdicts.
        connection.execute(
            f"insert into staging.{table} select {columns} from ({select}\n) as judged "
            "where reject_reason is null order by extract_id, row_number"
        )
        connection.execute(
            f"insert into quarantine.row select {literal(table)}, extract_id, row_number, "
            f"reject_reason, 'staging' from ({select}\n) as judged "
            "where reject_reason is not null order by extract_id, row_number"
        )
        connection.commit()
    except duckdb.Error as error:
        connection.rollback()
        # The text of a conversion error can quote a row's value: only its kind is told.
        raise DatrialError(f"sql/staging/{table}.sql failed ({type(error).__name__}).") from None
