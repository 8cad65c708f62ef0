"""Judge a table by rules, each by the engine that fits the table's size and the rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.checks.engine import evaluate
from datrial.checks.outcomes import Outcome
from datrial.checks.rows import Rows, rows_for
from datrial.checks.sql_engine import evaluate_by_sql
from datrial.checks.sql_rules import simple_form
from datrial.checks.suites import Rule, Suite
from datrial.checks.verdicts import RuleResult, found_nothing, result

if TYPE_CHECKING:
    import duckdb

#: From so many rows on, rules with a simple form are judged by SQL. Great Expectations
#: holds a frame with all columns in memory, 1.3 GB for 1 million police rows: too much where
#: an evaluator works on a laptop. Below, it takes a second, and it is the reference.
SQL_FROM_ROWS = 200_000


def judge(
    connection: duckdb.DuckDBPyConnection, suite: Suite, rules: Sequence[Rule]
) -> tuple[list[RuleResult], dict[str, Outcome]]:
    """Judge a table's rows by rules.

    Returns
    -------
    list of RuleResult
        In the order of the rules.
    dict
        Rule id -> outcome.
    """
    if not rules:
        return [], {}
    rows = rows_for(connection, suite, rules)
    number = rows.query("count(*)")[0][0]
    forms = {}
    if number >= SQL_FROM_ROWS:
        found = ((rule.id, simple_form(rule, rows.types)) for rule in rules)
        forms = {name: form for name, form in found if form is not None}
    by_sql = [rule for rule in rules if rule.id in forms]
    others = [rule for rule in rules if rule.id not in forms]
    outcomes = evaluate_by_sql(rows, by_sql, forms)
    if others:
        frame = rows_for(connection, suite, others).frame()
        outcomes |= evaluate(frame, suite.table, others)
    filled = _filled(rows, rules, outcomes, number)
    return [result(suite.table, rule, outcomes[rule.id], filled) for rule in rules], outcomes


def _filled(
    rows: Rows, rules: Sequence[Rule], outcomes: dict[str, Outcome], number: int
) -> dict[str, int]:
    """Count the filled cells of the staging columns that may be empty throughout."""
    doubtful = sorted(
        {
            column
            for rule in rules
            if found_nothing(rule, outcomes[rule.id])
            for column in rule.columns
            if column not in rows.derived
        }
    )
    return {**(rows.filled(doubtful) if doubtful else {}), "": number}
