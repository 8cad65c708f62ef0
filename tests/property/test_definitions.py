"""Random histories: the SQL of the definitions against a plain reading of their words."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict

from given import Warehouse
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as some

SITE, OTHER = "site_2", "site_1"
RECEIVED = {
    SITE: [("2015-01-01", "2017-05-31"), ("2017-07-01", "2019-06-30")],
    OTHER: [("2015-06-01", "2018-12-31")],
}
PEOPLE = ("p1", "p2")
# Days of two years around a leap day, so that anniversaries fall together often.
ANNIVERSARIES = [
    dt.date(year, month, day)
    for year in (2015, 2016, 2017, 2018)
    for month, day in ((2, 28), (3, 1), (1, 15), (1, 16))
] + [dt.date(2016, 2, 29)]
DAYS = some.one_of(
    some.sampled_from(ANNIVERSARIES), some.dates(dt.date(2014, 10, 1), dt.date(2019, 9, 30))
)
CASES = some.lists(
    some.tuples(
        some.sampled_from(PEOPLE), some.sampled_from(["v1", "v2", "v3"]), DAYS,
        some.sampled_from([SITE, OTHER, "site_3"]),
    ),
    max_size=14,
)  # fmt: skip
INCIDENTS = some.lists(
    some.tuples(
        some.sampled_from(PEOPLE), DAYS, some.sampled_from(["yes", "yes", "no"]),
        some.sampled_from([SITE, OTHER, "site_3"]),
    ),
    max_size=8,
)  # fmt: skip


def a_year_later(day: dt.date) -> dt.date:
    last = calendar.monthrange(day.year + 1, day.month)[1]
    return dt.date(day.year + 1, day.month, min(day.day, last))


def received(site: str, day: dt.date) -> bool:
    return any(first <= day.isoformat() <= last for first, last in RECEIVED.get(site, []))


def house_of(
    cases: list[tuple[str, str, dt.date, str]], incidents: list[tuple[str, dt.date, str, str]]
) -> Warehouse:
    house = Warehouse()
    for person in PEOPLE:
        house.allocated((person, SITE, "2016-02-29", "intervention"))
        house.rows(
            "staging.cms_service_user", "perpetrator_id, closure_date", (person, "2016-12-31")
        )
    for site, spans in RECEIVED.items():
        for span in spans:
            house.covered("marac", site, *span)
            house.covered("police", site, *span)
    house.rows("staging.marac_case", "perpetrator_id, victim_id, hearing_date, site", *cases)
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, site",
        *((f"i{number}", *incident) for number, incident in enumerate(incidents)),
    )
    house.build()
    return house


def by_hand(
    person: str,
    cases: list[tuple[str, str, dt.date, str]],
    incidents: list[tuple[str, dt.date, str, str]],
) -> dict[tuple[str, int], dt.date | None]:
    """Return from which day on each version holds, walking the history day by day."""
    history = sorted(
        {(day, victim) for who, victim, day, site in cases if who == person and received(site, day)}
    )
    from_day: dict[tuple[str, int], dt.date | None] = {
        ("serial", 1): None, ("marac_repeat", 1): None, ("marac_repeat", 2): None,
        ("police_repeat", 1): None,
    }  # fmt: skip
    heard: dict[str, list[dt.date]] = defaultdict(list)
    for day, victim in history:
        earlier = [before for before in heard[victim] if before < day]
        heard[victim].append(day)
        if len([v for v in heard if heard[v]]) >= 2:
            from_day["serial", 1] = from_day["serial", 1] or day
        if earlier:
            from_day["marac_repeat", 1] = from_day["marac_repeat", 1] or day
        if earlier and day <= a_year_later(earlier[-1]):
            from_day["marac_repeat", 2] = from_day["marac_repeat", 2] or day
    abuse = sorted(
        day
        for who, day, domestic, site in incidents
        if who == person
        and domestic == "yes"
        and received(site, day)
        and received(SITE, day)  # nor elsewhere, on a day that the own force did not send
        # six months before 29 February is 29 August; the own site's data end in June 2019
        and dt.date(2015, 8, 29) <= day <= dt.date(2019, 6, 30)
    )
    if len(abuse) >= 2:
        from_day["police_repeat", 1] = abuse[1]
    return from_day


@settings(max_examples=40, deadline=None)
@example(
    cases=[],
    incidents=[
        ("p1", dt.date(2016, 2, 28), "yes", SITE),
        ("p1", dt.date(2017, 6, 1), "yes", OTHER),
    ],
)
@for_all(cases=CASES, incidents=INCIDENTS)
def test_random_histories_agree_with_a_plain_reading_of_the_definitions(
    cases: list[tuple[str, str, dt.date, str]], incidents: list[tuple[str, dt.date, str, str]]
) -> None:
    house = house_of(cases, incidents)
    rows = house.connection.execute(
        "select person_id, definition, version, holds, holds_from from marts.defined"
    ).fetchall()
    found = {(person, name, version): (holds, day) for person, name, version, holds, day in rows}
    for person in PEOPLE:
        for (name, version), day in by_hand(person, cases, incidents).items():
            assert found.pop((person, name, version)) == (day is not None, day), (name, version)
    assert not found
