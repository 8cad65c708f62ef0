"""The spine of the cohort: ends of data, fixed windows, primary victims-survivors, forms."""

from __future__ import annotations

from typing import Any

import pytest
from given import Warehouse, drive

from datrial.config.tables import staging_tables

SITE = "site_2"


def test_the_data_end_is_the_last_day_of_each_source_for_the_site() -> None:
    house = Warehouse()
    house.allocated(
        ("p1", SITE, "2017-01-15", "control"), ("p2", "site_1", "2017-01-15", "control")
    )
    house.covered("marac", SITE, "2016-01-01", "2018-03-31")
    house.covered("marac", SITE, "2018-06-01", "2019-09-30")
    house.covered("police", SITE, "2016-01-01", "2019-06-30")
    house.covered("cms", "site_1", "2016-01-01", "2019-08-31")
    house.build()
    ends = "person_id, marac_data_end, police_data_end, insights_data_end, cms_data_end"
    assert house.get(ends, "cohort.member") == [
        ("p1", "2019-09-30", "2019-06-30", None, None),
        ("p2", None, None, None, "2019-08-31"),
    ]


def test_deaths_prison_and_moves_are_not_available_and_not_invented() -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "control"))
    house.build()
    unknown = house.get("death_date, prison_from, moved_away_on", "cohort.member")
    assert unknown == [(None, None, None)]


WINDOWS = [
    # index date -> first and last day of 0-6, 6-12, 12-24 months
    ("2017-01-15", [("2017-01-16", "2017-07-15"), ("2017-07-16", "2018-01-15"),
                    ("2018-01-16", "2019-01-15")]),
    ("2016-02-29", [("2016-03-01", "2016-08-29"), ("2016-08-30", "2017-02-28"),
                    ("2017-03-01", "2018-02-28")]),
    ("2016-08-31", [("2016-09-01", "2017-02-28"), ("2017-03-01", "2017-08-31"),
                    ("2017-09-01", "2018-08-31")]),
]  # fmt: skip


@pytest.mark.parametrize(("index", "expect"), WINDOWS, ids=[row[0] for row in WINDOWS])
def test_fixed_windows_touch_and_are_the_same_for_both_arms(
    index: str, expect: list[tuple[str, str]]
) -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, index, "intervention"), ("c1", SITE, index, "control"))
    house.rows("staging.cms_service_user", "perpetrator_id, closure_date", ("p1", "2016-12-01"))
    house.covered("marac", SITE, "2015-01-01", "2019-09-30")
    house.build()
    for person in ("p1", "c1"):
        rows = house.get(
            "position, follow_up_window, first_day, last_day, fully_observed",
            "cohort.fixed_window", f"person_id = '{person}' and source = 'marac'",
        )  # fmt: skip
        assert [row[1] for row in rows] == ["months_0_6", "months_6_12", "months_12_24"]
        assert [(row[2], row[3]) for row in rows] == expect
        assert all(row[4] for row in rows)


def test_a_window_is_observed_only_on_days_received() -> None:
    house = Warehouse(drive(windows=(0, 3, 6)))
    house.allocated(("p1", SITE, "2017-01-15", "control"))
    house.covered("police", SITE, "2016-01-01", "2017-02-28")
    house.covered("police", SITE, "2017-04-01", "2017-04-30")
    house.build()
    columns = "position, observed_days, fully_observed, observed_first, observed_last"
    assert house.get(columns, "cohort.fixed_window") == [
        # 16 January to 28 February, and 1 to 15 April
        (0, 44 + 15, False, "2017-01-16", "2017-04-15"),
        (1, 15, False, "2017-04-16", "2017-04-30"),
    ]
    # One rule for both: a window is no period, and a period no window.
    schemes = house.get("scheme, count(*)", "cohort.spell", "true group by scheme")
    assert schemes == [("period", 5), ("window", 2)]


PRIMARY = [
    # cases of p1 (index date 2017-01-15) -> primary victim-survivor and rule
    ("the only one", [("v1", "2017-01-15")], "v1", "only_one_at_index"),
    ("heard before only", [("v2", "2016-12-01"), ("v1", "2017-01-15")], "v1", "only_one_at_index"),
    (
        "two: on more days until then",
        [("v1", "2017-01-15"), ("v2", "2016-12-01"), ("v2", "2017-01-15")], "v2",
        "first_of_several",
    ),
    (
        "two: on more days, although the other was heard first",
        [("v1", "2016-01-01"), ("v1", "2017-01-15"), ("v2", "2016-06-01"), ("v2", "2016-12-01"),
         ("v2", "2017-01-15")], "v2", "first_of_several",
    ),
    (
        "two: what comes after does not count",
        [("v1", "2016-12-01"), ("v1", "2017-01-15"), ("v2", "2017-01-15"), ("v2", "2017-02-01"),
         ("v2", "2017-03-01"), ("v2", "2017-04-01")], "v1", "first_of_several",
    ),
    (
        "two, on as many days: the earlier",
        [("v1", "2016-12-02"), ("v1", "2017-01-15"), ("v2", "2016-12-01"), ("v2", "2017-01-15")],
        "v2", "first_of_several",
    ),
    ("two, alike", [("v2", "2017-01-15"), ("v1", "2017-01-15")], "v1", "first_of_several"),
    ("twice in the list", [("v1", "2017-01-15"), ("v1", "2017-01-15")], "v1", "only_one_at_index"),
    ("not heard at the index meeting", [("v1", "2016-12-01")], None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cases", "victim", "rule"), [row[1:] for row in PRIMARY], ids=[row[0] for row in PRIMARY]
)
def test_the_primary_victim_is_of_the_index_meeting(
    cases: list[tuple[str, str]], victim: str | None, rule: str | None
) -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        *(("p1", *case, SITE) for case in cases),
    )  # fmt: skip
    house.build()
    found = house.get("victim_id, arm, primary_rule", "cohort.victim", "is_primary")
    assert found == ([(victim, "intervention", rule)] if victim else [])


def idva(*, received: bool) -> Warehouse:
    """Return victims-survivors of p1: v1 and v2 of the index meeting, v3 with a form only."""
    house = Warehouse()
    house.allocated(
        ("p1", SITE, "2017-01-15", "intervention"), ("c1", SITE, "2017-01-15", "control")
    )
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        ("p1", "v1", "2017-01-15", SITE), ("p1", "v2", "2017-01-15", SITE),
        ("c1", "v4", "2017-01-15", SITE),
    )  # fmt: skip
    if received:
        house.covered("insights", SITE, "2016-01-01", "2019-09-30")
        house.rows(
            "staging.insights_intake", "victim_id, perpetrator_id, age, sex, physical",
            ("v1", "p1", 30, "female", "dont_know"), ("v3", "p1", 40, None, "none"),
            ("v9", "p9", 50, "female", "none"),
        )  # fmt: skip
        house.rows(
            "staging.insights_exit", "victim_id, contacts, risk_change, physical",
            ("v1", 3, "no_change", "dont_know"), ("v4", 1, "increase", "none"),
        )  # fmt: skip
    house.build()
    return house


@pytest.mark.parametrize(
    ("received", "expect"),
    [
        (True, [("c1", "v4", True, True, False, False), ("p1", "v1", True, True, True, True),
                ("p1", "v2", True, False, False, False), ("p1", "v3", False, False, True, False)]),
        (False, [("c1", "v4", True, True, None, None), ("p1", "v1", True, True, None, None),
                 ("p1", "v2", True, False, None, None)]),
    ],
)  # fmt: skip
def test_engagement_is_known_only_of_a_source_that_sent_data(
    received: bool, expect: list[Any]
) -> None:
    # An exit form without an intake form (v4) is no pair of forms.
    columns = "person_id, victim_id, is_of_index_meeting, is_primary, has_intake_form"
    found = idva(received=received).get(f"{columns}, has_exit_form", "cohort.victim")
    assert found == expect


def test_the_profile_of_victims_is_of_allocated_perpetrators_in_their_arm() -> None:
    found = idva(received=True).get("victim_id, arm, age, sex", "marts.victim_survivor")
    assert found == [("v1", "intervention", 30, "female"), ("v3", "intervention", 40, None)]


def test_how_complete_the_idva_forms_are() -> None:
    columns = "victim_id, form, is_received, items, answered, not_known, missing"
    assert idva(received=True).get(columns, "marts.form_completeness", "victim_id is not null") == [
        ("v1", "idva_exit", True, 17, 2, 1, 14),
        ("v1", "idva_intake", True, 23, 2, 1, 20),
        ("v3", "idva_exit", False, None, None, None, None),
        ("v3", "idva_intake", True, 23, 2, 0, 21),
        ("v4", "idva_exit", True, 17, 3, 0, 14),
        ("v4", "idva_intake", False, None, None, None, None),
    ]
    silent = idva(received=False).get("distinct is_received", "marts.form_completeness")
    assert silent == [(None,)]


@pytest.mark.parametrize(
    ("table", "form"), [("insights_intake", "idva_intake"), ("insights_exit", "idva_exit")]
)
def test_every_question_of_the_idva_forms_is_counted(table: str, form: str) -> None:
    """Also those that configs/tables.yaml gets later: an answer to each makes a full form."""
    questions = {
        name: next(iter(column.codes), 0)
        for name, column in staging_tables()[table].columns.items()
        if column.kind in ("code", "integer")
    }
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.covered("insights", SITE, "2016-01-01", "2019-09-30")
    if form == "idva_exit":
        house.rows("staging.insights_intake", "victim_id, perpetrator_id", ("v1", "p1"))
        house.rows(f"staging.{table}", f"victim_id, {', '.join(questions)}",
                   ("v1", *questions.values()))  # fmt: skip
    else:
        house.rows(f"staging.{table}", f"victim_id, perpetrator_id, {', '.join(questions)}",
                   ("v1", "p1", *questions.values()))  # fmt: skip
    house.build()
    found = house.get("items, answered", "marts.form_completeness", f"form = '{form}'")
    assert found == [(len(questions), len(questions))]


def test_how_complete_the_case_management_forms_are() -> None:
    house = Warehouse()
    house.allocated(
        ("p1", SITE, "2017-01-15", "intervention"), ("c1", SITE, "2017-01-15", "control")
    )
    house.covered("cms", SITE, "2016-01-01", "2019-09-30")
    house.rows(
        "staging.cms_service_user", "perpetrator_id, age, sex", ("p1", 31, "male"), ("x", 1, "male")
    )
    house.rows("staging.cms_need", "perpetrator_id, time_point, housing, employment, financial",
               ("p1", "intake", "yes", "dont_know", "not_applicable"))  # fmt: skip
    house.rows("staging.cms_behaviour", "perpetrator_id, time_point, physical, sexual",
               ("p1", "closure", "none", "high"))  # fmt: skip
    house.build()
    columns = "form, time_point, items, answered, not_known, missing"
    assert house.get(columns, "marts.form_completeness", "is_received") == [
        ("behaviour", "closure", 4, 2, 0, 2),
        ("needs", "intake", 12, 1, 2, 9),
    ]
    due = house.get("person_id, count(*)", "marts.form_completeness", "true group by person_id")
    assert due == [("p1", 9)]  # of controls no such form is due
    assert house.get("person_id, age, sex", "marts.service_user") == [("p1", 31, "male")]
