"""Definition: stretches of days observed after the allocation, each ending in an event or not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from given import Warehouse
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

SITE, INDEX = "site_2", "2017-01-15"
COUNTS = "appearances, incidents, domestic_abuse, domestic_abuse_crimed"
DAYS = "start_day, stop_day"


def day(number: int) -> str:
    """Return the date of a day counted from the index date."""
    return (dt.date.fromisoformat(INDEX) + dt.timedelta(number)).isoformat()


def heard(house: Warehouse, *days: int, person: str = "p1") -> None:
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        *((person, f"v{n}", day(number), SITE) for n, number in enumerate(days)),
    )  # fmt: skip


def recorded(house: Warehouse, *incidents: tuple[int, str, str], person: str = "p1") -> None:
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        *((f"{person}i{n}", person, day(number), abuse, crimed, SITE)
          for n, (number, abuse, crimed) in enumerate(incidents)),
    )  # fmt: skip


def trial(*spans: tuple[int, int], source: str = "marac") -> Warehouse:
    """Return a warehouse of one person whose site sent its data for these days."""
    house = Warehouse()
    house.allocated(("p1", SITE, INDEX, "intervention"))
    for first, last in spans:
        house.covered(source, SITE, day(first), day(last))
    return house


def rows(house: Warehouse, columns: str = f"{DAYS}, appearances") -> list[tuple[Any, ...]]:
    house.build()
    return house.get(columns, "marts.follow_up_interval")


def test_a_stretch_ends_with_an_appearance_and_the_last_with_the_data() -> None:
    house = trial((-300, 400))
    heard(house, -10, 0, 30, 100)
    assert rows(house) == [(0, 30, 1), (30, 100, 1), (100, 400, 0)]


def test_the_day_after_the_index_date_is_the_first_and_the_last_day_received_counts() -> None:
    house = trial((-300, 400))
    heard(house, 1, 400, 401)
    assert rows(house) == [(0, 1, 1), (1, 400, 1)]


def test_several_victims_of_one_day_are_one_stretch_with_their_number() -> None:
    house = trial((-300, 400))
    heard(house, 30, 30)
    assert rows(house) == [(0, 30, 2), (30, 400, 0)]


def test_a_gap_is_a_stretch_without_a_row_and_what_is_heard_in_it_is_no_event() -> None:
    house = trial((-300, 99), (131, 400))
    heard(house, 110, 131, 200)
    assert rows(house) == [(0, 99, 0), (130, 131, 1), (131, 200, 1), (200, 400, 0)]


def test_whose_data_begin_later_enters_late() -> None:
    house = trial((50, 400))
    heard(house, 20, 60)
    assert rows(house) == [(49, 60, 1), (60, 400, 0)]


def test_without_an_observed_day_there_is_no_row() -> None:
    assert rows(trial((-300, 0))) == []
    assert rows(trial()) == []


def test_death_and_moving_away_end_the_last_stretch() -> None:
    for event in ("died", "moved_away"):
        house = trial((-300, 99), (131, 400))
        heard(house, 50, 200, 201)
        house.rows(
            "staging.person_event", "perpetrator_id, event, event_date", ("p1", event, day(200))
        )
        assert rows(house) == [(0, 50, 1), (50, 99, 0), (130, 200, 1)]
        gone = trial((-300, 99), (131, 400))
        gone.rows("staging.person_event", "perpetrator_id, event, event_date", ("p1", event, INDEX))
        assert rows(gone) == []


def test_police_stretches_count_each_kind_and_marac_columns_are_empty() -> None:
    house = trial((-300, 400), source="police")
    recorded(house, (10, "yes", "yes"), (10, "yes", "no"), (20, "no", "yes"), (30, "dont_know", ""))
    assert rows(house, f"{DAYS}, {COUNTS}") == [
        (0, 10, None, 2, 2, 1), (10, 20, None, 1, 0, 0),
        (20, 30, None, 1, 0, 0), (30, 400, None, 0, 0, 0),
    ]  # fmt: skip


def test_of_the_police_only_those_asked_about_are_here() -> None:
    house = trial((-300, 400), source="police")
    house.allocated(("c1", SITE, INDEX, "control"), ("c2", SITE, INDEX, "control"))
    house.rows("ledger.police_request", "person_id", ("p1",), ("c1",))
    recorded(house, (10, "yes", "no"), person="c2")
    assert rows(house, "person_id, arm, incidents") == [
        ("c1", "control", 0), ("p1", "intervention", 0),
    ]  # fmt: skip


SPANS = st.lists(st.integers(-60, 240), min_size=2, max_size=6, unique=True).map(sorted)


@each(
    ends=SPANS,
    events=st.lists(st.integers(-80, 260), max_size=12),
    left=st.none() | st.integers(0, 260),
)
@settings(max_examples=12, deadline=None)
def test_days_and_events_are_those_that_a_count_day_by_day_gives(
    ends: list[int], events: list[int], left: int | None
) -> None:
    # Spans that do not touch: touching ones are one span.
    spans = [
        (first, last)
        for first, last in zip(ends[::2], ends[1::2], strict=False)
        if last > first
    ]  # fmt: skip
    spans = [
        span for n, span in enumerate(spans) if n == 0 or span[0] > spans[n - 1][1] + 1
    ]  # fmt: skip
    house = trial(*spans)
    heard(house, *events)
    if left is not None:
        house.rows(
            "staging.person_event", "perpetrator_id, event, event_date", ("p1", "died", day(left))
        )
    found = rows(house)
    observed = {
        number
        for first, last in spans
        for number in range(first, last + 1)
        if number > 0 and (left is None or number <= left)
    }
    covered = [number for start, stop, _ in found for number in range(start + 1, stop + 1)]
    assert sorted(covered) == sorted(observed)
    happened = {stop: count for _, stop, count in found if count}
    assert happened == {
        number: events.count(number) for number in set(events) & observed
    }  # fmt: skip
    in_windows = house.get(
        "sum(appearances), sum(observed_days)", "marts.marac_spell", "scheme = 'window'"
    )[0]
    within = [number for number in happened if number <= 731]
    assert (in_windows[0] or 0) == sum(happened[number] for number in within)
    assert (in_windows[1] or 0) == len(observed)
