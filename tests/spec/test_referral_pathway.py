"""One row per referral: its number, its stages, and how it ended."""

from __future__ import annotations

from typing import Any

import pytest
from given import Warehouse

from datrial.config.load import parse
from datrial.config.study import Study

DAYS = {"recruitment_start": "2022-01-01", "recruitment_end": "2022-12-31"}
SERVICE: dict[str, Any] = {
    "study": "harbour", "title": "Harbour", "design": "cohort_comparison", "seed": 1,
    "arms": {"intervention": {"label": "Harbour", "role": "intervention"},
             "others": {"label": "Others", "role": "control", "sources": ["harbour/others"]}},
    "sites": {"town": {"label": "Town", **DAYS}},
    "sources": ["harbour/referrals", "harbour/others"], "quarantine_limit": 0.1, "analyses": {},
}  # fmt: skip

ENDS = [
    # suitable, engaged, completed, why not taken on, closed on -> outcome
    ("completed", "yes", "yes", "yes", None, "2022-05-01", "completed"),
    ("completed, engagement not recorded", None, None, "yes", None, None, "completed"),
    ("engaged, and did not complete", "yes", "yes", "no", None, "2022-05-01", "stopped"),
    ("... the day it closed is not recorded", None, "yes", "no", None, None, "stopped"),
    ("engaged, completion not recorded", "yes", "yes", None, None, "2022-05-01", "open"),
    ("engaged, completion not known", "yes", "yes", "dont_know", None, "2022-05-01", "open"),
    ("did not engage", "yes", "no", "no", None, None, "never_engaged"),
    ("... of whom completion is not recorded", "yes", "no", None, None, None, "never_engaged"),
    ("... and was unsuitable", "no", "no", None, "risk", None, "never_engaged"),
    ("unsuitable", "no", None, None, None, None, "not_taken_on"),
    ("a reason why not taken on", None, None, None, "risk", None, "not_taken_on"),
    ("... and completed is no", "no", None, "no", "risk", None, "not_taken_on"),
    ("did not complete, engagement not recorded", "yes", None, "no", None, None, "not_completed"),
    ("... engagement not known", "yes", "dont_know", "no", None, None, "not_completed"),
    ("suitability not known", "dont_know", None, None, None, None, "open"),
    ("nothing recorded", None, None, None, None, None, "open"),
]


def house_of(*rows: dict[str, Any]) -> Warehouse:
    house = Warehouse(parse(Study, SERVICE, "study.yaml"))
    house.rows("study.arm_extract", "extract_id, arm", ("b", "others"))
    for row in rows:
        whole = {"extract_id": "a", "site": "town", **row}
        house.rows("staging.referral", ", ".join(whole), tuple(whole.values()))
    house.build()
    return house


@pytest.mark.parametrize(
    ("suitable", "engaged", "completed", "reason", "closed", "expect"),
    [row[1:] for row in ENDS],
    ids=[row[0] for row in ENDS],
)
def test_how_a_referral_ended(
    suitable: str, engaged: str, completed: str, reason: str, closed: str, expect: str
) -> None:
    house = house_of({
        "client_id": "p", "referred_on": "2022-04-01", "suitable": suitable, "engaged": engaged,
        "completed": completed, "not_taken_on_reason": reason, "closed_on": closed,
    })  # fmt: skip
    assert house.get("outcome", "marts.referral_path") == [(expect,)]


def test_the_referrals_of_a_person_are_numbered_by_their_day() -> None:
    house = house_of(
        {"client_id": "p", "referred_on": "2022-06-01", "completed": "yes"},
        {"client_id": "q", "referred_on": "2022-05-01"},
        {"client_id": "p", "referred_on": "2022-04-01", "engaged": "no"},
        {"client_id": "p", "referred_on": "2022-05-01", "strand": "fathers", "area": "harbour"},
    )
    columns = "person_id, referral_number, referred_on, strand, area, outcome"
    assert house.get(columns, "marts.referral_path") == [
        ("p", 1, "2022-04-01", None, None, "never_engaged"),
        ("p", 2, "2022-05-01", "fathers", "harbour", "open"),
        ("p", 3, "2022-06-01", None, None, "completed"),
        ("q", 1, "2022-05-01", None, None, "open"),
    ]


def test_every_referral_is_in_the_arm_of_the_first() -> None:
    house = house_of(
        {"client_id": "p", "referred_on": "2022-06-01", "extract_id": "a"},
        {"client_id": "p", "referred_on": "2022-04-01", "extract_id": "b"},
        {"client_id": "q", "referred_on": "2022-05-01", "extract_id": "a"},
    )
    assert house.get("person_id, referral_number, arm", "marts.referral_path") == [
        ("p", 1, "others"), ("p", 2, "others"), ("q", 1, "intervention"),
    ]  # fmt: skip


ANSWERS = [("yes", True), ("no", False), ("dont_know", None), ("not_applicable", None),
           (None, None)]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "fact"),
    [
        ("suitable", "is_suitable"), ("engaged", "is_engaged"), ("completed", "is_completed"),
        ("accommodation_need", "needs_accommodation"),
        ("accommodation_referral", "is_accommodation_referral"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_neither_yes_nor_no(column: str, fact: str) -> None:
    rows = [
        {"client_id": f"p{number}", "referred_on": "2022-04-01", column: answer}
        for number, (answer, _) in enumerate(ANSWERS)
    ]
    house = house_of(*rows)
    assert house.get(f"person_id, {fact}", "marts.referral_path") == [
        (f"p{number}", expect) for number, (_, expect) in enumerate(ANSWERS)
    ]


def test_days_stand_as_they_were_recorded() -> None:
    days = ["consulted_on", "assessed_on", "accepted_on", "started_on", "closed_on"]
    given = {day: f"2022-05-{number:02}" for number, day in enumerate(days, 1)}
    house = house_of({"client_id": "p", "referred_on": "2022-04-01", **given},
                     {"client_id": "q", "referred_on": "2022-04-01"})  # fmt: skip
    assert house.get(", ".join(days), "marts.referral_path", "person_id = 'p'") == [
        tuple(given.values())
    ]
    assert house.get(", ".join(days), "marts.referral_path", "person_id = 'q'") == [(None,) * 5]


def test_without_referrals_there_is_no_row() -> None:
    assert house_of().get("*", "marts.referral_path") == []
