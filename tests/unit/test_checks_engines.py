"""Great Expectations and SQL give the same answers: rows looked at, failed, row ids, verdict."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import pytest
from checks_fixture import INSTRUMENTS, SUITES, TYPES, allocate
from hypothesis import given, settings
from hypothesis import strategies as st

from datrial.checks.derived import DerivedColumn
from datrial.checks.engine import evaluate
from datrial.checks.outcomes import Outcome
from datrial.checks.rows import rows_for
from datrial.checks.sql_engine import evaluate_by_sql
from datrial.checks.sql_rules import simple_form
from datrial.checks.suites import MEAN, ROW_COUNT, Rule, Suite, load_suite
from datrial.checks.verdicts import result
from datrial.config.tables import staging_tables

DAYS = ["2015-12-31", "2016-01-01", "2016-02-29", "2017-06-30", "2019-09-30", "2019-10-01", None]
NUMBERS = [None, -1, 0, 1, 9, 10, 15, 16, 110, 111, 500, 501]


@cache
def awkward(seed: int, rows: int = 60) -> Any:
    """Return a warehouse in which every staging table has nulls, ties, boundaries, odd codes."""
    draw = random.Random(seed)
    connection = duckdb.connect()
    connection.execute(
        "create schema raw; create schema mapped; create schema staging; create table raw.extract "
        "(table_name varchar, extract_id varchar, covers_start date, covers_end date)"
    )
    for table, contract in staging_tables().items():
        for extract, days in (("x@1", ("2016-01-01", "2019-09-30")), ("x@2", (None, None))):
            connection.execute(
                "insert into raw.extract values (?, ?, ?, ?)", [table, extract, *days]
            )
        columns = ", ".join(
            f"{n} {TYPES.get(c.kind, 'varchar')}" for n, c in contract.columns.items()
        )
        first = "extract_id varchar, row_number bigint, site varchar"
        connection.execute(f"create table staging.{table} ({first}, {columns})")
        for number in range(rows):
            values = [draw.choice(_values(column)) for column in contract.columns.values()]
            row = [
                draw.choice(["x@1", "x@2", "x@3"]),
                number,
                draw.choice(["a", "b", None]),
                *values,
            ]
            marks = ", ".join("?" * len(row))
            connection.execute(f"insert into staging.{table} values ({marks})", row)
        connection.execute(
            f"create table mapped.{table} as select *, case row_number % 5 when 0 then null when 1 "
            f"then ['same_person: victim_id is perpetrator_id'] else [] end as problems "
            f"from staging.{table}"
        )
    people = [(f"perpetrator {n}", "a", day, arm) for n, (day, arm) in enumerate(
        [("2016-01-01", "intervention"), ("2017-06-30", "control"), ("2019-10-01", "intervention")]
    )]  # fmt: skip
    allocate(connection, *people)
    return connection


def _values(column: Any) -> list[Any]:
    if column.kind == "date":
        return DAYS
    if column.kind == "integer":
        return NUMBERS
    if column.terms == "instrument":
        return [*INSTRUMENTS, "not 'a' code", None]
    if column.kind == "code":
        return [*column.codes[:3], "not 'a' code", None]
    return [f"{column.of} {n}" for n in range(6)] + [None]


def both(connection: Any, suite: Suite, rules: Sequence[Rule]) -> tuple[Any, Any]:
    """Return what each engine says of rules, with row ids; the rules all have a simple form."""
    asked = [
        replace(rule, severity="warning" if rule.type in (MEAN, ROW_COUNT) else "critical_row")
        for rule in rules
    ]
    rows = rows_for(connection, suite, asked)
    forms = {rule.id: simple_form(rule, rows.types) for rule in asked}
    assert [name for name, form in forms.items() if form is None] == []
    by_sql = evaluate_by_sql(rows, asked, forms)
    by_gx = evaluate(rows.frame(), suite.table, asked)
    filled = {column: 1 for rule in rules for column in rule.columns} | {"": 1}
    return tuple(
        {rule.id: _answers(suite, rule, outcomes[rule.id], filled) for rule in rules}
        for outcomes in (by_gx, by_sql)
    )


def _answers(suite: Suite, rule: Rule, outcome: Outcome, filled: dict[str, int]) -> Any:
    said = result(suite.table, rule, outcome, filled)
    observed = None if outcome.observed is None else round(outcome.observed, 9)
    return (
        outcome.looked_at, outcome.failed, sorted(outcome.row_ids), observed, said.verdict,
        said.message,
    )  # fmt: skip


@pytest.mark.parametrize("table", staging_tables())
def test_both_engines_agree_on_every_rule_of_every_suite(table: str) -> None:
    suite = load_suite(SUITES, table)
    by_gx, by_sql = both(awkward(1), suite, suite.rules)
    assert by_gx == by_sql
    assert {answer[4] for answer in by_sql.values()} >= {"passed", "failed", "warned"}


@pytest.mark.parametrize("emptied", [False, True])
@pytest.mark.parametrize("table", ["marac_case", "insights_exit"])
def test_both_engines_agree_on_one_row_and_on_an_empty_one(table: str, emptied: bool) -> None:
    connection, suite = awkward(3, rows=1), load_suite(SUITES, table)
    if emptied:
        cells = ", ".join(f"{column} = null" for column in staging_tables()[table].columns)
        connection.execute(f"update staging.{table} set {cells}")
    by_gx, by_sql = both(connection, suite, suite.rules)
    assert by_gx == by_sql


#: Rules of each type with a form, in every way of writing them; over the columns below.
PAIRS = [("a", "b"), ("d", "e")]
IGNORED = [None, "neither", "either_value_is_missing", "both_values_are_missing"]
WAYS: list[tuple[str, dict[str, Any]]] = [
    *(("expect_column_values_to_be_null", {"column": c}) for c in "asd"),
    *(("expect_column_values_to_not_be_null", {"column": c, "mostly": 0.8}) for c in "asd"),
    *((f"expect_column_values_to_{no}be_in_set", {"column": "s", "value_set": ["it's", "x"]})
      for no in ("", "not_")),
    *((f"expect_column_values_to_{no}be_in_set", {"column": c, "value_set": [0, 1.5, 2]})
      for no in ("", "not_") for c in ("a", "f", "yes")),
    *(("expect_column_values_to_be_between",
       {"column": c, "min_value": 0, "max_value": 2, "strict_min": low, "strict_max": high})
      for c in ("a", "f", "yes") for low in (True, False) for high in (True, False)),
    *(("expect_column_values_to_be_between",
       {"column": "d", bound: day, f"strict_{bound[:3]}": strict})
      for bound in ("min_value", "max_value") for strict in (True, False)
      for day in ("2016-02-29", "2016-02-29T00:00:00")),
    *(("expect_column_pair_values_a_to_be_greater_than_b",
       {"column_A": a, "column_B": b, "or_equal": equal, **({"ignore_row_if": i} if i else {})})
      for a, b in PAIRS for equal in (True, False) for i in IGNORED),
    *(("expect_column_pair_values_to_be_equal",
       {"column_A": a, "column_B": b, **({"ignore_row_if": i} if i else {})})
      for a, b in [*PAIRS, ("s", "t")] for i in IGNORED),
    *(("expect_column_values_to_be_unique", {"column": c, "mostly": 0.5}) for c in "asdf"),
    *(("expect_compound_columns_to_be_unique",
       {"column_list": columns, **({"ignore_row_if": i} if i else {})})
      for columns in (["a", "s"], ["d", "e", "t"])
      for i in (None, "never", "any_value_is_missing", "all_values_are_missing")),
    *((f"expect_column_values_to_{no}match_regex", {"column": "s", "regex": pattern})
      for no in ("", "not_") for pattern in ("^x+$", "a|x", "[a-c]{2}", "^a|x$", "x$")),
    ("expect_column_value_lengths_to_be_between", {"column": "s", "min_value": 1, "max_value": 2}),
    ("expect_column_value_lengths_to_be_between", {"column": "s", "min_value": 2}),
    ("expect_column_value_lengths_to_equal", {"column": "s", "value": 2}),
    *((MEAN, {"column": c, "min_value": 0, "max_value": high, "strict_max": strict})
      for c in ("a", "f", "yes") for high in (0.5, 1, 2) for strict in (True, False)),
    (ROW_COUNT, {"min_value": 3}),
    (ROW_COUNT, {"min_value": 0, "max_value": 4}),
]  # fmt: skip
RULES = [Rule(f"{n}_{kind}", kind, kwargs, "", "warning") for n, (kind, kwargs) in enumerate(WAYS)]
COLUMNS = {
    "a": "integer", "b": "bigint", "f": "double", "d": "date", "e": "date", "s": "varchar",
    "t": "varchar", "yes": "boolean",
}  # fmt: skip
TEXTS = st.sampled_from(["", "x", "xx", "x\n", "it's", "ab", "é", "👍🏽", None])
ROWS = st.tuples(
    st.sampled_from([None, -1, 0, 1, 2, 3]),
    st.sampled_from([None, 0, 1, 2]),
    st.sampled_from([None, 0.0, -0.0, 0.5, 1.5, 2.0, float("nan"), float("inf")]),
    st.sampled_from(DAYS),
    st.sampled_from(DAYS),
    TEXTS,
    TEXTS,
    st.sampled_from([True, False, None]),
)


def made(rows: list[tuple[Any, ...]]) -> tuple[Any, Suite]:
    """Return a marac_case table whose extra columns hold the rows, and a suite that reads them."""
    connection = duckdb.connect()
    typed = ", ".join(f"x_{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(
        "create schema raw; create schema staging; create table raw.extract "
        "(table_name varchar, extract_id varchar, covers_start date, covers_end date); "
        f"create table staging.marac_case (extract_id varchar, {typed})"
    )
    for row in rows:
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into staging.marac_case values ('x@1', {marks})", list(row))
    derived = {name: DerivedColumn(name, f"staged.x_{name}", "", ()) for name in COLUMNS}
    return connection, Suite("marac_case", tuple(RULES), derived)


@settings(max_examples=8, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=12))
def test_both_engines_agree_on_every_way_to_write_a_rule(rows: list[tuple[Any, ...]]) -> None:
    connection, suite = made(rows)
    by_gx, by_sql = both(connection, suite, suite.rules)
    assert by_gx == by_sql


NO_FORM = [
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["1"]}),
    ("expect_column_values_to_be_in_set", {"column": "s", "value_set": []}),
    ("expect_column_values_to_be_between", {"column": "s", "min_value": "a"}),
    ("expect_column_values_to_be_between", {"column": "d", "min_value": "29/02/2016"}),
    ("expect_column_values_to_be_between", {"column": "a", "min_value": 3, "max_value": 2}),
    ("expect_column_values_to_be_between", {"column": "a"}),
    ("expect_column_values_to_not_be_null", {"column": "a", "mostly": 2}),
    ("expect_column_values_to_not_be_null", {"column": "a", "colour": "red"}),
    ("expect_column_values_to_match_regex", {"column": "s", "regex": r"\d+"}),
    ("expect_column_values_to_match_regex", {"column": "s", "regex": "(?=x)"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "d"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "s", "column_B": "t"}),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["a", "b"], "sum_total": 3}),
]


@pytest.mark.parametrize(("kind", "kwargs"), NO_FORM)
def test_what_sql_may_read_otherwise_is_left_to_great_expectations(
    kind: str, kwargs: dict[str, Any]
) -> None:
    connection, suite = made([(1, 1, 1.0, DAYS[0], DAYS[0], "x", "x", True)])
    rule = Rule("rule", kind, kwargs, "", "warning")
    rows = rows_for(connection, suite, [rule])
    assert simple_form(rule, rows.types) is None
