"""kill -9 in the middle of an import or a lottery: whole transactions or nothing, and sound."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from datrial.allocation import ledger as ledger_module
from datrial.allocation.eligibility import Hearing
from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import allocate_by_lottery, import_list
from datrial.config.study import Study, load_study

Row = tuple[str, str, dt.date, str]

PEOPLE = 2594  # Drive's list
SHA = "ab" * 32
FIRST = dt.date(2016, 4, 4)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("drive")


def make_rows(people: int) -> list[Row]:
    arms = ("intervention", "control", "control")
    return [
        (f"p_{i:020x}", f"site_{i % 3 + 1}", FIRST + dt.timedelta(i // 20), arms[i % 3])
        for i in range(people)
    ]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return make_rows(PEOPLE)


def in_a_killed_process(work: Callable[[], object], seconds: float | None) -> bool:
    """Run work in a forked process, kill it after some seconds, return whether it was killed.

    With None, it is left to kill itself.
    """
    started, report = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(report, b"!")
            work()
        finally:
            os._exit(0)
    os.read(started, 1)
    os.close(started)
    os.close(report)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def kill_myself_at(row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process that records its n-th row kill itself just then."""
    make_row, made = ledger_module.make_row, [0]

    def counting(*arguments: object) -> object:
        made[0] += 1
        if made[0] == row:
            os.kill(os.getpid(), signal.SIGKILL)
        return make_row(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger_module, "make_row", counting)


def import_at(path: Path, study: Study, rows: list[Row]) -> int:
    with Ledger(path) as ledger:
        return import_list(ledger, study, rows, SHA, "office").new


def check_whole_or_none(path: Path, study: Study, rows: list[Row]) -> int:
    """Check the ledger after a kill, import again, check again; return what had survived."""
    with Ledger(path) as ledger:
        survived = len(ledger.entries(study.study))
        assert survived in (0, len(rows))
        assert ledger.verify().valid
    assert import_at(path, study, rows) == len(rows) - survived
    with Ledger(path) as ledger:
        result = ledger.verify()
        assert (result.valid, result.entries) == (True, len(rows))
    return survived


@pytest.mark.parametrize("row", [1, 2, PEOPLE // 2, PEOPLE])
def test_killed_within_the_import(
    row: int,
    tmp_path: Path,
    study: Study,
    rows: list[Row],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "ledger.sqlite"
    with monkeypatch.context() as patch:
        kill_myself_at(row, patch)
        assert in_a_killed_process(lambda: import_at(path, study, rows), None)
    assert check_whole_or_none(path, study, rows) == 0


def test_killed_when_rows_have_reached_the_file_uncommitted(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list beyond SQLite's page cache (2 MB) is written to the -wal file before its end."""
    path, rows = tmp_path / "ledger.sqlite", make_rows(10_000)
    with monkeypatch.context() as patch:
        kill_myself_at(len(rows), patch)
        assert in_a_killed_process(lambda: import_at(path, study, rows), None)
    assert path.with_name("ledger.sqlite-wal").stat().st_size > 1_000_000
    assert check_whole_or_none(path, study, rows) == 0


def seconds_of_an_import(path: Path, study: Study, rows: list[Row]) -> float:
    start = time.perf_counter()
    import_at(path, study, rows)
    return time.perf_counter() - start


def kill_at_random_points(times: int, folder: Path, study: Study, rows: list[Row]) -> None:
    whole = min(seconds_of_an_import(folder / f"{i}.measure", study, rows) for i in range(2))
    rng = random.Random(20160401)
    killed = 0
    for number in range(times):
        path = folder / f"{number}.sqlite"
        killed += in_a_killed_process(
            lambda path=path: import_at(path, study, rows), rng.uniform(0, 1.1 * whole)
        )
        check_whole_or_none(path, study, rows)
    assert killed >= 1


def test_killed_at_random_points(tmp_path: Path, study: Study, rows: list[Row]) -> None:
    kill_at_random_points(10, tmp_path, study, rows)


@pytest.mark.long
def test_killed_at_many_random_points(tmp_path: Path, study: Study, rows: list[Row]) -> None:
    kill_at_random_points(150, tmp_path, study, rows)


@pytest.mark.parametrize("row", [1, 37, 120])
def test_killed_within_the_lottery(
    row: int, tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole meetings stand in the ledger, and the next run ends where an unkilled one does."""
    allocation = study.allocation.model_copy(update={"method": "capacity_lottery"})
    own = study.model_copy(update={"allocation": allocation})
    days = [FIRST + dt.timedelta(14 * i) for i in range(12)]
    heard = [
        Hearing(f"p_{i:020x}", "site_1", day, 30)
        for meeting, day in enumerate(days)
        for i in range(10 * meeting, 10 * meeting + 12)
    ]
    places = [("site_1", day, 3) for day in days]

    def allocate(path: Path) -> str:
        with Ledger(path) as ledger:
            allocate_by_lottery(ledger, own, heard, places, "office", dt.date(2018, 1, 1))
            return ledger.digest(own.study)

    path = tmp_path / "killed.sqlite"
    with monkeypatch.context() as patch:
        kill_myself_at(row, patch)
        assert in_a_killed_process(lambda: allocate(path), None)
    with Ledger(path) as ledger:
        # The first meeting has 12 candidates, each later one 10 who were not allocated before.
        assert len(ledger.entries(own.study)) in [0, *range(12, 130, 10)]
        assert len(ledger.entries(own.study)) < row
        assert ledger.verify().valid
    assert allocate(path) == allocate(tmp_path / "whole.sqlite")
    with Ledger(path) as ledger:
        assert ledger.verify().valid
