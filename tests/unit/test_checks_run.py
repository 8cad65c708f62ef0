"""The checks: each severity does what it says, and no result holds a row's value."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from checks_fixture import SUITES, cases, rules_in, suite, verdicts, warehouse

from datrial.checks.results import enforce_quarantine_limit, raise_on_critical
from datrial.checks.run import run_checks
from datrial.errors import DataError, DatrialError, UsageError


def test_good_rows_pass_every_rule_and_stay() -> None:
    connection = warehouse("marac_case", *cases())
    results = run_checks(connection, SUITES, ["marac_case"])
    assert {result.verdict for result in results} == {"passed"}
    assert len(results) == rules_in("marac_case", cross=False)
    raise_on_critical(results)
    enforce_quarantine_limit(connection, 0.01)
    assert connection.sql("select count(*) from staging.marac_case").fetchall() == [(45,)]


CRITICAL_ROWS = [
    ("perpetrator_age", 9, "perpetrator_age_plausible"),
    ("perpetrator_age", 10, None),
    ("perpetrator_age", 110, None),
    ("perpetrator_age", 111, "perpetrator_age_plausible"),
    ("perpetrator_age", None, None),
    ("hearing_date", "2019-09-30", None),
    ("hearing_date", "2019-10-01", "hearing_date_not_after_extract"),
]


@pytest.mark.parametrize(("column", "value", "rule"), CRITICAL_ROWS)
def test_a_row_that_fails_a_critical_row_rule_goes_to_quarantine(
    column: str, value: Any, rule: str | None
) -> None:
    connection = warehouse("marac_case", *cases(**{column: value}))
    results = run_checks(connection, SUITES, ["marac_case"])
    moved = connection.sql("select row_number, reason, stage from quarantine.row").fetchall()
    assert moved == ([(2, rule, "check")] if rule else [])
    assert verdicts(results) == ({rule: "quarantined"} if rule else {})
    assert connection.sql(
        "select received, staged, quarantined from accounting.extract"
    ).fetchall() == [(45, 45 - len(moved), len(moved))]
    raise_on_critical(results)


def test_a_row_that_fails_two_rules_moves_once_with_the_first_rule() -> None:
    connection = warehouse("marac_case", *cases(perpetrator_age=5, hearing_date="2019-12-31"))
    results = run_checks(connection, SUITES, ["marac_case"])
    assert connection.sql("select reason from quarantine.row").fetchall() == [
        ("perpetrator_age_plausible",)
    ]
    assert [r.rows_failed for r in results if r.verdict == "quarantined"] == [1, 1]


def test_problems_of_rows_that_a_check_moved_no_longer_count_as_staged() -> None:
    unknown = {"problems": ["referral_agency: unknown code"], "referral_agency": None}
    rows = cases(perpetrator_age=5, **unknown)
    rows[1] |= unknown
    connection = warehouse("marac_case", *rows)
    counted = "select column_name, problem, rows from accounting.problem"
    assert connection.sql(counted).fetchall() == [("referral_agency", "unknown code", 2)]
    run_checks(connection, SUITES, ["marac_case"])
    assert connection.sql(counted).fetchall() == [("referral_agency", "unknown code", 1)]


def test_a_closure_before_the_start_is_quarantined_and_one_on_the_day_is_not() -> None:
    user = {"start_date": "2017-02-01", "age": 30, "sex": "male"}
    connection = warehouse(
        "cms_service_user",
        {**user, "perpetrator_id": "p_1", "closure_date": "2017-02-01"},
        {**user, "perpetrator_id": "p_2", "closure_date": "2017-01-31"},
        {**user, "perpetrator_id": "p_3"},
    )
    run_checks(connection, SUITES, ["cms_service_user"])
    assert connection.sql("select row_number, reason from quarantine.row").fetchall() == [
        (3, "closure_after_start")
    ]


def test_a_perpetrator_with_two_arms_stops_the_run() -> None:
    row = {"perpetrator_id": "p_1", "meeting_date": "2017-01-31", "arm": "control"}
    connection = warehouse("allocation_list", row, {**row, "arm": "intervention"})
    results = run_checks(connection, SUITES, ["allocation_list"])
    assert verdicts(results) == {"key_unique": "failed"}
    with pytest.raises(DataError) as caught:
        raise_on_critical(results)
    assert str(caught.value) == (
        "1 critical check(s) failed:\n"
        "  - allocation_list, rule key_unique (No two rows have the same key.): 2 of 2 rows fail. "
        "Ask the agency to correct the extract, or correct its mapping file."
    )
    assert connection.sql("select count(*) from staging.allocation_list").fetchall() == [(2,)]


def test_a_warning_is_recorded_and_stops_nothing() -> None:
    rows = [{**row, "children_count": 16} for row in cases(hearing_date="2015-12-31")]
    connection = warehouse("marac_case", *rows)
    results = run_checks(connection, SUITES, ["marac_case"])
    assert verdicts(results) == {
        "children_count_plausible": "warned",
        "children_mean_plausible": "warned",
        "hearing_date_not_before_extract": "warned",
    }
    raise_on_critical(results)
    assert connection.sql(
        "select rule_id, severity, rows_looked_at, rows_failed, verdict, message, observed "
        "from checks.result where verdict <> 'passed' order by rule_id"
    ).fetchall() == [
        ("children_count_plausible", "warning", 45, 45, "warned", "45 of 45 rows fail.", None),
        ("children_mean_plausible", "warning", 45, 0, "warned",
         "The mean of 45 rows is 16.000, outside the band.", 16.0),
        ("hearing_date_not_before_extract", "warning", 45, 1, "warned", "1 of 45 rows fail.", None),
    ]  # fmt: skip


def test_the_mean_of_few_rows_is_not_told() -> None:
    rows = [{**row, "children_count": 9} for row in cases(9)]
    connection = warehouse("marac_case", *rows)
    (found,) = (r for r in run_checks(connection, SUITES, ["marac_case"])
                if r.rule_id == "children_mean_plausible")  # fmt: skip
    assert (found.rows_looked_at, found.observed) == (9, None)
    assert found.message == "The mean of 9 rows lies outside the band."


def test_every_result_says_which_engine_judged_it(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = warehouse("marac_case", *cases())
    for rows, engine in ((46, "great_expectations"), (45, "sql")):
        monkeypatch.setattr("datrial.checks.judging.SQL_FROM_ROWS", rows)
        run_checks(connection, SUITES, ["marac_case"])
        engines = connection.sql("select distinct engine from checks.result").fetchall()
        assert engines == [(engine,)]


def test_a_table_without_rows_says_so_and_no_rule_pretends_to_have_passed() -> None:
    results = run_checks(warehouse("marac_case"), SUITES, ["marac_case"])
    assert [(r.rule_id, r.verdict) for r in results] == [("has_rows", "failed")]
    rules = rules_in("marac_case", cross=False)
    assert results[0].message == (
        f"The table has no rows, so its {rules - 1} other rules say nothing."
    )
    with pytest.raises(DataError, match="marac_case, rule has_rows"):
        raise_on_critical(results)


def test_a_table_emptied_by_its_checks_says_so() -> None:
    results = run_checks(
        warehouse("marac_case", *cases(1, perpetrator_age=5)), SUITES, ["marac_case"]
    )
    assert verdicts(results) == {"perpetrator_age_plausible": "quarantined", "has_rows": "failed"}


def test_an_all_empty_column_says_so() -> None:
    rows = [{**row, "perpetrator_age": None} for row in cases()]
    results = run_checks(warehouse("marac_case", *rows), SUITES, ["marac_case"])
    (found,) = [r for r in results if r.rule_id == "perpetrator_age_plausible"]
    assert (found.verdict, found.rows_looked_at) == ("warned", 0)
    assert found.message == "perpetrator_age: all 45 cells are empty."
    (filled,) = [r for r in results if r.rule_id == "perpetrator_age_mostly_filled"]
    assert (filled.verdict, filled.rows_looked_at, filled.rows_failed) == ("warned", 45, 45)
    assert filled.message == found.message


def test_a_column_that_the_table_has_lost_says_so() -> None:
    connection = warehouse("marac_case", *cases())
    connection.execute("alter table staging.marac_case drop column perpetrator_age")
    with pytest.raises(UsageError) as caught:
        run_checks(connection, SUITES, ["marac_case"])
    assert str(caught.value) == (
        "expectations/marac_case.json, rule perpetrator_age_plausible: staging.marac_case has no "
        "column 'perpetrator_age'. Correct the rule, or sql/staging/marac_case.sql."
    )


def test_a_required_column_that_the_table_has_lost_says_that_it_is_required() -> None:
    connection = warehouse("marac_case", *cases())
    connection.execute("alter table staging.marac_case drop column hearing_date")
    with pytest.raises(UsageError) as caught:
        run_checks(connection, SUITES, ["marac_case"])
    assert "staging.marac_case has no required column 'hearing_date'." in str(caught.value)


def test_an_all_empty_required_column_stops_the_run_with_a_message_of_its_own() -> None:
    connection = warehouse("marac_case", *cases())
    connection.execute("update staging.marac_case set hearing_date = null")
    with pytest.raises(DataError) as caught:
        raise_on_critical(run_checks(connection, SUITES, ["marac_case"]))
    assert "(Every row has hearing date.): hearing_date: all 45 cells are empty." in str(
        caught.value
    )


def test_a_table_that_was_not_staged_says_so() -> None:
    with pytest.raises(UsageError, match=r"There is no table staging\.cms_need; stage it before"):
        run_checks(warehouse("marac_case", *cases()), SUITES, ["cms_need", "marac_case"])


def test_a_rule_that_breaks_is_a_fault_of_ours_and_not_of_the_data(tmp_path: Path) -> None:
    between = ("expect_column_values_to_be_between", {"column": "victim_id", "min_value": 3})
    suite(tmp_path, "marac_case", (*between, "broken", "critical_row"))
    connection = warehouse("marac_case", *cases(victim_id="CANARY"))
    with pytest.raises(DatrialError) as caught:
        run_checks(connection, tmp_path, ["marac_case"])
    assert not isinstance(caught.value, DataError)
    assert str(caught.value) == (
        "expectations/marac_case.json, rule broken: the check could not be carried out. This is a "
        "fault of the rule (does it fit the kind of its column?), not of the data."
    )


def test_a_rule_that_great_expectations_does_not_know_is_named(tmp_path: Path) -> None:
    rules = (
        ("expect_column_values_to_not_be_null", {"column": "victim_id"}, "good", "warning"),
        ("expect_column_values_to_be_polite", {"column": "victim_id"}, "unknown_type", "warning"),
        ("expect_column_values_to_be_unique", {"colum": "victim_id"}, "bad_kwargs", "warning"),
    )
    suite(tmp_path, "marac_case", *rules)
    with pytest.raises(UsageError, match=r"of 2 rule\(s\): unknown_type, bad_kwargs\. Correct"):
        run_checks(warehouse("marac_case", *cases()), tmp_path, ["marac_case"])


def test_no_value_of_a_row_is_in_any_result_log_or_output(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A canary fails rules of every severity; nothing written anywhere holds it."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    suites = tmp_path / "suites"
    suites.mkdir()
    known = ("expect_column_values_to_be_in_set", {"column": "victim_id", "value_set": ["v_1"]})
    suite(
        suites,
        "marac_case",
        ("expect_column_values_to_be_unique", {"column": "victim_id"}, "unique", "critical_table"),
        (*known, "known_warning", "warning"),
        (*known, "known_row", "critical_row"),
    )
    rows = [{**row, "victim_id": "v_1"} for row in cases()]
    for number in (3, 4):
        rows[number]["victim_id"] = "CANARY"
    connection = warehouse("marac_case", *rows)
    results = run_checks(connection, suites, ["marac_case"])
    assert verdicts(results) == {"unique": "failed", "known_row": "quarantined"}
    with pytest.raises(DataError) as caught:
        raise_on_critical(results)
    saved = connection.sql("select * from checks.result").fetchall()
    moved = connection.sql("select * from quarantine.row").fetchall()
    assert (len(saved), len(moved)) == (3, 2)
    written = [repr(results), str(caught.value), repr(saved), repr(moved), caplog.text]
    written += list(capfd.readouterr())
    assert not any("CANARY" in text for text in written)
    assert written[-2:] == ["", ""], "nothing is printed"
    assert [path.name for path in tmp_path.iterdir()] == ["suites"], "no file is written"


def test_the_quarantine_limit_counts_rows_of_data_only() -> None:
    """2 of 20 are 10%; a blank row, a summary line and a duplicate change nothing."""
    rows = [*cases(18), *({**cases(1)[0], "problems": ["site: empty"]} for _ in range(2))]
    rows.append(rows[0])
    connection = warehouse("marac_case", *rows, {"row_kind": "blank"}, {"row_kind": "summary"})
    enforce_quarantine_limit(connection, 0.10)
    with pytest.raises(DataError) as caught:
        enforce_quarantine_limit(connection, 0.09)
    assert str(caught.value) == (
        "Too many rows cannot be used:\n"
        "  - marac_case, extract x@1: 2 of 20 data rows (10.0%) are quarantined, more than the "
        "limit of 9.0% (site: empty: 2 rows).\n"
        "Correct the mapping file, or ask the agency to correct the extract."
    )


def test_a_small_spoiled_extract_does_not_hide_behind_a_large_one() -> None:
    connection = warehouse("marac_case", *cases(99))
    connection.execute("insert into accounting.extract values ('marac_case', 'x@2', 's', 2, 0, 2)")
    connection.execute(
        "insert into quarantine.row values ('marac_case', 'x@2', 2, 'blank row', 'staging'), "
        "('marac_case', 'x@2', 3, 'site: empty', 'staging')"
    )
    with pytest.raises(DataError) as caught:
        enforce_quarantine_limit(connection, 0.05)
    assert "marac_case, extract x@2: 1 of 1 data rows (100.0%) are quarantined" in str(caught.value)
    assert "x@1" not in str(caught.value)
