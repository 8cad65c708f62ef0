"""Run the suites on the staging tables, and quarantine the rows that fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.checks.judging import judge
from datrial.checks.results import save_results
from datrial.checks.suites import Rule, Suite, load_suite
from datrial.checks.verdicts import RuleResult, not_looked_at, without_rows
from datrial.errors import UsageError
from datrial.extracts.staging import balance

if TYPE_CHECKING:
    import duckdb

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml)


def run_checks(
    connection: duckdb.DuckDBPyConnection, suites_folder: Path, tables: Iterable[str]
) -> list[RuleResult]:
    """Judge staging tables by the rules that look at one table, and save the verdicts.

    Rows that fail a ``critical_row`` rule move from staging to quarantine, each
    once, with the first rule that it failed as reason; the other rules judge
    what is left. The accounts are written anew and proved.

    Parameters
    ----------
    connection
        A warehouse with staged tables.
    suites_folder
        The folder with ``<table>.json``.
    tables
        The staging tables to check.

    Returns
    -------
    list of RuleResult
        By table, in the order of its suite; also in ``checks.result``. See
        :func:`datrial.checks.results.raise_on_critical`.

    Raises
    ------
    UsageError
        If a suite is missing or faulty.
    DatrialError
        If a check could not be carried out.
    """
    return _run(connection, suites_folder, tables, cross=False)


def run_cross_checks(
    connection: duckdb.DuckDBPyConnection, suites_folder: Path, tables: Iterable[str]
) -> list[RuleResult]:
    """Judge staging tables by the rules that read other tables, and save the verdicts.

    To be called when the ledger and the study's tables stand in the warehouse,
    after :func:`run_checks`; parameters, results, quarantine and errors are as
    there. The rows of all tables that fail a ``critical_row`` rule are moved
    before any other rule looks, so that no rule reads a row that is about to go.

    A rule that reads a table that was not received is not judged, and says so.
    """
    return _run(connection, suites_folder, tables, cross=True)


def _run(
    connection: duckdb.DuckDBPyConnection,
    suites_folder: Path,
    tables: Iterable[str],
    *,
    cross: bool,
) -> list[RuleResult]:
    suites = [load_suite(suites_folder, table) for table in sorted(tables)]
    found: dict[tuple[str, str], RuleResult] = {}
    for critical in (True, False):
        for suite in suites:
            open_ = [r for r in suite.rules_of(cross=cross) if (suite.table, r.id) not in found]
            rules = [rule for rule in open_ if (rule.severity == "critical_row") == critical]
            if _has_rows(connection, suite.table):
                results = _check(connection, suite, rules)
            elif critical:
                continue
            elif cross:
                why = f"staging.{suite.table} has no rows."
                results = [not_looked_at(suite.table, rule, why) for rule in open_]
            else:
                results = [without_rows(suite.table, open_)]
            found |= {(suite.table, result.rule_id): result for result in results}
    results = _in_order(found, suites)
    save_results(connection, results, [suite.table for suite in suites], cross=cross)
    return results


def _in_order(
    found: Mapping[tuple[str, str], RuleResult], suites: Sequence[Suite]
) -> list[RuleResult]:
    places = {
        (suite.table, rule.id): place for suite in suites for place, rule in enumerate(suite.rules)
    }
    return [found[key] for key in sorted(found, key=lambda key: (key[0], places.get(key, -1)))]


def _check(
    connection: duckdb.DuckDBPyConnection, suite: Suite, rules: Sequence[Rule]
) -> list[RuleResult]:
    """Judge a table that has rows, and quarantine those that fail ``critical_row`` rules."""
    lost = {rule.id: _not_received(connection, rule) for rule in rules}
    results = [
        not_looked_at(suite.table, rule, f"{lost[rule.id]} was not received.")
        for rule in rules
        if lost[rule.id]
    ]
    judged, outcomes = judge(connection, suite, [rule for rule in rules if not lost[rule.id]])
    faults = {
        row: rule.id
        for rule in reversed(rules)
        if rule.severity == "critical_row" and rule.id in outcomes
        for row in outcomes[rule.id].row_ids
    }  # reversed: the first rule of the suite has the last word
    if faults:
        _quarantine(connection, suite.table, faults)
    return results + judged


def _has_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    import duckdb

    try:
        return bool(connection.execute(f"select 1 from staging.{table} limit 1").fetchall())
    except duckdb.CatalogException:
        raise UsageError(
            f"There is no table staging.{table}; stage it before its checks."
        ) from None


def _not_received(connection: duckdb.DuckDBPyConnection, rule: Rule) -> str:
    """Return the tables that a rule reads and that were not received; empty if none."""
    lost = []
    for name in rule.reads:
        schema, table = name.split(".")
        exists = connection.execute(
            "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
            [schema, table],
        ).fetchall()
        # The table of an optional source that sent nothing is there, without rows.
        sent = (
            schema not in ("staging", "mapped")
            or connection.execute(
                "select 1 from raw.extract where table_name = ? limit 1", [table]
            ).fetchall()
        )
        if not exists or not sent:
            lost.append(name)
    return " and ".join(lost)


def _quarantine(connection: duckdb.DuckDBPyConnection, table: str, faults: dict[int, str]) -> None:
    """Move rows (row id -> rule that failed) from staging to quarantine."""
    import pandas as pd

    failed = pd.DataFrame(sorted(faults.items()), columns=["row_id", "rule_id"])
    connection.register("failed_row", failed)
    connection.execute("begin")
    try:
        connection.execute(
            "insert into quarantine.row "
            "select $table, staged.extract_id, staged.row_number, failed_row.rule_id, 'check' "
            f"from staging.{table} as staged "
            "inner join failed_row on staged.rowid = failed_row.row_id "
            "order by staged.extract_id, staged.row_number",
            {"table": table},
        )
        connection.execute(
            f"delete from staging.{table} where rowid in (select row_id from failed_row)"
        )
        balance(connection, table)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    connection.unregister("failed_row")
