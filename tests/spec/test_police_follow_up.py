"""Definitions in the police data: which incidents count, in which period, of whom."""

from __future__ import annotations

from typing import Any

from given import Warehouse

SITE = "site_2"
KINDS = "incidents, domestic_abuse, domestic_abuse_crimed, other, other_crimed"


def asked(*incidents: tuple[str, str, str, str], people: tuple[str, ...] = ("p1",)) -> Warehouse:
    """Return a warehouse of people about whom the police were asked; days, and yes or no."""
    house = Warehouse()
    for person in people:
        house.allocated((person, SITE, "2017-01-15", "intervention"))
        house.rows(
            "staging.cms_service_user", "perpetrator_id, start_date, closure_date",
            (person, "2017-01-20", "2017-11-30"),
        )  # fmt: skip
    house.covered("police", SITE, "2016-02-01", "2018-06-30")
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        *((f"i{n}", person, day, abuse, crimed, SITE)
          for n, (person, day, abuse, crimed) in enumerate(incidents)),
    )  # fmt: skip
    return house


def built(house: Warehouse) -> Warehouse:
    house.build()
    return house


def by_period(house: Warehouse, column: str = "incidents") -> dict[str, Any]:
    return dict(house.get(f"spell, {column}", "marts.police_spell", "scheme = 'period'"))


def test_boundary_days_are_those_of_marac_and_the_index_date_lies_in_no_period() -> None:
    house = built(
        asked(
            ("p1", "2016-07-14", "yes", "no"),  # a day more than six months before: outside
            ("p1", "2016-07-15", "yes", "no"),  # first day of six months before
            ("p1", "2017-01-14", "yes", "no"),  # last day before
            ("p1", "2017-01-15", "yes", "no"),  # the index date
            ("p1", "2017-01-16", "yes", "no"),  # first day during
            ("p1", "2017-11-30", "yes", "no"),  # the end date is during
            ("p1", "2017-12-01", "yes", "no"),  # first day after
            ("p1", "2018-05-31", "yes", "no"),  # first day of 6-12 months
        )
    )
    assert by_period(house) == {
        "before": 2, "during": 2, "after_0_6": 1, "after_6_12": 1, "after_12": None,
    }  # fmt: skip
    columns = "incidents, outside, on_index_date, has_record"
    assert house.get(columns, "marts.police_history") == [(7, 1, 1, True)]


def test_incidents_are_of_a_kind_only_where_that_is_known() -> None:
    house = built(
        asked(
            ("p1", "2017-02-01", "yes", "yes"),
            ("p1", "2017-02-02", "yes", "no"),
            ("p1", "2017-02-03", "no", "yes"),
            ("p1", "2017-02-04", "dont_know", "yes"),  # neither domestic abuse nor other
            ("p1", "2017-02-05", "yes", "dont_know"),
        )
    )
    during = house.get(KINDS, "marts.police_spell", "scheme = 'period' and spell = 'during'")
    assert during == [(5, 3, 1, 1, 1)]
    assert house.get(KINDS, "marts.police_history") == [(5, 3, 1, 1, 1)]


def test_an_incident_under_two_references_of_one_person_is_one_incident() -> None:
    house = asked(("p1", "2017-02-01", "no", "no"))
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        ("i0", "p1", "2017-02-01", "yes", "dont_know", SITE),
    )
    assert built(house).get("is_domestic_abuse, is_crimed", "cohort.incident") == [(True, False)]
    assert by_period(house)["during"] == 1


def test_a_person_asked_about_without_a_record_has_zeros() -> None:
    house = built(asked(("p1", "2017-02-01", "yes", "no"), people=("p1", "p2")))
    assert house.get("person_id, has_record, incidents", "marts.police_history") == [
        ("p1", True, 1), ("p2", False, 0),
    ]  # fmt: skip
    rows = house.get(
        "spell, incidents", "marts.police_spell", "scheme = 'period' and person_id = 'p2'"
    )
    assert dict(rows)["during"] == 0


def test_of_a_person_about_whom_the_police_were_not_asked_nothing_is_known() -> None:
    house = asked(("p1", "2017-02-01", "yes", "no"))
    house.allocated(("c1", SITE, "2017-01-15", "control"), ("c2", SITE, "2017-01-15", "control"))
    house.rows("ledger.police_request", "person_id", ("p1",), ("c1",))
    built(house)
    # In the order of the people: asked and no record; not asked.
    during = house.get(
        "person_id, police_asked, incidents", "marts.police_spell",
        "scheme = 'period' and spell = 'during' and arm = 'control'",
    )  # fmt: skip
    assert during == [("c1", True, 0), ("c2", False, None)]
    assert [row[0] for row in house.get("person_id", "marts.police_history")] == ["c1", "p1"]


def test_a_day_for_which_the_force_sent_nothing_is_neither_time_nor_an_event() -> None:
    house = asked(("p1", "2017-07-01", "yes", "no"), ("p1", "2017-09-01", "yes", "no"))
    house.connection.execute("delete from study.coverage_span")
    house.covered("police", SITE, "2016-02-01", "2017-05-31")
    house.covered("police", SITE, "2017-08-01", "2018-06-30")
    built(house)
    assert by_period(house)["during"] == 1
    assert by_period(house, "observed_days")["during"] == 319 - 61
    assert house.get("incidents", "marts.police_history") == [(1,)]


def test_an_incident_elsewhere_on_a_day_without_data_of_the_own_force_is_in_no_count() -> None:
    """The other force sent all days; the own one has a gap, and ends before the periods do."""
    other = "site_1"
    house = asked(("p1", "2017-03-01", "yes", "yes"))
    house.connection.execute("delete from study.coverage_span")
    house.covered("police", SITE, "2016-02-01", "2017-05-31")
    house.covered("police", SITE, "2017-08-01", "2018-03-31")
    house.covered("police", other, "2016-02-01", "2018-12-31")
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        ("elsewhere", "p1", "2017-04-01", "no", "no", other),  # counts
        ("in_gap", "p1", "2017-07-01", "yes", "yes", other),
        ("after_the_last_day", "p1", "2018-04-01", "yes", "yes", other),  # in 0-6 months after
        ("before_all_periods", "p1", "2016-03-01", "no", "no", other),
    )  # fmt: skip
    built(house)
    in_periods = by_period(house)
    assert (in_periods["before"], in_periods["during"], in_periods["after_0_6"]) == (0, 2, 0)
    history = house.get(f"{KINDS}, outside, is_repeat", "marts.police_history")
    assert history == [(2, 1, 1, 1, 0, 1, False)]


def test_an_index_date_in_a_gap_has_no_incident() -> None:
    house = asked()
    house.connection.execute("delete from study.coverage_span")
    house.covered("police", SITE, "2016-02-01", "2017-01-14")
    house.covered("police", SITE, "2017-01-16", "2018-06-30")
    house.covered("police", "site_1", "2016-02-01", "2018-06-30")
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        ("on_index", "p1", "2017-01-15", "yes", "no", "site_1"),
    )  # fmt: skip
    columns = "incidents, on_index_date, outside"
    assert built(house).get(columns, "marts.police_history") == [(0, 0, 0)]


def test_one_incident_under_two_references_with_two_days_makes_nobody_repeat() -> None:
    house = asked(("p1", "2017-02-01", "yes", "no"))
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        ("i0", "p1", "2017-02-03", "yes", "no", SITE),
    )
    columns = "domestic_abuse, is_repeat"
    assert built(house).get(columns, "marts.police_history") == [(1, False)]


def test_fixed_windows_are_counted_from_the_allocation() -> None:
    house = built(asked(("p1", "2017-07-15", "yes", "no"), ("p1", "2017-07-16", "yes", "no")))
    rows = house.get("spell, incidents", "marts.police_spell", "scheme = 'window'")
    counts = [count for _, count in rows]
    assert len(rows) == 3 and counts.count(1) == 2


def test_totals_of_the_periods_and_the_index_date_are_those_of_the_history() -> None:
    days = ("2016-08-01", "2017-01-15", "2017-03-01", "2017-12-24", "2018-06-30")
    house = built(asked(*(("p1", day, "yes", "no") for day in days)))
    in_periods = sum(count or 0 for count in by_period(house).values())
    total, on_index = house.get("incidents, on_index_date", "marts.police_history")[0]
    assert in_periods + on_index == total == 5


def test_serial_and_repeat_are_those_in_use() -> None:
    house = asked(("p1", "2017-02-01", "yes", "no"), ("p1", "2017-03-01", "yes", "no"))
    house.covered("marac", SITE, "2016-02-01", "2018-06-30")
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        ("p1", "v1", "2017-01-15", SITE), ("p1", "v2", "2017-06-01", SITE),
    )  # fmt: skip
    assert built(house).get("is_serial, is_repeat", "marts.police_history") == [(True, True)]
    alone = built(asked(("p1", "2017-02-01", "yes", "no")))
    assert alone.get("is_serial, is_repeat", "marts.police_history") == [(None, False)]
