"""The suites: one per staging table, readable, and about columns that exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datrial.checks.suites import COVER_COLUMNS, MEAN, ROW_COLUMNS, ROW_COUNT, load_suite
from datrial.config.project import project_root
from datrial.config.tables import staging_tables
from datrial.errors import UsageError

SUITES = project_root() / "expectations"
TABLES = list(staging_tables())


def test_every_staging_table_has_a_suite_and_every_suite_a_table() -> None:
    assert {path.stem for path in SUITES.glob("*.json")} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_a_suite_names_exists(table: str) -> None:
    suite = load_suite(SUITES, table)
    known = {*staging_tables()[table].columns, *ROW_COLUMNS, *COVER_COLUMNS}
    named = {column for rule in suite.rules for column in rule.columns}
    assert named <= known | set(suite.derived)
    assert set(suite.derived) <= named, "no column is made for nothing"


@pytest.mark.parametrize("table", TABLES)
def test_no_column_of_the_contract_is_left_without_a_rule(table: str) -> None:
    suite = load_suite(SUITES, table)
    named = {column for rule in suite.rules for column in rule.columns}
    read = " ".join(suite.derived[name].sql for name in named if name in suite.derived)
    lost = [name for name in staging_tables()[table].columns if name not in named]
    assert [name for name in lost if f"staged.{name}" not in read] == []


@pytest.mark.parametrize("table", TABLES)
def test_a_suite_covers_rows_keys_required_columns_and_codes(table: str) -> None:
    contract = staging_tables()[table]
    rules = load_suite(SUITES, table).rules
    assert [rule.type for rule in rules].count(ROW_COUNT) == 1
    not_null = {
        rule.columns[0]
        for rule in rules
        if rule.type == "expect_column_values_to_not_be_null" and rule.severity == "critical_table"
    }
    required = {name for name, column in contract.columns.items() if column.required}
    assert {"site", *required} <= not_null
    unique = [rule.columns for rule in rules if rule.id == "key_unique"]
    assert unique == ([contract.key] if contract.key else [])
    coded = {name: column.codes for name, column in contract.columns.items() if column.codes}
    together = [rule for rule in rules if rule.id == "codes_known"]
    if together:  # one rule for many items: its column counts answers that are none of the codes
        counted = load_suite(SUITES, table).derived[together[0].columns[0]].sql
        assert together[0].severity == "critical_table"
    for name, codes in coded.items():
        allowed = [rule.kwargs["value_set"] for rule in rules if rule.id == f"{name}_known_code"]
        if together and not allowed:
            listed = ", ".join(f"'{code}'" for code in codes)
            assert f"(staged.{name} not in ({listed}))" in counted
        else:
            assert allowed == [list(codes)]


GOOD: dict[str, Any] = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "perpetrator_id"},
    "meta": {"id": "has_reference", "description": "It has one.", "severity": "warning"},
}
META = GOOD["meta"]
FAULTS = [
    ({"kwargs": {"column": "shoe_size"}}, "rule 1: marac_case has no column 'shoe_size'"),
    ({"type": "expect_column_max_to_be_between"}, "rule 1: `type` must be expect_table_row_count"),
    ({"meta": {**META, "severity": "fatal"}}, "rule 1: severity must be one of critical_row,"),
    ({"meta": {"id": "x"}}, "rule 1: `meta` must give `id`, `description` and `severity`"),
    ({"kwargs": None}, "rule 1: `kwargs` is missing"),
    ({"notes": "?"}, "rule 1: `notes` is not known"),
    (
        {"kwargs": {"column": "site", "row_condition": "site == 'x'"}},
        "rule 1: `row_condition` is not used here: make a column that is null in the other rows",
    ),
    ({"type": MEAN, "meta": {**META, "severity": "critical_row"}}, "a mean cannot be critical_row"),
    (
        {"type": ROW_COUNT, "kwargs": {}, "meta": {**META, "severity": "critical_row"}},
        "rule 1: a row count cannot be critical_row",
    ),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_a_faulty_rule_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    suite = {"name": "marac_case", "expectations": [{**GOOD, **change}]}
    (tmp_path / "marac_case.json").write_text(json.dumps(suite))
    with pytest.raises(UsageError) as caught:
        load_suite(tmp_path, "marac_case")
    assert message in str(caught.value)
    assert str(caught.value).startswith("expectations/marac_case.json has 1 error(s):\n  - ")


def test_all_faults_of_a_suite_are_reported_together(tmp_path: Path) -> None:
    rules = [GOOD, {**GOOD, "kwargs": {"column": "shoe_size"}}, GOOD]
    (tmp_path / "marac_case.json").write_text(json.dumps({"expectations": rules}))
    with pytest.raises(UsageError) as caught:
        load_suite(tmp_path, "marac_case")
    assert str(caught.value).splitlines() == [
        "expectations/marac_case.json has 2 error(s):",
        "  - rule 2: marac_case has no column 'shoe_size'",
        "  - two rules have the id 'has_reference'",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "the suite cannot be read (No such file or directory). Every staging table needs"),
        ('{"expectations": [', "line 1: not valid JSON"),
        ('{"expectations": []}', "give a list of at least one rule under `expectations`"),
    ],
)
def test_a_suite_that_cannot_be_read(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "marac_case.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_suite(tmp_path, "marac_case")
    assert message in str(caught.value)


COLUMN_FAULTS = [
    ([], "`columns` must give a `sql` and a `description` for each name"),
    ({"site": {"sql": "1", "description": "x"}}, "the table has a column of this name"),
    ({"Share": {"sql": "1", "description": "x"}}, "a name has small letters, digits and _ only"),
    ({"share": {"sql": "1"}}, "give `sql` and `description`, nothing else"),
    ({"share": {"sql": 1, "description": "x"}}, "`sql` must be a text or a list of lines"),
    ({"share": {"sql": [" "], "description": "x"}}, "must not be empty"),
    (
        {"share": {"sql": "1); drop table a; (1", "description": "x"}},
        "`sql` must be one expression",
    ),
    ({"share": {"sql": "1 -- one", "description": "x"}}, "without ; and without comments"),
]


@pytest.mark.parametrize(("columns", "message"), COLUMN_FAULTS)
def test_a_faulty_column_is_named(tmp_path: Path, columns: Any, message: str) -> None:
    suite = {"name": "marac_case", "columns": columns, "expectations": [GOOD]}
    (tmp_path / "marac_case.json").write_text(json.dumps(suite))
    with pytest.raises(UsageError) as caught:
        load_suite(tmp_path, "marac_case")
    assert message in str(caught.value)


READS = [
    ("staged.arm = 'control'", ()),
    ("(select max(a.arm) from ledger.allocation as a)", ("ledger.allocation",)),
    ("(select 1 from mapped.marac_case) + (select 1 from staging.marac_case)", ()),
    ("(select 1 from staging.cms_need, Study . Site)", ("staging.cms_need", "study.site")),
    ("staged.arm = 'see ledger.allocation; -- staging.cms_need'", ()),
]


@pytest.mark.parametrize(("sql", "reads"), READS)
def test_the_other_tables_that_a_column_reads_are_found(
    tmp_path: Path, sql: str, reads: tuple[str, ...]
) -> None:
    rule = {**GOOD, "kwargs": {"column": "made"}}
    columns = {"made": {"sql": [sql], "description": "x"}}
    text = json.dumps(
        {"columns": columns, "expectations": [rule, {**GOOD, "meta": {**META, "id": "own"}}]}
    )
    (tmp_path / "marac_case.json").write_text(text)
    suite = load_suite(tmp_path, "marac_case")
    assert [rule.reads for rule in suite.rules] == [reads, ()]
    assert [rule.id for rule in suite.rules_of(cross=True)] == (["has_reference"] if reads else [])
