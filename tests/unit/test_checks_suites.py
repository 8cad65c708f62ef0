"""The suites: one per staging table, readable, and about columns that exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datrial.checks.suites import COVER_COLUMNS, ROW_COLUMNS, ROW_COUNT, load_suite
from datrial.config.project import project_root
from datrial.config.tables import staging_tables
from datrial.errors import UsageError

SUITES = project_root() / "expectations"
TABLES = list(staging_tables())


def test_every_staging_table_has_a_suite_and_every_suite_a_table() -> None:
    assert {path.stem for path in SUITES.glob("*.json")} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_a_suite_names_exists(table: str) -> None:
    known = {*staging_tables()[table].columns, *ROW_COLUMNS, *COVER_COLUMNS}
    named = {column for rule in load_suite(SUITES, table) for column in rule.columns}
    assert named, "a suite names columns"
    assert named <= known


@pytest.mark.parametrize("table", TABLES)
def test_a_suite_covers_rows_keys_required_columns_and_codes(table: str) -> None:
    contract = staging_tables()[table]
    rules = load_suite(SUITES, table)
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
    for name, column in contract.columns.items():
        if column.codes:
            allowed = [
                rule.kwargs["value_set"] for rule in rules if rule.id == f"{name}_known_code"
            ]
            assert allowed == [list(column.codes)]


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
