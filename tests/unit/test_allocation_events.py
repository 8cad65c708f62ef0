"""What becomes of an allocation: settings, corrections, deviations, seeds, unblinding."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datrial.allocation.allocating import allocating
from datrial.allocation.blinding import (
    HIDDEN,
    Role,
    Scope,
    arm_codes,
    arm_keys,
    arm_labels,
    is_coded,
    just_allocated,
    unblind,
)
from datrial.allocation.commitment import (
    Seed,
    commit,
    commitment_of,
    new_seed,
    public_seed,
    reveal,
    revealed_seed,
)
from datrial.allocation.corrections import correct, corrected_entries, record_deviation
from datrial.allocation.digests import candidates_digest
from datrial.allocation.entries import Allocation, Entry, Event, Kind
from datrial.allocation.ledger import Ledger
from datrial.allocation.reading import allocated_at, allocations
from datrial.allocation.recording import allocate_by_scheme
from datrial.allocation.replaying import replay
from datrial.allocation.schemes import INTERVENTION, CapacityLottery
from datrial.allocation.seed_files import (
    SEED_FILE_VARIABLE,
    SEED_VARIABLE,
    find_seed,
    make_seed_file,
)
from datrial.allocation.settings import amend, check_settings, lock_settings, settings_of
from datrial.allocation.visible import visible_entries
from datrial.config.allocation import Minimisation
from datrial.config.study import Study, load_study
from datrial.errors import UsageError

DAY = dt.date(2017, 3, 1)
SECRET = Seed(987654321, "n" * 32)


def person(number: int) -> str:
    return f"p_{number:020x}"


def own_study(**changes: Any) -> Study:
    """Return Drive as a study that draws by itself, with settings changed in its allocation."""
    drive = load_study("drive")
    method = {"method": "capacity_lottery"}
    allocation = drive.allocation.model_copy(update=method | changes)
    return drive.model_copy(update={"allocation": allocation})


@pytest.fixture
def study() -> Study:
    return own_study()


@pytest.fixture
def concealed() -> Study:
    return own_study(concealed=True)


@pytest.fixture
def blinded() -> Study:
    return own_study(blinding="coded_arms")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "home" / "ledger.sqlite") as opened:
        yield opened


def drawn(study: Study, seed: Seed, people: range, day: dt.date = DAY) -> list[Allocation]:
    """Return a meeting's lottery for three places."""
    scheme = CapacityLottery(seed.number)
    roles = scheme.draw("site_1", day, [person(i) for i in people], 3)
    arm_of = {arm.role: key for key, arm in study.arms.items()}
    return [
        Allocation(
            study=study.study,
            person_id=who,
            site="site_1",
            meeting_date=day,
            arm=arm_of[role],
            scheme=scheme.name,
            scheme_version=scheme.version,
            library=scheme.library(),
            bit_generator=scheme.bit_generator,
            operator="office",
        )
        for who, role in roles.items()
    ]


def allocate(
    ledger: Ledger, study: Study, people: range = range(8), seed: Seed | None = None, day=DAY
) -> list[Entry]:
    with allocating(ledger, study, "office", seed=seed) as used:
        assert used is not None
        return ledger.append(drawn(study, used, people, day))


# Settings


def test_the_first_allocation_locks_the_settings(ledger: Ledger, study: Study) -> None:
    allocate(ledger, study)
    kinds = [record.kind for record in ledger.records()]
    assert kinds == [Kind.SETTINGS, Kind.COMMITMENT, *[Kind.ALLOCATION] * 8]
    (record,) = ledger.records(study.study, Kind.SETTINGS)
    assert record.body["sha256"] == settings_of(study).sha256
    assert json.loads(record.body["text"])["allocation"]["eligibility"] == {"minimum_age": 16}
    allocate(ledger, study, range(20, 24), day=DAY + dt.timedelta(7))
    assert len(ledger.records(study.study, Kind.SETTINGS, Kind.COMMITMENT)) == 2


def test_nothing_is_entered_where_nobody_is_allocated(ledger: Ledger, study: Study) -> None:
    with allocating(ledger, study, "office"):
        pass
    assert ledger.head().sequence == 0
    with pytest.raises(ZeroDivisionError), allocating(ledger, study, "office") as seed:
        ledger.append(drawn(study, seed or SECRET, range(3)))
        _ = 1 / 0
    assert ledger.head().sequence == 0


def older(study: Study) -> Study:
    eligibility = study.allocation.eligibility.model_copy(update={"minimum_age": 18})
    allocation = study.allocation.model_copy(update={"eligibility": eligibility})
    return study.model_copy(update={"allocation": allocation})


def test_other_settings_are_refused_until_they_are_amended(ledger: Ledger, study: Study) -> None:
    allocate(ledger, study)
    changed, head = older(study), ledger.head()
    with pytest.raises(UsageError, match=r"minimum_age: 16 -> 18\n") as caught:
        allocate(ledger, changed, range(8, 10))
    assert "datrial allocation amend" in str(caught.value)
    assert ledger.head() == head
    with pytest.raises(UsageError, match="Say why"):
        amend(ledger, changed, reason=" ", operator="office")
    record = amend(ledger, changed, reason="Protocol version 2", operator="office")
    assert record.body["old_sha256"] == settings_of(study).sha256
    assert record.body["changes"] == ["allocation.eligibility.minimum_age: 16 -> 18"]
    check_settings(ledger, changed)
    with pytest.raises(UsageError, match="18 -> 16"):
        check_settings(ledger, study)
    with pytest.raises(UsageError, match="nothing to amend"):
        amend(ledger, changed, reason="again", operator="office")


def test_what_is_not_of_the_allocation_may_change(ledger: Ledger, study: Study) -> None:
    allocate(ledger, study)
    arms = {key: arm.model_copy(update={"label": "New"}) for key, arm in study.arms.items()}
    check_settings(ledger, study.model_copy(update={"arms": arms, "title": "New"}))
    for change in ({"seed": study.seed + 1}, {"sites": {"site_1": study.sites["site_1"]}}):
        with pytest.raises(UsageError, match=next(iter(change))):
            check_settings(ledger, study.model_copy(update=change))


def test_an_amendment_needs_a_lock(ledger: Ledger, study: Study) -> None:
    with pytest.raises(UsageError, match="allocated nobody under a lock"):
        amend(ledger, study, reason="why", operator="office")


def test_a_ledger_without_a_lock_is_locked_by_its_next_allocation(
    ledger: Ledger, study: Study
) -> None:
    ledger.append(drawn(study, public_seed(study), range(8)))
    allocate(ledger, study, range(20, 24), day=DAY + dt.timedelta(7))
    (late,) = ledger.records(study.study, Kind.COMMITMENT)
    assert late.body["allocated_before"] == 8
    assert replay(ledger, study, public_seed(study)).follow == 12


def test_an_imported_list_has_a_lock_and_no_seed(ledger: Ledger) -> None:
    drive = load_study("drive")
    with allocating(ledger, drive, "office") as seed:
        ledger.append(drawn(drive, SECRET, range(4)))
    assert seed is None
    assert [each.kind for each in ledger.records()][:2] == [Kind.SETTINGS, Kind.ALLOCATION]
    # The seed of its analyses is none of its allocation's settings.
    check_settings(ledger, drive.model_copy(update={"seed": 5}))
    with pytest.raises(UsageError, match="imports the list"):
        commit(ledger, drive, SECRET, "office")


# Corrections and deviations


def test_a_correction_leaves_the_original_visible(ledger: Ledger, study: Study) -> None:
    entries = allocate(ledger, study)
    before, first = ledger.digest(study.study), entries[0]
    number = first.sequence
    correct(
        ledger, study, number, "meeting_date", "2017-03-02", reason="Typed wrongly", operator="o"
    )
    record = correct(ledger, study, number, "site", "site_2", reason="Wrong list", operator="o")
    assert (record.body["old"], record.body["new"]) == ("site_1", "site_2")
    assert record.event.person_id == first.allocation.person_id
    assert ledger.entries(study.study) == entries
    found = corrected_entries(ledger, study.study)
    assert found[0].original == first
    current = found[0].current.allocation
    assert (current.site, current.meeting_date) == ("site_2", dt.date(2017, 3, 2))
    assert current.stratum == first.allocation.stratum == "site_1|2017-03-01"
    assert len(found[0].corrections) == 2
    assert found[1].current == found[1].original == entries[1]
    moved = allocated_at(ledger, study)[first.allocation.person_id]
    assert moved == ("site_2", dt.date(2017, 3, 2))
    rows = {row[0]: row[1:] for row in allocations(ledger, study)}
    assert rows[first.allocation.person_id][:2] == moved
    assert ledger.digest(study.study) != before
    assert ledger.verify().valid


def test_a_correction_of_a_correction_rests_on_the_first(ledger: Ledger, study: Study) -> None:
    number = allocate(ledger, study)[0].sequence
    for site in ("site_2", "site_3"):
        record = correct(ledger, study, number, "site", site, reason="why", operator="o")
    assert record.body["old"] == "site_2"
    with pytest.raises(UsageError, match="this value already"):
        correct(ledger, study, number, "site", "site_3", reason="why", operator="o")
    correct(ledger, study, number, "site", "site_1", reason="right at first", operator="o")
    assert corrected_entries(ledger, study.study)[0].current.allocation.site == "site_1"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("arm", "control", "never corrected"),
        ("person_id", person(9), "cannot be corrected"),
        ("stratum", "other", "cannot be corrected"),
        ("site", "site_9", "no such site"),
        ("meeting_date", "01/03/2017", "YYYY-MM-DD"),
        ("meeting_date", "20170302", "YYYY-MM-DD"),
        ("site", "site_1", "this value already"),
    ],
)
def test_what_cannot_be_corrected(
    ledger: Ledger, study: Study, field: str, value: str, said: str
) -> None:
    number, head = allocate(ledger, study)[0].sequence, ledger.head()
    with pytest.raises(UsageError, match=said):
        correct(ledger, study, number, field, value, reason="why", operator="o")
    assert ledger.head() == head


def test_only_an_allocation_of_the_study_is_corrected(ledger: Ledger, study: Study) -> None:
    number = allocate(ledger, study)[0].sequence
    other = study.model_copy(update={"study": "restart"})
    for chosen, entry in ((study, 1), (study, 99), (other, number)):
        with pytest.raises(UsageError, match="is not an allocation of study"):
            correct(ledger, chosen, entry, "site", "site_2", reason="why", operator="o")


def test_a_wrong_arm_is_a_deviation(ledger: Ledger, study: Study) -> None:
    entries, digest = allocate(ledger, study), ledger.digest(study.study)
    entry = entries[0]
    other = next(arm for arm in study.arms if arm != entry.allocation.arm)
    for received, said in (("nothing", "no such arm"), (entry.allocation.arm, "nothing deviates")):
        with pytest.raises(UsageError, match=said):
            record_deviation(
                ledger, study, entry.sequence, received=received, reason="why", operator="o"
            )
    record_deviation(ledger, study, entry.sequence, received=other, reason="why", operator="o")
    assert ledger.entries(study.study) == entries
    assert allocations(ledger, study)[0][3] in study.arms
    assert ledger.digest(study.study) != digest


# Commitment, reveal, replay


def test_the_first_allocation_commits_to_the_seed(ledger: Ledger, concealed: Study) -> None:
    allocate(ledger, concealed, seed=SECRET)
    record = commitment_of(ledger, concealed.study)
    assert record is not None
    assert record.body["sha256"] == SECRET.commitment
    assert record.body["seed"] == "concealed"
    content = ledger.path.read_bytes() + ledger.path.with_name("ledger.sqlite-wal").read_bytes()
    assert b"allocation" in content
    assert str(SECRET.number).encode() not in content
    assert SECRET.nonce.encode() not in content
    assert str(SECRET.number) not in repr(SECRET)


def test_the_commitment_is_of_seed_and_nonce() -> None:
    """SHA-256 of the text 5|abc, computed by sha256sum."""
    expected = "7467d2f889aeebd1060f04691727fcb29241ae8983aeec96974b08d47eac1ec0"
    assert Seed(5, "abc").commitment == expected
    assert Seed(5, "abd").commitment != expected


def test_another_seed_than_the_committed_one_is_refused(ledger: Ledger, concealed: Study) -> None:
    commit(ledger, concealed, SECRET, "office")
    assert commit(ledger, concealed, SECRET, "office").sequence == 1
    with pytest.raises(UsageError, match="another seed"):
        allocate(ledger, concealed, seed=Seed(SECRET.number + 1, SECRET.nonce))
    assert ledger.head().sequence == 1


def test_reveal_shows_that_every_allocation_followed(ledger: Ledger, concealed: Study) -> None:
    allocate(ledger, concealed, seed=SECRET)
    later = allocate(ledger, concealed, range(20, 26), SECRET, DAY + dt.timedelta(7))
    assert revealed_seed(ledger, concealed) is None
    with pytest.raises(UsageError, match="not the seed"):
        reveal(ledger, concealed, Seed(1, SECRET.nonce), "office")
    reveal(ledger, concealed, SECRET, "office")
    assert revealed_seed(ledger, concealed) == SECRET
    result = replay(ledger, concealed, SECRET)
    assert (result.valid, result.drawn, result.follow) == (True, 14, 14)
    # Corrections came later and change no draw.
    correct(ledger, concealed, later[0].sequence, "site", "site_2", reason="why", operator="o")
    assert replay(ledger, concealed, SECRET).valid
    with pytest.raises(UsageError, match="revealed before"):
        reveal(ledger, concealed, SECRET, "office")
    head = ledger.head()
    with pytest.raises(UsageError, match="4 allocations were not recorded"):
        allocate(ledger, concealed, range(30, 34), SECRET, DAY + dt.timedelta(14))
    # A nightly run with nobody new needs no seed file any more.
    with allocating(ledger, concealed, "office") as seed:
        assert seed == SECRET
    assert ledger.head() == head


def test_replay_names_the_first_allocation_that_did_not_follow(
    ledger: Ledger, study: Study
) -> None:
    allocate(ledger, study)
    with allocating(ledger, study, "office") as seed:
        assert seed is not None
        foul = drawn(study, seed, range(20, 30), DAY + dt.timedelta(7))
        arms = [each.arm for each in foul]
        swapped = arms[::-1]
        assert swapped != arms
        chosen = [replace(each, arm=arm) for each, arm in zip(foul, swapped, strict=True)]
        entries = ledger.append(chosen)
    first = next(
        entry.sequence for entry, arm in zip(entries, arms, strict=True)
        if entry.allocation.arm != arm
    )  # fmt: skip
    result = replay(ledger, study, public_seed(study))
    assert (result.valid, result.drawn, result.first_fault) == (False, 18, first)
    assert result.follow < 18
    assert f"entry {first}" in result.problem
    assert not replay(ledger, study, Seed(1)).valid


def test_a_draw_from_which_somebody_is_missing_does_not_follow(
    ledger: Ledger, study: Study
) -> None:
    with allocating(ledger, study, "office") as seed:
        assert seed is not None
        whole = drawn(study, seed, range(8))
        told = candidates_digest(each.person_id for each in whole)
        ledger.append([replace(each, candidates_sha256=told) for each in whole[:-1]])
    assert replay(ledger, study, public_seed(study)).first_fault == 3


def due(people: range, day: dt.date) -> list[Any]:
    return [(person(i), f"site_{i % 3 + 1}", day, 20 + 3 * i) for i in people]


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "simple"},
        {"method": "permuted_blocks", "block_sizes": (2, 4), "stratify_by": ("site",)},
        {
            "method": "minimisation",
            "minimisation": Minimisation(factors={"site": 1, "age": 2}),
            "age_bands": (30, 45),
        },
    ],
)
def test_every_scheme_is_replayed_from_the_ledger(ledger: Ledger, settings: dict[str, Any]) -> None:
    """Over two batches, with an amendment between them; one foul arm is named."""
    study, days = own_study(**settings, concealed=True), (DAY, DAY + dt.timedelta(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SEED_VARIABLE, f"{SECRET.number} {SECRET.nonce}")
        allocate_by_scheme(ledger, study, due(range(20), days[0]), (), "office", days[0])
        allocate_by_scheme(ledger, study, due(range(20, 30), days[1]), (), "office", days[1])
        amend(ledger, older(study), reason="Protocol 2", operator="office")
        later = due(range(30, 40), days[1])
        allocate_by_scheme(ledger, older(study), later, (), "office", days[1])
        reveal(ledger, older(study), SECRET, "office")
    result = replay(ledger, older(study), SECRET)
    assert (result.valid, result.drawn, result.follow) == (True, 40, 40)
    assert not replay(ledger, older(study), Seed(1)).valid

    last = ledger.entries(study.study)[-1].allocation
    other = next(arm for arm in study.arms if arm != last.arm)
    (foul,) = ledger.append([replace(last, person_id=person(99), arm=other)])
    assert replay(ledger, older(study), SECRET).first_fault == foul.sequence


def test_a_scheme_that_is_not_known_is_not_replayed(ledger: Ledger, study: Study) -> None:
    strange = [replace(a, scheme="tarot") for a in drawn(study, SECRET, range(2))]
    with allocating(ledger, study, "office"):
        ledger.append(strange)
    result = replay(ledger, study, public_seed(study))
    assert (result.valid, result.first_fault) == (False, 3)


def test_a_concealed_study_commits_before_it_allocates(ledger: Ledger, concealed: Study) -> None:
    ledger.append(drawn(concealed, SECRET, range(4)))
    with pytest.raises(UsageError, match="without a commitment"):
        allocate(ledger, concealed, range(20, 24), SECRET, DAY + dt.timedelta(7))
    with pytest.raises(UsageError, match="no commitment"):
        reveal(ledger, concealed, SECRET, "office")


# Seed files


def test_a_seed_file_is_made_and_found(
    tmp_path: Path, concealed: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(SEED_VARIABLE, raising=False)
    monkeypatch.delenv(SEED_FILE_VARIABLE, raising=False)
    with pytest.raises(UsageError, match="no seed"):
        find_seed(concealed)
    assert find_seed(own_study()) == public_seed(concealed)
    path = tmp_path / "seed"
    made = make_seed_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="not overwritten"):
        make_seed_file(path)
    monkeypatch.setenv(SEED_FILE_VARIABLE, str(path))
    assert find_seed(concealed) == made != new_seed()
    path.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        find_seed(concealed)
    monkeypatch.setenv(SEED_VARIABLE, f"12 {'n' * 32}")
    assert find_seed(concealed) == Seed(12, "n" * 32)


@pytest.mark.parametrize(
    "words", ["77331", "77331 short", f"-77331 {'n' * 32}", f"{2**256} {'n' * 32}", "a b c"]
)
def test_what_is_no_seed_is_refused_without_its_text(
    words: str, tmp_path: Path, concealed: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(SEED_VARIABLE, words)
    with pytest.raises(UsageError) as caught:
        find_seed(concealed)
    assert "77331" not in str(caught.value)


def test_a_seed_never_lies_in_the_data_folder(
    tmp_path: Path, concealed: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    monkeypatch.delenv(SEED_VARIABLE, raising=False)
    with pytest.raises(UsageError, match="data folder"):
        make_seed_file(tmp_path / "seed")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(SEED_FILE_VARIABLE, str(tmp_path / "seed"))
    with pytest.raises(UsageError, match="data folder"):
        find_seed(concealed)


# Blinding


def test_without_blinding_everyone_sees_the_arms(ledger: Ledger, study: Study) -> None:
    for role in Role:
        assert arm_keys(ledger, study, role, "") == {arm: arm for arm in study.arms}
        labels = arm_labels(ledger, study, role, "")
        assert labels == {key: arm.label for key, arm in study.arms.items()}


def test_an_analyst_sees_codes_until_the_unblinding(ledger: Ledger, blinded: Study) -> None:
    allocate(ledger, blinded)
    before = ledger.digest(blinded.study)
    assert sorted(arm_labels(ledger, blinded, Role.ANALYST, "k").values()) == ["Arm A", "Arm B"]
    assert sorted(arm_keys(ledger, blinded, Role.ANALYST, "k").values()) == ["arm_a", "arm_b"]
    assert set(arm_labels(ledger, blinded, Role.OPERATOR, "k").values()) == {HIDDEN}
    unblind(
        ledger, blinded, scope=Scope.PERSON, to="ward", reason="why", operator="o",
        person_id=person(1),
    )  # fmt: skip
    assert is_coded(ledger, blinded)
    unblind(ledger, blinded, scope=Scope.STUDY, to="statisticians", reason="End", operator="o")
    assert not is_coded(ledger, blinded)
    assert arm_keys(ledger, blinded, Role.ANALYST, "k") == {arm: arm for arm in blinded.arms}
    assert set(arm_keys(ledger, blinded, Role.OPERATOR, "k").values()) == {HIDDEN}
    assert ledger.digest(blinded.study) != before
    with pytest.raises(UsageError, match="nothing to unblind"):
        unblind(ledger, blinded, scope=Scope.STUDY, to="all", reason="why", operator="o")


def test_an_edit_of_the_study_file_makes_no_arm_known(ledger: Ledger, study: Study) -> None:
    values = settings_of(study).values
    values["allocation"]["blinding"] = "coded_arms"
    locked = {"sha256": "", "text": json.dumps(values)}
    ledger.record(Event(Kind.SETTINGS, study.study, "office", locked))
    assert is_coded(ledger, study)
    assert "control" not in arm_keys(ledger, study, Role.ANALYST, "k").values()
    amend(ledger, study, reason="Never blinded in fact", operator="office")
    assert not is_coded(ledger, study)


def test_the_codes_are_permuted_by_the_key(blinded: Study) -> None:
    assert arm_codes(blinded, "key") == arm_codes(blinded, "key")
    first = [arm_codes(blinded, f"key {i}")["intervention"] for i in range(200)]
    assert set(first) == {"a", "b"}
    assert 60 < first.count("a") < 140


@pytest.mark.parametrize(
    ("scope", "to", "who", "said"),
    [
        (Scope.PERSON, "ward", None, "needs a person id"),
        (Scope.STUDY, "ward", person(1), "needs a person id"),
        (Scope.PERSON, "ward", person(77), "not allocated"),
        (Scope.STUDY, " ", None, "to whom"),
    ],
)
def test_an_unblinding_says_whose_and_to_whom(
    ledger: Ledger, blinded: Study, scope: Scope, to: str, who: str | None, said: str
) -> None:
    allocate(ledger, blinded)
    with pytest.raises(UsageError, match=said):
        unblind(ledger, blinded, scope=scope, to=to, reason="why", operator="o", person_id=who)


def test_no_arm_of_a_blinded_study_is_shown(ledger: Ledger, blinded: Study) -> None:
    """A canary as the arms' keys and labels: in nothing that is given to an analyst or operator."""
    arms = {
        f"Canary{key}": arm.model_copy(update={"label": f"Canary {key}"})
        for key, arm in blinded.arms.items()
    }
    study = blinded.model_copy(update={"arms": arms})
    entries = allocate(ledger, study)
    treated = next(e for e in entries if study.arms[e.allocation.arm].role == INTERVENTION)
    other = next(arm for arm in arms if arm != treated.allocation.arm)
    record_deviation(ledger, study, treated.sequence, received=other, reason="why", operator="o")
    amend(ledger, older(study), reason="why", operator="o")
    ledger.record(
        Event(
            Kind.POLICE_REQUEST, study.study, "o",
            {"persons": [treated.allocation.person_id], "strata": {treated.allocation.arm: 1}},
        )
    )  # fmt: skip
    rows = allocations(ledger, study)
    assert "Canary" in str(rows)
    for role in Role:
        shown = [
            visible_entries(ledger, study, role, "k"),
            list(arm_labels(ledger, study, role, "k").values()),
        ]
        assert "canary" not in str(shown).lower()
        assert len(shown[0]) == len(ledger.records())
    # What an operator is told of the case that was just allocated, and an analyst in the end.
    assert "Canary" in str(just_allocated(study, [treated]))
    unblind(ledger, study, scope=Scope.STUDY, to="analysts", reason="End", operator="o")
    assert "Canary" in str(visible_entries(ledger, study, Role.ANALYST, "k"))
    assert "Canary" not in str(visible_entries(ledger, study, Role.OPERATOR, "k"))


def test_what_was_corrected_is_shown_beside_the_original(ledger: Ledger, study: Study) -> None:
    number = allocate(ledger, study)[0].sequence
    correct(ledger, study, number, "site", "site_2", reason="why", operator="o")
    (shown,) = [e for e in visible_entries(ledger, study, Role.ANALYST, "") if "now" in e]
    assert (shown["entry"], shown["body"]["site"], shown["now"]) == (
        number,
        "site_1",
        {"site": "site_2"},
    )
    (only,) = visible_entries(ledger, study, Role.ANALYST, "", Kind.CORRECTION)
    assert only["body"]["entry"] == number


def test_every_entry_rests_on_the_one_before(ledger: Ledger, study: Study) -> None:
    number = allocate(ledger, study)[0].sequence
    correct(ledger, study, number, "site", "site_2", reason="why", operator="o")
    noted = ledger.head()
    connection = sqlite3.connect(ledger.path)
    connection.execute("drop trigger record_never_updated")
    connection.execute(
        "update record set body = replace(body, 'site_2', 'site_3') "
        f"where sequence = {noted.sequence}"
    )
    connection.commit()
    connection.close()
    assert ledger.verify(expected=noted).first_fault == noted.sequence


def test_the_lock_alone_can_be_entered(ledger: Ledger, study: Study) -> None:
    assert lock_settings(ledger, study, "office") is not None
    assert lock_settings(ledger, study, "office") is None
    assert ledger.head().sequence == 1
