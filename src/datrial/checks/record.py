"""What is kept of a run's checks: every rule with its verdict, and the account of every table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datrial.config.tables import staging_tables

if TYPE_CHECKING:
    import duckdb

_RESULTS = """
    with moved as (
        select table_name, reason as rule_id, count(*) as quarantined
        from quarantine.row where stage = 'check' group by all
    )
    select
        result.rule_id, result.description, result.severity, result.engine, result.reads,
        result.rows_looked_at, result.rows_failed, coalesce(moved.quarantined, 0),
        result.verdict, result.message, result.observed
    from checks.result as result
    left join moved using (table_name, rule_id)
    where result.table_name = ?
    order by result.rowid
"""
_RULE_KEYS = (
    "rule", "description", "severity", "engine", "reads", "looked_at", "failed", "quarantined",
    "verdict", "message", "observed",
)  # fmt: skip
_ACCOUNTS = """
    select extract_id, received, staged, quarantined
    from accounting.extract where table_name = ? order by extract_id
"""
_REASONS = """
    select reason, stage, count(*) from quarantine.row where table_name = ?
    group by all order by count(*) desc, reason
"""
_PROBLEMS = """
    select column_name, problem, sum(rows)::bigint from accounting.problem where table_name = ?
    group by all order by all
"""


def checks_of(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what the page of checks shows of a warehouse, as JSON holds it.

    Counts only: no value of a row is read.

    Parameters
    ----------
    connection
        A warehouse after all its checks; a published snapshot open for reading will do.

    Returns
    -------
    dict
        ``tables``: for each staging table that was received or checked, its
        ``rules`` in the order of the suite (those that read other tables last), its
        ``extracts`` (rows received, staged, quarantined), ``reasons`` of
        quarantine and ``problems`` of cells that could not be read.
    """
    names = connection.execute(
        "select table_name from checks.result union select table_name from accounting.extract "
        "where received > 0 order by table_name"
    ).fetchall()
    return {"tables": [_table(connection, name) for (name,) in names]}


def _table(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    def rows(sql: str, keys: tuple[str, ...]) -> list[dict[str, Any]]:
        found = connection.execute(sql, [name]).fetchall()
        return [dict(zip(keys, row, strict=True)) for row in found]

    contract = staging_tables().get(name)
    return {
        "table": name,
        "grain": contract.grain if contract else "",
        "extracts": rows(_ACCOUNTS, ("extract", "received", "staged", "quarantined")),
        "reasons": rows(_REASONS, ("reason", "stage", "rows")),
        "problems": rows(_PROBLEMS, ("column", "problem", "rows")),
        "rules": rows(_RESULTS, _RULE_KEYS),
    }
