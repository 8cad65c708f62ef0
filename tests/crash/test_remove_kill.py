"""kill -9 at every change of a file while a run is removed: it is whole, or on record as going."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from held import store_run
from kill_points import Killer, count_steps, killed, spread

from datrial.errors import UsageError
from datrial.pipeline.removing import remove_run
from datrial.pipeline.retention.record import deletions
from datrial.results.store import runs


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("full")
    for number in (1, 2):
        store_run(home, f"run{number}", "s1", f"2026-01-0{number}")
    return home


def remove(home: Path, killer: Killer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(home))
        killer.watch_files(patch)
        remove_run("run1", who="office", reason="a trial")


def files(home: Path, run: str) -> set[str]:
    return {
        str(path.relative_to(home))
        for part in ("results", "reports")
        for path in (home / part / run).rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("after", [False, True])
def test_a_killed_removal_is_on_record_and_the_next_one_completes_it(
    full: Path, tmp_path: Path, after: bool
) -> None:
    shutil.copytree(full, tmp_path / "count")
    steps = count_steps(lambda killer: remove(tmp_path / "count", killer))
    assert steps > 10
    for at in spread(steps, 20):
        home = tmp_path / f"home_{at}"
        shutil.copytree(full, home)
        assert killed(lambda killer, home=home: remove(home, killer), at, after=after)
        if files(home, "run1") != files(full, "run1"):
            assert "run1" in {line.id for line in deletions(home)}
        assert "run2" in {entry["run_id"] for entry in runs(home)}  # can be listed
        try:
            remove(home, Killer())
        except UsageError:  # the kill came after the run was gone
            assert "run1" not in {entry["run_id"] for entry in runs(home)}
        assert [entry["run_id"] for entry in runs(home)] == ["run2"]
        assert not files(home, "run1") and files(home, "run2") == files(full, "run2")
        ended = [line.state for line in deletions(home) if line.id == "run1"]
        assert ended.count("done") == 1 and ended[-1] == "done"
        assert not list((home / "results").glob(".deleting-*"))
