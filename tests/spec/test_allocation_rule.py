"""Definition: who enters the lottery of which MARAC meeting (datrial.allocation.eligibility)."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from datrial.allocation.eligibility import Hearing, MeetingKey, Reason, consider
from datrial.config.allocation import Eligibility
from datrial.config.study import Site, Study, load_study
from datrial.errors import DataError

# Sites a and b recruit from 1 March to 30 June 2016; the minimum age is 16.
OPENS, CLOSES = dt.date(2016, 3, 1), dt.date(2016, 6, 30)


def day(text: str) -> dt.date:
    """Read ``14 Mar`` as a day of 2016."""
    return dt.datetime.strptime(f"{text} 2016", "%d %b %Y").date()


@pytest.fixture(scope="module")
def study() -> Study:
    drive = load_study("drive")
    site = Site(label="A site", recruitment_start=OPENS, recruitment_end=CLOSES)
    allocation = drive.allocation.model_copy(
        update={"method": "capacity_lottery", "eligibility": Eligibility(minimum_age=16)}
    )
    return drive.model_copy(
        update={"study": "spec", "sites": {"a": site, "b": site}, "allocation": allocation}
    )


def table(text: str) -> list[list[str]]:
    """Read a table: one row a line, cells divided by bars."""
    return [[cell.strip() for cell in row.split("|")] for row in text.splitlines() if row.strip()]


def hearings(text: str) -> list[Hearing]:
    return [
        Hearing(person, site, day(date), int(age) if age else None)
        for person, site, date, age in table(text)
    ]


def capacity(text: str) -> list[tuple[str, dt.date, int]]:
    return [(site, day(date), int(places)) for site, date, places in table(text)]


# Each case: what is given, who is a candidate where, who is excluded where and why,
# and the one reason of those who are nowhere a candidate.
CASES = {
    "everyone heard at a meeting with places is a candidate": (
        "p | a | 14 Mar | 30 \n q | a | 14 Mar | 41",
        "a | 14 Mar | 1",
        "a | 14 Mar | p q",
        "",
        "",
    ),
    "heard twice at a meeting (two victims): considered once": (
        "p | a | 14 Mar | 30 \n p | a | 14 Mar | 30",
        "a | 14 Mar | 1",
        "a | 14 Mar | p",
        "",
        "",
    ),
    "a candidate is allocated, so a later hearing at any site does not count": (
        "p | a | 14 Mar | 30 \n p | a | 28 Mar | 30 \n p | b | 4 Apr | 30",
        "a | 14 Mar | 1 \n a | 28 Mar | 1 \n b | 4 Apr | 1",
        "a | 14 Mar | p",
        "p | a | 28 Mar | already_allocated \n p | b | 4 Apr | already_allocated",
        "",
    ),
    "heard at two sites the same day: the site whose key comes first": (
        "p | b | 14 Mar | 30 \n p | a | 14 Mar | 30",
        "a | 14 Mar | 1 \n b | 14 Mar | 1",
        "a | 14 Mar | p",
        "p | b | 14 Mar | already_allocated",
        "",
    ),
    "heard at two sites the same day, the first without places: the second": (
        "p | b | 14 Mar | 30 \n p | a | 14 Mar | 30",
        "a | 14 Mar | 0 \n b | 14 Mar | 1",
        "b | 14 Mar | p",
        "p | a | 14 Mar | no_places",
        "",
    ),
    "recruitment: first and last day count, the days beside them do not": (
        "p | a | 29 Feb | 30 \n q | a | 1 Mar | 30 \n r | a | 30 Jun | 30 \n s | a | 1 Jul | 30",
        "a | 29 Feb | 1 \n a | 1 Mar | 1 \n a | 30 Jun | 1 \n a | 1 Jul | 1",
        "a | 1 Mar | q \n a | 30 Jun | r",
        "p | a | 29 Feb | outside_recruitment \n s | a | 1 Jul | outside_recruitment",
        "p | outside_recruitment \n s | outside_recruitment",
    ),
    "age: 16 is old enough, 15 is not, an unknown age does not exclude": (
        "p | a | 14 Mar | 15 \n q | a | 14 Mar | 16 \n r | a | 14 Mar |",
        "a | 14 Mar | 1",
        "a | 14 Mar | q r",
        "p | a | 14 Mar | under_age",
        "p | under_age",
    ),
    "two ages at one meeting: the lowest known age counts": (
        "p | a | 14 Mar | 17 \n p | a | 14 Mar | 15 \n p | a | 14 Mar |",
        "a | 14 Mar | 1",
        "",
        "p | a | 14 Mar | under_age",
        "p | under_age",
    ),
    "under age at first, a candidate once he is 16": (
        "p | a | 14 Mar | 15 \n p | a | 20 Jun | 16",
        "a | 14 Mar | 1 \n a | 20 Jun | 1",
        "a | 20 Jun | p",
        "p | a | 14 Mar | under_age",
        "",
    ),
    "a meeting with 0 places, then one with places": (
        "p | a | 14 Mar | 30 \n p | a | 28 Mar | 30",
        "a | 14 Mar | 0 \n a | 28 Mar | 1",
        "a | 28 Mar | p",
        "p | a | 14 Mar | no_places",
        "",
    ),
    "a meeting that is not in the capacity list has no places": (
        "p | a | 14 Mar | 30",
        "a | 28 Mar | 1",
        "",
        "p | a | 14 Mar | no_places",
        "p | no_places",
    ),
    "his one reason: the last hearing inside the window, whatever came outside it": (
        "p | a | 14 Mar | 15 \n p | a | 28 Mar | 16 \n p | a | 1 Jul | 16",
        "a | 14 Mar | 1 \n a | 28 Mar | 0",
        "",
        "p | a | 14 Mar | under_age \n p | a | 28 Mar | no_places \n"
        "p | a | 1 Jul | outside_recruitment",
        "p | no_places",
    ),
    "reasons are tried in order: outside the window comes before under age and no places": (
        "p | a | 1 Jul | 15",
        "a | 1 Jul | 0",
        "",
        "p | a | 1 Jul | outside_recruitment",
        "p | outside_recruitment",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_candidates_and_exclusions(case: str, study: Study) -> None:
    given, places, expect_meetings, expect_exclusions, expect_reasons = CASES[case]

    considered = consider(hearings(given), capacity(places), study, {})

    assert [(*m.key, " ".join(m.candidates)) for m in considered.meetings] == [
        (site, day(date), people) for site, date, people in table(expect_meetings)
    ]
    assert {(e.person_id, *e.meeting, str(e.reason)) for e in considered.exclusions} == {
        (person, site, day(date), reason) for person, site, date, reason in table(expect_exclusions)
    }
    assert [[p, str(r)] for p, r in considered.never_candidates().items()] == table(expect_reasons)


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_listing_does_not_matter(case: str, study: Study) -> None:
    given, places, *_ = CASES[case]
    heard, listed = hearings(given), capacity(places)
    first = consider(heard, listed, study, {})
    for seed in range(5):
        random.Random(seed).shuffle(heard)
        random.Random(seed).shuffle(listed)
        assert consider(heard, listed, study, {}) == first


def test_every_reason_is_counted_also_with_zero(study: Study) -> None:
    counts = consider(hearings("p | a | 14 Mar | 15"), [], study, {}).hearings_by_reason()
    assert counts == {reason: int(reason == Reason.UNDER_AGE) for reason in Reason}


def test_allocated_before_known_from_the_ledger(study: Study) -> None:
    """He was allocated on 28 March: before it his own reasons, at it nothing, after it this one."""
    heard = hearings("p | a | 14 Mar | 30 \n p | a | 28 Mar | 30 \n p | b | 4 Apr | 30")
    places = capacity("a | 14 Mar | 0 \n a | 28 Mar | 1 \n b | 4 Apr | 1")
    ledger = {"p": MeetingKey("a", day("28 Mar"))}

    considered = consider(heard, places, study, ledger)

    assert considered.meetings == ()
    assert [(e.meeting.meeting_date, str(e.reason)) for e in considered.exclusions] == [
        (day("14 Mar"), "no_places"),
        (day("4 Apr"), "already_allocated"),
    ]
    assert considered == consider(heard, places, study, ledger)
    # The first run, with an empty ledger, told the same exclusions.
    assert consider(heard, places, study, {}).exclusions == considered.exclusions


def test_a_meeting_is_drawn_once(study: Study) -> None:
    """q's hearing became known after the lottery of 14 March; the next meeting may have him."""
    heard = hearings("p | a | 14 Mar | 30 \n q | a | 14 Mar | 30 \n q | a | 28 Mar | 30")
    places = capacity("a | 14 Mar | 1 \n a | 28 Mar | 1")

    considered = consider(heard, places, study, {"p": MeetingKey("a", day("14 Mar"))})

    assert [(m.key.meeting_date, m.candidates) for m in considered.meetings] == [
        (day("28 Mar"), ("q",))
    ]
    assert [(e.person_id, str(e.reason)) for e in considered.exclusions] == [("q", "meeting_drawn")]


def test_an_earlier_hearing_that_becomes_known_late_does_not_allocate_again(study: Study) -> None:
    heard = hearings("p | a | 14 Mar | 30 \n p | a | 28 Mar | 30")
    places = capacity("a | 14 Mar | 1 \n a | 28 Mar | 1")

    considered = consider(heard, places, study, {"p": MeetingKey("a", day("28 Mar"))})

    assert considered.meetings == ()
    assert [str(e.reason) for e in considered.exclusions] == ["already_allocated"]


@pytest.mark.parametrize(
    ("heard", "places", "message"),
    [
        ("p | z | 14 Mar | 30", "a | 14 Mar | 1", "hearings, column site: 1 rows"),
        ("p | a | 14 Mar | 30", "z | 14 Mar | 1", "meeting_capacity, column site: 1 rows"),
        ("p | a | 14 Mar | 30", "a | 14 Mar | 1 \n a | 14 Mar | 2", "1 meetings have two"),
        ("p | a | 14 Mar | 30", "a | 14 Mar | -1", "1 have a negative one"),
    ],
)
def test_what_does_not_fit_the_study_is_refused(
    heard: str, places: str, message: str, study: Study
) -> None:
    with pytest.raises(DataError, match=message):
        consider(hearings(heard), capacity(places), study, {})
