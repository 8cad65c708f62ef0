"""``datrial allocation``: what its commands print, enter and refuse."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from datrial.allocation.allocating import allocating
from datrial.allocation.commitment import Seed
from datrial.allocation.entries import Allocation
from datrial.allocation.ledger import Ledger
from datrial.allocation.schemes import CapacityLottery
from datrial.allocation.seed_files import SEED_FILE_VARIABLE, SEED_VARIABLE
from datrial.cli.allocation import app
from datrial.config import study as study_files
from datrial.config.study import Study
from datrial.errors import DataError, UsageError
from datrial.people.keys import KEY_VARIABLE

DAY = dt.date(2017, 3, 1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("DATRIAL_HOME", str(folder))
    monkeypatch.setenv(KEY_VARIABLE, "a key of these tests")
    monkeypatch.delenv(SEED_VARIABLE, raising=False)
    monkeypatch.delenv(SEED_FILE_VARIABLE, raising=False)
    return folder


def use(monkeypatch: pytest.MonkeyPatch, method: str, **changes: Any) -> Study:
    """Let ``--study drive`` be Drive with a method of its own."""
    drive = study_files.load_study("drive")
    allocation = drive.allocation.model_copy(update={"method": method, **changes})
    own = drive.model_copy(update={"allocation": allocation})
    monkeypatch.setattr(study_files, "load_study", lambda name: own)
    return own


def fill(home: Path, study: Study, seed: Seed | None = None) -> None:
    """Record a meeting's lottery among six people for two places."""
    with (
        Ledger(home / "ledger.sqlite") as ledger,
        allocating(ledger, study, "office", seed=seed) as own,
    ):
        scheme = CapacityLottery(own.number if own else 1)
        people = [f"p_{number:020x}" for number in range(6)]
        drawn = scheme.draw("site_1", DAY, people, 2)
        arm_of = {arm.role: key for key, arm in study.arms.items()}
        ledger.append(
            [
                Allocation(
                    study=study.study, person_id=person, site="site_1", meeting_date=DAY,
                    arm=arm_of[role], scheme=scheme.name if own else "imported",
                    scheme_version="1", library="numpy", bit_generator="PCG64",
                    operator="office",
                )
                for person, role in drawn.items()
            ]
        )  # fmt: skip


def say(*words: str) -> str:
    """Run a command and return what it printed; an error is raised as it is."""
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_nothing_is_made_by_looking(home: Path) -> None:
    for command in (["verify"], ["list"], ["amend", "--reason", "why"], ["reveal"]):
        with pytest.raises(UsageError, match="datrial allocate"):
            say(*command)
    assert not home.exists()


def test_verify_tells_the_head_and_holds_it_against_a_noted_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    answer = json.loads(say("verify", "--json"))
    assert (answer["valid"], answer["entries"]) == (True, 8)
    assert answer["head"] in say("verify")
    assert json.loads(say("verify", "--json", "--head", answer["head"]))["valid"]
    other = f"8:{'0' * 64}"
    with pytest.raises(DataError, match="written anew"):
        say("verify", "--head", other)
    longer = f"9:{answer['head'][2:]}"
    with pytest.raises(DataError, match="9 to 9 were cut off"):
        say("verify", "--head", longer)


def test_verify_names_the_altered_entry(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    with Ledger(home / "ledger.sqlite") as ledger:
        ledger._connection.execute("drop trigger record_never_updated")
        ledger._connection.execute("update record set operator = 'Canary' where sequence = 5")
    with pytest.raises(DataError, match="entry 5 was altered") as caught:
        say("verify")
    assert "Canary" not in str(caught.value)


def test_a_public_seed_is_replayed_at_any_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    assert "6 draws made again: all came out the same" in say("verify", "--replay")
    use(monkeypatch, "imported")
    with pytest.raises(UsageError, match="only they can draw again"):
        say("verify", "--replay")


def test_a_concealed_seed_from_commitment_to_replay(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = use(monkeypatch, "capacity_lottery", concealed=True)
    file = tmp_path / "seed"
    said = say("commit", "--make-seed", str(file))
    number, nonce = file.read_text(encoding="ascii").split()
    seed = Seed(int(number), nonce)
    assert f"Commitment (entry 1): {seed.commitment}" in said
    assert number not in said
    assert nonce not in said
    with pytest.raises(UsageError, match="committed to a seed already"):
        say("commit", "--make-seed", str(tmp_path / "another"))
    assert not (tmp_path / "another").exists()
    monkeypatch.setenv(SEED_FILE_VARIABLE, str(file))
    assert json.loads(say("commit", "--json"))["commitment"] == seed.commitment
    fill(home, study)
    with pytest.raises(UsageError, match="has not been revealed"):
        say("verify", "--replay")
    assert "reveal recorded" in say("reveal")
    assert "6 draws" in say("verify", "--replay")
    assert number in say("list", "--kind", "reveal", "--json")


def test_a_public_seed_is_said_to_be_public(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    use(monkeypatch, "capacity_lottery")
    assert "reproducible, not concealed" in say("commit")
    with pytest.raises(UsageError, match="needs no seed file"):
        say("commit", "--make-seed", str(home.parent / "seed"))
    assert not (home.parent / "seed").exists()


def test_correct_and_deviation_are_listed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    listed = {e["entry"]: e for e in json.loads(say("list", "--json"))}
    assert [e["kind"] for e in listed.values()][:3] == ["settings", "commitment", "allocation"]
    assert say("correct", "3", "site", "site_2", "--reason", "Typed wrongly") == (
        "Entry 9: correction recorded.\n"
    )
    arm = listed[4]["body"]["arm"]
    other = "control" if arm == "Drive" else "intervention"
    say("deviation", "4", "--received", other, "--reason", "Moved away", "--operator", "night")
    after = json.loads(say("list", "--json"))
    assert after[2]["now"] == {"site": "site_2"}
    assert (after[9]["operator"], after[9]["body"]["entry"]) == ("night", 4)
    table = say("list")
    assert "site_1, 2017-03-01" in table
    assert "Typed wrongly" in table
    assert "corrected" in table
    with pytest.raises(UsageError, match="allocation deviation 3"):
        say("correct", "3", "arm", "control", "--reason", "why")


def test_amend_prints_what_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    use(monkeypatch, "imported")
    said = say("amend", "--reason", "SafeLives randomises now")
    assert "allocation.method: capacity_lottery -> imported" in said


def test_a_blinded_study_is_listed_in_codes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = use(monkeypatch, "capacity_lottery", blinding="coded_arms")
    fill(home, study)
    arms = [e["body"]["arm"] for e in json.loads(say("list", "--kind", "allocation", "--json"))]
    assert sorted(set(arms)) == ["Arm A", "Arm B"]
    shown = json.loads(say("list", "--kind", "allocation", "--role", "operator", "--json"))
    assert {e["body"]["arm"] for e in shown} == {"Not shown"}
    told = say("unblind", "--person", f"p_{3:020x}", "--to", "hospital", "--reason", "Emergency")
    with Ledger(home / "ledger.sqlite") as ledger:
        own = next(
            e.allocation.arm for e in ledger.entries("drive") if e.allocation.person_id[-1] == "3"
        )
    assert told.endswith(f"Arm: {study.arms[own].label}\n")
    assert "unblinding recorded" in say("unblind", "--to", "statisticians", "--reason", "Locked")
    assert "Drive" in say("list", "--kind", "allocation")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "--kind", "gossip"], "--kind: choose one of allocation"),
        (["list", "--role", "owner"], "--role: choose one of operator, analyst"),
        (["verify", "--head", "soon"], "noted head"),
        (["correct", "3", "site", "site_2"], "Say why"),
        (["correct", "3", "site", "site_2", "--reason", "x" * 501], "501 characters"),
    ],
)
def test_wrong_use_is_told(
    words: list[str], said: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    with pytest.raises(UsageError, match=said):
        say(*words)


def test_the_police_request_is_drawn_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, use(monkeypatch, "capacity_lottery"))
    file = tmp_path / "list.csv"
    said = say("request-police", "--out", str(file))
    assert "4 people (entry 9)." in said
    head, *people = file.read_text(encoding="utf-8").splitlines()
    assert (head, len(set(people))) == ("person_id", 4)
    again = json.loads(say("request-police", "--json"))
    assert (again["entry"], again["persons"]) == (9, people)
    assert again["sites"] == [
        {"site": "site_1", "intervention": 2, "controls": 2, "of_controls": 4}
    ]
    with Ledger(home / "ledger.sqlite") as ledger:
        treated = {
            e.allocation.person_id
            for e in ledger.entries("drive")
            if e.allocation.arm == "intervention"
        }
    assert treated < set(people)


def test_a_blinded_police_request_counts_no_arms(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, use(monkeypatch, "capacity_lottery", blinding="coded_arms"))
    assert json.loads(say("request-police", "--json"))["sites"] == [
        {"site": "site_1", "asked_for": 4}
    ]
    assert "p_0" not in say("list", "--kind", "police_request", "--json")


def test_simulate_tries_any_scheme_and_allocates_nobody(home: Path, tmp_path: Path) -> None:
    words = ("simulate", "--people", "100", "--replays", "300", "--json")
    blocks = "{method: permuted_blocks, block_sizes: [4], stratify_by: [site]}"
    found = json.loads(say(*words, "--as", blocks))
    value = {(row["what"], row["statistic"]): row["value"] for row in found["rows"]}
    assert (found["scheme"], found["people"], found["replays"]) == ("permuted_blocks", 100, 300)
    # Three sites, each with at most a half block that is not balanced.
    assert value["overall", "largest imbalance"] <= 6
    assert value["overall", "people"] == 100
    # Blocks of four: 17/24 are guessed rightly (Blackwell and Hodges), but for the ends.
    assert 0.65 < value["guessed", "convergence strategy"] < 0.76
    assert json.loads(say(*words, "--as", blocks)) == found
    simple = json.loads(say(*words, "--as", "{method: simple}"))
    guessed = {(row["what"], row["statistic"]): row["value"] for row in simple["rows"]}
    assert abs(guessed["guessed", "convergence strategy"] - 0.5) < 0.02
    picture = tmp_path / "replays.svg"
    said = say(*words[:-1], "--as", "{method: simple}", "--out", str(picture))
    assert "simple: 100 people, 300 replays." in said
    drawn = ElementTree.parse(picture).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert not home.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simulate"], "--as '{method: capacity_lottery}'"),
        (["simulate", "--as", "{method: simple}"], "--people 500"),
        (["simulate", "--as", "simple"], "write settings as in a study file"),
        (["simulate", "--as", "{method: simple"], "write settings as in a study file"),
        (["simulate", "--as", "{method: tarot}"], "allocation > method"),
        (["simulate", "--as", "{method: permuted_blocks, block_sizes: [3]}"], "multiples of 2"),
    ],
)
def test_a_simulation_that_cannot_be(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        say(*words)
    assert said in str(caught.value)
