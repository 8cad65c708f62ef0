"""What a cost model can be worked out from: incidents, outcomes, forms, children, as counted."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from given import Warehouse, drive

from datrial.config.tables import staging_tables
from datrial.economics.own_counts import Counted
from datrial.economics.own_entries import MEASURES

SITE, OTHER = "site_2", "site_1"
INCIDENT = (
    "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, offence, outcome, site"
)
#: Six months before the index date of everybody: 2016-07-15 to 2017-01-14, 184 days.
INDEX, DAYS = "2017-01-15", 184


def house_of(*people: str, arm: str = "intervention") -> Warehouse:
    """Return a warehouse of people about whom the police were asked."""
    house = Warehouse()
    house.allocated(*((person, SITE, INDEX, arm) for person in people))
    house.covered("police", SITE, "2016-02-01", "2018-06-30")
    house.rows("ledger.police_request", "person_id, step", *((person, "s") for person in people))
    return house


def recorded(house: Warehouse, *incidents: tuple[str, str, str, str, str | None]) -> Warehouse:
    """Record (person, day, crimed, offence, outcome), and build."""
    house.rows(
        "staging.police_incident", INCIDENT,
        *((f"i{n}", person, day, "yes", crimed, offence, outcome, SITE)
          for n, (person, day, crimed, offence, outcome) in enumerate(incidents)),
    )  # fmt: skip
    house.build()
    return house


def of(house: Warehouse, measure: str, columns: str = "number") -> dict[Any, Any]:
    """Return what is there of a measure: (entry, answer) -> the columns; zeros left out."""
    rows = house.get(
        f"entry, answer, {columns}", "marts.cost_quantity", f"measure = '{measure}' and number > 0"
    )
    return {row[:2]: row[2] if len(row) == 3 else row[2:] for row in rows}


def test_the_six_months_end_the_day_before_the_index_date() -> None:
    house = recorded(
        house_of("p1"),
        ("p1", "2016-07-14", "yes", "theft", None),  # a day more than six months before
        ("p1", "2016-07-15", "yes", "drugs", None),  # the first day
        ("p1", "2017-01-14", "yes", "burglary", None),  # the last
        ("p1", "2017-01-15", "yes", "other", None),  # the index date
    )
    assert of(house, "incidents") == {("burglary", "crimed"): 1, ("drugs", "crimed"): 1}
    assert of(house, "incidents_all", "number, people, exposure, exposed") == {
        ("all", "all"): (2, 1, DAYS, 1)
    }


def test_the_exposure_is_that_of_the_police_tables() -> None:
    house = recorded(house_of("p1", "p2"), ("p1", "2016-12-01", "no", "theft", None))
    same = "sum(observed_days), count(*), sum(incidents)"
    where = "spell = 'before' and scheme = 'period'"
    mine = "exposure, exposed, number"
    assert house.get(mine, "marts.cost_quantity", "measure = 'incidents_all'") == house.get(
        same, "marts.police_spell", where
    )


def test_a_day_without_police_data_is_in_no_exposure_and_its_incidents_in_no_count() -> None:
    house = house_of("p1")
    house.connection.execute("delete from study.coverage_span")
    house.covered("police", SITE, "2016-02-01", "2016-09-30")
    house.covered("police", SITE, "2016-11-01", "2018-06-30")
    house.covered("police", OTHER, "2016-02-01", "2018-06-30")
    house.rows(
        "staging.police_incident", INCIDENT,
        ("i8", "p1", "2016-10-31", "yes", "yes", "theft", None, OTHER),
    )  # fmt: skip
    recorded(house, ("p1", "2016-10-01", "yes", "theft", None),
             ("p1", "2016-11-01", "yes", "theft", None))  # fmt: skip
    assert of(house, "incidents", "number, exposure") == {("theft", "crimed"): (1, DAYS - 31)}


def test_who_was_not_asked_about_is_in_no_exposure_and_who_has_no_record_is() -> None:
    house = house_of("p1", "p2")
    house.allocated(("c1", SITE, INDEX, "control"))
    recorded(house, ("p1", "2016-12-01", "yes", "theft", None),
             ("c1", "2016-12-01", "yes", "theft", None))  # fmt: skip
    rows = house.get("arm, number, exposed", "marts.cost_quantity", "measure = 'incidents_all'")
    assert rows == [("intervention", 1, 2)]


def test_who_died_is_observed_until_then() -> None:
    house = house_of("p1")
    house.rows("staging.person_event", "perpetrator_id, event, event_date",
               ("p1", "died", "2016-07-24"))  # fmt: skip
    recorded(house, ("p1", "2016-07-24", "yes", "theft", None),
             ("p1", "2016-07-25", "yes", "theft", None))  # fmt: skip
    assert of(house, "incidents", "number, exposure") == {("theft", "crimed"): (1, 10)}


def test_sites_and_arms_stand_apart() -> None:
    house = house_of("p1")
    house.allocated(("c1", OTHER, INDEX, "control"))
    house.rows("ledger.police_request", "person_id, step", ("c1", "s"))
    house.covered("police", OTHER, "2016-02-01", "2018-06-30")
    recorded(house, ("c1", "2016-12-01", "yes", "theft", None))
    rows = house.get("site, arm, number", "marts.cost_quantity", "measure = 'incidents_all'")
    assert rows == [(OTHER, "control", 1), (SITE, "intervention", 0)]


def test_what_the_force_does_not_tell_is_told_so() -> None:
    day = "2016-12-01"
    house = recorded(
        house_of("p1"),
        ("p1", day, "yes", "theft", "charged"),
        ("p1", day, "no", "theft", "not_applicable"),
        ("p1", day, "dont_know", "theft", "charged"),
        ("p1", day, "yes", "dont_know", "dont_know"),
        ("p1", day, "yes", None, None),  # type: ignore[arg-type]
    )
    assert of(house, "incidents") == {
        ("theft", "crimed"): 1, ("theft", "not_crimed"): 1, ("theft", "dont_know"): 1,
        ("dont_know", "crimed"): 2,
    }  # fmt: skip
    # Outcomes are of the crimed only.
    assert of(house, "outcome") == {("theft", "charged"): 1, ("dont_know", "dont_know"): 2}


def test_an_incident_under_two_references_is_one_and_charged_where_either_says_so() -> None:
    house = house_of("p1")
    house.rows(
        "staging.police_incident", INCIDENT,
        ("i0", "p1", "2016-12-01", "no", "yes", "theft", "no_further_action", SITE),
    )  # fmt: skip
    recorded(house, ("p1", "2016-12-01", "yes", "dont_know", "charged"))
    assert of(house, "incidents") == {("theft", "crimed"): 1}
    assert of(house, "outcome") == {("theft", "charged"): 1}


def test_one_incident_of_two_people_counts_for_both() -> None:
    house = house_of("p1", "p2")
    house.rows(
        "staging.police_incident", INCIDENT,
        ("i0", "p2", "2016-12-01", "yes", "yes", "theft", "cautioned", SITE),
    )  # fmt: skip
    recorded(house, ("p1", "2016-12-01", "yes", "theft", "charged"))
    assert of(house, "incidents", "number, people") == {("theft", "crimed"): (2, 2)}
    assert of(house, "outcome") == {("theft", "cautioned"): 1, ("theft", "charged"): 1}


def test_sums_of_squares_and_products_are_over_people() -> None:
    house = house_of("p1", "p2", "p3")
    house.rows("staging.person_event", "perpetrator_id, event, event_date",
               ("p3", "died", "2016-07-24"))  # fmt: skip
    day = "2016-07-20"
    recorded(house, *([("p1", day, "yes", "theft", None)] * 3), ("p1", day, "no", "drugs", None),
             ("p3", day, "yes", "theft", None))  # fmt: skip
    columns = "number, people, number_squared, number_by_exposure, exposure_squared"
    squared = 2 * DAYS**2 + 10**2
    assert of(house, "incidents", columns) == {
        ("theft", "crimed"): (4, 2, 9 + 1, 3 * DAYS + 10, squared),
        ("drugs", "not_crimed"): (1, 1, 1, DAYS, squared),
    }
    assert of(house, "incidents_all", columns) == {
        ("all", "all"): (5, 2, 16 + 1, 4 * DAYS + 10, squared)
    }


def test_a_study_without_the_six_months_before_counts_no_incidents() -> None:
    study = drive()
    other = [
        period.model_copy(update={"after": period.after.model_copy(update={"months": -12})})
        if period.key == "before" else period
        for period in study.periods
    ]  # fmt: skip
    house = Warehouse(study.model_copy(update={"periods": tuple(other)}))
    house.allocated(("p1", SITE, INDEX, "intervention"))
    house.covered("police", SITE, "2015-02-01", "2018-06-30")
    recorded(house, ("p1", "2016-12-01", "yes", "theft", "charged"))
    assert house.get("*", "marts.cost_quantity") == []


def test_forms_are_counted_by_answer_with_a_zero_for_what_nobody_answered() -> None:
    house = house_of("p1", "p2")
    house.rows(
        "staging.insights_intake",
        "site, victim_id, perpetrator_id, intake_date, need_self_harm, cyps_involvement",
        (SITE, "v1", "p1", INDEX, "yes", "yes"), (SITE, "v2", "p1", INDEX, "yes", None),
        (SITE, "v3", "p2", INDEX, "dont_know", "no"), (SITE, "v4", "gone", INDEX, "no", "yes"),
    )  # fmt: skip
    house.rows("staging.insights_exit", "site, victim_id, exit_date, support_housing",
               (SITE, "v1", "2017-06-01", "yes"), (SITE, "v4", "2017-06-01", "yes"))  # fmt: skip
    house.build()
    rows = house.get("entry, answer, number, people, exposure", "marts.cost_quantity",
                     "measure = 'victims_intake' and entry = 'need_self_harm'")  # fmt: skip
    assert rows == [
        ("need_self_harm", "dont_know", 1, 1, None), ("need_self_harm", "no", 0, 0, None),
        ("need_self_harm", "not_answered", 0, 0, None),
        ("need_self_harm", "not_applicable", 0, 0, None), ("need_self_harm", "yes", 2, 2, None),
    ]  # fmt: skip
    assert of(house, "victims_intake")["cyps_involvement", "not_answered"] == 1
    assert of(house, "victims_exit") == {("support_housing", "yes"): 1}


def test_levels_are_counted_by_time_point() -> None:
    house = house_of("p1", "p2")
    house.rows(
        "staging.cms_need", "site, perpetrator_id, time_point, housing_level, mental_health_level",
        (SITE, "p1", "intake", "stable", "poor"), (SITE, "p1", "midpoint", "homeless", "fair"),
        (SITE, "p2", "midpoint", "dont_know", None), (SITE, "gone", "midpoint", "homeless", "fair"),
    )  # fmt: skip
    house.build()
    found = of(house, "service_users_midpoint")
    assert found == {
        ("housing_level", "homeless"): 1, ("housing_level", "dont_know"): 1,
        ("mental_health_level", "fair"): 1, ("mental_health_level", "not_answered"): 1,
        ("alcohol_misuse_level", "not_answered"): 2, ("drugs_misuse_level", "not_answered"): 2,
    }  # fmt: skip
    assert of(house, "service_users_intake")["housing_level", "stable"] == 1
    assert of(house, "service_users_closure") == {}


def test_children_are_those_of_the_primary_victims_case_at_the_index_meeting() -> None:
    house = house_of("p1", "p2", "p3")
    house.rows(
        "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date, children_count",
        (SITE, "p1", "v1", INDEX, 2), (SITE, "p1", "v1", "2016-12-01", 5),  # another meeting
        (SITE, "p1", "v9", INDEX, 4),  # not the primary victim-survivor: heard less often
        (SITE, "p2", "v2", INDEX, 0),  # no children: no family with any
        (SITE, "p3", "v3", INDEX, 3), (SITE, "p3", "v3", INDEX, 1), (SITE, "x", "v4", INDEX, 7),
    )  # fmt: skip
    house.build()
    columns = "number, people, exposure, exposed, number_squared, number_by_exposure"
    assert of(house, "children", columns) == {("index_case", "all"): (5, 2, 2, 2, 4 + 9, 5)}


def everything() -> Warehouse:
    """Return a warehouse in which every source told of somebody."""
    house = house_of("p1")
    house.rows("staging.insights_intake", "site, victim_id, perpetrator_id, intake_date",
               (SITE, "v1", "p1", INDEX))  # fmt: skip
    house.rows("staging.insights_exit", "site, victim_id, exit_date", (SITE, "v1", "2017-06-01"))
    house.rows("staging.cms_need", "site, perpetrator_id, time_point",
               *((SITE, "p1", at) for at in ("intake", "midpoint", "closure")))  # fmt: skip
    house.rows("staging.marac_case",
               "site, perpetrator_id, victim_id, hearing_date, children_count",
               (SITE, "p1", "v1", INDEX, 1))  # fmt: skip
    house.build()
    return house


def test_what_a_model_may_name_is_what_is_counted_each_once() -> None:
    rows = everything().get("measure, entry, answer", "marts.cost_quantity")
    assert max(Counter(rows).values()) == 1
    assert set(rows) == {
        (measure, entry, answer)
        for measure, entries in MEASURES.items()
        for entry, answers in entries.items()
        for answer in answers
    }


def test_the_codes_are_those_of_the_staging_tables() -> None:
    tables = staging_tables()
    incident = tables["police_incident"].columns
    assert set(MEASURES["incidents"]) == set(incident["offence"].codes)
    outcomes = set(incident["outcome"].codes) - {"not_applicable"}
    assert all(set(given) == outcomes for given in MEASURES["outcome"].values())
    for measure, table in (
        ("victims_intake", "insights_intake"), ("victims_exit", "insights_exit"),
        ("service_users_midpoint", "cms_need"),
    ):  # fmt: skip
        for entry, answers in MEASURES[measure].items():
            assert set(answers) - {"not_answered"} == set(tables[table].columns[entry].codes)


def test_the_spread_needs_what_the_mart_sums() -> None:
    names = {row[0] for row in everything().connection.execute(
        "describe marts.cost_quantity").fetchall()}  # fmt: skip
    assert {field.name for field in dataclasses.fields(Counted)} <= names
