"""Files of the state that a sick disk has spoiled, and a clock that was set back.

Each is told in a sentence, the last good snapshot is not lost, and the next run mends it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "plain_road"))
import plain_road as road

from datrial.allocation.entries import Allocation
from datrial.allocation.ledger import Ledger
from datrial.errors import DataError
from datrial.pipeline import record
from datrial.pipeline.job import Job
from datrial.pipeline.record import attempts, new_attempt, write_attempt
from datrial.results.naming import find_run
from datrial.results.previous_run import previous_runs
from datrial.results.store import give_turn, runs, write_run
from datrial.warehouse.snapshots import SnapshotStore

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit"))
import results_fixture as given


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A state with a good run in it, which the tests spoil one after another, and what it is."""
    home = tmp_path_factory.mktemp("good")
    code, printed = road.finish(road.start(home))
    assert code == 0, printed
    return home, road.left_behind(home)


def spoil(home: Path, how: str) -> Path:
    """Spoil the current snapshot's file, or the mark that names it; return what was spoiled."""
    store = SnapshotStore(home, "drive")
    snapshot = store.path(store.current() or "")
    mark = store.folder / "current"
    snapshot.chmod(0o640)
    if how == "truncated":
        os.truncate(snapshot, snapshot.stat().st_size // 2)
    elif how == "cut by its last block":
        os.truncate(snapshot, snapshot.stat().st_size - 4096)
    elif how == "emptied":
        os.truncate(snapshot, 0)
    elif how == "overwritten":
        snapshot.write_bytes(b"\xff garbage" * 40_000)
    elif how == "a broken WAL beside it":
        snapshot.with_name(f"{snapshot.name}.wal").write_bytes(b"garbage" * 100)
    elif how == "written to by another program":
        other = duckdb.connect(str(snapshot))
        other.execute("set checkpoint_threshold='1 GB'")
        other.execute("pragma disable_checkpoint_on_shutdown")
        other.execute("delete from rows")
        other.close()
        assert snapshot.with_name(f"{snapshot.name}.wal").exists()
    elif how == "named by garbage":
        mark.write_bytes(b"\xff\xfe\x00" * 300)
    elif how == "named by nothing":
        mark.write_bytes(b"")
    elif how == "named by a way out":
        mark.write_text("../../inbox\n")
    return snapshot


CUT = r"is damaged: its file was cut short\. Run `datrial run --study drive`"
UNREADABLE = "its file cannot be read as a database"
WRITTEN = r"opened it for writing \(a \.wal file lies beside it\)"
NOT_NAMED = "current names no snapshot that is there; 1 snapshot"
TOLD = {
    "truncated": CUT,
    "cut by its last block": CUT,
    "emptied": UNREADABLE,
    "overwritten": UNREADABLE,
    "a broken WAL beside it": WRITTEN,
    "written to by another program": WRITTEN,
    "named by garbage": NOT_NAMED,
    "named by nothing": NOT_NAMED,
    "named by a way out": NOT_NAMED,
}
QUICKLY = ("truncated", "written to by another program", "named by garbage")


@pytest.mark.parametrize("how", TOLD)
def test_a_spoiled_snapshot_is_told_and_never_read(
    how: str, good: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    home = shutil.copytree(good[0] / "snapshots", tmp_path / "snapshots").parent
    spoil(home, how)
    with pytest.raises(DataError, match=TOLD[how]):
        SnapshotStore(home, "drive").open()


@pytest.mark.parametrize(
    "how", [one if one in QUICKLY else pytest.param(one, marks=pytest.mark.long) for one in TOLD]
)
def test_a_spoiled_snapshot_is_mended_by_the_next_run(
    how: str, good: tuple[Path, dict[str, Any]]
) -> None:
    home, before = good
    spoil(home, how)
    code, printed = road.finish(road.start(home))
    assert code == 0, printed
    assert road.left_behind(home) == before
    assert not list((home / "snapshots").rglob("*.wal"))


def test_a_ledger_that_was_cut_short_is_told_and_never_begun_anew(
    good: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    home, before = good
    ledger = home / "ledger.sqlite"
    content = ledger.read_bytes()
    results = next((home / "results").iterdir())
    for left in (len(content) // 2, 5000, 50, 0):
        ledger.write_bytes(content[:left])
        results.rename(tmp_path / "results")  # so that there is work to do
        code, printed = road.finish(road.start(home))
        (tmp_path / "results").rename(results)
        assert code == 3 and "Traceback" not in printed, (left, printed)
        assert "ledger" in printed.splitlines()[-1]
        assert ledger.read_bytes()[: len(content)] == content[:left]
    ledger.write_bytes(content)
    assert road.left_behind(home) == before


def test_garbage_in_the_ledgers_log_changes_nothing(good: tuple[Path, dict[str, Any]]) -> None:
    home, before = good
    (home / "ledger.sqlite-wal").write_bytes(b"garbage" * 1000)
    assert road.left_behind(home) == before


def test_a_record_that_cannot_be_read_keeps_nobody_from_running(
    good: tuple[Path, dict[str, Any]],
) -> None:
    home, before = good
    last = road.last_attempt(home)
    (home / "attempts" / f"{last.id}.json").write_bytes(b"")
    (home / "attempts" / f"{last.id}.events").write_bytes(b'{"event": "pl\xff')
    code, printed = road.finish(road.start(home))
    assert code == 0, printed
    assert road.left_behind(home) == before


@pytest.mark.parametrize("place", ["a file in its place", "a folder that is missing"])
def test_a_state_folder_that_cannot_be_made(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / ("" if place == "a file in its place" else "home")
    run = subprocess.run(
        [sys.executable, "-m", "datrial.cli", "run"],
        env={**road.environment(tmp_path), "DATRIAL_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode in (2, 3) and "Traceback" not in run.stderr
    assert len(run.stderr.splitlines()) == 1


# --- the clock ------------------------------------------------------------------------------


def at(day: str, patch: pytest.MonkeyPatch) -> None:
    """Let the clock stand at noon of a day."""
    moment = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return moment

    for module in ("datrial.results.store", "datrial.allocation.ledger"):
        patch.setattr(f"{module}.dt", SimpleNamespace(datetime=Clock, UTC=dt.UTC))
    patch.setattr(record, "now", lambda: moment)


def store_at(day: str, home: Path, run_id: str) -> None:
    """Store a run while the clock stands at a day."""
    with pytest.MonkeyPatch.context() as patch:
        at(day, patch)
        write_run(home, run_id, given.manifest(snapshot_id=run_id[:12]), given.tables()[:1], {})


def test_with_the_clock_set_back_the_latest_run_is_the_one_that_ended_last(tmp_path: Path) -> None:
    for day, run_id in (("2026-03-03", "run-a"), ("2026-03-04", "run-b"), ("2026-01-01", "run-c")):
        store_at(day, tmp_path, run_id)
    assert [entry["run_id"] for entry in runs(tmp_path)] == ["run-a", "run-b", "run-c"]
    assert find_run(tmp_path, "latest") == "run-c"
    assert find_run(tmp_path, "previous") == "run-b"
    assert previous_runs(tmp_path, "run-c")[0].run_id == "run-b"
    assert previous_runs(tmp_path, "run-b")[0].run_id == "run-a"


def test_runs_of_earlier_versions_stand_before_all_that_came_after(tmp_path: Path) -> None:
    for day, run_id in (("2026-03-04", "run-b"), ("2026-03-03", "run-a")):
        store_at(day, tmp_path, run_id)
        times = tmp_path / "results" / run_id / "times.json"
        content = json.loads(times.read_text())
        del content["turn"]
        times.write_text(json.dumps(content))
    store_at("2025-01-01", tmp_path, "run-c")
    assert [entry["run_id"] for entry in runs(tmp_path)] == ["run-a", "run-b", "run-c"]
    give_turn(tmp_path, tmp_path / "results" / "run-a")  # as one that was made elsewhere
    assert find_run(tmp_path, "latest") == "run-a"


def test_with_the_clock_set_back_the_last_attempt_is_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    made = []
    for day in ("2026-03-03", "2026-03-04", "2026-01-01", "2026-01-01", "2026-01-02"):
        at(day, monkeypatch)
        made.append(new_attempt("nightly", Job(study="drive")))
        write_attempt(made[-1])
    assert [one.id for one in attempts()] == [one.id for one in made]
    assert f"{made[2].started:%Y-%m-%d}" == "2026-01-01"  # what the clock said is not changed


def test_with_the_clock_set_back_the_ledger_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(number: int) -> None:
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            ledger.append([
                Allocation(
                    study="drive", person_id=f"p_{number:020x}", site="site_1",
                    meeting_date=dt.date(2016, 4, 4), arm="control", scheme="s",
                    scheme_version="1", library="l", bit_generator="b", operator="office",
                )
            ])  # fmt: skip

    for number, day in enumerate(("2026-03-03", "2026-01-01", "2026-03-04")):
        at(day, monkeypatch)
        enter(number)
    with Ledger(tmp_path / "ledger.sqlite", read_only=True) as ledger:
        assert [entry.sequence for entry in ledger.entries("drive")] == [1, 2, 3]
        recorded = [entry.recorded_at[:10] for entry in ledger.entries("drive")]
        assert recorded == ["2026-03-03", "2026-01-01", "2026-03-04"]
        assert ledger.verify().valid


def test_with_the_clock_set_back_a_corrected_file_still_replaces_the_first(tmp_path: Path) -> None:
    """Arrival is counted, and not told from the clock."""
    import small_stops

    from datrial.extracts.landing import land

    inbox, landing = tmp_path / "inbox", tmp_path / "landing"
    for day, note in (("2026-03-03", "first"), ("2026-01-01", "corrected")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("datrial.extracts.keeping._now", lambda day=day: f"{day}T12:00:00+00:00")
            small_stops.write_inbox(inbox, note)
            landed = land([small_stops.MAPPING], inbox, landing)
    assert [one.received_at[:10] for one in landed.current] == ["2026-01-01"]
    assert [one.received_at[:10] for one in landed.earlier] == ["2026-03-03"]
