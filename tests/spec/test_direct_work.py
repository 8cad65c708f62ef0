"""Whether a service user had each kind of direct work in his case, or it cannot be known."""

from __future__ import annotations

import pytest
from given import Warehouse

SITE, OTHER = "site_2", "site_1"
KINDS = "contact, direct_support, behaviour_change"
NO = ("no", "no", "no")


def house_of(
    *actions: tuple[str | None, ...],
    site: str = SITE,
    sent: bool = True,
    case: tuple[str | None, ...] = ("2017-01-15", "2017-12-15", "yes"),
) -> Warehouse:
    """Return the marts of p1, and of p2 of the same site with an indirect action."""
    house = Warehouse()
    if sent:
        house.covered("cms", SITE, "2016-02-15", "2019-09-30")
    for person in ("p1", "p2"):
        house.allocated((person, site if person == "p1" else SITE, "2017-01-01", "intervention"))
        house.rows(
            "staging.cms_service_user",
            "perpetrator_id, start_date, closure_date, completed",
            (person, *case),
        )
    columns = "perpetrator_id, action_date, work, action"
    house.rows(
        "staging.cms_action",
        columns,
        ("p2", "2017-02-01", "indirect", "background_research"),
        *(("p1", *action) for action in actions),
    )
    house.build()
    return house


def of_p1(house: Warehouse) -> tuple[object, ...]:
    (row,) = house.get(KINDS, "marts.direct_work", "person_id = 'p1'")
    return row


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_one_action_of_a_kind_is_enough_and_tells_of_no_other_kind(kind: int) -> None:
    name = KINDS.split(", ")[kind]
    expect = ["no", "no", "no"]
    expect[kind] = "yes"
    once = ("2017-03-01", "direct", name)
    assert of_p1(house_of(once)) == tuple(expect)
    assert of_p1(house_of(once, once)) == tuple(expect)


@pytest.mark.parametrize(
    ("day", "expect"),
    [
        ("2017-01-14", "no"), ("2017-01-15", "yes"), ("2017-12-15", "yes"), ("2017-12-16", "no"),
    ],
)  # fmt: skip
def test_work_before_or_after_the_case_is_not_of_it(day: str, expect: str) -> None:
    assert of_p1(house_of((day, "direct", "contact")))[0] == expect


@pytest.mark.parametrize(
    "case",
    [("2017-01-15", None, "no"), ("2017-01-15", "2017-01-01", "yes"), (None, None, None)],
)
def test_work_in_a_case_whose_dates_are_not_known_counts(case: tuple[str | None, ...]) -> None:
    assert of_p1(house_of(("2017-03-01", "direct", "contact"), case=case)) == ("yes", "no", "no")


@pytest.mark.parametrize(
    "action",
    [
        ("2017-03-01", "direct", None),
        ("2017-03-01", "indirect", "multi_agency"),
        ("2017-03-01", "indirect", "contact"),
    ],
)
def test_other_work_is_no_direct_work_of_a_kind(action: tuple[str | None, ...]) -> None:
    assert of_p1(house_of(action)) == NO


def test_whoever_has_no_action_had_no_such_work() -> None:
    assert of_p1(house_of()) == NO


def test_without_the_actions_of_a_site_nothing_is_known_of_its_service_users() -> None:
    unknown = (None, None, None)
    assert of_p1(house_of(site=OTHER)) == unknown  # nothing of the site
    assert of_p1(house_of(sent=False)) == unknown  # nothing at all
    # What is recorded is known all the same.
    contacted = ("2017-03-01", "direct", "contact")
    assert of_p1(house_of(contacted, sent=False)) == ("yes", None, None)
    # A site that sent its cases and nobody's actions.
    house = Warehouse()
    house.covered("cms", SITE, "2016-02-15", "2019-09-30")
    house.allocated(("p1", SITE, "2017-01-01", "intervention"))
    house.rows("staging.cms_service_user", "perpetrator_id, start_date", ("p1", "2017-01-15"))
    house.build()
    assert of_p1(house) == unknown


def test_everybody_with_a_record_of_any_kind_has_one_row() -> None:
    house = Warehouse()
    house.covered("cms", SITE, "2016-02-15", "2019-09-30")
    for person in ("case", "form", "action", "nothing"):
        house.allocated((person, SITE, "2017-01-01", "intervention"))
    house.rows("staging.cms_service_user", "perpetrator_id, start_date", ("case", "2017-01-15"))
    house.rows(
        "staging.cms_behaviour",
        "perpetrator_id, time_point",
        ("form", "intake"),
        ("form", "closure"),
    )
    house.rows(
        "staging.cms_action", "perpetrator_id, action_date, work, action",
        *((who, "2017-02-01", "direct", "contact") for who in ("action", "action", "stranger")),
    )  # fmt: skip
    house.build()
    assert house.get(f"person_id, site, {KINDS}", "marts.direct_work") == [
        ("action", SITE, "yes", "no", "no"), ("case", SITE, *NO), ("form", SITE, *NO),
    ]  # fmt: skip
