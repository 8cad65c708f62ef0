"""Definitions at MARAC: appearance, re-appearance by period, serial, repeat."""

from __future__ import annotations

import datetime as dt

from given import Warehouse
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some

SITE = "site_2"


def history(*cases: tuple[str, str, str]) -> Warehouse:
    """Return the marts of p1 (index date 2017-01-15, end 2017-11-30) after these cases."""
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.rows(
        "staging.cms_service_user", "perpetrator_id, start_date, closure_date",
        ("p1", "2017-01-20", "2017-11-30"),
    )  # fmt: skip
    house.covered("marac", SITE, "2016-02-01", "2018-06-30")
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        *((person, victim, day, SITE) for person, victim, day in cases),
    )  # fmt: skip
    house.build()
    return house


def counted(house: Warehouse) -> dict[str, int | None]:
    return dict(house.get("period, appearances", "marts.marac_follow_up"))


def flags(house: Warehouse) -> tuple[bool, bool]:
    return house.get("is_serial, is_repeat", "marts.marac_history")[0]


def test_the_index_meeting_lies_in_no_period() -> None:
    assert set(counted(history(("p1", "v1", "2017-01-15"))).values()) == {0, None}


def test_boundary_days() -> None:
    house = history(
        ("p1", "v1", "2016-07-14"),  # a day more than six months before: in no period
        ("p1", "v1", "2016-07-15"),  # first day of six months before
        ("p1", "v1", "2017-01-14"),  # last day before
        ("p1", "v1", "2017-01-16"),  # first day during
        ("p1", "v1", "2017-11-30"),  # the end date is during
        ("p1", "v1", "2017-12-01"),  # first day after
        ("p1", "v1", "2018-05-30"),  # last day of 0-6 months
        ("p1", "v1", "2018-05-31"),  # first day of 6-12 months
    )
    assert counted(house) == {
        "before": 2, "during": 2, "after_0_6": 2, "after_6_12": 1,
        "after_12": None,  # begins after the data end: not available
    }  # fmt: skip


def test_fixed_windows_are_counted_from_the_allocation() -> None:
    house = history(
        ("p1", "v1", "2017-01-15"),  # the index meeting lies in no window
        ("p1", "v1", "2017-07-15"),  # last day of the first six months
        ("p1", "v1", "2017-07-16"),
        ("p1", "v1", "2018-01-15"),  # last day of the first year
    )
    rows = house.get("position, appearances", "marts.marac_spell", "scheme = 'window'")
    assert [count for _, count in rows] == [1, 2, 0]


def test_two_hearings_on_one_day_are_two_appearances() -> None:
    house = history(("p1", "v1", "2017-03-01"), ("p1", "v2", "2017-03-01"))
    assert counted(house)["during"] == 2
    assert house.get("appearances, victims", "marts.marac_history") == [(2, 2)]


def test_serial_is_two_different_victims_also_on_one_day() -> None:
    assert flags(history(("p1", "v1", "2017-01-15"))) == (False, False)
    assert flags(history(("p1", "v1", "2017-01-15"), ("p1", "v2", "2017-01-15"))) == (True, False)
    assert flags(history(("p1", "v1", "2017-01-15"), ("p1", "v2", "2018-01-15"))) == (True, False)


def test_repeat_is_the_same_pair_again_on_a_later_day() -> None:
    assert flags(history(("p1", "v1", "2017-01-15"), ("p1", "v1", "2017-03-01"))) == (False, True)


def test_a_perpetrator_with_two_victims_can_be_both_serial_and_repeat() -> None:
    house = history(
        ("p1", "v1", "2017-01-15"), ("p1", "v2", "2017-03-01"), ("p1", "v1", "2017-05-01")
    )
    assert flags(house) == (True, True)


def test_other_peoples_cases_do_not_count() -> None:
    house = history(("p9", "v1", "2017-03-01"), ("p9", "v2", "2017-03-02"))
    assert set(counted(house).values()) == {0, None}
    assert house.get("appearances, is_serial", "marts.marac_history") == [(0, False)]


@settings(max_examples=30, deadline=None)
@for_all(
    cases=some.lists(
        some.tuples(
            some.sampled_from(["p1", "p9"]),
            some.sampled_from(["v1", "v2", "v3"]),
            some.dates(dt.date(2016, 1, 1), dt.date(2018, 12, 31)).map(str),
        ),
        max_size=12,
        unique=True,
    )
)
def test_random_histories_agree_with_a_plain_reading_of_the_definitions(
    cases: list[tuple[str, str, str]],
) -> None:
    received = ("2016-02-01", "2018-06-30")  # hearings on other days are strays
    own = [
        (victim, day)
        for person, victim, day in cases
        if person == "p1" and received[0] <= day <= received[1]
    ]
    victims = {victim for victim, _ in own}
    repeat = any(len({day for v, day in own if v == victim}) >= 2 for victim in victims)
    bounds = {
        "before": ("2016-07-15", "2017-01-14"),
        "during": ("2017-01-16", "2017-11-30"),
        "after_0_6": ("2017-12-01", "2018-05-30"),
        "after_6_12": ("2018-05-31", "2018-06-30"),  # cut by the end of the data
    }
    house = history(*cases)
    assert flags(house) == (len(victims) >= 2, repeat)
    for period, (first, last) in bounds.items():
        assert counted(house)[period] == sum(first <= day <= last for _, day in own), period
