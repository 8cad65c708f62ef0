"""Definition: whoever died or moved away is observed up to that day; prison ends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from given import Warehouse, drive
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

SITE, INDEX = "site_2", "2017-01-15"
EVENT = "perpetrator_id, event, event_date"
#: Six months before (to 14 January), during (to 30 November), 0-6 (to 30 May), 6-12 (to
#: 30 November) and more than 12 months after (to 30 September 2019, the last day received).
FULL = {"before": 184, "during": 319, "after_0_6": 181, "after_6_12": 184, "after_12": 304}


Events = list[tuple[str, str]]


def people(events: Iterable[Events]) -> Warehouse:
    """Return p0, p1, ... (index date 15 January 2017, closed on 30 November 2017) with events."""
    house = Warehouse()
    house.covered("marac", SITE, "2015-08-01", "2019-09-30")
    for number, own in enumerate(events):
        who = f"p{number}"
        house.allocated((who, SITE, INDEX, "intervention"))
        house.rows("staging.cms_service_user", "perpetrator_id, closure_date", (who, "2017-11-30"))
        house.rows("staging.person_event", EVENT, *((who, *event) for event in own))
    house.build()
    return house


MEMBERS: list[tuple[str, Events, tuple[str | None, str | None, str | None]]] = [
    # events -> death_date, moved_away_on, prison_from
    ("nothing told", [], (None, None, None)),
    ("died on the index date", [("died", INDEX)], (INDEX, None, None)),
    ("died before it, as told", [("died", "2017-01-14")], ("2017-01-14", None, None)),
    ("two deaths", [("died", "2018-02-02"), ("died", "2018-02-01")], ("2018-02-01", None, None)),
    ("moved before it: was here again", [("moved_away", "2017-01-14")], (None, None, None)),
    ("moved on the index date", [("moved_away", INDEX)], (None, INDEX, None)),
    (
        "moved twice",
        [("moved_away", "2016-01-01"), ("moved_away", "2018-02-01"), ("moved_away", "2018-01-01")],
        (None, "2018-01-01", None),
    ),
    ("in prison later", [("prison", "2018-01-01")], (None, None, "2018-01-01")),
    ("in prison since before", [("prison", "2016-12-01")], (None, None, "2016-12-01")),
    (
        "released the day before",
        [("prison", "2016-12-01"), ("released", "2017-01-14")],
        (None, None, None),
    ),
    ("released on it", [("prison", "2016-12-01"), ("released", INDEX)], (None, None, None)),
    (
        "released the day after",
        [("prison", "2016-12-01"), ("released", "2017-01-16")],
        (None, None, "2016-12-01"),
    ),
    (
        "out before it and in again after it",
        [("prison", "2016-01-01"), ("released", "2016-02-01"), ("prison", "2017-06-01")],
        (None, None, "2017-06-01"),
    ),
    (
        "out and in again before it",
        [("prison", "2016-01-01"), ("released", "2016-02-01"), ("prison", "2016-12-24")],
        (None, None, "2016-12-24"),
    ),
    ("taken on the index date", [("prison", INDEX)], (None, None, INDEX)),
    ("in and out on the index date", [("prison", INDEX), ("released", INDEX)], (None, None, None)),
    ("a release alone", [("released", "2017-02-01")], (None, None, None)),
]


def test_when_somebody_left() -> None:
    house = people(events for _, events, _ in MEMBERS)
    for number, (name, _, expect) in enumerate(MEMBERS):
        who = f"person_id = 'p{number}'"
        found = house.get("death_date, moved_away_on, prison_from", "cohort.member", who)
        assert found == [expect], name


SPELLS: list[tuple[str, Events, dict[str, int]]] = [
    # events -> observed days of the periods that are not whole
    ("nothing told", [], {}),
    ("died on the index date", [("died", INDEX)],
     {"during": 0, "after_0_6": 0, "after_6_12": 0, "after_12": 0}),
    ("died the day after", [("died", "2017-01-16")],
     {"during": 1, "after_0_6": 0, "after_6_12": 0, "after_12": 0}),
    ("died on the last day of the intervention", [("died", "2017-11-30")],
     {"after_0_6": 0, "after_6_12": 0, "after_12": 0}),
    ("died on the first day after it", [("died", "2017-12-01")],
     {"after_0_6": 1, "after_6_12": 0, "after_12": 0}),
    ("died on the last day of a period", [("died", "2018-05-30")],
     {"after_6_12": 0, "after_12": 0}),
    ("died on the last day of the data", [("died", "2019-09-30")], {}),
    ("died after it", [("died", "2019-10-01")], {}),
    ("died before the index date", [("died", "2017-01-04")],
     {"before": 174, "during": 0, "after_0_6": 0, "after_6_12": 0, "after_12": 0}),
    ("moved away", [("moved_away", "2018-06-09")], {"after_6_12": 10, "after_12": 0}),
    ("moved away before the index date", [("moved_away", "2016-12-01")], {}),
    ("moved away, then died", [("died", "2019-01-01"), ("moved_away", "2018-06-09")],
     {"after_6_12": 10, "after_12": 0}),
    ("in prison", [("prison", "2017-02-01"), ("released", "2018-02-01")], {}),
]  # fmt: skip


def test_the_days_observed_end_with_death_and_moving_away() -> None:
    house = people(events for _, events, _ in SPELLS)
    for number, (name, _, shorter) in enumerate(SPELLS):
        who = f"person_id = 'p{number}'"
        rows = house.get("period, observed_days, fully_observed", "cohort.follow_up", who)
        assert {row[0]: row[1] for row in rows} == FULL | shorter, name
        assert {row[0] for row in rows if not row[2]} == set(shorter), name
        # What lies wholly after it was not observed: not available, never without appearances.
        known = dict(house.get("period, appearances", "marts.marac_follow_up", who))
        assert {key for key, value in known.items() if value is None} == {
            key for key, days in shorter.items() if days == 0
        }, name


def test_fixed_windows_end_too() -> None:
    house = people([[("moved_away", "2017-07-20")]])
    columns = "position, observed_days, observed_first, observed_last, fully_observed"
    assert house.get(columns, "cohort.fixed_window", "source = 'marac'") == [
        (0, 181, "2017-01-16", "2017-07-15", True),
        (1, 5, "2017-07-16", "2017-07-20", False),
        (2, 0, None, None, False),
    ]


def test_moving_away_censors_also_who_appears_again() -> None:
    """Hearings on the day before he moved, that day, the next one, and in the next period."""
    house = people([[("moved_away", "2017-06-01")]])
    house.rows(
        "staging.marac_case", "site, perpetrator_id, victim_id, hearing_date",
        *((SITE, "p0", "v1", day) for day in
          (INDEX, "2017-05-31", "2017-06-01", "2017-06-02", "2017-11-30", "2018-01-10")),
    )  # fmt: skip
    house.build()
    found = house.get("position, appearances, observed_days", "marts.marac_follow_up")
    assert found[:3] == [(0, 0, 184), (1, 2, 137), (2, None, 0)]


def test_a_gap_in_the_data_and_a_death_in_it() -> None:
    house = Warehouse(drive(windows=(0, 3, 6)))
    house.allocated(("p1", SITE, INDEX, "control"))
    house.covered("marac", SITE, "2016-01-01", "2017-02-28")
    house.covered("marac", SITE, "2017-04-01", "2019-09-30")
    house.rows("staging.person_event", EVENT, ("p1", "died", "2017-03-10"))
    house.build()
    columns = "position, observed_days, observed_last"
    assert house.get(columns, "cohort.fixed_window", "source = 'marac'") == [
        (0, 44, "2017-02-28"),
        (1, 0, None),
    ]


def test_only_his_own_events_count_whichever_site_tells_them() -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, INDEX, "control"), ("p2", "site_1", INDEX, "control"))
    house.rows("staging.person_event", f"site, {EVENT}", ("site_1", "p1", "died", "2018-01-01"))
    house.build()
    assert house.get("person_id, death_date", "cohort.member") == [("p1", "2018-01-01"),
                                                                   ("p2", None)]  # fmt: skip


DAYS = st.dates(dt.date(2016, 1, 1), dt.date(2020, 1, 1))


EVENTS = st.lists(
    st.tuples(st.sampled_from(["died", "moved_away", "prison", "released"]), DAYS), max_size=6
)


@settings(max_examples=5, deadline=None)
@each(st.lists(EVENTS, min_size=4, max_size=8))
def test_the_days_observed_are_those_counted_one_by_one(histories: list[Any]) -> None:
    """A day counts if it lies in the period and the data, and no later than he left."""
    house = people([(event, day.isoformat()) for event, day in own] for own in histories)
    index = dt.date.fromisoformat(INDEX)
    for number, own in enumerate(histories):
        ends = [day for event, day in own if event == "died"]
        ends += [day for event, day in own if event == "moved_away" and day >= index]
        last_day = min([*ends, dt.date(2019, 9, 30)])
        rows = house.connection.execute(
            "select first_day, last_day, observed_days from cohort.spell "
            "where source = 'marac' and person_id = ?",
            [f"p{number}"],
        ).fetchall()
        assert len(rows) == 5 + 3
        for first, last, observed in rows:
            days = [first + dt.timedelta(n) for n in range((last - first).days + 1)]
            assert observed == sum(dt.date(2015, 8, 1) <= day <= last_day for day in days)
