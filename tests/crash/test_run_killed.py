"""A run that is killed outright leaves nothing behind, and the next one is as if it had never been.

These runs start Prefect's temporary server, which is what survives a careless kill.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow" / "fake_road"))
import fake_road as road

from datrial.pipeline.processes import processes_of

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that the tests of this module use one after another."""
    return tmp_path_factory.mktemp("home")


def test_a_killed_supervisor_takes_the_flow_and_the_server_with_it(home: Path) -> None:
    run = road.start(home, wait_in="build, half way")
    attempt = road.until(lambda: road.running(home, "build"))["id"]
    scratch = home / "tmp" / attempt / "unfinished.duckdb"
    road.until(scratch.exists)
    assert len(processes_of(attempt)) >= 2  # the flow, and Prefect's temporary server
    os.kill(run.pid, signal.SIGKILL)
    code, _ = road.finish(run, timeout=5)  # the caller's pipe is closed
    assert code == -signal.SIGKILL
    road.until(lambda: not processes_of(attempt), 5)
    assert road.last_record(home)["state"] == "running"  # nobody was left to say otherwise


def test_the_next_run_marks_the_dead_one_and_completes(home: Path) -> None:
    dead = road.last_record(home)["id"]
    code, printed = road.finish(road.start(home))
    assert code == 0, printed
    marked = (home / "attempts" / f"{dead}.json").read_text()
    assert '"state": "crashed"' in marked and "after the stop allocate" in marked
    assert not (home / "tmp" / dead).exists()
    assert road.last_record(home)["state"] == "done"
    assert list((home / "reports").glob("*/index.html"))


def test_a_killed_flow_is_told_in_one_sentence_and_a_second_run_is_kept_out(home: Path) -> None:
    for report in (home / "reports").glob("*/index.html"):
        report.unlink()
    run = road.start(home, wait_in="allocate")
    attempt = road.until(lambda: road.running(home, "allocate"))
    second_code, told = road.finish(road.start(home))
    assert second_code == 4
    assert f"process {run.pid}" in told and "started" in told
    os.kill(attempt["worker"]["pid"], signal.SIGKILL)
    code, printed = road.finish(run, timeout=15)
    assert code == 1
    assert printed.splitlines()[-1].startswith("The run was killed or crashed after the stop")
    assert "Traceback" not in printed
    assert not processes_of(attempt["id"])
    assert road.last_record(home)["state"] == "crashed"


def test_a_stopped_run_says_so_and_lets_the_lock_go(home: Path) -> None:
    run = road.start(home, wait_in="decide")
    road.until(lambda: road.running(home))
    os.kill(run.pid, signal.SIGTERM)
    code, printed = road.finish(run, timeout=20)
    assert code == 1 and "was stopped" in printed
    ended = road.last_record(home)
    assert (ended["state"], ended["error"]) == ("failed", "Stopped")
    assert not processes_of(ended["id"])
