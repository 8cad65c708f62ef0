"""The real pipeline on Drive's simulated extracts: killed in its stops, and run beside itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kill_points import spread

sys.path.insert(0, str(Path(__file__).resolve().parent / "plain_road"))
import plain_road as road

from datrial.allocation.ledger import Ledger
from datrial.results.folder import read_manifest
from datrial.results.store import runs
from datrial.warehouse.snapshots import SnapshotStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

QUICK = ("balance", "participant_flow")
POINTS = int(os.environ.get("DATRIAL_KILL_POINTS", "6"))


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with nothing but the extracts."""
    home = tmp_path_factory.mktemp("inbox")
    datrial(home, "simulate", "--seed", "1")
    return home


@pytest.fixture(scope="module")
def unkilled(
    inbox: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], int]:
    """A state with a run that nobody killed, what it holds, and how often it changed a file."""
    home = copy_of(inbox, tmp_path_factory.mktemp("unkilled") / "home")
    code, printed = road.finish(road.start(home, *QUICK, real=True, kill_at=0), 900)
    assert code == 0, printed
    return home, outcome(home), int((home / "steps").read_text())


def datrial(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [sys.executable, "-m", "datrial.cli", *words],
        env=road.environment(home, real=True), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran


def copy_of(home: Path, place: Path) -> Path:
    shutil.copytree(home, place, symlinks=True)
    return place


def outcome(home: Path) -> dict[str, Any]:
    """Return what a run led to: ids, the ledger's entries, and every byte of the results."""
    with Ledger(home / "ledger.sqlite", read_only=True) as ledger:
        entries = [(one.sequence, one.event) for one in ledger.records()]
        assert ledger.verify().valid
        digest = ledger.digest("drive")
    files = {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((home / "results").rglob("*"))
        if path.is_file() and path.name != "times.json"
    }
    reports = sorted(str(path.relative_to(home)) for path in (home / "reports").rglob("*"))
    snapshots = sorted(path.name for path in (home / "snapshots" / "drive").glob("*.duckdb"))
    return {
        "runs": [run["run_id"] for run in runs(home)], "reports": reports, "ledger": entries,
        "digest": digest, "current": SnapshotStore(home, "drive").current(), "files": files,
        "snapshots": snapshots, "scratch": list((home / "tmp").glob("*")),
    }  # fmt: skip


def test_a_run_killed_within_its_real_stops_leaves_the_next_one_equal(
    inbox: Path, unkilled: tuple[Path, dict[str, Any], int], tmp_path: Path
) -> None:
    _, whole, steps = unkilled
    assert steps > 50 and len(whole["runs"]) == 1
    reached = set()
    # How often a file is changed differs by a few from run to run; the last ones may be too late.
    for at in spread(steps - 10, POINTS):
        home = copy_of(inbox, tmp_path / f"killed-{at}")
        run = road.start(home, *QUICK, real=True, kill_at=at)
        code, printed = road.finish(run, 900)
        assert (code, "Traceback" in printed) == (1, False), printed
        dead = road.last_attempt(home)
        assert dead.state == "crashed" and dead.message is not None
        reached.add(dead.stops[-1].name if dead.stops else None)
        code, printed = road.finish(road.start(home, *QUICK, real=True), 900)
        assert code == 0, printed
        assert outcome(home) == whole, f"killed at change {at} of {steps}"
        shutil.rmtree(home)
    assert len(reached) > 2  # in several stops


def test_twenty_analyses_beside_a_nightly_run(
    unkilled: tuple[Path, dict[str, Any], int], tmp_path: Path
) -> None:
    """All succeed, each on a snapshot that was current while it was beginning; none is half."""
    home = copy_of(unkilled[0], tmp_path / "home")
    before = SnapshotStore(home, "drive").current()
    with next((home / "inbox" / "drive").glob("*.csv")).open("a") as file:
        file.write("\n")  # a new file with the same rows: a new snapshot
    nightly = road.start(home, *QUICK, real=True)
    beside, began = [], {}
    for number in range(20):
        label = f"beside {number}"
        began[label] = SnapshotStore(home, "drive").current()
        words = ["analyse", "--only", "participant_flow", "--label", label, "--json"]
        beside.append(subprocess.Popen(
            [sys.executable, "-m", "datrial.cli", *words], env=road.environment(home, real=True),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ))  # fmt: skip
    for process in beside:
        code, printed = road.finish(process, 1800)
        assert code == 0, printed
    code, printed = road.finish(nightly, 1800)
    assert code == 0, printed
    after = SnapshotStore(home, "drive").current()
    assert after != before
    used = {run["label"]: run["snapshot_id"] for run in runs(home)}
    for label, snapshot in began.items():
        # What was current when the command was started, or what took its place meanwhile.
        assert used[label] in ({before, after} if snapshot == before else {after})
        assert not read_manifest(home / "results" / next(
            run["run_id"] for run in runs(home) if run["label"] == label
        )).failed  # fmt: skip
    assert before in used.values()


def test_two_real_nightly_runs_at_once(inbox: Path, unkilled: Any, tmp_path: Path) -> None:
    """Under Prefect, by the command: one runs, the other is told by whom it is kept out."""
    home = copy_of(unkilled[0], tmp_path / "home")
    for report in (home / "reports").glob("*/index.html"):
        report.unlink()
    environment = {
        name: value
        for name, value in road.environment(home, real=True).items()
        if name not in ("PYTHONPATH", "SMALL_ROAD")
    } | {"PYTHONPATH": os.pathsep.join(sys.path)}
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "datrial.cli", "run"], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    road.until(lambda: any(run.poll() is not None for run in both), seconds=300)
    first = next(run for run in both if run.poll() is not None)
    other = both[1 - both.index(first)]
    code, printed = road.finish(first)
    assert code == 4, printed
    assert f"process {other.pid}" in printed and "started" in printed
    other.send_signal(signal.SIGTERM)  # the whole study takes minutes, and is run elsewhere
    code, printed = road.finish(other, 60)
    assert code == 1 and "was stopped" in printed
