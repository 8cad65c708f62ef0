"""Answers of analyses kept beside their snapshot: taken again, and only where nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from held import TODAY, study_holding
from small_state import small_snapshot
from typer.testing import CliRunner

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.cli import app
from datrial.config.study import load_study
from datrial.pipeline import reuse, stops
from datrial.pipeline.job import Analysed, Job
from datrial.pipeline.rerun import rerun
from datrial.pipeline.retention import expire
from datrial.pipeline.reuse_code import deciding_code
from datrial.results.files import sha256
from datrial.warehouse.snapshots import SnapshotStore

#: Quick ones: `outcome_families` reads the tables of the others, `needs_class_behaviour` what is
#: planned of `needs_classes`.
CHOSEN = ("balance", "marac_follow_up", "outcome_families")
Spy = list[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a small snapshot, and nothing counted from it."""
    folder = tmp_path_factory.mktemp("whole")
    small_snapshot(folder)
    return folder


@pytest.fixture
def home(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it of one's own."""
    folder = tmp_path / "home"
    shutil.copytree(whole, folder)
    monkeypatch.setenv("DATRIAL_HOME", str(folder))
    monkeypatch.setattr("datrial.pipeline.retention.extracts.studies", lambda: ["drive"])
    return folder


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """The analyses that were counted, and not taken from an earlier run, in their order."""
    names: Spy = []
    real: Callable[..., Any] = stops._counted

    def noted(*given: Any) -> Any:
        names.append(given[3])
        return real(*given)

    monkeypatch.setattr(stops, "_counted", noted)
    return names


def run(home: Path, *chosen: str, **more: Any) -> tuple[str, list[Analysed]]:
    """Run analyses as a process of its own would: without the drafts of the one before."""
    shutil.rmtree(home / "tmp", ignore_errors=True)
    job = Job(study="drive", analyses=chosen or CHOSEN, **more)
    snapshot = stops.snapshot_for(job)
    analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
    return stops.publish(job, snapshot, analysed).run_id, analysed


def files_of(home: Path, run_id: str) -> dict[str, str]:
    """Return the hash of every file of a run; of what tells of its time, none."""
    return {
        str(path.relative_to(home)): sha256(path)
        for part in ("results", "reports")
        for path in sorted((home / part / run_id).rglob("*"))
        if path.is_file() and path.name != "times.json"
    }


def kept(home: Path, analysis: str = "") -> list[Path]:
    return sorted((home / "snapshots" / "drive").glob(f"*.analysed/{analysis}*.json"))


def test_a_run_that_takes_all_from_an_earlier_one_is_equal_byte_for_byte(
    home: Path, counted: Spy
) -> None:
    first, fresh = run(home)
    assert counted == list(CHOSEN) and not any(one.reused for one in fresh)
    before = files_of(home, first)
    for part in ("results", "reports"):
        shutil.rmtree(home / part)
    again, taken = run(home)
    assert counted == list(CHOSEN), "nothing was counted again"
    assert all(one.reused and one.state == "done" for one in taken)
    assert taken[0].in_words == "done, taken from an earlier run"
    assert again == first and files_of(home, first) == before


def test_a_job_that_asks_for_fresh_answers_counts_all_again_under_the_same_id(
    home: Path, counted: Spy
) -> None:
    first, _ = run(home)
    before = files_of(home, first)
    again, fresh = run(home, fresh=True)
    assert counted == [*CHOSEN, *CHOSEN] and not any(one.reused for one in fresh)
    assert again == first and files_of(home, first) == before


def test_a_changed_parameter_reaches_its_analysis_and_those_that_read_it_only(
    home: Path, counted: Spy
) -> None:
    run(home)
    counted.clear()
    sites = list(load_study("drive").sites)
    changed = {"marac_follow_up.sites": f"[{sites[0]}]"}
    run_id, _ = run(home, changes=changed)
    assert counted == ["marac_follow_up", "outcome_families"]
    taken = files_of(home, run_id)
    for part in ("results", "reports"):
        shutil.rmtree(home / part / run_id)
    assert run(home, changes=changed, fresh=True)[0] == run_id
    mine = {name for name in taken if not name.endswith(("checks.html", "changes.html"))}
    assert {name: taken[name] for name in mine} == {
        name: found for name, found in files_of(home, run_id).items() if name in mine
    }


def test_fewer_chosen_analyses_are_other_inputs_of_what_reads_them(
    home: Path, counted: Spy
) -> None:
    run(home)
    counted.clear()
    run(home, "balance", "outcome_families")
    assert counted == ["outcome_families"]


def test_another_label_or_title_changes_no_table(
    home: Path, counted: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = run(home)
    counted.clear()
    labelled, _ = run(home, label="for the board")
    other = load_study("drive").model_copy(update={"title": "Another title"})
    monkeypatch.setattr("datrial.pipeline.job.load_study", lambda name: other)
    titled, _ = run(home)
    assert counted == [] and len({first, labelled, titled}) == 3


@pytest.mark.parametrize("change", ["seed", "sites", "windows", "arms"])
def test_what_an_analysis_can_see_of_the_study_is_in_its_key(change: str) -> None:
    study = load_study("drive")
    other: Any = {
        "seed": study.seed + 1,
        "sites": dict(reversed(study.sites.items())),  # the order is that of the rows
        "windows": (0, 12),
        "arms": {key: arm.model_copy(update={"label": "x"}) for key, arm in study.arms.items()},
    }[change]
    store = SnapshotStore(Path("nowhere"), "drive")
    changed = study.model_copy(update={change: other})
    before, after = (reuse.answers(store, "s1", study, shown) for shown in (study, changed))
    assert all(before[name].key != after[name].key for name in study.analyses)


def test_other_code_counts_again_and_the_next_build_drops_the_old_answers(
    home: Path, counted: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(home, "balance")
    old = kept(home)
    real = deciding_code()
    assert {"models", "analyses", "economics", "sql", "requirements.lock"} <= set(real)
    assert not {"report", "cli", "verification"} & set(real)
    monkeypatch.setattr(reuse, "deciding_code", lambda: {**real, "models": "0" * 16})
    counted.clear()
    run(home, "balance")
    assert counted == ["balance"] and len(kept(home)) == 2
    reuse.drop_outdated(SnapshotStore(home, "drive"))
    assert len(kept(home)) == 1 and kept(home) != old


def test_answers_of_a_snapshot_that_is_gone_are_dropped(home: Path) -> None:
    run(home, "balance")
    store = SnapshotStore(home, "drive")
    store.path("5a5a5a5a5a5a").unlink()
    reuse.drop_outdated(store)
    assert not list(store.folder.glob("*.analysed"))


@pytest.mark.parametrize("damage", ["a byte", "cut short", "empty", "no text"])
def test_a_damaged_answer_is_noticed_counted_again_and_mended(
    home: Path, counted: Spy, damage: str
) -> None:
    run_id, _ = run(home, "balance")
    before = files_of(home, run_id)
    (path,) = kept(home)
    sound = path.read_bytes()
    place = sound.index(b'"value": ') + 9
    other = b"7" if sound[place : place + 1] != b"7" else b"8"
    path.write_bytes({
        "a byte": sound[:place] + other + sound[place + 1 :],
        "cut short": sound[: len(sound) // 2],
        "empty": b"",
        "no text": b"\xff\xfe\x00",
    }[damage])  # fmt: skip
    counted.clear()
    _, analysed = run(home, "balance")
    assert counted == ["balance"] and not analysed[0].reused
    assert path.read_bytes() == sound and files_of(home, run_id) == before


def test_a_failed_analysis_is_not_kept(
    home: Path, counted: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: Any) -> Any:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(stops, "_counted", fails)
        _, analysed = run(home, "balance")
        assert analysed[0].state == "failed"
    assert kept(home) == []
    assert run(home, "balance")[1][0].state == "done" and counted == ["balance"]


def test_an_answer_that_cannot_be_written_stops_no_run(home: Path, counted: Spy) -> None:
    (home / "snapshots" / "drive" / "5a5a5a5a5a5a.analysed").write_text("in the way")
    assert run(home, "balance")[1][0].state == "done"
    assert run(home, "balance")[1][0].state == "done"
    assert counted == ["balance", "balance"]


def test_answers_are_for_their_owner_only_and_name_no_arm(home: Path) -> None:
    run(home, "balance")
    (path,) = kept(home)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    head = json.loads(path.read_text().partition("\n")[0])
    assert set(head) == {"analysis", "parts", "sha256"}
    said = json.dumps(head)
    assert not any(arm.label in said for arm in load_study("drive").arms.values())


def test_of_one_analysis_so_many_are_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "_MOST", 2)
    store, study = SnapshotStore(home, "drive"), load_study("drive")
    for number in range(4):
        changed = study.model_copy(update={"seed": number})
        answer = reuse.answers(store, "5a5a5a5a5a5a", changed, changed)["balance"]
        answer.keep("[]")
        os.utime(answer.path, (number + 1, number + 1))
    assert answer.path.is_file() and len(kept(home, "balance")) == 2


def test_coded_arms_are_other_inputs_than_the_arms_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: Spy
) -> None:
    """Before and after an unblinding: the snapshot is another, and so is what it shows."""
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    small_snapshot(tmp_path, coded=True)
    run(tmp_path, "balance")
    coded = kept(tmp_path)[0].read_text()
    assert '"column": "arm_a"' in coded and '"column": "control"' not in coded
    run(tmp_path, "balance")
    assert counted == ["balance"]
    small_snapshot(tmp_path)
    run(tmp_path, "balance")
    assert counted == ["balance", "balance"]
    # In the place of the coded snapshot, under its id: still not its answer.
    places = [SnapshotStore(tmp_path, "drive").path(n) for n in ("5a5a5a5a5a5a", "c0dedc0dedc0")]
    shutil.copy(places[0], places[1].with_suffix(".new"))
    places[1].with_suffix(".new").replace(places[1])
    job = Job(study="drive", analyses=("balance",))
    assert not stops.analyse(job, "c0dedc0dedc0", "balance").reused


def test_a_repetition_of_a_stored_run_takes_nothing_that_was_kept(home: Path, counted: Spy) -> None:
    run_id, _ = run(home, "balance")
    (path,) = kept(home)
    head, _, text = path.read_text().partition("\n")
    assert '"value": ' in text
    forged = text.replace('"value": ', '"value": 7', 1)
    about = json.loads(head) | {"sha256": reuse._sha256(forged)}
    path.write_text(f"{json.dumps(about)}\n{forged}")
    assert stops.analyse(
        Job(study="drive", analyses=("balance",)), "5a5a5a5a5a5a", "balance"
    ).reused
    counted.clear()
    assert rerun(run_id).is_equal
    assert counted == ["balance"]


def test_an_analysis_sees_no_more_of_the_study_than_its_key_tells_of() -> None:
    study = load_study("drive")
    for name in study.analyses:
        seen = reuse.study_for(study, name)
        assert set(seen.analyses) == {name, *ANALYSES[name].reads_plan_of} & set(study.analyses)
        assert (seen.title, seen.published, seen.plan, seen.primary_outcomes) == (
            "",
            None,
            None,
            (),
        )
        assert bool(seen.outcome_families) == ANALYSES[name].reads_results
        assert (seen.seed, seen.arms, seen.sites) == (study.seed, study.arms, study.sites)


def test_what_is_planned_of_another_analysis_counts_where_it_is_read(home: Path) -> None:
    store = SnapshotStore(home, "drive")

    def keys(**changes: str) -> dict[str, str]:
        study = Job(study="drive", changes=changes).resolved_study()
        found = reuse.answers(store, "5a5a5a5a5a5a", study, study, tuple(study.analyses))
        return {name: answer.key for name, answer in found.items()}

    before, after = keys(), keys(**{"needs_classes.starts": "5"})
    assert {name for name in before if before[name] != after[name]} == {
        "needs_classes", "needs_class_behaviour", "outcome_families",
    }  # fmt: skip


def test_retention_removes_the_answers_with_their_snapshot(home: Path) -> None:
    run(home, "balance")
    store = SnapshotStore(home, "drive")
    store.publish(Path(shutil.copy(store.path("5a5a5a5a5a5a"), home / "next.duckdb")), "later")
    for part in ("results", "reports"):
        shutil.rmtree(home / part)
    folder = store.folder / "5a5a5a5a5a5a.analysed"
    assert folder.is_dir()
    (gone,) = expire(study_holding(snapshots=1), delete=True, today=TODAY)
    assert gone.id == "5a5a5a5a5a5a" and folder in gone.paths
    assert not folder.exists() and sorted(p.name for p in store.folder.iterdir()) == [
        "current", "later.duckdb",
    ]  # fmt: skip


def test_the_command_says_what_it_took_and_counts_again_when_asked(home: Path) -> None:
    words = ["analyse", "--only", "balance"]
    said = [
        CliRunner().invoke(app, given, catch_exceptions=False).output
        for given in (words, words, [*words, "--fresh"])
    ]
    assert ["taken from an earlier run" in each for each in said] == [False, True, False]


def test_two_processes_that_count_the_same_are_harmless(home: Path) -> None:
    """The later one's file takes the place of the first, and they are equal."""
    run(home, "balance")
    (path,) = kept(home)
    first = path.read_bytes()
    run(home, "balance", fresh=True)
    assert kept(home) == [path] and path.read_bytes() == first
    assert not list(path.parent.glob(".writing-*"))


def test_an_analysis_is_given_the_study_that_its_key_tells_of(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    seen: list[Context] = []
    real = ANALYSES["balance"]

    def looks(context: Context, parameters: Any) -> Any:
        seen.append(context)
        return real.run(context, parameters)

    monkeypatch.setattr("datrial.analyses.balance.ANALYSIS", dataclasses.replace(real, run=looks))
    run(home, "balance")
    assert set(seen[0].study.analyses) == {"balance"} and seen[0].study.plan is None
