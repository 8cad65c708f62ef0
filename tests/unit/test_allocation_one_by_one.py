"""Schemes that go one by one, in the ledger: once, in order, whole, and to be drawn again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datrial.allocation.commitment import Seed, public_seed
from datrial.allocation.digests import candidates_digest
from datrial.allocation.eligibility import Hearing, Reason
from datrial.allocation.entries import Kind
from datrial.allocation.ledger import Ledger
from datrial.allocation.merging import merge_conflicts
from datrial.allocation.police_request import (
    draw_police_request,
    request_police,
    requested_people,
)
from datrial.allocation.recording import allocate_by_scheme, allocations, exclusions, import_list
from datrial.allocation.replaying import replay
from datrial.allocation.sequential.chosen import scheme_of
from datrial.allocation.sequential.parts import Candidate, History, Stream
from datrial.allocation.sequential.replaying import replay_sequential
from datrial.allocation.settings import amend, lock_settings, settings_of
from datrial.config.allocation import Allocation
from datrial.config.study import Arm, Site, Study, load_study
from datrial.errors import DataError, UsageError

TODAY = dt.date(2016, 7, 1)
MARCH, APRIL, MAY = dt.date(2016, 3, 14), dt.date(2016, 4, 11), dt.date(2016, 5, 9)
SETTINGS: dict[str, dict[str, Any]] = {
    "simple": {},
    "permuted_blocks": {
        "block_sizes": [4, 6], "stratify_by": ["site", "age"], "age_bands": [30],
    },
    "minimisation": {
        "age_bands": [30], "minimisation": {"factors": {"site": 1, "age": 1, "repeat_case": 1}},
    },
}  # fmt: skip


def person(number: int) -> str:
    return f"p_{number:020x}"


def make_study(method: str = "simple", **changes: Any) -> Study:
    drive = load_study("drive")
    site = Site(
        label="A site", recruitment_start=dt.date(2016, 3, 1), recruitment_end=dt.date(2016, 6, 30)
    )
    settings = {"method": method, "eligibility": {"minimum_age": 16}, **SETTINGS[method], **changes}
    return drive.model_copy(
        update={"sites": {"a": site, "b": site}, "allocation": Allocation.model_validate(settings)}
    )


def heard(people: range, day: dt.date = MARCH, site: str = "a") -> list[Hearing]:
    return [
        Hearing(person(n), site, day, 20 + n % 20, {"repeat_case": ("yes", "no", None)[n % 3]})
        for n in people
    ]


GIVEN = [*heard(range(30)), *heard(range(20, 50), APRIL, "b"), *heard(range(45, 70), MAY)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def allocate(ledger: Ledger, study: Study, given: list[Hearing]) -> int:
    return allocate_by_scheme(ledger, study, given, [], "office", TODAY).new


@pytest.mark.parametrize("method", SETTINGS)
def test_everyone_once_in_the_order_of_the_trial(ledger: Ledger, method: str) -> None:
    study = make_study(method)
    shuffled = random.Random(1).sample(GIVEN, len(GIVEN))
    result = allocate_by_scheme(ledger, study, shuffled, [], "office", TODAY)
    assert (result.new, result.meetings) == (70, 3)
    entries = [entry.allocation for entry in ledger.entries(study.study)]
    order = [(each.meeting_date, each.site, each.person_id) for each in entries]
    assert order == sorted(order)
    assert {each.scheme for each in entries} == {method}
    assert Counter(each.person_id for each in entries) == Counter(person(n) for n in range(70))
    # Nobody else, nobody again.
    head = ledger.head()
    assert allocate(ledger, study, GIVEN) == 0
    assert ledger.head() == head
    counts = result.consideration.hearings_by_reason()
    assert counts[Reason.ALREADY_ALLOCATED] == 15
    assert counts[Reason.NO_PLACES] == counts[Reason.MEETING_DRAWN] == 0
    assert exclusions(ledger, study, GIVEN, []) == []


@pytest.mark.parametrize("method", SETTINGS)
def test_meeting_by_meeting_or_all_at_once_draws_the_same(tmp_path: Path, method: str) -> None:
    study = make_study(method)
    with Ledger(tmp_path / "a.sqlite") as once, Ledger(tmp_path / "b.sqlite") as steps:
        allocate(once, study, GIVEN)
        for day in (MARCH, APRIL, MAY):
            allocate(steps, study, [each for each in GIVEN if each.hearing_date <= day])
        assert allocations(once, study) == allocations(steps, study)
        assert once.digest(study.study) == steps.digest(study.study)


@pytest.mark.parametrize("method", SETTINGS)
def test_every_draw_follows_from_seed_and_ledger_alone(ledger: Ledger, method: str) -> None:
    study = make_study(method)
    allocate(ledger, study, GIVEN[:60])
    allocate(ledger, study, GIVEN)
    found = replay(ledger, study, public_seed(study))
    assert (found.valid, found.drawn, found.follow) == (True, 70, 70)
    assert not replay(ledger, study, Seed(study.seed + 1)).valid


@pytest.mark.parametrize("method", SETTINGS)
def test_every_entry_tells_who_was_drawn_with_him(ledger: Ledger, method: str) -> None:
    study = make_study(method)
    allocate(ledger, study, GIVEN[:25])
    allocate(ledger, study, GIVEN)  # five of March became known later
    told = [each.allocation for each in ledger.entries(study.study)]
    parts = (range(25), range(25, 30), range(30, 50), range(50, 70))
    digests = [candidates_digest([person(n) for n in part]) for part in parts]
    expected = [digest for digest, part in zip(digests, parts, strict=True) for _ in part]
    assert [each.candidates_sha256 for each in told] == expected
    # Entries from before they told it verify and replay as before.
    with Ledger(ledger.path.with_name("old.sqlite")) as old:
        lock_settings(old, study, "office")
        old.append([dataclasses.replace(each, candidates_sha256=None) for each in told])
        assert old.verify().valid
        assert replay(old, study, public_seed(study)).follow == 70


@pytest.mark.parametrize("method", SETTINGS)
@pytest.mark.parametrize(
    "change",
    [
        {"position": 9},
        {"drawn_within": "elsewhere"},
        {"probabilities": {"control": 0.4, "intervention": 0.6}},
    ],
)
def test_an_entry_that_says_another_draw_does_not_follow(
    ledger: Ledger, method: str, change: dict[str, Any]
) -> None:
    study = make_study(method)
    allocate(ledger, study, GIVEN)
    entries = ledger.entries(study.study)
    values = settings_of(study).values
    sound = replay_sequential(entries, values, study.seed)
    assert sound == {entry.sequence: entry.allocation.arm for entry in entries}
    entries[4] = dataclasses.replace(
        entries[4], allocation=dataclasses.replace(entries[4].allocation, **change)
    )
    assert entries[4].sequence not in replay_sequential(entries, values, study.seed)


def test_what_an_entry_tells(ledger: Ledger) -> None:
    study = make_study("minimisation")
    allocate(ledger, study, GIVEN)
    first = ledger.entries(study.study)[0].allocation
    assert (first.stratum, first.position) == ("everyone", 1)
    assert first.factors == {"site": "a", "age": "under_30", "repeat_case": "yes"}
    assert first.probabilities == {"control": 0.5, "intervention": 0.5}
    assert (first.allocated_on, first.bit_generator) == (TODAY, "numpy PCG64")
    blocks = make_study("permuted_blocks")
    with Ledger(ledger.path.with_name("blocks.sqlite")) as other:
        allocate(other, blocks, GIVEN)
        strata = Counter(entry.allocation.stratum for entry in other.entries(blocks.study))
    assert set(strata) == {f"age={age}|site={s}" for age in ("under_30", "30_and_over")
                           for s in "ab"}  # fmt: skip


def test_a_ratio_of_three_arms(ledger: Ledger) -> None:
    study = make_study(
        "permuted_blocks", ratio={"drive": 2, "light": 1, "usual": 1}, block_sizes=[4],
        stratify_by=["site"], age_bands=[],
    )  # fmt: skip
    arms = {
        "drive": Arm(label="Drive", role="intervention"),
        "light": Arm(label="Light", role="intervention"),
        "usual": Arm(label="Usual", role="control"),
    }
    study = study.model_copy(update={"arms": arms})
    allocate(ledger, study, heard(range(40)))
    counts = Counter(row[3] for row in allocations(ledger, study))
    assert counts == {"drive": 20, "light": 10, "usual": 10}
    assert replay(ledger, study, public_seed(study)).valid


@pytest.mark.parametrize("method", SETTINGS)
def test_after_an_amendment_the_draws_go_on_and_follow(ledger: Ledger, method: str) -> None:
    """Blocks begin anew with other numbers; a minimisation still counts everyone before."""
    study = make_study(method)
    allocate(ledger, study, heard(range(30)))
    older = make_study(method, eligibility={"minimum_age": 18})
    with pytest.raises(UsageError, match="minimum_age"):
        allocate(ledger, older, GIVEN)
    amend(ledger, older, reason="Protocol version 2", operator="office")
    assert allocate(ledger, older, GIVEN) == 40
    entries = [entry.allocation for entry in ledger.entries(study.study)]
    assert entries[30].position == 1
    found = replay(ledger, older, public_seed(study))
    assert (found.valid, found.drawn) == (True, 70)
    if method == "minimisation":
        history = History()
        for entry in entries[:30]:
            history.enter_earlier(entry.factors or {}, entry.arm)
        next_one = Candidate("", "", entries[30].factors or {})
        scheme = scheme_of(older.allocation, older.arms)
        assert entries[30].probabilities == pytest.approx(
            scheme.chances(history, next_one, Stream(0))
        )
        assert entries[30].probabilities != {"control": 0.5, "intervention": 0.5}


def test_the_other_roads_are_refused(ledger: Ledger) -> None:
    study = make_study()
    with pytest.raises(UsageError, match="'simple', not 'imported'"):
        import_list(ledger, study, [(person(1), "a", MARCH, "control")], "ab" * 32, "office")
    with pytest.raises(UsageError, match="'imported', not 'capacity_lottery'"):
        allocate_by_scheme(ledger, load_study("drive"), [], [], "office", TODAY)
    with pytest.raises(DataError, match="column site: 1 rows"):
        allocate(ledger, study, heard(range(1), site="z"))
    assert ledger.head().sequence == 0


# People whom linkage merged


def test_the_first_allocation_of_merged_people_stands() -> None:
    rows = [
        (person(1), "a", MARCH, "control", "imported"),
        (person(2), "a", MARCH, "intervention", "imported"),
        (person(3), "b", APRIL, "intervention", "imported"),
        (person(4), "b", APRIL, "intervention", "imported"),
        (person(5), "b", MAY, "control", "imported"),
    ]
    # 1 and 3 are one person (conflict), 2 and 4 another (same arm); 5 is himself.
    identity = {person(1): person(1), person(3): person(1), person(2): person(4)}
    merged = merge_conflicts(rows[::-1], identity)
    assert merged.allocations == [rows[0], (person(4), *rows[1][1:]), rows[4]]
    assert merged.joined == 2
    (conflict,) = merged.conflicts
    assert conflict.person_id == person(1)
    assert conflict.stands == (person(1), "control")
    assert conflict.others == ((person(3), "intervention"),)
    assert merged.listed == (
        (person(1), person(1), "a", MARCH, "control", True, False),
        (person(1), person(3), "b", APRIL, "intervention", False, False),
        (person(4), person(2), "a", MARCH, "intervention", True, True),
        (person(4), person(4), "b", APRIL, "intervention", False, True),
    )
    alone = merge_conflicts(rows, {})
    assert (alone.allocations, alone.joined, alone.conflicts, alone.listed) == (rows, 0, (), ())


# The list for the police


PEOPLE = [(person(n), "ab"[n % 2], n % 5 != 0) for n in range(200)]


def test_the_request_has_the_intervention_and_as_many_controls_per_site() -> None:
    drawn = draw_police_request(PEOPLE, 7)
    intervention = {p for p, _, control in PEOPLE if not control}
    assert intervention <= set(drawn.persons)
    assert list(drawn.persons) == sorted(set(drawn.persons))
    site_of = {p: site for p, site, _ in PEOPLE}
    for each in drawn.sites:
        chosen = [p for p in drawn.persons if site_of[p] == each.site and p not in intervention]
        assert len(chosen) == each.controls == each.intervention == 20
        assert each.of_controls == 80


@pytest.mark.parametrize(
    ("per_person", "expected"), [(0.5, 10), (0.125, 3), (1.0, 20), (2.0, 40), (9.0, 80)]
)
def test_controls_in_proportion_and_never_more_than_there_are(
    per_person: float, expected: int
) -> None:
    drawn = draw_police_request(PEOPLE, 7, controls_per_person=per_person)
    assert [each.controls for each in drawn.sites] == [expected, expected]


def test_the_request_depends_on_seed_name_and_people_only() -> None:
    first = draw_police_request(PEOPLE, 7)
    assert first == draw_police_request(random.Random(2).sample(PEOPLE, len(PEOPLE)), 7)
    assert first.persons != draw_police_request(PEOPLE, 8).persons
    assert first.persons != draw_police_request(PEOPLE, 7, step="2").persons
    # Another site's people change nothing at this one.
    only_a = [each for each in PEOPLE if each[1] == "a"]
    alone = set(draw_police_request(only_a, 7).persons)
    assert alone == {p for p in first.persons if p in {each[0] for each in only_a}}


def test_every_control_is_equally_likely_to_be_asked_about() -> None:
    """20 of 80 in each of 400 requests: 100 times each, give or take 5 standard errors."""
    counts = Counter(
        p for step in range(400) for p in draw_police_request(PEOPLE, 7, step=str(step)).persons
    )
    controls = [counts[p] for p, _, control in PEOPLE if control]
    error = (400 * 0.25 * 0.75) ** 0.5
    assert all(abs(each - 100) < 5 * error for each in controls)
    assert sum(controls) == 400 * 40


def test_the_request_is_recorded_once(ledger: Ledger) -> None:
    study, day = load_study("drive"), dt.date(2016, 5, 9)
    rows = [
        (p, f"site_{'ab'.index(site) + 1}", day, "control" if control else "intervention")
        for p, site, control in PEOPLE
    ]
    seed = public_seed(study)
    with pytest.raises(UsageError, match="Nobody was allocated"):
        request_police(ledger, study, seed, "office")
    import_list(ledger, study, rows, "ab" * 32, "office")
    drawn, record = request_police(ledger, study, seed, "office")
    assert (record.kind, record.body["step"]) == (Kind.POLICE_REQUEST, "1")
    assert record.body["strata"][0] == {
        "site": "site_1", "intervention": 20, "controls": 20, "of_controls": 80,
    }  # fmt: skip
    assert tuple(record.body["persons"]) == drawn.persons
    assert requested_people(ledger, study) == [(p, "1") for p in drawn.persons]
    head = ledger.head()
    assert request_police(ledger, study, seed, "night") == (drawn, record)
    assert ledger.head() == head
    with pytest.raises(UsageError, match="would be another list"):
        request_police(ledger, study, seed, "office", controls_per_person=2)
    with pytest.raises(UsageError, match="above 0"):
        request_police(ledger, study, seed, "office", controls_per_person=0)
    again, second = request_police(ledger, study, seed, "office", step="2")
    assert again.persons != drawn.persons
    assert second.sequence == record.sequence + 1
    assert ledger.verify().valid
