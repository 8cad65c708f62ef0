"""kill -9 at every stop, of whichever process: the next run ends as if it had never been.

The supervisor, the flow's process and the record are the real ones; the stops are small, and
write with the real functions. Prefect is left out, so that a run takes a second: with it the
same is done in ``test_killed_under_prefect.py``.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "plain_road"))
import plain_road as road

from datrial.pipeline.lock import take_lock
from datrial.pipeline.processes import processes_of
from datrial.pipeline.record import read_attempt

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"
)

#: Where a run is killed, with the work of the stop half done -> the stop that had ended before.
PLACES = {
    "decide": None,
    "receive": "decide",
    "allocate": "receive",
    "build": "allocate",
    "participant_flow": "build",
    "publish": "participant_flow",
    "the report": "participant_flow",
}


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run leaves behind that nobody killed."""
    home = tmp_path_factory.mktemp("unkilled")
    code, printed = road.finish(road.start(home))
    assert code == 0, printed
    return road.left_behind(home)


def kill(run: Any, home: Path, victim: str) -> None:
    """Kill one process of a run outright, or all of them in one moment."""
    attempt = road.last_attempt(home)
    assert attempt.worker is not None
    everything = processes_of(attempt.id)
    assert len(everything) == 2  # the flow, and what stands for Prefect's server
    chosen = {
        "supervisor": [run.pid],
        "flow": [attempt.worker.pid],
        "machine": [run.pid, *everything],
    }[victim]
    for pid in chosen:
        os.kill(pid, signal.SIGSTOP)  # none sees another die first
    for pid in chosen:
        os.kill(pid, signal.SIGKILL)


VICTIMS = {
    "machine": ["receive", "build", "participant_flow", "the report"],
    "supervisor": ["allocate", "publish"],
    "flow": ["decide", "build"],
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_at_stops(victim: str, tmp_path: Path, unkilled: dict[str, Any]) -> None:
    kill_at(VICTIMS[victim], victim, tmp_path, unkilled)


@pytest.mark.long
@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_at_every_other_stop(victim: str, tmp_path: Path, unkilled: dict[str, Any]) -> None:
    rest = [place for place in PLACES if place not in VICTIMS[victim]]
    kill_at(rest, victim, tmp_path, unkilled)


def kill_at(places: list[str], victim: str, tmp_path: Path, unkilled: dict[str, Any]) -> None:
    """Kill a run at each place; each time the next run completes, equal to an unkilled one."""
    for place in places:
        before = PLACES[place]
        run = road.start(tmp_path, wait_in=place, companion=True)
        road.until((tmp_path / "reached").exists, run)
        dead = road.last_attempt(tmp_path)
        kill(run, tmp_path, victim)
        code, printed = road.finish(run, timeout=20)  # the caller's pipe is closed
        assert code == (1 if victim == "flow" else -signal.SIGKILL), printed
        assert "Traceback" not in printed
        road.until(lambda dead=dead: not processes_of(dead.id), seconds=10)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATRIAL_HOME", str(tmp_path))
            take_lock().release()
            said = "crashed" if victim == "flow" else "running"  # else nobody was left to say it
            assert read_attempt(dead.id).state == said
            code, printed = road.finish(road.start(tmp_path))
            assert code == 0, printed
            marked = read_attempt(dead.id)
        where = f"after the stop {before};" if before else "before its first stop had ended;"
        assert (marked.state, marked.exit_code) == ("crashed", 1), place
        assert marked.message is not None and where in marked.message
        assert road.left_behind(tmp_path) == unkilled, f"killed in {place}"
        assert not list(tmp_path.rglob(".writing-*")) and not list(tmp_path.rglob("*.part"))
        road.emptied(tmp_path)


def test_a_run_moved_aside_by_a_killed_writer_is_put_back(tmp_path: Path) -> None:
    """Between the two renames by which a whole run takes the place of one with a gap."""
    code, printed = road.finish(road.start(tmp_path))
    assert code == 0, printed
    before = road.left_behind(tmp_path)
    run = next((tmp_path / "results").iterdir())
    aside = run.with_name(f".writing-{run.name}-999999999-0a1b2c3d-old")
    run.rename(aside)
    run.with_name(f".writing-{run.name}-999999999-4e5f6a7b").mkdir()
    (tmp_path / "attempts" / ".writing-x.json-999999999").touch()
    (tmp_path / "snapshots" / "drive" / ".current.999999999").touch()
    living = tmp_path / "attempts" / f".writing-x.json-{os.getpid()}"
    living.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(tmp_path))
        from datrial.pipeline.sweep import tidy

        tidy()
    assert road.left_behind(tmp_path) == before
    hidden = {path.name for path in tmp_path.rglob(".*")}
    assert hidden == {".lock", living.name}
