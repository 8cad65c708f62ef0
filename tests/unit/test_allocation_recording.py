"""From hearings or a list into the ledger: once, whole or not at all, and never twice."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from datrial.allocation.corrections import correct
from datrial.allocation.eligibility import Hearing, MeetingKey, Reason
from datrial.allocation.ledger import Ledger
from datrial.allocation.reading import drawn_meetings
from datrial.allocation.recording import (
    ImportResult,
    allocate_by_lottery,
    allocated_at,
    allocations,
    exclusions,
    import_list,
)
from datrial.allocation.schemes import CapacityLottery
from datrial.config.study import Arm, Site, Study, load_study
from datrial.errors import DataError, UsageError

SHA = "ab" * 32
TODAY = dt.date(2016, 7, 1)
MARCH, APRIL, MAY = dt.date(2016, 3, 14), dt.date(2016, 4, 11), dt.date(2016, 5, 9)


def person(number: int) -> str:
    return f"p_{number:020x}"


def make_study(method: Literal["imported", "capacity_lottery"]) -> Study:
    drive = load_study("drive")
    site = Site(
        label="A site",
        recruitment_start=dt.date(2016, 3, 1),
        recruitment_end=dt.date(2016, 6, 30),
    )
    allocation = drive.allocation.model_copy(update={"method": method})
    return drive.model_copy(update={"sites": {"a": site, "b": site}, "allocation": allocation})


@pytest.fixture(scope="module")
def lottery_study() -> Study:
    return make_study("capacity_lottery")


@pytest.fixture(scope="module")
def list_study() -> Study:
    return make_study("imported")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def heard(numbers: range, day: dt.date, site: str = "a") -> list[Hearing]:
    return [Hearing(person(number), site, day, 30) for number in numbers]


# --- the study's own lottery


def test_the_lottery_records_its_draw(ledger: Ledger, lottery_study: Study) -> None:
    result = allocate_by_lottery(
        ledger, lottery_study, heard(range(6), MARCH), [("a", MARCH, 2)], "office", TODAY
    )
    people = [person(number) for number in range(6)]
    draw = CapacityLottery(lottery_study.seed).draw("a", MARCH, people, 2)

    assert (result.new, result.meetings) == (6, 1)
    entries = ledger.entries("drive")
    assert {e.allocation.person_id: e.allocation.arm for e in entries} == draw
    first = entries[0].allocation
    assert (first.scheme, first.scheme_version) == ("capacity_lottery", "1")
    assert (first.library, first.bit_generator) == (f"numpy {np.__version__}", "numpy PCG64")
    assert (first.allocated_on, first.operator, first.list_sha256) == (TODAY, "office", None)


def test_a_second_run_records_nothing(ledger: Ledger, lottery_study: Study) -> None:
    given = heard(range(6), MARCH) + heard(range(4, 9), APRIL)
    places = [("a", MARCH, 2), ("a", APRIL, 1)]
    first = allocate_by_lottery(ledger, lottery_study, given, places, "office", TODAY)
    head = ledger.head()
    again = allocate_by_lottery(ledger, lottery_study, given, places, "night", TODAY)
    assert (first.new, again.new, again.meetings) == (9, 0, 0)
    assert ledger.head() == head
    assert again.consideration.exclusions == first.consideration.exclusions


def test_a_later_meeting_only_adds(ledger: Ledger, lottery_study: Study) -> None:
    """A later referral keeps the arm, whatever the later lottery would have drawn."""
    places = [("a", MARCH, 2), ("a", APRIL, 3)]
    allocate_by_lottery(ledger, lottery_study, heard(range(6), MARCH), places, "office", TODAY)
    before = ledger.entries("drive")
    result = allocate_by_lottery(
        ledger,
        lottery_study,
        heard(range(6), MARCH) + heard(range(9), APRIL),
        places,
        "office",
        TODAY,
    )
    assert result.new == 3
    assert ledger.entries("drive")[:6] == before
    assert result.consideration.hearings_by_reason()[Reason.ALREADY_ALLOCATED] == 6


def test_meeting_by_meeting_or_all_at_once_draws_the_same(
    tmp_path: Path, lottery_study: Study
) -> None:
    given = heard(range(10), MARCH) + heard(range(5, 15), APRIL, "b") + heard(range(20), MAY)
    places = [("a", MARCH, 3), ("b", APRIL, 2), ("a", MAY, 4)]
    with Ledger(tmp_path / "once.sqlite") as once, Ledger(tmp_path / "steps.sqlite") as steps:
        shuffled = random.Random(3).sample(given, len(given))
        allocate_by_lottery(once, lottery_study, shuffled, places, "office", TODAY)
        for day in (MARCH, APRIL, MAY):
            so_far = [hearing for hearing in given if hearing.hearing_date <= day]
            allocate_by_lottery(steps, lottery_study, so_far, places, "office", TODAY)
        assert once.digest("drive") == steps.digest("drive")
        assert Counter(row[3] for row in allocations(once, lottery_study)) == {
            "intervention": 9,
            "control": 11,
        }


def test_a_late_hearing_at_a_drawn_meeting_gets_no_left_over_place(
    ledger: Ledger, lottery_study: Study
) -> None:
    """A second draw of the meeting would give him a place for certain: 1 place, 1 person."""
    places = [("a", MARCH, 1)]
    allocate_by_lottery(ledger, lottery_study, heard(range(4), MARCH), places, "office", TODAY)
    late = heard(range(5), MARCH)
    result = allocate_by_lottery(ledger, lottery_study, late, places, "office", TODAY)
    assert result.new == 0
    assert exclusions(ledger, lottery_study, late, places) == [(person(4), "meeting_drawn")]


def test_a_correction_neither_holds_a_lottery_nor_undoes_one(
    ledger: Ledger, lottery_study: Study
) -> None:
    """Everyone of March was entered at the wrong meeting: the draw is still that of March."""
    places = [("a", MARCH, 2), ("a", APRIL, 2), ("b", MARCH, 2)]
    allocate_by_lottery(ledger, lottery_study, heard(range(4), MARCH), places, "office", TODAY)
    for entry in ledger.entries("drive"):
        for field, value in (("meeting_date", APRIL.isoformat()), ("site", "b")):
            if entry.sequence % 2 or field == "meeting_date":
                correct(
                    ledger, lottery_study, entry.sequence, field, value,
                    reason="Typed wrongly", operator="office",
                )  # fmt: skip
    assert drawn_meetings(ledger, lottery_study) == {MeetingKey("a", MARCH)}
    corrected = {tuple(key) for key in allocated_at(ledger, lottery_study).values()}
    assert corrected == {("a", APRIL), ("b", APRIL)}
    # March was drawn, whatever it is called now: no second draw. April was not: it is drawn.
    later = [*heard(range(5), MARCH), *heard(range(10, 13), APRIL)]
    assert exclusions(ledger, lottery_study, later, places) == [
        (person(4), "meeting_drawn"),
        *((person(number), "eligible_not_allocated") for number in range(10, 13)),
    ]
    result = allocate_by_lottery(ledger, lottery_study, later, places, "office", TODAY)
    assert (result.new, result.meetings) == (3, 1)
    (april,) = {e.allocation.stratum for e in ledger.entries("drive")[4:]}
    assert april == f"a|{APRIL.isoformat()}"
    assert ledger.verify().valid


def test_the_arms_are_those_of_the_study_file(ledger: Ledger, lottery_study: Study) -> None:
    arms = {
        "drive_programme": Arm(label="Drive", role="intervention"),
        "usual": Arm(label="Usual", role="control"),
    }
    study = lottery_study.model_copy(update={"arms": arms})
    allocate_by_lottery(ledger, study, heard(range(3), MARCH), [("a", MARCH, 1)], "office", TODAY)
    assert Counter(row[3] for row in allocations(ledger, study)) == {
        "drive_programme": 1,
        "usual": 2,
    }


def test_the_lottery_needs_one_arm_of_each_role(ledger: Ledger, lottery_study: Study) -> None:
    study = lottery_study.model_copy(update={"arms": {"all": Arm(label="A", role="intervention")}})
    with pytest.raises(UsageError, match="one arm with the role"):
        allocate_by_lottery(ledger, study, [], [], "office", TODAY)


def test_a_day_with_a_time_is_the_same_day(tmp_path: Path, lottery_study: Study) -> None:
    midnight = dt.datetime(2016, 3, 14)
    with Ledger(tmp_path / "a.sqlite") as a, Ledger(tmp_path / "b.sqlite") as b:
        given, places = heard(range(9), MARCH), [("a", MARCH, 3)]
        allocate_by_lottery(a, lottery_study, given, places, "office", TODAY)
        given, places = heard(range(9), midnight), [("a", midnight, 3)]
        allocate_by_lottery(b, lottery_study, given, places, "office", TODAY)
        assert a.digest("drive") == b.digest("drive")


# --- the imported list


def listed(numbers: range, arm: str = "control", day: dt.date = MARCH) -> list[tuple]:
    return [(person(number), "a", day, arm) for number in numbers]


def test_an_imported_entry_says_where_it_is_from(ledger: Ledger, list_study: Study) -> None:
    result = import_list(ledger, list_study, listed(range(2)), SHA, "office")
    assert result == ImportResult(new=2, already_recorded=0, not_on_list=0)
    first = ledger.entries("drive")[0].allocation
    assert {first.scheme, first.library, first.bit_generator} == {"imported"}
    assert (first.list_sha256, first.allocated_on) == (SHA, None)


def test_a_list_is_recorded_once_in_the_order_of_the_trial(
    ledger: Ledger, list_study: Study
) -> None:
    rows = listed(range(5), day=APRIL) + listed(range(5, 9), "intervention", MARCH)
    import_list(ledger, list_study, rows + rows[:2], SHA, "office")
    head = ledger.head()
    again = import_list(ledger, list_study, rows[::-1], "cd" * 32, "night")
    assert again == ImportResult(new=0, already_recorded=9, not_on_list=0)
    assert ledger.head() == head
    days = [entry.allocation.meeting_date for entry in ledger.entries("drive")]
    assert days == sorted(days)


def test_a_grown_list_adds_and_a_shorter_one_removes_nobody(
    ledger: Ledger, list_study: Study
) -> None:
    import_list(ledger, list_study, listed(range(5)), SHA, "office")
    grown = import_list(ledger, list_study, listed(range(8)), "cd" * 32, "office")
    assert grown == ImportResult(new=3, already_recorded=5, not_on_list=0)
    shorter = import_list(ledger, list_study, listed(range(2)), "ef" * 32, "office")
    assert shorter == ImportResult(new=0, already_recorded=2, not_on_list=6)
    assert len(allocations(ledger, list_study)) == 8


def test_all_faults_of_a_list_are_told_at_once(ledger: Ledger, list_study: Study) -> None:
    rows = [
        *listed(range(4)),
        *listed(range(2), "intervention"),  # two people with another arm
        *listed(range(4, 7), "Canary"),  # three unknown arms
        (person(7), "Canary", MARCH, "control"),
        *listed(range(8, 12), day=dt.date(2016, 2, 29)),  # four before recruitment
    ]
    with pytest.raises(DataError) as caught:
        import_list(ledger, list_study, rows, SHA, "office")
    counts = dict(line[4:].split(":")[::2] for line in _faults(str(caught.value)))
    assert counts == {"arm": " 3", "site": " 1", "meeting_date": " 4", "perpetrator_id": " 2"}
    assert "Canary" not in str(caught.value)
    assert ledger.head().sequence == 0


def _faults(message: str) -> list[str]:
    return [line for line in message.splitlines() if line.startswith("  - ")]


@pytest.mark.parametrize(
    "second",
    [
        (person(0), "a", MARCH, "intervention"),
        (person(0), "b", MARCH, "control"),
        (person(0), "a", APRIL, "control"),
    ],
)
def test_one_person_twice_with_different_facts_is_refused(
    second: tuple[str, str, dt.date, str], ledger: Ledger, list_study: Study
) -> None:
    with pytest.raises(DataError, match="for the same person: 1"):
        import_list(ledger, list_study, [*listed(range(3)), second], SHA, "office")
    # The same against what the ledger holds.
    import_list(ledger, list_study, listed(range(3)), SHA, "office")
    with pytest.raises(DataError, match="never changed") as caught:
        import_list(ledger, list_study, [second, *listed(range(9, 12))], SHA, "office")
    assert person(0) not in str(caught.value)
    assert len(ledger.entries("drive")) == 3


def test_an_empty_list_is_refused(ledger: Ledger, list_study: Study) -> None:
    with pytest.raises(DataError, match="holds no allocation"):
        import_list(ledger, list_study, [], SHA, "office")


def test_what_is_not_a_hash_is_refused(ledger: Ledger, list_study: Study) -> None:
    with pytest.raises(ValueError, match="list_sha256"):
        import_list(ledger, list_study, listed(range(2)), "drive_list.csv", "office")


def test_a_study_goes_one_road(ledger: Ledger, lottery_study: Study, list_study: Study) -> None:
    with pytest.raises(UsageError, match="'capacity_lottery', not 'imported'"):
        import_list(ledger, lottery_study, listed(range(2)), SHA, "office")
    with pytest.raises(UsageError, match="'imported', not 'capacity_lottery'"):
        allocate_by_lottery(ledger, list_study, [], [], "office", TODAY)


def test_list_and_lottery_give_the_same_arms(
    tmp_path: Path, lottery_study: Study, list_study: Study
) -> None:
    """A list that was drawn by our scheme, imported, is what allocate draws from the referrals."""
    given = heard(range(12), MARCH) + heard(range(8, 20), APRIL, "b")
    places = [("a", MARCH, 4), ("b", APRIL, 3)]
    with Ledger(tmp_path / "a.sqlite") as own, Ledger(tmp_path / "b.sqlite") as imported:
        allocate_by_lottery(own, lottery_study, given, places, "office", TODAY)
        drawn = [row[:4] for row in allocations(own, lottery_study)]
        import_list(imported, list_study, drawn, SHA, "office")
        assert [row[:4] for row in allocations(imported, list_study)] == drawn


# --- what the warehouse takes


def test_allocations_are_in_the_order_of_the_trial(ledger: Ledger, list_study: Study) -> None:
    rows = [
        (person(1), "b", MARCH, "control"),
        (person(2), "a", MARCH, "control"),
        (person(0), "a", APRIL, "intervention"),
    ]
    import_list(ledger, list_study, rows[2:], SHA, "office")
    import_list(ledger, list_study, rows, SHA, "office")
    assert allocations(ledger, list_study) == [
        (person(2), "a", MARCH, "control", "imported"),
        (person(1), "b", MARCH, "control", "imported"),
        (person(0), "a", APRIL, "intervention", "imported"),
    ]


def test_everyone_heard_and_in_no_arm_has_one_reason(ledger: Ledger, list_study: Study) -> None:
    import_list(ledger, list_study, listed(range(2)), SHA, "office")
    given = [
        *heard(range(3), MARCH),  # 2 is eligible and not on the list
        *heard(range(1), APRIL),
        Hearing(person(3), "a", MARCH, 15),
        *heard(range(4, 5), APRIL),
        *heard(range(5, 6), dt.date(2017, 1, 9)),
    ]
    assert exclusions(ledger, list_study, given, [("a", MARCH, 1)]) == [
        (person(2), "eligible_not_allocated"),
        (person(3), "under_age"),
        (person(4), "no_places"),
        (person(5), "outside_recruitment"),
    ]
