"""Definitions of serial, repeat and high risk: boundary days, versions, what is not known."""

from __future__ import annotations

import pytest
from given import Warehouse, drive

from datrial.config.definitions import Definitions

SITE = "site_2"
RECEIVED = ("2014-01-01", "2019-09-30")
ITEMS = ", ".join(f"item_{number:02d}" for number in range(1, 21))


def at_marac(*cases: tuple[str, str]) -> Warehouse:
    """Return the marts of p1, heard with these victims on these days."""
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.covered("marac", SITE, *RECEIVED)
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        *(("p1", victim, day, SITE) for victim, day in cases),
    )  # fmt: skip
    house.build()
    return house


def since(house: Warehouse, definition: str, version: int) -> tuple[bool | None, str | None]:
    """Return whether a version holds of p1, and from which day on."""
    where = f"person_id = 'p1' and definition = '{definition}' and version = {version}"
    holds, day = house.get("holds, holds_from", "marts.defined", where)[0]
    return holds, day


REPEATS = [
    # hearings of one pair -> holds from: version 1 (whenever), version 2 (within 12 months)
    (["2017-01-15"], None, None),
    (["2017-01-15", "2017-01-16"], "2017-01-16", "2017-01-16"),
    # 365 days and 366 days
    (["2017-01-15", "2018-01-15"], "2018-01-15", "2018-01-15"),
    (["2017-01-15", "2018-01-16"], "2018-01-16", None),
    # a year with a 29 February has 366 days to the same day
    (["2016-01-15", "2017-01-15"], "2017-01-15", "2017-01-15"),
    (["2016-01-15", "2017-01-16"], "2017-01-16", None),
    # twelve months from 29 February end on the 28th
    (["2016-02-29", "2017-02-28"], "2017-02-28", "2017-02-28"),
    (["2016-02-29", "2017-03-01"], "2017-03-01", None),
    # twelve months to a 29 February end on the 28th
    (["2015-02-28", "2016-02-28"], "2016-02-28", "2016-02-28"),
    (["2015-02-28", "2016-02-29"], "2016-02-29", None),
    # from the last hearing, not from the first
    (["2015-01-15", "2016-02-15", "2017-01-15"], "2016-02-15", "2017-01-15"),
]


@pytest.mark.parametrize(
    ("days", "whenever", "within"), REPEATS, ids=["+".join(r[0]) for r in REPEATS]
)  # type: ignore[arg-type]
def test_repeat_at_marac(days: list[str], whenever: str | None, within: str | None) -> None:
    house = at_marac(*(("v1", day) for day in days))
    assert since(house, "marac_repeat", 1) == (whenever is not None, whenever)
    assert since(house, "marac_repeat", 2) == (within is not None, within)


MIXED = [
    # cases -> serial from, repeat (version 1) from
    ("two victims on one day", [("v1", "2017-01-15"), ("v2", "2017-01-15")], "2017-01-15", None),
    ("one pair twice on one day", [("v1", "2017-01-15"), ("v1", "2017-01-15")], None, None),
    (
        "a third victim changes nothing",
        [("v1", "2016-01-15"), ("v2", "2017-01-15"), ("v3", "2018-01-15")], "2017-01-15", None,
    ),
    (
        "two victims, serial and repeat",
        [("v1", "2017-01-15"), ("v2", "2017-03-01"), ("v1", "2017-05-01")],
        "2017-03-01", "2017-05-01",
    ),
    (
        "another victim between is no last hearing of the pair",
        [("v1", "2015-01-15"), ("v2", "2016-12-01"), ("v1", "2017-01-15")],
        "2016-12-01", "2017-01-15",
    ),
    ("a stray before the data", [("v1", "2013-12-31"), ("v2", "2017-01-15")], None, None),
    ("the last day received", [("v1", "2017-01-15"), ("v2", "2019-09-30")], "2019-09-30", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cases", "serial", "repeat"), [row[1:] for row in MIXED], ids=[row[0] for row in MIXED]
)
def test_serial_and_repeat(
    cases: list[tuple[str, str]], serial: str | None, repeat: str | None
) -> None:
    house = at_marac(*cases)
    assert since(house, "serial", 1) == (serial is not None, serial)
    assert since(house, "marac_repeat", 1) == (repeat is not None, repeat)
    flags = house.get("is_serial, is_repeat", "marts.marac_history")[0]
    assert flags == (serial is not None, repeat is not None)


def test_the_last_hearing_is_that_of_the_same_pair() -> None:
    house = at_marac(("v1", "2015-01-15"), ("v2", "2016-12-01"), ("v1", "2017-01-15"))
    assert since(house, "marac_repeat", 2) == (False, None)


def test_a_study_that_uses_another_version_has_it_in_its_marts() -> None:
    study = drive(definitions=Definitions(use={"marac_repeat": 2}, beside={"marac_repeat": (1,)}))
    house = Warehouse(study)
    house.allocated(("p1", SITE, "2017-01-15", "control"))
    house.covered("marac", SITE, *RECEIVED)
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        ("p1", "v1", "2015-01-15", SITE), ("p1", "v1", "2017-01-15", SITE),
    )  # fmt: skip
    house.build()
    assert house.get("is_repeat", "marts.marac_history") == [(False,)]
    assert house.get("version, role, holds", "marts.defined", "definition = 'marac_repeat'") == [
        (1, "beside", True), (2, "in_use", False),
    ]  # fmt: skip


POLICE = [
    # days of domestic abuse incidents -> from. Index date 2017-01-15: six months before begin on
    # 2016-07-15, the data end on 2019-09-30, April 2018 was not received.
    (["2016-07-15", "2019-09-30"], "2019-09-30"),
    (["2016-07-14", "2019-09-30"], None),  # a day before the evaluation period
    (["2016-07-15", "2019-10-01"], None),  # a day after the data
    (["2017-01-15", "2017-01-15"], "2017-01-15"),  # two on one day, the index date
    (["2017-03-01", "2018-04-15"], None),  # a stray of a month that was not received
    (["2017-03-01", "2018-05-01", "2018-06-01"], "2018-05-01"),
    (["2017-03-01"], None),
]


@pytest.mark.parametrize(("days", "expect"), POLICE, ids=str)
def test_repeat_with_the_police(days: list[str], expect: str | None) -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.rows("staging.cms_service_user", "perpetrator_id, closure_date", ("p1", "2017-11-30"))
    house.covered("police", SITE, "2015-01-01", "2018-03-31")
    house.covered("police", SITE, "2018-05-01", "2019-09-30")
    house.rows(
        "staging.police_incident",
        "incident_id, perpetrator_id, incident_date, domestic_abuse, site",
        *((f"i{number}", "p1", day, "yes", SITE) for number, day in enumerate(days)),
        ("i98", "p1", "2017-02-01", "no", SITE), ("i99", "p1", "2017-02-02", "dont_know", SITE),
    )  # fmt: skip
    house.build()
    assert since(house, "police_repeat", 1) == (expect is not None, expect)


KNOWN = [
    # arm, list of the police request, has a record -> asked, repeat with the police known
    ("intervention", (), False, True, False),
    ("control", (), True, True, False),
    ("control", (), False, None, None),
    ("control", ("p1", "p2"), False, True, False),
    ("control", ("p2",), False, False, None),
    ("intervention", ("p2",), True, False, None),
]


@pytest.mark.parametrize(("arm", "listed", "has_record", "asked", "holds"), KNOWN)
def test_of_whom_the_police_were_not_asked_nothing_is_known(
    arm: str, listed: tuple[str, ...], has_record: bool, asked: bool | None, holds: bool | None
) -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", arm))
    house.covered("police", SITE, *RECEIVED)
    house.rows("ledger.police_request", "person_id, step", *((name, "s") for name in listed))
    if has_record:
        house.rows(
            "staging.police_incident",
            "incident_id, perpetrator_id, incident_date, domestic_abuse, site",
            ("i1", "p1", "2017-03-01", "yes", SITE),
        )
    house.build()
    assert house.get("police_asked", "cohort.member") == [(asked,)]
    assert since(house, "police_repeat", 1)[0] is holds


def test_of_a_site_that_sent_nothing_nothing_is_known() -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    house.covered("marac", "site_1", *RECEIVED)
    house.covered("police", "site_1", *RECEIVED)
    house.rows(
        "staging.marac_case", "perpetrator_id, victim_id, hearing_date, site",
        ("p1", "v1", "2017-01-15", "site_1"), ("p1", "v2", "2017-01-15", "site_1"),
    )  # fmt: skip
    house.build()
    assert set(house.get("holds, holds_from", "marts.defined")) == {(None, None)}


@pytest.mark.parametrize(
    ("yes", "not_known", "expect"), [(14, 0, True), (13, 7, False), (20, 0, True), (9, 11, None)]
)
def test_high_risk_is_fourteen_or_more_on_a_form_with_a_score(
    yes: int, not_known: int, expect: bool | None
) -> None:
    house = Warehouse()
    house.allocated(("p1", SITE, "2017-01-15", "intervention"))
    answers = ["yes"] * yes + ["dont_know"] * not_known
    house.rows(
        "staging.cms_risk_item", f"perpetrator_id, time_point, {ITEMS}",
        ("p1", "intake", *answers, *["no"] * (20 - len(answers))),
    )  # fmt: skip
    house.build()
    assert house.get("version, role, is_high_risk", "marts.risk_band") == [(1, "in_use", expect)]
