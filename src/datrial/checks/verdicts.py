"""From an outcome to a verdict, with a sentence of its own for each way to fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from datrial.checks.outcomes import Outcome
from datrial.checks.suites import MEAN, ROW_COUNT, Rule, Severity

Verdict = Literal["passed", "quarantined", "failed", "warned"]

_NOT_NULL = "expect_column_values_to_not_be_null"
#: A mean of fewer rows says too much of each of them to be told.
_FEWEST_FOR_MEAN = 10


@dataclass(frozen=True)
class RuleResult:
    """The verdict of one rule on one staging table.

    Attributes
    ----------
    message
        What happened, in one sentence with counts; empty if the rule passed.
    engine
        What judged it: ``great_expectations``, ``sql``, or nothing if it was not judged.
    reads
        The other tables that a cross rule reads, with commas between.
    observed
        The mean that a rule about a mean found, to 3 decimals; none of fewer than 10 rows.
    """

    table_name: str
    rule_id: str
    description: str
    severity: Severity
    rows_looked_at: int
    rows_failed: int
    verdict: Verdict
    message: str = ""
    engine: str = ""
    reads: str = ""
    observed: float | None = None


def result(table: str, rule: Rule, outcome: Outcome, filled: Mapping[str, int]) -> RuleResult:
    """Return a rule's result.

    Parameters
    ----------
    filled
        How many cells are not empty, of the columns of rules that found nothing to
        judge; under an empty name, how many rows there are.
    """
    verdict, message = _verdict(rule, outcome, filled)
    told = outcome.observed is not None and outcome.looked_at >= _FEWEST_FOR_MEAN
    return RuleResult(
        table_name=table,
        rule_id=rule.id,
        description=rule.description,
        severity=rule.severity,
        rows_looked_at=outcome.looked_at,
        rows_failed=outcome.failed,
        verdict=verdict,
        message=message,
        engine=outcome.engine,
        reads=", ".join(rule.reads),
        observed=round(outcome.observed, 3) if told and outcome.observed is not None else None,
    )


def found_nothing(rule: Rule, outcome: Outcome) -> bool:
    """Tell whether a rule's columns may be empty throughout."""
    if rule.type == _NOT_NULL:
        return outcome.looked_at > 0 and outcome.failed == outcome.looked_at
    return rule.type != ROW_COUNT and outcome.looked_at == 0


def not_looked_at(table: str, rule: Rule, why: str) -> RuleResult:
    """Return the verdict on a rule that could not look at anything: never that it passed."""
    return RuleResult(
        table_name=table,
        rule_id=rule.id,
        description=rule.description,
        severity=rule.severity,
        rows_looked_at=0,
        rows_failed=0,
        verdict="warned",
        message=f"not looked at: {why}",
        reads=", ".join(rule.reads),
    )


def without_rows(table: str, rules: Sequence[Rule]) -> RuleResult:
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
        engine="sql",
    )


def _verdict(rule: Rule, outcome: Outcome, filled: Mapping[str, int]) -> tuple[Verdict, str]:
    broken: Verdict = "failed" if rule.severity == "critical_table" else "warned"
    if rule.severity == "critical_row" and outcome.failed:
        return "quarantined", _failing(rule, outcome, filled)
    if rule.type != ROW_COUNT and not outcome.looked_at:
        return "warned", _nothing(rule, filled)
    if outcome.holds:
        return "passed", ""
    return broken, _failing(rule, outcome, filled)


def _failing(rule: Rule, outcome: Outcome, filled: Mapping[str, int]) -> str:
    looked_at = f"{outcome.looked_at:,}"
    if rule.type == ROW_COUNT:
        return f"The table has {looked_at} rows."
    if rule.type == MEAN:
        told = outcome.looked_at >= _FEWEST_FOR_MEAN
        if not told:
            return f"The mean of {looked_at} rows lies outside the band."
        return f"The mean of {looked_at} rows is {outcome.observed:.3f}, outside the band."
    if rule.type == _NOT_NULL and filled.get(rule.columns[0]) == 0:
        return _empty(rule.columns[0], outcome.looked_at)
    return f"{outcome.failed:,} of {looked_at} rows fail."


def _nothing(rule: Rule, filled: Mapping[str, int]) -> str:
    empty = [column for column in rule.columns if filled.get(column) == 0]
    if empty:
        return " ".join(_empty(column, filled[""]) for column in empty)
    return f"There is nothing to look at: no row has a value in {' and '.join(rule.columns)}."


def _empty(column: str, rows: int) -> str:
    return f"{column}: all {rows:,} cells are empty."
