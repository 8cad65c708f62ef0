"""Judge rules by SQL: the same answers as Great Expectations, without a frame in memory.

All rules about single rows take one scan of the table, each rule about uniqueness one
more. Row ids are read for failing rules of severity ``critical_row`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datrial.checks.outcomes import Outcome, could_not_be_carried_out, holds_mostly
from datrial.errors import DatrialError, UsageError

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml and of the suites)

if TYPE_CHECKING:
    from datrial.checks.rows import Rows
    from datrial.checks.sql_rules import Form
    from datrial.checks.suites import Rule


def evaluate_by_sql(
    rows: Rows, rules: Sequence[Rule], forms: Mapping[str, Form]
) -> dict[str, Outcome]:
    """Judge rows by rules.

    Parameters
    ----------
    rows
        The table's rows with the columns that the rules name.
    forms
        Rule id -> the rule's form as SQL.

    Returns
    -------
    dict
        Rule id -> outcome.
    """
    of_rows = [rule for rule in rules if forms[rule.id].kind in ("rows", "mean", "count")]
    outcomes = _one_scan(rows, of_rows, forms)
    for rule in rules:
        if forms[rule.id].kind == "unique":
            outcomes[rule.id] = _unique(rows, rule, forms[rule.id])
    return {rule.id: outcomes[rule.id] for rule in rules}


def _one_scan(rows: Rows, rules: Sequence[Rule], forms: Mapping[str, Form]) -> dict[str, Outcome]:
    if not rules:
        return {}
    items = [item for rule in rules for item in _items(forms[rule.id])]
    try:
        found = rows.query(", ".join(items))[0]
    except UsageError:
        raise
    except DatrialError:
        _raise_naming_the_rule(rows, rules, forms)
        raise
    outcomes = {}
    for place, rule in enumerate(rules):
        form, (looked_at, answer) = forms[rule.id], found[2 * place : 2 * place + 2]
        if form.kind == "rows":
            ids = _row_ids(rows, f"where {form.failed}") if _wants_ids(rule, answer) else ()
            holds = holds_mostly(looked_at, answer, form.mostly)
            outcomes[rule.id] = Outcome(holds, looked_at, answer, ids, engine="sql")
            continue
        figure = answer if form.kind == "mean" else looked_at
        shown = float(answer) if form.kind == "mean" and looked_at else None
        holds = figure is not None and form.limits.hold(float(figure))
        outcomes[rule.id] = Outcome(holds, looked_at, 0, observed=shown, engine="sql")
    return outcomes


def _raise_naming_the_rule(rows: Rows, rules: Sequence[Rule], forms: Mapping[str, Form]) -> None:
    for rule in rules:
        try:
            rows.query(", ".join(_items(forms[rule.id])))
        except DatrialError:
            raise could_not_be_carried_out(rows.suite.table, rule.id) from None


def _items(form: Form) -> tuple[str, str]:
    """Return the two figures of a form: rows looked at, and rows that fail or the mean."""
    if form.kind == "count":
        return "count(*)", "0"
    second = (
        f"count(*) filter ({form.failed})"
        if form.kind == "rows"
        else f'avg(cast("{form.columns[0]}" as double))'
    )
    return f"count(*) filter ({form.looked_at})", second


def _unique(rows: Rows, rule: Rule, form: Form) -> Outcome:
    keys = ", ".join(f'"{column}"' for column in form.columns)
    groups = f"(select count(*) as times from ({rows.sql}) as checked where {form.looked_at}"
    looked_at, failed = rows.query(
        "coalesce(sum(times), 0)::bigint, coalesce(sum(times) filter (times > 1), 0)::bigint",
        source=f"{groups} group by {keys})",
    )[0]
    ids: tuple[int, ...] = ()
    if _wants_ids(rule, failed):
        times = f"count(*) over (partition by {keys})"
        ids = _row_ids(rows, f"where {form.looked_at} qualify {times} > 1")
    holds = holds_mostly(looked_at, failed, form.mostly)
    return Outcome(holds, looked_at, failed, ids, engine="sql")


def _wants_ids(rule: Rule, failed: int) -> bool:
    return rule.severity == "critical_row" and failed > 0


def _row_ids(rows: Rows, which: str) -> tuple[int, ...]:
    return tuple(row for (row,) in rows.query("row_id", f"{which} order by row_id"))
