"""Rules across columns and across tables: what each of them says of small literal tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checks_fixture import (
    SAME_PERSON,
    SUITES,
    allocate,
    cases,
    suite,
    verdicts,
    warehouse,
    warehouse_of,
)

from datrial.checks.results import raise_on_critical
from datrial.checks.run import run_checks, run_cross_checks
from datrial.checks.sql_rules import Form
from datrial.checks.suites import load_suite
from datrial.errors import DataError, DatrialError, UsageError

USER = {"start_date": "2017-02-01", "closure_date": "2018-01-31", "age": 30, "sex": "male"}
FORM = {"perpetrator_id": "p_1", "time_point": "intake", "assessed_on": "2017-02-10"}
INTAKE = {"victim_id": "v_1", "perpetrator_id": "p_1", "intake_date": "2017-02-01", "age": 30}
EXIT = {"victim_id": "v_1", "exit_date": "2017-06-01", "contacts": 10}
INCIDENT = {
    "incident_id": "i_1", "perpetrator_id": "p_1", "incident_date": "2017-05-01",
    "domestic_abuse": "yes", "crimed": "yes",
}  # fmt: skip
LISTED = {"perpetrator_id": "p_1", "meeting_date": "2017-01-15", "arm": "intervention"}
HEARD = {"perpetrator_id": "p_1", "victim_id": "v_1", "hearing_date": "2017-01-15"}


@pytest.fixture(autouse=True)
def by_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by SQL, which is quick; that both engines agree is shown elsewhere."""
    monkeypatch.setattr("datrial.checks.judging.SQL_FROM_ROWS", 1)


def world(**changes: list[dict[str, Any]]) -> Any:
    """Return a warehouse of p_1, in the intervention from 15 January 2017, and his forms.

    It has the changed tables and those that their rules read; all tables if none is changed.
    """
    tables: dict[str, list[dict[str, Any]]] = {
        "allocation_list": [LISTED],
        "meeting_capacity": [{"meeting_date": "2017-01-15", "places": 1}],
        "marac_case": [HEARD],
        "police_incident": [INCIDENT],
        "insights_intake": [INTAKE],
        "insights_exit": [EXIT],
        "cms_service_user": [{**USER, "perpetrator_id": "p_1"}],
        "cms_need": [FORM],
    }
    read = {name for table in changes for rule in load_suite(SUITES, table).rules
            for name in rule.reads}  # fmt: skip
    kept = {name: rows for name, rows in tables.items() if not changes or f"staging.{name}" in read}
    connection = warehouse_of({**kept, **changes})
    allocate(connection, ("p_1", "site_1", "2017-01-15", "intervention"))
    return connection


#: (rule, table, its rows, verdict of that rule): the day of the boundary, and the day beyond.
RULES: list[tuple[str, str, list[dict[str, Any]], str]] = [
    ("exit_after_intake", "insights_exit", [{**EXIT, "exit_date": "2017-02-01"}], "passed"),
    ("exit_after_intake", "insights_exit", [{**EXIT, "exit_date": "2017-01-31"}], "quarantined"),
    ("exit_has_intake", "insights_exit", [{**EXIT, "victim_id": "v_9"}], "warned"),
    ("exit_at_site_of_intake", "insights_exit", [{**EXIT, "site": "site_2"}], "warned"),
    ("support_length_plausible", "insights_exit", [{**EXIT, "exit_date": "2019-02-02"}], "warned"),
    ("closure_after_allocation", "cms_service_user",
     [{**USER, "perpetrator_id": "p_1", "start_date": "2016-12-01", "closure_date": "2017-01-15"}],
     "passed"),
    ("closure_after_allocation", "cms_service_user",
     [{**USER, "perpetrator_id": "p_1", "start_date": "2016-12-01", "closure_date": "2017-01-14"}],
     "quarantined"),
    ("start_after_allocation", "cms_service_user",
     [{**USER, "perpetrator_id": "p_1", "start_date": "2017-01-14"}], "warned"),
    ("start_soon_after_allocation", "cms_service_user",
     [{**USER, "perpetrator_id": "p_1", "start_date": "2017-07-18"}], "warned"),
    ("service_user_is_in_intervention", "cms_service_user", [{**USER, "perpetrator_id": "p_9"}],
     "warned"),
    ("site_as_allocated", "cms_service_user",
     [{**USER, "perpetrator_id": "p_1", "site": "site_2"}], "warned"),
    ("case_length_plausible", "cms_service_user",
     [{**USER, "perpetrator_id": "p_1", "start_date": "2016-06-01", "closure_date": "2019-06-02"}],
     "warned"),
    ("assessed_after_start", "cms_need", [{**FORM, "assessed_on": "2017-02-01"}], "passed"),
    ("assessed_after_start", "cms_need", [{**FORM, "assessed_on": "2017-01-31"}], "warned"),
    ("assessed_before_closure", "cms_need", [{**FORM, "assessed_on": "2018-01-31"}], "passed"),
    ("assessed_before_closure", "cms_need", [{**FORM, "assessed_on": "2018-02-01"}], "warned"),
    ("has_service_user", "cms_need", [{**FORM, "perpetrator_id": "p_9"}], "warned"),
    ("later_form_has_intake", "cms_need", [{**FORM, "time_point": "closure"}], "warned"),
    ("forms_in_order", "cms_need",
     [FORM, {**FORM, "time_point": "midpoint", "assessed_on": "2017-02-10"}], "passed"),
    ("forms_in_order", "cms_need",
     [FORM, {**FORM, "time_point": "midpoint", "assessed_on": "2017-02-09"}], "warned"),
    ("forms_in_order", "cms_need",
     [{**FORM, "time_point": "midpoint", "assessed_on": "2017-06-02"},
      {**FORM, "time_point": "closure", "assessed_on": "2017-06-01"}], "warned"),
    ("needs_mostly_answered", "cms_need", [{**FORM, "housing": "yes"}], "warned"),
    ("heard_at_index_meeting", "allocation_list", [{**LISTED, "meeting_date": "2017-01-14"}],
     "warned"),
    ("heard_at_index_meeting", "allocation_list",
     [LISTED, {**LISTED, "perpetrator_id": "p_2", "site": "site_without_marac"}], "passed"),
    ("arm_as_in_ledger", "allocation_list", [{**LISTED, "arm": "control"}], "failed"),
    ("places_not_exceeded", "allocation_list", [LISTED, {**LISTED, "perpetrator_id": "p_2"}],
     "warned"),
    ("meeting_was_held", "meeting_capacity", [{"meeting_date": "2017-01-16", "places": 1}],
     "warned"),
    ("not_own_victim", "marac_case", [{**HEARD, "problems": [SAME_PERSON]}], "quarantined"),
    ("not_own_victim", "insights_intake", [{**INTAKE, "problems": [SAME_PERSON]}], "quarantined"),
    ("not_own_victim", "marac_case", [{**HEARD, "problems": ["referral_agency: unknown code"]}],
     "passed"),
    ("couple_heard_at_marac", "insights_intake", [{**INTAKE, "victim_id": "v_9"}], "warned"),
    ("intake_near_allocation", "insights_intake", [{**INTAKE, "intake_date": "2019-01-16"}],
     "warned"),
    ("person_is_allocated", "police_incident", [{**INCIDENT, "perpetrator_id": "p_9"}], "warned"),
    ("outcome_of_crimes_only", "police_incident",
     [{**INCIDENT, "crimed": "no", "outcome": "charged"}], "warned"),
    ("arguments_not_crimed", "police_incident",
     [{**INCIDENT, "offence": "verbal_argument"}], "warned"),
    ("incidents_of_person_plausible", "police_incident",
     [{**INCIDENT, "incident_id": f"i_{n}"} for n in range(501)], "warned"),
    ("incidents_of_person_plausible", "police_incident",
     [{**INCIDENT, "incident_id": f"i_{n}"} for n in range(500)], "passed"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "table", "rows", "verdict"), RULES)
def test_a_rule_says_of_rows(
    rule: str, table: str, rows: list[dict[str, Any]], verdict: str
) -> None:
    connection = world(**{table: rows})
    found = run_checks(connection, SUITES, [table]) + run_cross_checks(connection, SUITES, [table])
    said = {(r.table_name, r.rule_id): r.verdict for r in found}
    assert said[table, rule] == verdict
    moved = connection.sql("select reason from quarantine.row").fetchall()
    assert moved == ([(rule,)] if verdict == "quarantined" else [])
    accounts = "select received, staged, quarantined from accounting.extract where table_name = ?"
    assert connection.execute(accounts, [table]).fetchall() == [
        (len(rows), len(rows) - len(moved), len(moved))
    ]


#: One fault at a time; the rule that sees it.
MONTHS = [
    ("months_not_collapsed", [n for n in range(45 * 30) if n // 30 != 20 or n % 30 < 2], "warned"),
    ("months_not_collapsed", [n for n in range(45 * 30) if n // 30 != 20 or n % 30 < 4], "passed"),
    ("months_not_collapsed", [n for n in range(45 * 30) if n >= 29], "passed"),
    ("no_long_gap", [n for n in range(45 * 30) if n // 30 != 20], "passed"),
    ("no_long_gap", [n for n in range(45 * 30) if n // 30 not in (20, 21)], "warned"),
    ("no_long_gap", list(range(42 * 30)), "warned"),
]


@pytest.mark.parametrize(("rule", "numbers", "verdict"), MONTHS)
def test_months_that_collapse_and_gaps_are_seen(
    rule: str, numbers: list[int], verdict: str
) -> None:
    """30 cases a month, on the first 10 days; some left out."""
    rows = [
        {**HEARD, "victim_id": f"v_{n}",
         "hearing_date": f"{2016 + n // 360}-{n // 30 % 12 + 1:02d}-{n % 10 + 1:02d}"}
        for n in numbers
    ]  # fmt: skip
    connection = warehouse("marac_case")
    insert = "insert into staging.marac_case (extract_id, row_number, site, perpetrator_id, victim_id, hearing_date) values "  # noqa: E501
    connection.execute(insert + ", ".join(
        f"('x@1', {n}, 'site_1', 'p_1', '{row['victim_id']}', '{row['hearing_date']}')"
        for n, row in enumerate(rows)
    ))  # fmt: skip
    connection.execute("insert into mapped.marac_case (extract_id) values ('x@1')")
    results = run_checks(connection, SUITES, ["marac_case"])
    assert {r.rule_id: r.verdict for r in results}[rule] == verdict


def test_controls_among_the_service_users_are_counted_and_kept() -> None:
    users = [{**USER, "perpetrator_id": f"p_{n}"} for n in range(20)]
    connection = world(cms_service_user=users)
    allocate(connection, *((f"p_{n}", "site_1", "2017-01-15", "intervention") for n in range(18)),
             *((f"p_{n}", "site_1", "2017-01-15", "control") for n in (18, 19)))  # fmt: skip
    results = run_cross_checks(connection, SUITES, ["cms_service_user"])
    served = next(r for r in results if r.rule_id == "service_user_is_in_intervention")
    assert (served.verdict, served.message) == ("warned", "2 of 20 rows fail.")
    assert connection.sql("select count(*) from staging.cms_service_user").fetchall() == [(20,)]
    raise_on_critical(results)


def test_arms_that_were_swapped_stop_the_run() -> None:
    users = [{**USER, "perpetrator_id": f"p_{n}"} for n in range(20)]
    connection = world(cms_service_user=users)
    allocate(connection, *((f"p_{n}", "site_1", "2017-01-15", "control") for n in range(20)))
    results = run_cross_checks(connection, SUITES, ["cms_service_user"])
    with pytest.raises(DataError, match="service_users_mostly_in_intervention"):
        raise_on_critical(results)


def test_each_run_keeps_the_results_of_the_other() -> None:
    connection = world()
    tables = ["insights_exit", "cms_service_user"]
    own, cross = (run(connection, SUITES, tables) for run in (run_checks, run_cross_checks))
    assert {r.reads != "" for r in own} == {False}
    assert {r.reads != "" for r in cross} == {True}
    count = "select count(*) from checks.result"
    assert connection.sql(count).fetchall() == [(len(own) + len(cross),)]
    for run in (run_checks, run_cross_checks):
        run(connection, SUITES, tables[:1])
        assert connection.sql(count).fetchall() == [(len(own) + len(cross),)]
    assert connection.sql(
        "select reads from checks.result where rule_id = 'exit_after_intake'"
    ).fetchall() == [("staging.insights_intake",)]


def test_a_table_that_was_not_received_is_never_passed_over_in_silence() -> None:
    connection = world()
    connection.execute("delete from raw.extract where table_name = 'insights_intake'")
    connection.execute("delete from staging.insights_intake")
    found = run_cross_checks(connection, SUITES, ["insights_exit"])
    assert {(r.verdict, r.message, r.engine) for r in found} == {
        ("warned", "not looked at: staging.insights_intake was not received.", "")
    }
    connection.execute("drop table staging.insights_intake; drop schema ledger cascade")
    assert run_cross_checks(connection, SUITES, ["insights_exit"]) == found
    (closure,) = (r for r in run_cross_checks(connection, SUITES, ["cms_service_user"])
                  if r.rule_id == "closure_after_allocation")  # fmt: skip
    assert closure.message == "not looked at: ledger.allocation was not received."
    assert connection.sql("select count(*) from quarantine.row").fetchall() == [(0,)]


def test_a_table_without_rows_passes_no_cross_rule() -> None:
    connection = world(insights_exit=[])
    found = run_cross_checks(connection, SUITES, ["insights_exit"])
    assert {(r.verdict, r.message) for r in found} == {
        ("warned", "not looked at: staging.insights_exit has no rows.")
    }


def test_rows_that_go_are_gone_before_any_other_rule_looks() -> None:
    """A service user is quarantined; his form then has none, although its table comes first."""
    user = {
        **USER,
        "perpetrator_id": "p_1",
        "start_date": "2016-12-01",
        "closure_date": "2017-01-14",
    }
    connection = world(cms_service_user=[user], cms_need=[FORM])
    found = run_cross_checks(connection, SUITES, ["cms_need", "cms_service_user"])
    said = {(r.table_name, r.rule_id): r.verdict for r in found}
    assert said["cms_service_user", "closure_after_allocation"] == "quarantined"
    assert said["cms_need", "has_service_user"] == "warned"


#: The rule for a recorded Drive-DASH score, as it stands once a mapping has one.
SCORE = {
    "columns": {"recorded_score": "staged.score", "items_yes":
                "len(list_filter([staged.item_01, staged.item_02], lambda a: a = 'yes'))"},
    "rule": ("expect_column_pair_values_to_be_equal",
             {"column_A": "recorded_score", "column_B": "items_yes",
              "ignore_row_if": "either_value_is_missing"}, "score_is_number_of_yes", "warning"),
}  # fmt: skip


@pytest.mark.parametrize(("scores", "failed"), [((2, 1, 0, None), 0), ((2, 2, 0, None), 1)])
def test_a_recorded_score_equals_the_number_of_yes(
    tmp_path: Path, scores: tuple[int | None, ...], failed: int
) -> None:
    answers = [("yes", "yes"), ("yes", None), ("no", "dont_know"), ("yes", "yes")]
    rows = [{**FORM, "perpetrator_id": f"p_{n}", "item_01": a, "item_02": b}
            for n, (a, b) in enumerate(answers)]  # fmt: skip
    connection = warehouse("cms_risk_item", *rows)
    for number, score in enumerate(scores, start=2):
        connection.execute(
            "update staging.cms_risk_item set score = ? where row_number = ?", [score, number]
        )
    suite(tmp_path, "cms_risk_item", SCORE["rule"], columns=SCORE["columns"])
    (found,) = run_checks(connection, tmp_path, ["cms_risk_item"])
    assert (found.rows_looked_at, found.rows_failed) == (3, failed)


FAULTY = [
    ("staged.shoe_size", "Binder Error"),
    ("(select victim_id from mapped.marac_case)", "InvalidInputException"),
    ("cast(staged.victim_id as integer)", "ConversionException"),
]


@pytest.mark.parametrize(("sql", "why"), FAULTY)
@pytest.mark.parametrize("engine_from", [1, 1000])
def test_an_expression_that_fails_is_named_without_a_value(
    tmp_path: Path, sql: str, why: str, engine_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datrial.checks.judging.SQL_FROM_ROWS", engine_from)
    not_null = "expect_column_values_to_not_be_null"
    suite(tmp_path, "marac_case", (not_null, {"column": "good"}, "good", "warning"),
          (not_null, {"column": "bad"}, "bad", "critical_row"),
          columns={"good": "staged.site", "bad": sql})  # fmt: skip
    connection = warehouse("marac_case", *cases(victim_id="CANARY"))
    with pytest.raises(UsageError) as caught:
        run_checks(connection, tmp_path, ["marac_case"])
    assert "expectations/marac_case.json, column 'bad': its SQL cannot be carried out" in str(
        caught.value
    )
    assert why in str(caught.value)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_value_of_a_derived_column_is_in_any_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "victim_id": f"CANARY {n}"} for n, row in enumerate(cases())]
    connection = warehouse("marac_case", *rows)
    known = ("expect_column_values_to_be_in_set", {"column": "made", "value_set": ["x"]})
    longer = ("expect_column_value_lengths_to_be_between", {"column": "made", "max_value": 3})
    suite(tmp_path, "marac_case", (*known, "known", "critical_table"),
          (*longer, "longer", "warning"),
          columns={"made": "'made of ' || staged.victim_id"})  # fmt: skip
    results = run_checks(connection, tmp_path, ["marac_case"])
    assert verdicts(results) == {"known": "failed", "longer": "warned"}
    with pytest.raises(DataError) as caught:
        raise_on_critical(results)
    saved = connection.sql("select * from checks.result").fetchall()
    said = [repr(results), repr(saved), str(caught.value), caplog.text, *capfd.readouterr()]
    assert not any("CANARY" in text or "made of" in text for text in said)


def test_a_fault_inside_the_sql_engine_is_ours_and_names_the_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(form: Form) -> tuple[str, str]:
        return ("no_such_function(1)", "0") if "repeat_case" in form.failed else ("1", "0")

    monkeypatch.setattr("datrial.checks.sql_engine._items", broken)
    with pytest.raises(DatrialError) as caught:
        run_checks(warehouse("marac_case", *cases()), SUITES, ["marac_case"])
    assert not isinstance(caught.value, DataError | UsageError)
    assert str(caught.value) == (
        "expectations/marac_case.json, rule repeat_case_known_code: the check could not be "
        "carried out. This is a fault of the rule (does it fit the kind of its column?), not of "
        "the data."
    )
