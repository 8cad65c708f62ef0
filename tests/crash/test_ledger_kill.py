"""kill -9 in the middle of an import or a lottery: whole transactions or nothing, and sound."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from datrial.allocation import ledger as ledger_module
from datrial.allocation import ledger_file as ledger_file_module
from datrial.allocation.allocating import allocating
from datrial.allocation.eligibility import Hearing
from datrial.allocation.entries import Allocation
from datrial.allocation.ledger import Ledger
from datrial.allocation.ledger_schema import _TO_FORMAT_2, format_of
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
        assert ledger.head().sequence == (len(rows) + 1 if survived else 0)
        assert ledger.verify().valid
    assert import_at(path, study, rows) == len(rows) - survived
    with Ledger(path) as ledger:
        result = ledger.verify()
        assert (result.valid, result.entries) == (True, len(rows) + 1)  # the settings first
    return survived


@pytest.mark.parametrize("row", [1, 2, PEOPLE // 2, PEOPLE + 1])
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
    kill_at_random_points(20, tmp_path, study, rows)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_at_many_random_points(tmp_path: Path, study: Study, rows: list[Row]) -> None:
    kill_at_random_points(200, tmp_path, study, rows)


@pytest.mark.parametrize("row", [1, 37, 120])
def test_killed_within_the_lottery(
    row: int, tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the batch is recorded, and the next run ends where an unkilled one does."""
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
        assert ledger.head().sequence == 0
        assert ledger.verify().valid
    assert allocate(path) == allocate(tmp_path / "whole.sqlite")
    with Ledger(path) as ledger:
        assert ledger.verify().valid


STATEMENTS = len(_TO_FORMAT_2)


@pytest.mark.parametrize("statement", range(STATEMENTS + 1))
def test_killed_while_an_old_ledger_is_brought_up_to_date(
    statement: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is as it was, or brought up to date; its entries stand as they stood."""
    path = tmp_path / "ledger.sqlite"
    old = Path(__file__).parents[1] / "unit" / "ledger_of_format_1.sql"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(old.read_text(encoding="utf-8"))
        connection.executescript("pragma application_id = 1146376777; pragma user_version = 1;")
        connection.execute("pragma journal_mode = wal")
    with Ledger(path, read_only=True) as ledger:
        head = ledger.head()

    def killing(connection: sqlite3.Connection) -> None:
        connection.execute("begin immediate")
        for number, text in enumerate([*_TO_FORMAT_2, "commit"]):
            if number == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            connection.execute(text)

    with monkeypatch.context() as patch:
        patch.setattr(ledger_file_module, "upgrade", killing)
        assert in_a_killed_process(lambda: Ledger(path), None)
    with Ledger(path, read_only=True) as ledger:
        assert (ledger.head(), ledger.verify().valid) == (head, True)
        assert format_of(ledger._connection) == 1
    with Ledger(path) as ledger:
        assert (ledger.head(), ledger.verify().valid) == (head, True)
        assert format_of(ledger._connection) == 2


@pytest.mark.parametrize("row", [1, 2, 3, 4, 9, 14])
def test_killed_within_a_first_allocation(
    row: int, tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings, commitment and all allocations of the batch, or nothing of it."""
    own = study.model_copy(
        update={"allocation": study.allocation.model_copy(update={"method": "capacity_lottery"})}
    )
    people = [
        Allocation(
            study=own.study, person_id=f"p_{i:020x}", site="site_1", meeting_date=FIRST,
            arm="control", scheme="s", scheme_version="1", library="l", bit_generator="b",
            operator="office",
        )
        for i in range(12)
    ]  # fmt: skip

    def allocate(path: Path) -> int:
        with Ledger(path) as ledger:
            with allocating(ledger, own, "office"):
                ledger.append(people[:6])
                ledger.append(people[6:])
            return ledger.head().sequence

    path = tmp_path / "ledger.sqlite"
    with monkeypatch.context() as patch:
        kill_myself_at(row, patch)
        assert in_a_killed_process(lambda: allocate(path), None)
    with Ledger(path) as ledger:
        assert (ledger.head().sequence, ledger.verify().valid) == (0, True)
    assert allocate(path) == 14
