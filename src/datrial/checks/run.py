"""Run the suites on the staging tables, and quarantine the rows that fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.checks.engine import Outcome, evaluate
from datrial.checks.results import RuleResult, Verdict, save_results
from datrial.checks.suites import COVER_COLUMNS, ROW_COUNT, Rule, load_suite
from datrial.errors import UsageError
from datrial.extracts.staging import balance

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml)


def run_checks(
    connection: duckdb.DuckDBPyConnection, suites_folder: Path, tables: Iterable[str]
) -> list[RuleResult]:
    """Judge staging tables by their suites and save the verdicts in ``checks.result``.

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
        By table, in the order of its suite. See :func:`raise_on_critical`.

    Raises
    ------
    UsageError
        If a suite is missing or faulty.
    DatrialError
        If a check could not be carried out.
    """
    suites = {table: load_suite(suites_folder, table) for table in sorted(tables)}
    results = []
    for table, rules in suites.items():
        results += _check_table(connection, table, rules)
    save_results(connection, results)
    return results


def _check_table(
    connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[Rule]
) -> list[RuleResult]:
    frame = _frame(connection, table, rules)
    if frame.empty:
        return [_without_rows(table, rules)]
    outcomes = evaluate(frame, table, rules)
    for_rows = [rule for rule in rules if rule.severity == "critical_row"]
    faults = {
        row: rule.id for rule in reversed(for_rows) for row in outcomes[rule.id].row_ids
    }  # reversed: the first rule of the suite has the last word
    if faults:
        _quarantine(connection, table, faults)
        frame = frame.drop(index=list(faults))
        if frame.empty:
            quarantined = [_result(table, rule, outcomes[rule.id]) for rule in for_rows]
            return [*quarantined, _without_rows(table, rules)]
        outcomes |= evaluate(frame, table, [rule for rule in rules if rule not in for_rows])
    return [_result(table, rule, outcomes[rule.id]) for rule in rules]


def _frame(
    connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[Rule]
) -> pd.DataFrame:
    """Return the columns that the rules name, indexed by DuckDB's row id."""
    present = {
        name
        for (name,) in connection.execute(
            "select column_name from information_schema.columns "
            "where table_schema = 'staging' and table_name = ?",
            [table],
        ).fetchall()
    }
    for rule in rules:
        lost = [c for c in rule.columns if c not in present and c not in COVER_COLUMNS]
        if lost:
            raise UsageError(
                f"expectations/{table}.json, rule {rule.id}: staging.{table} has no column "
                f"{', '.join(map(repr, lost))}. Correct the rule, or sql/staging/{table}.sql."
            )
    named = sorted({column for rule in rules for column in rule.columns} & present)
    staged = "".join(f', staged."{column}"' for column in named)
    frame = connection.execute(
        f"select staged.rowid as row_id{staged}, extract.covers_start, extract.covers_end "
        f"from staging.{table} as staged left join raw.extract as extract "
        "on staged.extract_id = extract.extract_id and extract.table_name = $table "
        "order by row_id",
        {"table": table},
    ).df()
    for column in frame.columns[1:]:
        if str(frame[column].dtype).startswith("Int"):
            frame[column] = frame[column].astype("float64")
    return frame.set_index("row_id")


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


def _result(table: str, rule: Rule, outcome: Outcome) -> RuleResult:
    verdict, message = _verdict(rule, outcome)
    return RuleResult(
        table_name=table,
        rule_id=rule.id,
        description=rule.description,
        severity=rule.severity,
        rows_looked_at=outcome.looked_at,
        rows_failed=outcome.failed,
        verdict=verdict,
        message=message,
    )


def _verdict(rule: Rule, outcome: Outcome) -> tuple[Verdict, str]:
    counts = f"{outcome.failed:,} of {outcome.looked_at:,} rows fail."
    if rule.severity == "critical_row" and outcome.failed:
        return "quarantined", counts
    if rule.type != ROW_COUNT and not outcome.looked_at:
        columns = ", ".join(rule.columns)
        return "warned", f"There is nothing to look at: {columns} never has a value to judge."
    if outcome.holds:
        return "passed", ""
    if rule.type == ROW_COUNT:
        counts = f"The table has {outcome.looked_at:,} rows."
    return ("failed" if rule.severity == "critical_table" else "warned"), counts


def _without_rows(table: str, rules: Sequence[Rule]) -> RuleResult:
    """Return the one verdict on a table that has no rows: nothing else can be said of it."""
    counting = next((rule for rule in rules if rule.type == ROW_COUNT), None)
    severity = counting.severity if counting else "warning"
    others = len(rules) - (counting is not None)
    return RuleResult(
        table_name=table,
        rule_id=counting.id if counting else "has_rows",
        description=counting.description if counting else "The table has rows.",
        severity=severity,
        rows_looked_at=0,
        rows_failed=0,
        verdict="failed" if severity == "critical_table" else "warned",
        message=f"The table has no rows, so its {others} other rules say nothing.",
    )
