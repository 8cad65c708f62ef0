"""Police tables against the same counted in plain Python, on random histories."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pytest
from given import Warehouse
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_analyses_police import ARMS, ONE, PERIODS, TWO, answer, value

Span = tuple[dt.date, dt.date]
DAY = dt.timedelta(days=1)
START, END = dt.date(2016, 1, 1), dt.date(2019, 9, 30)
KNOWN = ("yes", "no", "dont_know")


class Person(NamedTuple):
    """Somebody allocated; days are counted from the index date."""

    site: str
    arm: str
    index: dt.date
    days_to_end: int
    days_to_death: int | None
    is_asked: bool
    incidents: tuple[tuple[int, str, str, str], ...]  # day, abuse, crimed, site


PEOPLE = st.lists(
    st.builds(
        Person,
        site=st.sampled_from((ONE, TWO)),
        arm=st.sampled_from(ARMS),
        index=st.dates(dt.date(2016, 6, 1), dt.date(2018, 12, 31)),
        days_to_end=st.integers(0, 500),
        days_to_death=st.none() | st.integers(-10, 900),
        is_asked=st.sampled_from((True, True, True, False)),
        incidents=st.lists(
            st.tuples(
                st.integers(-250, 1000) | st.sampled_from((-1, 0, 1)),
                st.sampled_from(KNOWN), st.sampled_from(KNOWN), st.sampled_from((ONE, TWO)),
            ),
            max_size=8,
        ).map(tuple),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
GAPS = st.fixed_dictionaries({
    site: st.lists(st.dates(START, END), min_size=2, max_size=2, unique=True).map(sorted)
    for site in (ONE, TWO)
})  # fmt: skip


def months_later(day: dt.date, months: int) -> dt.date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (dt.date(years + (month == 11), (month + 1) % 12 + 1, 1) - DAY).day
    return dt.date(years, month + 1, min(day.day, last))


def periods_of(person: Person, data_end: dt.date) -> dict[str, Span]:
    """Return the first and the last day of each period; the last may be before the first."""
    index, end = person.index, person.index + person.days_to_end * DAY
    half, year = months_later(end, 6), months_later(end, 12)
    return {
        "before": (months_later(index, -6), index - DAY),
        "during": (index + DAY, end),
        "after_0_6": (end + DAY, half),
        "after_6_12": (half + DAY, year),
        "after_12": (year + DAY, data_end),
    }


def spans_of(gaps: dict[str, list[dt.date]], site: str) -> list[Span]:
    first, second = gaps[site]
    return [(START, first), (second + DAY, END)] if second < END else [(START, first)]


def within(day: dt.date, spans: list[Span]) -> bool:
    return any(first <= day <= last for first, last in spans)


def warehouse(people: list[Person], gaps: dict[str, list[dt.date]]) -> Warehouse:
    house = Warehouse()
    for site in gaps:
        for first, last in spans_of(gaps, site):
            house.covered("police", site, first.isoformat(), last.isoformat())
    house.rows("ledger.police_request", "person_id", ("nobody",))
    for number, person in enumerate(people):
        name = f"p{number}"
        house.allocated((name, person.site, person.index.isoformat(), person.arm))
        house.rows(
            "staging.cms_service_user", "perpetrator_id, start_date, closure_date",
            (name, person.index, person.index + person.days_to_end * DAY),
        )  # fmt: skip
        if person.is_asked:
            house.rows("ledger.police_request", "person_id", (name,))
        if person.days_to_death is not None:
            house.rows(
                "staging.person_event", "perpetrator_id, event, event_date, site",
                (name, "died", person.index + person.days_to_death * DAY, person.site),
            )  # fmt: skip
        house.rows(
            "staging.police_incident",
            "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
            *((f"{name}-{n}", name, person.index + day * DAY, abuse, crimed, site)
              for n, (day, abuse, crimed, site) in enumerate(person.incidents)),
        )  # fmt: skip
    house.build()
    return house


def counted(
    people: list[Person], gaps: dict[str, list[dt.date]], period: str
) -> list[tuple[int, int, bool]]:
    """Return the days observed, the domestic abuse incidents, and whether of the whole period."""
    found = []
    for person in people:
        own = spans_of(gaps, person.site)
        first, last = periods_of(person, own[-1][1])[period]
        death = dt.date.max
        if person.days_to_death is not None:
            death = person.index + person.days_to_death * DAY
        days = [first + n * DAY for n in range((last - first).days + 1)]
        observed = [day for day in days if within(day, own) and day <= death]
        events = [
            abuse
            for number, abuse, _, site in person.incidents
            if (day := person.index + number * DAY) in set(observed)
            and within(day, spans_of(gaps, site))
        ]
        found.append((len(observed), events.count("yes"), bool(days) and observed == days))
    return found


# Each example builds a warehouse: to shrink a failing one would take minutes.
@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(PEOPLE, GAPS)
def test_periods_are_those_counted_by_hand(
    people: list[Person], gaps: dict[str, list[dt.date]]
) -> None:
    tables = answer(warehouse(people, gaps), "police_follow_up", kinds=["domestic_abuse"])
    for site in (ONE, TWO):
        for arm in ARMS:
            group = [p for p in people if (p.site, p.arm, p.is_asked) == (site, arm, True)]
            for period in PERIODS:
                row = f"{site}__{period}__domestic_abuse"
                found = counted(group, gaps, period)
                seen = [each for each in found if each[0]]
                numbers = {
                    cell.statistic: (cell.value, cell.n) for cell in tables["people"].cells
                    if (cell.row, cell.column) == (row, arm)
                }  # fmt: skip
                if not seen:
                    assert {number for number, _ in numbers.values()} == {None}
                    assert value(tables["incidents"], row, arm) is None
                    continue
                incidents, days = sum(n for _, n, _ in seen), sum(n for n, _, _ in seen)
                whole = [n > 0 for _, n, entire in seen if entire]
                with_one = sum(n > 0 for _, n, _ in seen)
                assert value(tables["incidents"], row, arm) == incidents
                assert numbers["observed"] == (len(seen), len(group))
                assert numbers["people"] == (with_one, len(group))
                assert numbers["share"] == (pytest.approx(with_one / len(group)), len(group))
                assert numbers["person_years"][0] == pytest.approx(days / 365.25)
                assert numbers["incident_rate"][0] == pytest.approx(incidents * 365.25 / days)
                expect = sum(whole) / len(whole) if whole else None
                assert numbers["share_of_observed"] == (
                    None if expect is None else pytest.approx(expect), len(whole)
                )  # fmt: skip
                cell = tables["shares"].get(row, arm, "share")
                assert (cell.value, cell.n) == (pytest.approx(with_one / len(seen)), len(seen))
