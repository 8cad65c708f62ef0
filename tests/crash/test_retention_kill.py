"""kill -9 at every change of a file while things are deleted: no deletion without its record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from held import land_file, publish_snapshot, record_attempt, store_run, study_holding
from kill_points import Killer, count_steps, killed, spread

from datrial.extracts.receipts import read_receipts
from datrial.pipeline.retention import expire, held
from datrial.pipeline.retention.record import deletions
from datrial.results.store import runs
from datrial.warehouse.snapshots import SnapshotStore

STUDY = study_holding(extracts_months=6, snapshots=1, runs=1, logs_months=6)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state in which one thing of each kind has expired, and one of each is kept."""
    home = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(home))
        land_file(home, "expired", "2010-01-01")
        used = land_file(home, "in use", "2010-01-01")
        for number, snapshot in enumerate(("old", "new"), start=1):
            publish_snapshot(home, snapshot, f"2020-01-0{number}", used)
            store_run(home, f"r{number}", snapshot, f"2020-02-0{number}")
            record_attempt(f"a{number}", f"2020-02-0{number}")
        record_attempt("a3", "2999-01-01")
    return home


def files(home: Path) -> set[str]:
    """Return what lies there, but for the lock, the record, and unfinished files."""
    return {
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and path.name not in ("lock", ".lock", "deleted.jsonl")
    }


def delete(home: Path, killer: Killer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datrial.pipeline.retention.extracts.studies", lambda: ["drive"])
        patch.setenv("DATRIAL_HOME", str(home))
        killer.watch_files(patch)
        expire(STUDY, delete=True)


def check_killed_and_completed(full: Path, home: Path, at: int, *, after: bool) -> None:
    shutil.copytree(full, home)
    assert killed(lambda killer: delete(home, killer), at, after=after)
    recorded = {path for line in deletions(home) for path in line.paths}
    for gone in files(full) - files(home):
        if not gone.endswith(".receipt.json"):
            assert any(gone == path or gone.startswith(f"{path}/") for path in recorded), gone
    assert SnapshotStore(home, "drive").current() == "new"
    runs(home)  # can be listed
    read_receipts(home / "landing")
    delete(home, Killer())
    still_open = {(line.kind, line.id) for line in deletions(home) if line.state == "intended"}
    ended = {(line.kind, line.id) for line in deletions(home) if line.state == "done"}
    assert still_open == ended
    assert not any(one.expired for one in held(STUDY))


@pytest.fixture(scope="module")
def whole(full: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], int]:
    """What is left when nobody kills, and how many steps that takes."""
    home = tmp_path_factory.mktemp("whole") / "home"
    shutil.copytree(full, home)
    steps = count_steps(lambda killer: delete(home, killer))
    left = files(home)
    assert files(full) - left > {"snapshots/drive/old.duckdb", "reports/r1/index.html"}
    return left, steps


def kill_everywhere(full: Path, whole: tuple[set[str], int], tmp_path: Path, points: int) -> None:
    left, steps = whole
    assert steps > 30
    for after in (False, True):
        for at in spread(steps, points):
            home = tmp_path / f"{at}-{after}"
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DATRIAL_HOME", str(home))
                check_killed_and_completed(full, home, at, after=after)
            assert files(home) == left, f"killed {'after' if after else 'before'} step {at}"
            shutil.rmtree(home)


def test_killed_at_some_steps(full: Path, whole: tuple[set[str], int], tmp_path: Path) -> None:
    kill_everywhere(full, whole, tmp_path, 8)


@pytest.mark.long
def test_killed_at_every_step(full: Path, whole: tuple[set[str], int], tmp_path: Path) -> None:
    kill_everywhere(full, whole, tmp_path, 10_000)
