"""Staging SQL: small literal tables in, verdicts out, for every staging table.

The definition guarded: a row is staged unless it is blank, a summary line, does not
fit the header, lacks a usable required value, repeats the key of an earlier row, or
was replaced by a later delivery of the same mapping.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from datrial.config.project import project_root
from datrial.config.tables import staging_tables

TYPES = {"date": "date", "integer": "bigint"}
SQL = project_root() / "sql" / "staging"

#: One good row of every table; what is not named is empty.
GOOD: dict[str, dict[str, Any]] = {
    "allocation_list": {"perpetrator_id": "p_1", "meeting_date": "2017-01-31", "arm": "control"},
    "meeting_capacity": {"meeting_date": "2017-01-31", "places": 2},
    "police_request": {
        "perpetrator_id": "p_1",
        "request_number": 1,
        "requested_on": "2019-03-31",
    },
    "marac_case": {"perpetrator_id": "p_1", "victim_id": "v_1", "hearing_date": "2017-01-31"},
    "police_incident": {
        "incident_id": "i_1",
        "perpetrator_id": "p_1",
        "incident_date": "2017-01-31",
        "domestic_abuse": "yes",
    },
    "insights_intake": {
        "victim_id": "v_1",
        "perpetrator_id": "p_1",
        "intake_date": "2017-01-31",
        "physical": "high",
    },
    "insights_exit": {"victim_id": "v_1", "exit_date": "2017-06-30", "contacts": 12},
    "cms_service_user": {"perpetrator_id": "p_1", "start_date": "2017-01-31", "completed": "yes"},
    "cms_need": {"perpetrator_id": "p_1", "time_point": "intake", "housing": "yes"},
    "cms_behaviour": {"perpetrator_id": "p_1", "time_point": "intake", "physical": "high"},
    "cms_risk_item": {"perpetrator_id": "p_1", "time_point": "intake", "item_01": "yes"},
    "cms_action": {"perpetrator_id": "p_1", "action_date": "2017-01-31", "work": "direct"},
    "cms_engagement": {"perpetrator_id": "p_1", "engagement": "engaged"},
    "person_event": {"perpetrator_id": "p_1", "event": "prison", "event_date": "2017-01-31"},
    "referral": {"client_id": "c_1", "referred_on": "2022-01-31", "area": "north"},
    "severity_reading": {
        "client_id": "c_1", "time_point": "intake", "read_on": "2022-01-31", "physical": "high",
    },
    "need_score": {
        "client_id": "c_1", "instrument": "matrix", "time_point": "intake", "rater": "worker",
        "read_on": "2022-01-31", "item_1": 3,
    },
    "star_reading": {
        "client_id": "c_1", "instrument": "star", "rater": "worker", "read_on": "2022-01-31",
        "item_1": 3,
    },
    "outcome_rating": {
        "client_id": "c_1", "instrument": "form", "rater": "worker", "rated_on": "2022-01-31",
        "item_1": "no_change",
    },
    "checklist": {
        "client_id": "c_1", "instrument": "list", "assessed_on": "2022-01-31", "item_1": "yes",
    },
    "training": {
        "practitioner_id": "w_1", "course": "core", "round": 1, "training_date": "2022-01-31",
        "attended": "yes",
    },
    "service_activity": {
        "activity_id": "a_1", "held_on": "2022-01-31", "activity": "meeting", "strand": "adults",
    },
}  # fmt: skip
#: Another code or number in a column that is neither key nor required.
OTHER_CONTENT = {
    "police_request": {"requested_on": "2019-04-01"},
    "marac_case": {"repeat_case": "no"},
    "police_incident": {"outcome": "charged"},
    "insights_intake": {"physical": "none"},
    "insights_exit": {"contacts": 13},
    "cms_service_user": {"completed": "no"},
    "cms_need": {"housing": "no"},
    "cms_behaviour": {"physical": "none"},
    "cms_risk_item": {"item_01": "no"},
    "cms_engagement": {"engagement": "no_contact_made"},
    "referral": {"area": "south"},
    "severity_reading": {"physical": "none"},
    "need_score": {"item_1": 4},
    "star_reading": {"item_1": 4},
    "outcome_rating": {"item_1": "slight_improvement"},
    "checklist": {"item_1": "no"},
    "training": {"attended": "no"},
    "service_activity": {"strand": "children"},
}
#: Another value in one column of the key: another row, not a repeat.
OTHER_KEY = {
    "allocation_list": {"perpetrator_id": "p_2"},
    "meeting_capacity": {"site": "site_2"},
    "police_request": {"request_number": 2},
    "marac_case": {"hearing_date": "2017-02-14"},
    "police_incident": {"incident_id": "i_2"},
    "insights_intake": {"victim_id": "v_2"},
    "insights_exit": {"victim_id": "v_2"},
    "cms_service_user": {"perpetrator_id": "p_2"},
    "cms_need": {"time_point": "midpoint"},
    "cms_behaviour": {"time_point": "midpoint"},
    "cms_risk_item": {"time_point": "midpoint"},
    "cms_engagement": {"perpetrator_id": "p_2"},
    "person_event": {"event": "released"},
    "referral": {"referred_on": "2022-02-28"},
    "severity_reading": {"time_point": "exit"},
    "need_score": {"rater": "client"},
    "star_reading": {"rater": "client"},
    "outcome_rating": {"rated_on": "2022-02-28"},
    "checklist": {"instrument": "another"},
    "training": {"round": 2},
    "service_activity": {"activity_id": "a_2"},
}
KEYED = [name for name, table in staging_tables().items() if table.key]
DUPLICATE = "duplicate of an earlier row"
CONFLICT = "conflicts with an earlier row of the same key"
REPLACED = "replaced by a later extract"


def verdicts(
    table: str, *rows: dict[str, Any], arrivals: tuple[str, ...] = ("x@1", "x@2", "x@3", "y@4")
) -> list[str | None]:
    """Return each row's reject reason; rows are numbered 2, 3, ... unless they say otherwise.

    ``arrivals`` are the extracts (``<mapping>@<number>``) in the order of their arrival.
    """
    connection = duckdb.connect()
    contract = staging_tables()[table].columns
    typed = "".join(f", {name} {TYPES.get(c.kind, 'varchar')}" for name, c in contract.items())
    connection.execute("create schema mapped; create schema raw")
    connection.execute(
        "create table raw.extract "
        "(table_name varchar, extract_id varchar, mapping varchar, arrival bigint)"
    )
    for name in (table, "another_table"):
        for arrival, extract in enumerate(arrivals, start=1):
            connection.execute(
                "insert into raw.extract values (?, ?, ?, ?)",
                [name, extract, extract.partition("@")[0], arrival],
            )
    connection.execute(
        f"create table mapped.{table} (extract_id varchar, row_number bigint, row_kind varchar, "
        f"site varchar{typed}, problems varchar[])"
    )
    keys = []
    for number, row in enumerate(rows, start=2):
        full = {
            "extract_id": "x@1",
            "row_number": number,
            "row_kind": "data",
            "site": "site_1",
            "problems": [],
            **row,
        }
        keys.append((full["extract_id"], full["row_number"]))
        connection.execute(
            f"insert into mapped.{table} ({', '.join(full)}) values ({', '.join('?' * len(full))})",
            list(full.values()),
        )
    connection.execute((SQL.parent / "macros.sql").read_text())
    select = (SQL / f"{table}.sql").read_text()
    result = connection.sql(select)
    expected = ["extract_id", "row_number", "row_kind", "site", *contract, "problems"]
    assert result.columns == [*expected, "reject_reason"]
    found = {(row[0], row[1]): row[-1] for row in result.fetchall()}
    assert found.keys() == set(keys), "every row has one verdict"
    return [found[key] for key in keys]


def test_every_staging_table_has_a_file_and_is_tried_here() -> None:
    assert {path.stem for path in SQL.glob("*.sql")} == set(staging_tables()) == set(GOOD)


@pytest.mark.parametrize("table", GOOD)
def test_the_header_states_grain_key_and_source(table: str) -> None:
    lines = (SQL / f"{table}.sql").read_text().splitlines()
    contract = staging_tables()[table]
    assert lines[0] == f"-- Grain:   {contract.grain}"
    assert lines[1] == f"-- Key:     {', '.join(contract.key) or 'none'}"
    assert lines[2].startswith(f"-- Source:  mapped.{table} ")
    assert lines[3].startswith("-- Version: ")


@pytest.mark.parametrize("table", GOOD)
def test_rows_that_are_no_data(table: str) -> None:
    good = GOOD[table]
    assert verdicts(
        table,
        good,
        {"row_kind": "blank"},
        {"row_kind": "summary"},
        {"row_kind": "ragged"},
        {"row_kind": "blank"},
    ) == [None, "blank row", "summary line", "cells do not fit the header", "blank row"]


@pytest.mark.parametrize("table", GOOD)
def test_a_row_without_a_usable_required_value(table: str) -> None:
    """The first required column that is unusable is the reason; other columns are not."""
    contract = staging_tables()[table].columns
    required = ["site", *(name for name, column in contract.items() if column.required)]
    optional = [name for name in contract if name not in required]
    for name in required:
        row = {**GOOD[table], name: None, "problems": [f"{name}: empty"]}
        assert verdicts(table, row, GOOD[table]) == [f"{name}: empty", None]
    both = {**GOOD[table], "problems": [f"{name}: impossible date" for name in required]}
    assert verdicts(table, both) == [f"{required[0]}: impossible date"]
    if optional:
        row = {**GOOD[table], optional[0]: None, "problems": [f"{optional[0]}: unknown code"]}
        assert verdicts(table, row) == [None]


@pytest.mark.parametrize("table", KEYED)
def test_an_equal_row_is_a_duplicate_of_the_earlier_one(table: str) -> None:
    good = GOOD[table]
    assert verdicts(table, good, good, good) == [None, DUPLICATE, DUPLICATE]
    later = {**good, "extract_id": "x@2", "row_number": 1}
    assert verdicts(table, later, good) == [DUPLICATE, None]
    assert verdicts(table, later, good, arrivals=("x@2", "x@1")) == [None, DUPLICATE]


@pytest.mark.parametrize("table", KEYED)
def test_another_key_is_another_row(table: str) -> None:
    assert verdicts(table, GOOD[table], {**GOOD[table], **OTHER_KEY[table]}) == [None, None]


@pytest.mark.parametrize("table", OTHER_CONTENT)
def test_the_same_key_with_other_content_is_a_conflict(table: str) -> None:
    """The earlier row stays, whichever it is; an empty cell differs from a filled one."""
    good, other = GOOD[table], {**GOOD[table], **OTHER_CONTENT[table]}
    assert verdicts(table, good, other, good) == [None, CONFLICT, DUPLICATE]
    assert verdicts(table, other, good, good) == [None, CONFLICT, CONFLICT]
    elsewhere = {**good, "site": "site_2"}
    assert verdicts(table, good, elsewhere) == [None, CONFLICT]
    another_agency = {**other, "extract_id": "y@4"}
    assert verdicts(table, good, another_agency) == [None, CONFLICT]
    assert verdicts(table, good, another_agency, arrivals=("y@4", "x@1")) == [CONFLICT, None]


@pytest.mark.parametrize("table", OTHER_CONTENT)
def test_a_later_delivery_of_the_same_mapping_replaces_rows_of_other_content(table: str) -> None:
    good = GOOD[table]
    old, new = {**good, "extract_id": "x@1"}, {**good, **OTHER_CONTENT[table], "extract_id": "x@2"}
    assert verdicts(table, old, new) == [REPLACED, None]
    assert verdicts(table, old, new, arrivals=("x@2", "x@1")) == [None, REPLACED]
    # all the rows of the key are replaced, and nothing else of the earlier delivery is
    other_key = {**old, **OTHER_KEY[table]}
    assert verdicts(table, old, old, other_key, new) == [REPLACED, REPLACED, None, None]
    # of the later delivery's own contradictions the first row stands
    assert verdicts(table, old, new, {**good, "extract_id": "x@2"}) == [REPLACED, None, CONFLICT]
    # what was changed and changed back is what was there first
    back = {**good, "extract_id": "x@3"}
    assert verdicts(table, old, new, back) == [None, REPLACED, DUPLICATE]
    # a row that cannot be used replaces nothing
    assert verdicts(table, old, {**new, "row_kind": "ragged"}) == [
        None,
        "cells do not fit the header",
    ]
    # what is left after that is compared between agencies
    elsewhere = {**new, "extract_id": "y@4"}
    assert verdicts(table, old, new, elsewhere) == [REPLACED, None, DUPLICATE]


@pytest.mark.parametrize("table", KEYED)
def test_an_unusable_row_takes_no_place_from_a_usable_one(table: str) -> None:
    unusable = {**GOOD[table], "problems": ["site: unknown code"]}
    assert verdicts(table, unusable, GOOD[table]) == ["site: unknown code", None]


@pytest.mark.parametrize(
    ("table", "other"),
    [
        ("allocation_list", {"arm": "intervention"}),
        ("allocation_list", {"meeting_date": "2017-02-14"}),
        ("meeting_capacity", {"places": 3}),
    ],
)
def test_a_contradiction_about_the_allocation_is_left_for_the_check_that_stops_the_run(
    table: str, other: dict[str, Any]
) -> None:
    """Which of two arms holds is not for a rule to guess, nor whether the later one does."""
    good = GOOD[table]
    assert verdicts(table, good, {**good, **other}) == [None, None]
    assert verdicts(table, good, {**good, **other, "extract_id": "x@2"}) == [None, None]


REPEAT = "duplicate of a row in an earlier extract"


def test_equal_actions_in_one_extract_all_count() -> None:
    action = GOOD["cms_action"]
    assert verdicts("cms_action", action, action, action) == [None, None, None]


def test_an_action_in_two_overlapping_extracts_counts_once() -> None:
    """The n-th of equal rows is a repeat where an earlier extract has n of them."""
    action = GOOD["cms_action"]
    later = {**action, "extract_id": "x@2"}
    assert verdicts("cms_action", action, later, later) == [None, REPEAT, None]
    assert verdicts("cms_action", action, action, later) == [None, None, REPEAT]
    assert verdicts("cms_action", action, {**later, "work": "indirect"}) == [None, None]
    third = {**action, "extract_id": "x@3"}
    assert verdicts("cms_action", action, later, third) == [None, REPEAT, REPEAT]
    assert verdicts("cms_action", action, later, arrivals=("x@2", "x@1")) == [REPEAT, None]


def test_a_problem_that_the_checks_judge_rejects_nothing_here() -> None:
    same = {**GOOD["marac_case"], "problems": ["same_person: victim_id is perpetrator_id"]}
    assert verdicts("marac_case", same) == [None]


def test_two_perpetrators_of_one_incident_are_two_rows() -> None:
    good = GOOD["police_incident"]
    assert verdicts("police_incident", good, {**good, "perpetrator_id": "p_2"}) == [None, None]
