"""Definitions of the cohort: index date, end of intervention, follow-up periods, days observed."""

from __future__ import annotations

import datetime as dt

import pytest
from given import Warehouse, drive
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some

from datrial.config.study import EndOfIntervention

SITE = "site_2"


def cohort(
    *, index: str, closure: str | None, covered: tuple[str, str], **study: object
) -> Warehouse:
    """Return the cohort of one service user and one control with the same index date."""
    house = Warehouse(drive(**study))
    house.allocated(("p1", SITE, index, "intervention"), ("c1", SITE, index, "control"))
    house.rows(
        "staging.cms_service_user", "perpetrator_id, start_date, closure_date, completed",
        ("p1", index, closure, "yes"),
    )  # fmt: skip
    house.covered("marac", SITE, *covered)
    house.build()
    return house


def test_end_of_intervention_is_the_closure_date_and_for_controls_the_mean_duration() -> None:
    house = Warehouse()
    house.allocated(
        ("p1", SITE, "2017-01-01", "intervention"),
        ("p2", SITE, "2017-01-01", "intervention"),
        ("p3", SITE, "2017-01-01", "intervention"),
        ("c1", SITE, "2017-03-01", "control"),
    )
    house.rows(
        "staging.cms_service_user", "perpetrator_id, start_date, closure_date, completed",
        ("p1", "2017-01-05", "2017-11-07", "yes"),  # 310 days
        ("p2", "2017-01-05", "2017-12-02", "yes"),  # 335 days
        ("p3", "2017-01-05", None, "no"),
    )  # fmt: skip
    house.build()
    assert house.get("person_id, end_date, end_rule, completed", "cohort.member") == [
        # (310 + 335) / 2 = 322.5, to the nearest day 323
        ("c1", "2018-01-18", "mean_intervention_duration", False),
        ("p1", "2017-11-07", "closure", True),
        ("p2", "2017-12-02", "closure", True),
        ("p3", "2017-11-20", "mean_intervention_duration", False),
    ]


def test_a_fixed_duration_replaces_the_mean_where_the_study_states_one() -> None:
    house = cohort(
        index="2017-01-01", closure="2017-11-07", covered=("2016-01-01", "2019-09-30"),
        end_of_intervention=EndOfIntervention(rule="fixed_days", days=100),
    )  # fmt: skip
    assert house.get("person_id, end_date, end_rule", "cohort.member") == [
        ("c1", "2017-04-11", "fixed_days"),
        ("p1", "2017-11-07", "closure"),
    ]


def test_age_is_the_one_recorded_at_the_index_meeting_and_the_lower_of_two() -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-01", "control"), ("p2", SITE, "2017-01-01", "control"))
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, perpetrator_age",
        ("p1", "v1", "2016-01-01", 30), ("p1", "v1", "2017-01-01", 31),
        ("p1", "v2", "2017-01-01", 29), ("p1", "v1", "2018-01-01", 32),
        ("p2", "v3", "2017-01-01", None),
    )  # fmt: skip
    house.build()
    assert house.get("person_id, age_at_index", "cohort.member") == [("p1", 29), ("p2", None)]


def test_without_any_closure_the_end_is_not_available() -> None:
    house = cohort(index="2017-01-01", closure=None, covered=("2016-01-01", "2019-09-30"))
    assert {row[1:] for row in house.get("person_id, end_date, end_rule", "cohort.member")} == {
        (None, "not_available")
    }
    # ... and no period that hangs on it is observed: not available, never zero.
    unknown = house.get("distinct period", "cohort.follow_up", "observed_days is null")
    assert ("during",) in unknown and ("before",) not in unknown


@pytest.mark.parametrize(
    ("period", "first_day", "last_day"),
    [
        ("before", "2016-07-15", "2017-01-14"),  # six months, index day itself left out
        ("during", "2017-01-16", "2017-11-30"),  # the day after the index date to the end date
        ("after_0_6", "2017-12-01", "2018-05-30"),
        ("after_6_12", "2018-05-31", "2018-11-30"),
        ("after_12", "2018-12-01", "2019-09-30"),
    ],
)
def test_periods_touch_and_do_not_overlap(period: str, first_day: str, last_day: str) -> None:
    house = cohort(index="2017-01-15", closure="2017-11-30", covered=("2016-02-01", "2019-09-30"))
    assert house.get(
        "first_day, last_day, fully_observed", "cohort.follow_up",
        f"person_id = 'p1' and period = '{period}'",
    ) == [(first_day, last_day, True)]  # fmt: skip


def test_months_end_on_the_last_day_where_a_month_is_short() -> None:
    house = cohort(index="2016-08-31", closure="2017-08-31", covered=("2015-01-01", "2019-09-30"))
    days = {
        period: (first, last)
        for period, first, last in house.get(
            "period, first_day, last_day", "cohort.follow_up", "person_id = 'p1'"
        )
    }
    assert days["before"][0] == "2016-02-29"  # a leap year's February
    assert days["after_0_6"][1] == "2018-02-28"


def test_only_days_with_data_are_observed() -> None:
    house = cohort(index="2017-01-15", closure="2017-11-30", covered=("2016-12-01", "2018-06-30"))
    observed = {
        period: (days, whole)
        for period, days, whole in house.get(
            "period, observed_days, fully_observed", "cohort.follow_up", "person_id = 'p1'"
        )
    }
    assert observed == {
        "before": (45, False),  # 2016-12-01 to 2017-01-14
        "during": (319, True),
        "after_0_6": (181, True),
        "after_6_12": (31, False),  # 2018-05-31 to 2018-06-30
        "after_12": (0, False),  # begins after the data end
    }


@settings(max_examples=25, deadline=None)
@for_all(
    index=some.dates(dt.date(2016, 3, 1), dt.date(2018, 10, 31)),
    duration=some.integers(1, 700),
    length=some.integers(0, 1500),
)
def test_every_covered_day_after_the_index_date_lies_in_exactly_one_period(
    index: dt.date, duration: int, length: int
) -> None:
    last = dt.date(2016, 2, 1) + dt.timedelta(days=length)
    house = cohort(
        index=index.isoformat(), closure=(index + dt.timedelta(days=duration)).isoformat(),
        covered=("2016-02-01", last.isoformat()),
    )  # fmt: skip
    observed = house.connection.execute(
        "select sum(observed_days) from cohort.follow_up "
        "where person_id = 'p1' and period <> 'before'"
    ).fetchall()
    assert observed == [(max(0, (last - index).days),)]
