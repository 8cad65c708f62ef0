"""Definitions in SQL, on literal tables with boundary days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datrial.verification.certificate import Chapter, Comparison, Kind, same

if TYPE_CHECKING:
    from datrial.verification.literal_tables import LiteralWarehouse

CHAPTER = Chapter("definitions", "Definitions")

SITE = "site_2"
#: Hearings of one pair -> from when a repeat case, whenever and within twelve months.
REPEATS = (
    (("2017-01-15",), None, None),
    (("2017-01-15", "2017-01-16"), "2017-01-16", "2017-01-16"),
    (("2017-01-15", "2018-01-15"), "2018-01-15", "2018-01-15"),
    (("2017-01-15", "2018-01-16"), "2018-01-16", None),
    (("2016-02-29", "2017-02-28"), "2017-02-28", "2017-02-28"),
    (("2016-02-29", "2017-03-01"), "2017-03-01", None),
    (("2015-01-15", "2016-02-15", "2017-01-15"), "2016-02-15", "2017-01-15"),
)
#: Cases as victim and day -> from when serial.
SERIAL = (
    ("two victims on one day", (("v1", "2017-01-15"), ("v2", "2017-01-15")), "2017-01-15"),
    ("one pair twice on a day", (("v1", "2017-01-15"), ("v1", "2017-01-15")), None),
    ("a day before the data", (("v1", "2013-12-31"), ("v2", "2017-01-15")), None),
    ("the last day received", (("v1", "2017-01-15"), ("v2", "2019-09-30")), "2019-09-30"),
)


def _heard(cases: dict[str, tuple[tuple[str, str], ...]]) -> LiteralWarehouse:
    """Return the marts of people heard with these victims on these days."""
    from datrial.verification.literal_tables import LiteralWarehouse

    house = LiteralWarehouse()
    house.covered("marac", SITE, "2014-01-01", "2019-09-30")
    for person, hearings in cases.items():
        house.allocated((person, SITE, "2017-01-15", "intervention"))
        house.rows(
            "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
            *((person, f"{person}_{victim}", day, SITE) for victim, day in hearings),
        )  # fmt: skip
    house.build()
    return house


@CHAPTER.certificate(
    "repeat",
    "Repeat cases at MARAC: whenever, and within twelve months of the last hearing",
    verifies="sql/marts/defined.sql",
    kind=Kind.HAND_COUNT,
    source="SafeLives' definition of a repeat: the same pair again within twelve months; counted "
    "on the calendar.",
    data="Seven people, each heard with one victim on the days shown.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    house = _heard({f"p{n}": tuple(("v", day) for day in row[0]) for n, row in enumerate(REPEATS)})
    for n, (days, whenever, within) in enumerate(REPEATS):
        for version, expected in ((1, whenever), (2, within)):
            where = f"person_id = 'p{n}' and definition = 'marac_repeat' and version = {version}"
            ((found,),) = house.get("holds_from", "marts.defined", where)
            yield same(f"{', '.join(days)}: version {version}", found, expected)


@CHAPTER.certificate(
    "serial",
    "Serial cases at MARAC: two victims or more",
    verifies="sql/marts/defined.sql",
    kind=Kind.HAND_COUNT,
    source="The Drive evaluation's definition, counted by hand.",
    data="Four people and their victims on the days shown; data from 2014 to September 2019.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    house = _heard({f"p{n}": row[1] for n, row in enumerate(SERIAL)})
    for n, (name, _, expected) in enumerate(SERIAL):
        where = f"person_id = 'p{n}' and definition = 'serial' and version = 1"
        ((found,),) = house.get("holds_from", "marts.defined", where)
        yield same(name, found, expected)


@CHAPTER.certificate(
    "periods",
    "Police incidents by period: before, during, after",
    verifies="sql/marts/police_spell.sql sql/marts/police_history.sql",
    kind=Kind.HAND_COUNT,
    source="The Drive evaluation's periods: six months before the index date, the intervention, "
    "then by months after its end; the index date lies in none. Counted on the calendar.",
    data="Index date 15 January 2017, start 20 January, end 30 November; nine incidents on "
    "boundary days; data of February 2016 to June 2018.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    from datrial.verification.literal_tables import LiteralWarehouse

    days = (
        "2016-07-14", "2016-07-15", "2017-01-14", "2017-01-15", "2017-01-16", "2017-11-30",
        "2017-12-01", "2018-05-31", "2018-07-01",
    )  # fmt: skip
    house = LiteralWarehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    columns = "perpetrator_id, start_date, closure_date"
    house.rows("staging.cms_service_user", columns, ("p1", "2017-01-20", "2017-11-30"))
    house.covered("police", SITE, "2016-02-01", "2018-06-30")
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, crimed, site",
        *((f"i{n}", "p1", day, "yes", "no", SITE) for n, day in enumerate(days)),
    )
    house.build()
    found = dict(house.get("spell, incidents", "marts.police_spell", "scheme = 'period'"))
    for spell, count in (
        ("before", 2), ("during", 2), ("after_0_6", 1), ("after_6_12", 1), ("after_12", None),
    ):  # fmt: skip
        yield same(spell, found[spell], count)
    ((incidents, outside, on_index),) = house.get(
        "incidents, outside, on_index_date", "marts.police_history"
    )
    yield same("incidents in the evaluation's days", incidents, 7)
    yield same("outside them", outside, 1)
    yield same("on the index date", on_index, 1)


@CHAPTER.certificate(
    "follow_up",
    "Follow-up as stretches of observed days, with a gap and a late entry",
    verifies="sql/marts/follow_up_interval.sql",
    kind=Kind.HAND_COUNT,
    source="Counted on the calendar: day 0 is the index date, a stretch ends with an appearance "
    "or with the days received.",
    data="Two people: data with a gap from day 100 to 130, and data from day 50 on.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    import datetime as dt

    from datrial.verification.literal_tables import LiteralWarehouse

    index = dt.date(2017, 1, 15)

    def day(number: int) -> str:
        return (index + dt.timedelta(number)).isoformat()

    people = (
        ("p1", "site_2", ((-300, 99), (131, 400)), (110, 131, 200),
         "0-99: 0; 130-131: 1; 131-200: 1; 200-400: 0"),
        ("p2", "site_1", ((50, 400),), (20, 60), "49-60: 1; 60-400: 0"),
    )  # fmt: skip
    house = LiteralWarehouse()
    for person, site, spans, heard, _ in people:
        house.allocated((person, site, index.isoformat(), "intervention"))
        for first, last in spans:
            house.covered("marac", site, day(first), day(last))
        house.rows(
            "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
            *((person, f"{person}v{n}", day(number), site) for n, number in enumerate(heard)),
        )  # fmt: skip
    house.build()
    for person, _, _, _, expected in people:
        rows = house.get(
            "start_day, stop_day, appearances", "marts.follow_up_interval",
            f"person_id = '{person}'",
        )  # fmt: skip
        found = "; ".join(f"{start}-{stop}: {events}" for start, stop, events in rows)
        yield same(f"{person}, days and appearances", found, expected)


@CHAPTER.certificate(
    "high_risk",
    "High risk: fourteen or more of twenty, where the score is known",
    verifies="sql/marts/risk_band.sql",
    kind=Kind.HAND_COUNT,
    source="The threshold of the Dash risk checklist; unknown answers leave open what they could "
    "change.",
    data="Four forms with 9 to 20 yes and up to 11 unknown answers.",
    tolerance="Exact.",
)
def _() -> Iterator[Comparison]:
    from datrial.verification.literal_tables import LiteralWarehouse

    forms = ((14, 0, "yes"), (13, 7, "no"), (20, 0, "yes"), (9, 11, "none"))
    items = ", ".join(f"item_{number:02d}" for number in range(1, 21))
    house = LiteralWarehouse()
    for n, (yes, unknown, _) in enumerate(forms):
        house.allocated((f"p{n}", SITE, "2017-01-15", "intervention"))
        answers = ["yes"] * yes + ["dont_know"] * unknown
        answers += ["no"] * (20 - len(answers))
        columns = f"perpetrator_id, time_point, {items}"
        house.rows("staging.cms_risk_item", columns, (f"p{n}", "intake", *answers))
    house.build()
    for n, (yes, unknown, expected) in enumerate(forms):
        ((found,),) = house.get("is_high_risk", "marts.risk_band", f"person_id = 'p{n}'")
        yield same(f"{yes} yes, {unknown} unknown", found, expected)
