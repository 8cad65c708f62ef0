"""Rules about a service's own tables: each is broken once on purpose, and kept by good rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from checks_fixture import SUITES, name_instruments, warehouse_of

from datrial.checks.run import run_checks, run_cross_checks
from datrial.checks.suites import load_suite

Row = dict[str, Any]
REFERRAL: Row = {
    "client_id": "c_1", "referred_on": "2017-02-01", "suitable": "yes", "engaged": "yes",
    "consulted_on": "2017-02-03", "assessed_on": "2017-02-05", "accepted_on": "2017-02-06",
    "started_on": "2017-02-06", "closed_on": "2017-03-06", "closure_reason": "done",
    "completed": "yes", "accommodation_need": "yes", "accommodation_referral": "yes",
    "accommodation": "hotel", "age": 35, "age_months": 431, "sex": "male", "children_count": 2,
}  # fmt: skip
TYPES_OF_ABUSE = ("physical", "sexual", "harassment_stalking", "jealous_controlling")
GRID: Row = {
    "client_id": "c_1", "time_point": "intake", "read_on": "2017-02-06", "told_by": "worker",
    **dict.fromkeys(TYPES_OF_ABUSE, "moderate"),
}  # fmt: skip
MATRIX: Row = {
    "client_id": "c_1", "instrument": "matrix", "time_point": "intake", "read_on": "2017-02-06",
    "rater": "worker", **{f"item_{n}": n for n in range(1, 11)},
}  # fmt: skip
STAR: Row = {
    "client_id": "c_1", "instrument": "star", "read_on": "2017-02-06", "rater": "worker",
    **{f"item_{n}": 1 + n // 3 for n in range(1, 11)},
}  # fmt: skip
FORM: Row = {
    "client_id": "c_1", "instrument": "form", "rated_on": "2017-02-06", "rater": "worker",
    **{f"item_{n}": "no_change" for n in range(1, 13)},
}  # fmt: skip
LIST: Row = {
    "client_id": "c_1", "instrument": "list", "assessed_on": "2017-02-06",
    **{f"item_{n}": "no" for n in range(1, 21)},
}  # fmt: skip
TRAINED: Row = {
    "practitioner_id": "t_1", "course": "core", "round": 1, "training_date": "2017-02-06",
    "attended": "yes", "passed": "yes", "score_before": 60, "score_after": 100,
}  # fmt: skip
ACTIVITY: Row = {
    "activity_id": "a_1", "held_on": "2017-02-06", "activity": "meeting", "client_id": "c_1",
    "strand": "family",
}  # fmt: skip
GOOD: dict[str, Row] = {
    "referral": {**REFERRAL, "strand": "family"}, "severity_reading": GRID, "need_score": MATRIX,
    "star_reading": STAR, "outcome_rating": FORM, "checklist": LIST, "training": TRAINED,
    "service_activity": ACTIVITY,
}  # fmt: skip
EXIT = {"time_point": "exit", "read_on": "2017-04-01"}
#: Rules that the tests of every suite break, or that need rows of many months.
ELSEWHERE = ("has_rows", "key_unique", "months_not_collapsed", "no_long_gap")


@pytest.fixture(autouse=True)
def by_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by SQL, which is quick; that both engines agree is shown elsewhere."""
    monkeypatch.setattr("datrial.checks.judging.SQL_FROM_ROWS", 1)


def answers(table: str, rows: list[Row]) -> dict[str, str]:
    """Return the verdict of every rule on a table's rows, beside the referral of c_1."""
    connection = warehouse_of({"referral": [GOOD["referral"]], table: rows})
    name_instruments(connection)
    found = run_checks(connection, SUITES, [table]) + run_cross_checks(connection, SUITES, [table])
    return {r.rule_id: r.verdict for r in found}


def _unknown(count: int) -> Row:
    return {f"item_{n}": "dont_know" for n in range(1, count + 1)}


def _empty(count: int) -> Row:
    return {f"item_{n}": None for n in range(1, count + 1)}


#: Table, rule, what is wrong (of one row, or all the rows), verdict of that rule.
BROKEN: list[tuple[str, str, Row | list[Row], str]] = [
    ("referral", "codes_known", {"sex": "man"}, "failed"),
    ("referral", "codes_known", {"accommodation_referral": "perhaps"}, "failed"),
    ("referral", "age_plausible", {"age": 9}, "quarantined"),
    ("referral", "age_plausible", {"age": None, "age_months": 111 * 12}, "quarantined"),
    ("referral", "age_months_fit_age", {"age_months": 419}, "warned"),
    ("referral", "age_months_fit_age", {"age_months": 432}, "warned"),
    ("referral", "referred_on_not_after_extract", {"referred_on": "2019-10-01"}, "quarantined"),
    ("referral", "referred_on_not_before_extract", {"referred_on": "2015-12-31"}, "warned"),
    ("referral", "steps_not_after_extract", {"closed_on": "2019-10-01"}, "warned"),
    ("referral", "steps_not_before_referral", {"assessed_on": "2017-01-31"}, "warned"),
    ("referral", "assessed_after_consultation", {"assessed_on": "2017-02-02"}, "warned"),
    ("referral", "started_after_assessment", {"started_on": "2017-02-04"}, "warned"),
    ("referral", "started_after_assessment", {"accepted_on": "2017-02-07"}, "warned"),
    ("referral", "closed_after_start", {"closed_on": "2017-02-05"}, "warned"),
    ("referral", "outcome_agrees", {"engaged": "no"}, "warned"),
    ("referral", "outcome_agrees", {"suitable": "no"}, "warned"),
    ("referral", "outcome_agrees", {"not_taken_on_reason": "refused"}, "warned"),
    ("referral", "closure_has_day", {"closed_on": None}, "warned"),
    ("referral", "accommodation_agrees", {"accommodation_need": "no"}, "warned"),
    ("referral", "accommodation_agrees",
     {"accommodation_need": "no", "accommodation_referral": "no"}, "warned"),
    ("referral", "children_count_plausible", {"children_count": 16}, "warned"),
    ("referral", "age_mostly_filled", {"age": None, "age_months": None}, "warned"),
    ("referral", "mostly_known",
     dict.fromkeys(("suitable", "engaged", "ethnicity", "area"), "dont_know"), "warned"),
    *(("severity_reading", f"{name}_known_code", {name: "some"}, "failed")
      for name in TYPES_OF_ABUSE),
    *(("severity_reading", f"{name}_mostly_filled", {name: None}, "warned")
      for name in TYPES_OF_ABUSE),
    *(("severity_reading", f"{name}_mostly_known", {name: "dont_know"}, "warned")
      for name in TYPES_OF_ABUSE),
    ("severity_reading", "mostly_known",
     dict.fromkeys(TYPES_OF_ABUSE[:3], "dont_know"), "warned"),
    ("star_reading", "readings_apart", [STAR, {**STAR, "read_on": "2017-02-12"}], "warned"),
    ("outcome_rating", "codes_known", {"item_12": "better"}, "failed"),
    ("outcome_rating", "mostly_known", _unknown(7), "warned"),
    ("checklist", "codes_known", {"item_20": "perhaps"}, "failed"),
    ("checklist", "mostly_known", _unknown(11), "warned"),
    ("training", "attended_known_code", {"attended": "perhaps"}, "failed"),
    ("training", "passed_known_code", {"passed": "perhaps"}, "failed"),
    ("training", "score_before_on_scale", {"score_before": 101}, "quarantined"),
    ("training", "score_after_on_scale", {"score_after": -1}, "quarantined"),
    ("training", "round_plausible", {"round": 0}, "warned"),
    ("training", "passed_attended", {"attended": "no"}, "warned"),
    ("training", "scored_attended", {"attended": "no", "passed": "no"}, "warned"),
    ("training", "rounds_in_order",
     [TRAINED, {**TRAINED, "round": 2, "training_date": "2017-02-05"}], "warned"),
    ("training", "mostly_known", {"passed": "dont_know"}, "warned"),
    ("service_activity", "client_is_referred", {"client_id": "c_9"}, "warned"),
    ("service_activity", "strand_as_referred", {"strand": "adult"}, "warned"),
]  # fmt: skip
DAYS = {"severity_reading": "read_on", "need_score": "read_on", "star_reading": "read_on",
        "outcome_rating": "rated_on", "checklist": "assessed_on",
        "training": "training_date", "service_activity": "held_on"}  # fmt: skip
for _table, _day in DAYS.items():
    BROKEN += [
        (_table, f"{_day}_not_after_extract", {_day: "2019-10-01"}, "quarantined"),
        (_table, f"{_day}_not_before_extract", {_day: "2015-12-31"}, "warned"),
    ]
    if "client_id" in GOOD[_table] and _table != "service_activity":
        BROKEN += [
            (_table, "client_is_referred", {"client_id": "c_9"}, "warned"),
            (_table, "not_before_referral", {_day: "2017-01-31"}, "warned"),
        ]
for _table in ("severity_reading", "need_score"):
    _first = GOOD[_table]
    BROKEN += [
        (_table, "time_point_known_code", {"time_point": "later"}, "failed"),
        (_table, "exit_after_intake", [_first, {**_first, **EXIT, "read_on": "2017-02-05"}],
         "quarantined"),
        (_table, "one_intake", [_first, {**_first, "read_on": "2017-02-07"}], "warned"),
        (_table, "later_reading_has_intake", EXIT, "warned"),
    ]  # fmt: skip
for _table, _items in (("need_score", 10), ("star_reading", 10), ("outcome_rating", 12),
                       ("checklist", 20)):  # fmt: skip
    _code = {"outcome_rating": "no_change", "checklist": "no"}.get(_table, 1)
    BROKEN += [
        (_table, "instrument_known", {"instrument": "another"}, "failed"),
        (_table, "items_are_named", {f"item_{_items + 1}": _code}, "warned"),
        (_table, "items_mostly_answered", _empty(_items // 2 + 1), "warned"),
    ]
for _table, _score in (("need_score", 11), ("need_score", -1), ("star_reading", 0),
                       ("star_reading", 6)):  # fmt: skip
    BROKEN.append((_table, "scores_on_scale", {"item_3": _score}, "warned"))


@pytest.mark.parametrize(("table", "rule", "wrong", "verdict"), BROKEN)
def test_each_rule_sees_what_it_is_for(
    table: str, rule: str, wrong: Row | list[Row], verdict: str
) -> None:
    rows = wrong if isinstance(wrong, list) else [{**GOOD[table], **wrong}]
    assert answers(table, rows)[rule] == verdict


@pytest.mark.parametrize("table", GOOD)
def test_good_rows_keep_every_rule(table: str) -> None:
    good = GOOD[table]
    rows = [good]
    if "time_point" in good:
        rows.append({**good, **EXIT})
    if table == "star_reading":
        rows.append({**good, "read_on": "2017-02-13"})
    if table == "training":
        rows.append({**good, "round": 2})
    said = answers(table, rows)
    assert {rule for rule, verdict in said.items() if verdict != "passed"} <= set(ELSEWHERE)
    assert len(said) == len(load_suite(SUITES, table).rules)


@pytest.mark.parametrize("table", GOOD)
def test_no_rule_of_a_service_s_table_goes_unbroken(table: str) -> None:
    broken = {rule for of, rule, _, _ in BROKEN if of == table}
    rules = {rule.id for rule in load_suite(SUITES, table).rules}
    left = {rule for rule in rules - broken if not rule.endswith("_not_null")}
    assert left <= set(ELSEWHERE)
    assert broken <= rules


MONTHLY = {"referral": "referred_on", "service_activity": "held_on"}
KEYS = {"referral": "client_id", "service_activity": "activity_id"}


@pytest.mark.parametrize("table", MONTHLY)
@pytest.mark.parametrize(
    ("rule", "left_out", "verdict"),
    [
        ("months_not_collapsed", lambda month, n: month == 20 and n > 0, "warned"),
        ("months_not_collapsed", lambda month, n: month == 20 and n > 1, "passed"),
        ("no_long_gap", lambda month, n: month in (20, 21), "passed"),
        ("no_long_gap", lambda month, n: month in (20, 21, 22), "warned"),
        ("no_long_gap", lambda month, n: month > 40, "warned"),
    ],
)
def test_months_without_rows_are_seen(table: str, rule: str, left_out: Any, verdict: str) -> None:
    """Twelve rows a month, on the first of each; some left out."""
    rows = [
        {KEYS[table]: f"x_{month}_{n}", "activity": "meeting",
         MONTHLY[table]: f"{2016 + month // 12}-{month % 12 + 1:02d}-01"}
        for month in range(45) for n in range(12) if not left_out(month, n)
    ]  # fmt: skip
    if table == "referral":
        rows = [{key: cell for key, cell in row.items() if key != "activity"} for row in rows]
    assert answers(table, rows)[rule] == verdict


@pytest.mark.parametrize("table", GOOD)
@pytest.mark.parametrize("rule", ["key_unique", "has_rows"])
def test_a_key_that_comes_twice_and_a_table_without_rows(table: str, rule: str) -> None:
    """Staging keeps the first of two rows with one key, so the second is put there by hand."""
    connection = warehouse_of({table: [GOOD[table]]})
    if rule == "has_rows":
        connection.execute(f"delete from staging.{table}; delete from mapped.{table}")
        connection.execute("update raw.extract set received = 0")
    else:
        connection.execute(f"insert into staging.{table} select * from staging.{table}")
        connection.execute(f"insert into mapped.{table} select * from mapped.{table}")
        connection.execute("update raw.extract set received = 2")
    found = {r.rule_id: r.verdict for r in run_checks(connection, SUITES, [table])}
    assert found[rule] == ("warned" if rule == "has_rows" else "failed")


def test_no_rule_is_of_a_type_that_great_expectations_does_not_know() -> None:
    """It leaves such a rule out without a word."""
    import great_expectations.expectations as known

    named = {expectation["type"] for table in GOOD for expectation in
             json.loads((SUITES / f"{table}.json").read_text())["expectations"]}  # fmt: skip
    classes = {"".join(part.capitalize() for part in name.split("_")) for name in named}
    assert [name for name in sorted(classes) if not _is_known(known, name)] == []


def _is_known(known: Any, name: str) -> bool:
    return any(name.lower() == other.lower() for other in dir(known))
