"""What counts in which month: events, clients awaiting, the live caseload; and days in order."""

from __future__ import annotations

from typing import Any

import pytest
from service_given import COMPARED, OTHERS, house_of

JANUARY, FEBRUARY, MARCH, APRIL = "2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"


def months(kind: str, code: str, *rows: dict[str, Any], **changes: Any) -> dict[str, int]:
    """Return month -> number of a code, of all strands."""
    found = house_of(list(rows), **changes).get(
        "month, sum(number)", "(select * from marts.service_month)",
        f"kind = '{kind}' and code = '{code}' group by month",
    )  # fmt: skip
    return {month: int(number) for month, number in found}


def measure(code: str, *rows: dict[str, Any], **changes: Any) -> dict[str, int]:
    return months("measure", code, *rows, **changes)


def case(**days: str | None) -> dict[str, Any]:
    """Return a referral taken on on 10 January, with days by their column's first word."""
    taken_on = {"assessed_on": "2024-01-10", "accepted_on": "2024-01-10"}
    return {"referred_on": "2024-01-05"} | taken_on | {f"{k}_on": v for k, v in days.items()}


@pytest.mark.parametrize(
    ("day", "month"),
    [
        ("2024-01-01", JANUARY), ("2024-01-31", JANUARY), ("2024-02-01", FEBRUARY),
        ("2024-02-29", FEBRUARY), ("2024-03-01", MARCH), ("2024-04-30", APRIL),
    ],
)  # fmt: skip
def test_an_event_is_of_the_month_of_its_own_day(day: str, month: str) -> None:
    whole = {"referred_on": day, "assessed_on": day, "accepted_on": day, "closed_on": day}
    for code in ("requests", "assessments", "taken_on", "closures"):
        assert measure(code, whole) == {month: 1}


@pytest.mark.parametrize("day", ["2023-12-31", "2024-05-01"])
def test_what_lies_outside_the_reporting_period_is_of_no_month(day: str) -> None:
    assert measure("requests", {"referred_on": day}) == {}


def test_the_period_is_every_month_that_a_day_of_recruitment_touches() -> None:
    sites = {"town": {"label": "Town", "recruitment_start": "2024-01-31",
                      "recruitment_end": "2024-03-01"}}  # fmt: skip
    rows = [{"referred_on": f"2024-0{month}-15"} for month in (1, 2, 3, 4)]
    assert measure("requests", *rows, sites=sites) == {JANUARY: 1, FEBRUARY: 1, MARCH: 1}


WAITING = [
    # started, closed -> months at whose end, and on a day of which, the client waits
    ("the same day", "2024-01-10", None, [], []),
    ("within the month", "2024-01-20", None, [], [JANUARY]),
    ("on the last day of the month", "2024-01-31", None, [], [JANUARY]),
    ("on the first of the next", "2024-02-01", None, [JANUARY], [JANUARY, FEBRUARY]),
    ("on the leap day", "2024-02-29", None, [JANUARY], [JANUARY, FEBRUARY]),
    ("the day after it", "2024-03-01", None, [JANUARY, FEBRUARY], [JANUARY, FEBRUARY, MARCH]),
    ("never, closed", None, "2024-02-10", [JANUARY], [JANUARY, FEBRUARY]),
    ("never, closed on the last day", None, "2024-02-29", [JANUARY], [JANUARY, FEBRUARY]),
    ("never", None, None, [JANUARY, FEBRUARY, MARCH, APRIL],
     [JANUARY, FEBRUARY, MARCH, APRIL]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "started", "closed", "at_end", "on_any"), WAITING)
def test_who_waits_at_the_end_of_a_month_and_on_any_day_of_it(
    what: str, started: str | None, closed: str | None, at_end: list[str], on_any: list[str]
) -> None:
    row = case(started=started, closed=closed)
    assert list(measure("awaiting", row)) == at_end, what
    assert list(measure("awaiting_any", row)) == on_any, what


@pytest.mark.parametrize(
    ("closed", "on_any", "at_end"),
    [
        ("2024-01-10", [JANUARY], []),
        ("2024-02-01", [JANUARY, FEBRUARY], [JANUARY]),
        ("2024-02-28", [JANUARY, FEBRUARY], [JANUARY]),
        ("2024-02-29", [JANUARY, FEBRUARY], [JANUARY]),
        ("2024-03-01", [JANUARY, FEBRUARY, MARCH], [JANUARY, FEBRUARY]),
        (None, [JANUARY, FEBRUARY, MARCH, APRIL], [JANUARY, FEBRUARY, MARCH, APRIL]),
    ],
)
def test_a_client_is_on_the_caseload_in_the_month_of_closure_and_not_in_the_next(
    closed: str | None, on_any: list[str], at_end: list[str]
) -> None:
    row = case(started="2024-01-10", closed=closed)
    assert list(measure("caseload", row)) == on_any
    assert list(measure("caseload_end", row)) == at_end


def test_a_client_taken_on_before_the_period_is_on_its_caseload_and_no_event_of_it() -> None:
    row = {"referred_on": "2023-10-01", "accepted_on": "2023-11-01", "started_on": "2023-11-05"}
    assert len(measure("caseload", row)) == 4
    assert measure("requests", row) == measure("taken_on", row) == {}


def test_a_client_counts_once_a_month_and_again_after_a_new_referral() -> None:
    first = case(started="2024-01-12", closed="2024-02-10") | {"client_id": "same"}
    again = {"client_id": "same", "referred_on": "2024-02-12", "accepted_on": "2024-02-20",
             "started_on": "2024-02-20", "closed_on": "2024-03-05"}  # fmt: skip
    assert measure("caseload", first, again) == {JANUARY: 1, FEBRUARY: 1, MARCH: 1}
    assert measure("requests", first, again) == {JANUARY: 1, FEBRUARY: 1}
    assert measure("closures", first, again) == {FEBRUARY: 1, MARCH: 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"referred_on": "2024-01-10", "assessed_on": "2024-01-09"},
        {"referred_on": "2024-01-10", "accepted_on": "2024-01-09"},
        {"assessed_on": "2024-01-20", "accepted_on": "2024-01-20", "started_on": "2024-01-19"},
        {"accepted_on": "2024-01-20", "started_on": "2024-01-19"},
        {"accepted_on": "2024-01-20", "started_on": "2024-02-20", "closed_on": "2024-02-19"},
    ],
)
def test_days_out_of_order_are_counted_as_events_and_are_in_no_caseload(
    wrong: dict[str, Any],
) -> None:
    house = house_of([wrong])
    assert house.get("is_out_of_order", "marts.service_case") == [(True,)]
    assert {code for (code,) in house.get("code", "marts.service_month")} <= {
        "requests", "assessments", "taken_on", "closures", "not_recorded",
    }  # fmt: skip
    assert measure("requests", wrong) == {JANUARY: 1}


def test_the_same_day_throughout_and_acceptance_before_the_assessment_are_in_order() -> None:
    day = "2024-01-10"
    same = {"referred_on": day, "assessed_on": day, "accepted_on": day, "started_on": day,
            "closed_on": day}  # fmt: skip
    early = {"accepted_on": "2024-01-11", "assessed_on": "2024-01-20", "started_on": "2024-02-01"}
    assert house_of([same, early]).get("is_out_of_order", "marts.service_case") == [
        (False,), (False,),
    ]  # fmt: skip


ACCEPTED = {"client_id": "other", "accepted_on": "2024-01-20"}


@pytest.mark.parametrize(
    ("row", "beside", "taken_on"),
    [
        ({"assessed_on": "2024-01-12", "accepted_on": "2024-01-15"}, True, "2024-01-15"),
        ({"assessed_on": "2024-01-12", "started_on": "2024-01-20"}, True, "2024-01-12"),
        ({"started_on": "2024-01-20"}, True, "2024-01-20"),
        ({"assessed_on": "2024-01-12"}, True, None),
        ({"assessed_on": "2024-01-12"}, False, "2024-01-12"),
        ({"assessed_on": "2024-01-12", "not_taken_on_reason": "refused"}, False, None),
        ({}, False, None),
    ],
)
def test_when_somebody_is_taken_on(row: dict[str, Any], beside: bool, taken_on: str | None) -> None:
    house = house_of([row | {"client_id": "asked"}, *([ACCEPTED] if beside else [])])
    assert house.get("taken_on", "marts.service_case", "person_id = 'asked'") == [(taken_on,)]


@pytest.mark.parametrize(
    ("row", "month", "reason"),
    [
        ({"assessed_on": "2024-01-20", "closed_on": "2024-02-02",
          "not_taken_on_reason": "refused"}, FEBRUARY, "refused"),
        ({"assessed_on": "2024-01-20", "not_taken_on_reason": "refused"}, JANUARY, "refused"),
        ({"assessed_on": "2024-01-20", "closed_on": "2024-02-02"}, FEBRUARY, "not_recorded"),
        ({"assessed_on": "2024-01-20"}, None, None),
        ({"closed_on": "2024-02-02", "not_taken_on_reason": "refused"}, None, None),
        ({"assessed_on": "2024-01-20", "accepted_on": "2024-01-21", "closed_on": "2024-02-02"},
         None, None),
    ],
)  # fmt: skip
def test_who_is_assessed_and_not_taken_on(
    row: dict[str, Any], month: str | None, reason: str | None
) -> None:
    house = house_of([row, ACCEPTED])
    found = house.get("month, code", "marts.service_month", "kind = 'turned_down'")
    assert found == ([(month, reason)] if month else [])


def test_only_cases_that_were_taken_on_are_closed_cases() -> None:
    rows = [case(closed="2024-02-02"), {"client_id": "never", "closed_on": "2024-02-02"}]
    rows[0]["closure_reason"] = "done"
    assert measure("closures", *rows) == {FEBRUARY: 1}
    assert months("closure", "done", *rows) == {FEBRUARY: 1}


def test_activities_are_of_their_extracts_arm_and_clients_of_that_of_their_first_referral() -> None:
    rows = [{"client_id": "a"}, {"client_id": "b", "extract_id": OTHERS, "site": "town"}]
    held = [{"held_on": "2024-02-29", "strand": "youth"},
            {"held_on": "2024-02-29", "extract_id": OTHERS}]  # fmt: skip
    found = house_of(rows, held, **COMPARED).get(
        "kind, arm, strand, number", "marts.service_month"
    )  # fmt: skip
    assert found == [
        ("activity", "intervention", "youth", 1), ("activity", "others", None, 1),
        ("measure", "intervention", None, 1), ("measure", "others", None, 1),
    ]  # fmt: skip
