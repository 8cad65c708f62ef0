"""What `datrial status` says: what is current, what the next run would do, and why."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from held import publish_snapshot
from small_state import small_snapshot
from typer.testing import CliRunner

from datrial.cli import app
from datrial.config.project import project_root
from datrial.config.study import load_study
from datrial.errors import DatrialError
from datrial.pipeline import code_parts, identity, inputs, reuse, status_reasons, stops
from datrial.pipeline.job import Job
from datrial.pipeline.made_of import write_made_of
from datrial.pipeline.processes import Process, this_process
from datrial.pipeline.record import new_attempt, write_attempt
from datrial.pipeline.reuse_code import deciding_code
from datrial.pipeline.status import Status, status_of
from datrial.pipeline.status_attempts import attempts_of
from datrial.warehouse.snapshots import SnapshotStore

CHOSEN = ("balance", "marac_follow_up", "outcome_families")
HEAVY = ("prefect", "pandas", "pyarrow", "great_expectations", "splink")


def change_study(folder: Path, **changes: Any) -> None:
    """Change the study file of a project of one's own."""
    path = folder / "configs" / "studies" / "drive.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes, sort_keys=False))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a short plan, and a state in which the next nightly run does nothing."""
    folder = tmp_path_factory.mktemp("whole")
    for name in ("configs", "sql", "expectations"):
        shutil.copytree(project_root() / name, folder / "project" / name)
    shutil.copy(project_root() / "requirements.lock", folder / "project")
    plan = {name: load_study("drive").analyses[name] for name in CHOSEN}
    change_study(
        folder / "project", analyses=plan, primary_outcomes=["marac_follow_up"],
        outcome_families={}, plan={}, published=None,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(folder / "home"))
        patch.setenv("DATRIAL_PROJECT", str(folder / "project"))
        project_root.cache_clear()
        _fill(folder / "home")
        yield folder
    project_root.cache_clear()


def _fill(home: Path) -> None:
    """Publish a snapshot made of what an empty inbox has now, and a run on it."""
    (home / "inbox" / "drive").mkdir(parents=True)
    (home / "inbox" / "drive" / "SIMULATED").touch()
    first = small_snapshot(home, load_study("drive"))
    store, given = SnapshotStore(home, "drive"), inputs.resolve(Job(study="drive"))
    name, built = inputs.snapshot_id(given, []), home / "built.duckdb"
    store.path(first).rename(built)
    built.chmod(0o600)
    with duckdb.connect(str(built)) as connection:
        write_made_of(connection, inputs.made_of(given, []))
    store.publish(built, name)
    run()


def run(**more: Any) -> str:
    """Run the plan on the current snapshot."""
    job = Job(study="drive", **more)
    snapshot = stops.snapshot_for(job)
    analysed = [stops.analyse(job, snapshot, name) for name in job.resolved_study().analyses]
    return stops.publish(job, snapshot, analysed).run_id


@pytest.fixture
def state(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of both of one's own."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATRIAL_PROJECT", str(tmp_path / "project"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    project_root.cache_clear()
    yield tmp_path
    project_root.cache_clear()


def to_do(found: Status) -> dict[str, str]:
    return {stop.name: stop.why for stop in found.stops if not stop.current}


def said(*words: str) -> str:
    return CliRunner().invoke(app, ["status", *words], catch_exceptions=False).output


def test_with_nothing_new_every_stop_is_current_and_the_words_say_so(state: Path) -> None:
    found = status_of("drive")
    assert found.up_to_date and to_do(found) == {}
    names = [stop.name for stop in found.stops]
    assert names == ["receive", "allocate", "build", *CHOSEN, "publish"]
    text = said()
    assert "The next nightly run has nothing to do" in text and found.run in text
    assert "At work: nothing" in text and "Prefect server: none runs" in text
    plain = json.loads(said("--json"))
    assert plain["up_to_date"] is True and plain["why"] == [] and plain["at_work"] == []
    assert plain["snapshot"] == SnapshotStore(state / "home", "drive").current()


def test_looking_changes_nothing(state: Path) -> None:
    def written() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in state.rglob("*") if p.is_file()}

    before = written()
    said()
    assert written() == before


def test_what_status_says_is_what_decide_decides(state: Path) -> None:
    assert stops.decide(Job(study="drive")).up_to_date and status_of("drive").up_to_date
    assert not stops.decide(Job(study="drive", fresh=True)).up_to_date
    change_study(state / "project", seed=load_study("drive").seed + 1)
    assert not stops.decide(Job(study="drive")).up_to_date and not status_of("drive").up_to_date


def test_before_the_first_run_there_is_all_to_do(state: Path) -> None:
    shutil.rmtree(state / "home" / "snapshots")
    found = status_of("drive")
    assert found.why == ("there is no snapshot yet",) and found.snapshot is None
    assert set(to_do(found)) == {"allocate", "build", *CHOSEN, "publish"}
    assert "Current snapshot: none yet" in said()


def test_a_changed_parameter_is_named_with_what_it_reaches_and_nothing_else(state: Path) -> None:
    plan = yaml.safe_load((state / "project/configs/studies/drive.yaml").read_text())["analyses"]
    site = next(iter(load_study("drive").sites))
    change_study(state / "project", analyses=plan | {"marac_follow_up": {"sites": [site]}})
    found = status_of("drive")
    (why,) = found.why
    assert "the study file (analyses.marac_follow_up.sites)" in why and found.run in why
    assert to_do(found) == {
        "marac_follow_up": "its parameters changed",
        "outcome_families": "it reads other tables (marac_follow_up)",
        "publish": "another run would be stored, with its report",
    }


def test_other_rules_for_data_are_named_and_reach_everything(state: Path) -> None:
    change_study(state / "project", quarantine_limit=0.011)
    found = status_of("drive")
    assert found.why == ("the study's rules for data (quarantine_limit)",)
    assert set(to_do(found)) == {"allocate", "build", *CHOSEN, "publish"}
    assert f"{len(CHOSEN)} analyses" not in said()  # few enough to be named


def test_other_code_is_named_by_its_rooms(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {**code_parts.code_parts(), "models": "0" * 16, "report": "0" * 16}
    monkeypatch.setattr(status_reasons, "code_parts", lambda: parts)
    monkeypatch.setattr(reuse, "deciding_code", lambda: {**deciding_code(), "models": "0" * 16})
    real = identity.code_version
    monkeypatch.setattr(inputs, "code_version", lambda rooms=None: real(rooms) if rooms else "x")
    found = status_of("drive")
    assert "the code (models, report)" in found.why[0]
    assert to_do(found)["balance"] == "the code changed (models)"
    assert {"build", "allocate", "receive"} & set(to_do(found)) == set()


def test_a_failed_analysis_and_a_damaged_answer_are_told_apart(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = state / "home"
    for part in ("results", "reports"):
        shutil.rmtree(home / part)
    (answer,) = (home / "snapshots" / "drive").glob("*.analysed/balance-*.json")
    answer.write_text(answer.read_text() + " ")
    (other,) = (home / "snapshots" / "drive").glob("*.analysed/marac_follow_up-*.json")
    other.unlink()
    found = status_of("drive")
    assert found.why == ("no run of the current snapshot is stored",)
    assert to_do(found)["balance"] == "its kept answer is damaged"
    assert to_do(found)["marac_follow_up"] == "no answer of it is kept"
    shutil.rmtree(answer.parent)

    def fails(*given: Any) -> Any:
        raise ValueError

    monkeypatch.setattr(stops, "_counted", fails)
    run_id = run()
    found = status_of("drive")
    assert found.why == (f"run {run_id} is finished in part, without {', '.join(CHOSEN)}",)
    assert to_do(found)["balance"] == f"it failed in run {run_id}"


def test_what_would_stop_the_next_run_is_said_beforehand(state: Path) -> None:
    shutil.rmtree(state / "home" / "inbox")
    found = status_of("drive")
    assert found.problem and not found.up_to_date and found.snapshot is not None
    assert "The next nightly run would stop: " in said()
    assert json.loads(said("--json"))["problem"] == found.problem


def test_a_snapshot_that_cannot_be_read_is_built_again(state: Path) -> None:
    store = SnapshotStore(state / "home", "drive")
    path = store.path(store.current() or "")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DatrialError, match="cannot be read"):
        status_of("drive")
    assert not stops.decide(Job(study="drive")).up_to_date


def test_a_file_that_no_mapping_names_is_counted(state: Path) -> None:
    (state / "home" / "inbox" / "drive" / "notes.csv").write_text("a\n1\n")
    receive = status_of("drive").stops[0]
    assert receive.current and "1 files in the inbox that no mapping names" in receive.why


def test_who_is_at_work_who_holds_the_lock_and_who_died_is_told(state: Path) -> None:
    working = new_attempt("nightly", Job(study="drive"))
    beside = new_attempt("analyse", Job(study="drive"))
    dead = new_attempt("nightly", Job(study="drive")).model_copy(
        update={"owner": Process(pid=this_process().pid, started="before")}
    )
    for one in (working, beside, dead):
        write_attempt(one)
    found = attempts_of("drive", 5)
    assert {one.id for one in found.at_work} == {working.id, beside.id}
    assert found.lock_holder == working and found.dead == (dead,)
    text = said()
    assert f"process {os.getpid()}" in text and text.count("holds the lock") == 1
    assert f"Died: {dead.id}" in text
    assert json.loads(said("--json"))["holds_the_lock"] == working.id


def test_a_server_that_a_person_names_is_not_quoted(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://user:secretword@prefect.example/api")
    assert "Prefect server: named in PREFECT_API_URL" in said()
    assert "secretword" not in said() + said("--json")


def test_what_a_snapshot_was_made_of_is_compared_part_by_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def line(mapping: str, digit: str, place: int, role: str = "current") -> str:
        return f"{role}:{mapping}@{digit * 64} 2017-01-01 2018-01-01 #{place}"

    then = {
        "extracts": [line("drive/cms", "a", 1), line("drive/old", "b", 2)], "ledger": "1",
        "rules": "1", "mappings": {"drive/cms": "1", "drive/x": "1"}, "key": "1",
        "decisions": "1", "code": "1",
    }  # fmt: skip
    now = {
        "extracts": [
            line("drive/cms", "c", 3), line("drive/new", "d", 4), line("drive/new", "e", 5)
        ],
        "ledger": "2", "rules": "2", "mappings": {"drive/cms": "2", "drive/x": "1"}, "key": "2",
        "decisions": "2", "code": "2",
    }  # fmt: skip
    study = load_study("drive")
    assert status_reasons.why_another_snapshot(then, now, study, None) == [
        "extracts new: drive/new: 2",
        "extracts changed: drive/cms: 1",
        "extracts gone: drive/old: 1",
        "the ledger: allocations, corrections or unblindings were entered",
        "the study's rules for data",
        "mappings (drive/cms)",
        "the pseudonym key is another",
        "decisions of clerical review",
        "the code that builds snapshots",
    ]
    moved = then | {"extracts": [line("drive/cms", "a", 2), line("drive/old", "b", 1)]}
    (only,) = status_reasons.why_another_snapshot(then, moved, study, None)
    assert only.startswith("the order in which extracts arrived")
    (before,) = status_reasons.why_another_snapshot({}, now, study, None)
    assert "does not say what it was made of" in before


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["run"], ["run", "--json"]])
def test_looking_and_a_run_with_nothing_new_import_no_prefect(
    state: Path, words: list[str]
) -> None:
    code = (
        "import sys\n"
        "from datrial.cli import app\n"
        "try:\n"
        f"    app({words!r})\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    own = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout
    if words == ["run"]:
        assert "Nothing changed" in done.stdout
    assert not list((state / "home" / "attempts").glob("*.json"))


def test_the_current_snapshot_may_be_of_a_version_that_said_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    (tmp_path / "inbox" / "drive").mkdir(parents=True)
    (tmp_path / "inbox" / "drive" / "SIMULATED").touch()
    path = publish_snapshot(tmp_path, "s1", "2026-01-01")
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema study; create schema checks")
        connection.execute("create table study.arm (arm varchar, label varchar, role varchar)")
        connection.execute("create table checks.result (verdict varchar)")
        connection.execute("insert into checks.result values ('warned'), ('passed')")
    os.utime(path, (1767268800, 1767268800))
    found = status_of("drive")
    assert found.snapshot and found.snapshot.verdicts == {"passed": 1, "warned": 1}
    assert found.snapshot.since == dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    assert "earlier version" in found.why[0]
