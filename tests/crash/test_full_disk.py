"""A disk that is really full, at each kind of write: one clear sentence, and nothing half done.

The state lies on a small file system of its own, which takes the right to mount one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "plain_road"))
import plain_road as road

from datrial.warehouse.snapshots import SnapshotStore

#: Where the disk fills up, with how many bytes left -> what the sentence says.
FILLED = {
    ("decide", 0): "the record of this run (attempts)",
    ("decide", 8192): "the agencies' files as they arrived (landing)",
    ("receive", 8192): "the allocation ledger (ledger.sqlite)",
    ("allocate", 8192): "the allocation ledger (ledger.sqlite)",
    ("build begins", 65536): "the unfinished work of this run (tmp)",
    ("build", 4096): "the record of this run (attempts)",
    ("participant_flow", 8192): "the results (results)",
    ("publish", 8192): "the report and its workbooks (reports)",
    ("the report", 0): "the record of this run (attempts)",
}

QUICKLY = [("decide", 8192), ("receive", 8192), ("build begins", 65536), ("participant_flow", 8192)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB, to be a run's state."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run leaves behind that had room."""
    home = tmp_path_factory.mktemp("whole")
    code, printed = road.finish(road.start(home))
    assert code == 0, printed
    return road.left_behind(home)


def fill(home: Path, leave: int) -> Path:
    """Fill the disk but for some bytes; return the file that fills it."""
    filler = home / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(descriptor, b"\0" * 65536)
    except OSError:
        os.close(descriptor)
    os.truncate(filler, filler.stat().st_size // 4096 * 4096 - leave)
    return filler


@pytest.mark.parametrize(
    ("place", "leave"),
    [one if one in QUICKLY else pytest.param(*one, marks=pytest.mark.long) for one in FILLED],
)
def test_the_disk_fills_up_in_a_stop(
    place: str, leave: int, disk: Path, whole: dict[str, Any]
) -> None:
    run = road.start(disk, wait_in=place)
    road.until((disk / "reached").exists, run)
    filler = fill(disk, leave)
    (disk / "go").touch()
    code, printed = road.finish(run)
    last = printed.splitlines()[-1]
    assert (code, "Traceback" in printed) == (1, False), printed
    assert last.startswith("datrial: The disk is full")
    assert FILLED[place, leave] in last and "run again" in last
    assert str(disk) not in last  # the part's name, and not where it lies
    store = SnapshotStore(disk, "drive")
    current = store.current()
    assert current is None or store.is_whole(current)  # none is half there
    hidden = [path.name for path in disk.rglob(".*") if path.name != ".lock"]
    assert not hidden and not list((disk / "tmp").glob("*"))
    filler.unlink()
    code, printed = road.finish(road.start(disk))
    assert code == 0, printed
    assert road.left_behind(disk) == whole


def test_a_disk_that_is_full_before_a_run_begins(disk: Path, whole: dict[str, Any]) -> None:
    assert road.finish(road.start(disk))[0] == 0
    filler = fill(disk, 0)
    code, printed = road.finish(road.start(disk))
    assert code == 1 and "Traceback" not in printed
    assert printed.splitlines()[-1].startswith("datrial: The disk is full: there is no room for ")
    filler.unlink()
    assert road.left_behind(disk) == whole


def test_a_disk_that_is_read_only(disk: Path, whole: dict[str, Any]) -> None:
    assert road.finish(road.start(disk))[0] == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    command = [sys.executable, "-m", "datrial.cli", "run"]
    environment = road.environment(disk)
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode in (1, 2) and "Traceback" not in run.stderr
    assert "cannot be written (Read-only file system)" in run.stderr
    assert "DATRIAL_HOME" in run.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "datrial.cli", "runs"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert road.left_behind(disk) == whole
