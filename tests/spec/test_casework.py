"""Cases and actions: when a case lasted how long, and to which month an action belongs."""

from __future__ import annotations

import pytest
from given import Warehouse

SITE = "site_2"

DURATIONS = [
    # start, closure, completed -> state, days, complete months, open until
    ("2017-01-15", "2017-12-14", "yes", ("closed", 333, 10, "2017-12-14")),
    ("2017-01-15", "2017-12-15", "yes", ("closed", 334, 11, "2017-12-15")),
    ("2017-01-15", "2018-02-14", "yes", ("closed", 395, 12, "2018-02-14")),
    ("2017-01-15", "2018-02-15", "yes", ("closed", 396, 13, "2018-02-15")),
    ("2017-01-31", "2017-02-28", "yes", ("closed", 28, 1, "2017-02-28")),
    ("2017-01-31", "2017-02-27", "yes", ("closed", 27, 0, "2017-02-27")),
    ("2017-01-15", "2017-01-15", "yes", ("closed", 0, 0, "2017-01-15")),
    ("2017-01-15", "2017-01-14", "yes", ("closed_before_start", None, None, None)),
    ("2017-01-15", None, "no", ("not_completed", None, None, None)),
    ("2017-01-15", None, "yes", ("open", None, None, "2019-09-30")),
    ("2017-01-15", None, "dont_know", ("open", None, None, "2019-09-30")),
    ("2017-01-15", None, None, ("open", None, None, "2019-09-30")),
]  # fmt: skip


def one_case(start: str | None, closure: str | None, completed: str | None) -> Warehouse:
    house = Warehouse()
    house.covered("cms", SITE, "2016-02-15", "2019-09-30")
    house.allocated(("p1", SITE, "2017-01-01", "intervention"))
    if start:
        house.rows(
            "staging.cms_service_user",
            "perpetrator_id, start_date, closure_date, completed",
            ("p1", start, closure, completed),
        )
    return house


@pytest.mark.parametrize(("start", "closure", "completed", "expect"), DURATIONS)
def test_a_case_lasts_from_its_start_to_its_closure(
    start: str, closure: str | None, completed: str | None, expect: tuple[object, ...]
) -> None:
    house = one_case(start, closure, completed)
    house.build()
    assert house.get("state, days, months, open_until", "marts.case_duration") == [expect]


def test_an_open_case_without_data_of_its_site_has_no_end() -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-01", "intervention"))
    house.rows("staging.cms_service_user", "perpetrator_id, start_date", ("p1", "2017-01-15"))
    house.build()
    assert house.get("state, open_until", "marts.case_duration") == [("open", None)]


MONTHS = [
    # day of the action -> when in the case, month
    ("2017-01-14", ("before_start", None)),
    ("2017-01-15", ("in_case", 1)),
    ("2017-02-14", ("in_case", 1)),
    ("2017-02-15", ("in_case", 2)),
    ("2018-01-14", ("in_case", 12)),
    ("2018-01-15", ("in_case", 13)),
    ("2018-02-20", ("in_case", 14)),
    ("2018-02-21", ("after_end", None)),
]


@pytest.mark.parametrize(("day", "expect"), MONTHS)
def test_an_action_belongs_to_a_month_of_its_case(day: str, expect: tuple[str, int | None]) -> None:
    house = one_case("2017-01-15", "2018-02-20", "yes")
    house.rows("staging.cms_action", "perpetrator_id, action_date, work", ("p1", day, "direct"))
    house.build()
    assert house.get("when_in_case, month", "marts.action") == [expect]


@pytest.mark.parametrize(
    ("start", "closure", "completed"),
    [(None, None, None), ("2017-01-15", None, "no"), ("2017-01-15", "2017-01-01", "yes")],
)
def test_an_action_in_a_case_without_a_known_end_has_no_month(
    start: str | None, closure: str | None, completed: str | None
) -> None:
    house = one_case(start, closure, completed)
    house.rows(
        "staging.cms_action", "perpetrator_id, action_date, work", ("p1", "2017-03-01", "direct")
    )
    house.build()
    assert house.get("when_in_case, month", "marts.action") == [("not_known", None)]


KINDS = [
    # work, action, objective, agency -> action, objective, agency
    ("indirect", "multi_agency", "disrupt", "police", ("multi_agency", "disrupt", "police")),
    ("indirect", "multi_agency", None, None, ("multi_agency", None, None)),
    ("indirect", "case_update", "support", "idva", ("case_update", None, "idva")),
    ("indirect", "contact", "disrupt", "police", (None, None, "police")),
    ("direct", "contact", "not_applicable", "not_applicable", ("contact", None, None)),
    ("direct", "multi_agency", "disrupt", "police", (None, None, "police")),
    ("direct", None, None, None, (None, None, None)),
]


@pytest.mark.parametrize(("work", "action", "objective", "agency", "expect"), KINDS)
def test_an_action_is_of_its_kind_of_work(
    work: str,
    action: str | None,
    objective: str | None,
    agency: str | None,
    expect: tuple[str | None, ...],
) -> None:
    """An action of the other kind of work is not stated; the row still counts."""
    house = one_case("2017-01-15", "2018-02-20", "yes")
    house.rows(
        "staging.cms_action",
        "perpetrator_id, action_date, work, action, objective, agency",
        ("p1", "2017-03-01", work, action, objective, agency),
    )
    house.build()
    assert house.get("work, action, objective, agency", "marts.action") == [(work, *expect)]


def test_equal_actions_of_a_day_all_count_and_those_of_nobody_allocated_do_not() -> None:
    house = one_case("2017-01-15", "2018-02-20", "yes")
    day = ("2017-03-01", "direct", "contact")
    house.rows(
        "staging.cms_action",
        "perpetrator_id, action_date, work, action",
        ("p1", *day), ("p1", *day), ("stranger", *day),
    )  # fmt: skip
    house.build()
    assert house.get("person_id, action", "marts.action") == [("p1", "contact")] * 2


def test_the_idvas_forms_stand_beside_the_time_points_of_the_case_manager() -> None:
    house = Warehouse()
    house.allocated(
        ("p1", SITE, "2017-01-01", "intervention"), ("c1", SITE, "2017-01-01", "control")
    )
    house.rows(
        "staging.insights_intake", "victim_id, perpetrator_id, physical, sexual",
        ("v1", "p1", "high", "none"), ("v2", "p1", "dont_know", None), ("v3", "c1", "none", "none"),
        ("v4", "stranger", "high", "high"),
    )  # fmt: skip
    house.rows(
        "staging.insights_exit", "victim_id, physical, sexual",
        ("v1", "standard", "none"), ("unknown", "high", "high"),
    )  # fmt: skip
    house.build()
    columns = "person_id, victim_id, arm, time_point, physical, sexual"
    assert house.get(columns, "marts.idva_report") == [
        ("c1", "v3", "control", "intake", "none", "none"),
        ("p1", "v1", "intervention", "closure", "standard", "none"),
        ("p1", "v1", "intervention", "intake", "high", "none"),
        ("p1", "v2", "intervention", "intake", "dont_know", None),
    ]
