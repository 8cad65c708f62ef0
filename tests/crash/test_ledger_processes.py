"""Fifty processes append to one ledger at once: no entry lost, doubled or out of order."""

from __future__ import annotations

import dataclasses
import datetime as dt
import multiprocessing
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from datrial.allocation.commitment import public_seed
from datrial.allocation.entries import Allocation, Kind
from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import allocate_by_scheme
from datrial.allocation.replaying import replay
from datrial.config.allocation import Allocation as Section
from datrial.config.study import Study, load_study

PROCESSES, BATCHES, SIZE = 50, 4, 3


def allocation(number: int, operator: str) -> Allocation:
    return Allocation(
        study="drive",
        person_id=f"p_{number:020x}",
        site="site_1",
        meeting_date=dt.date(2016, 4, 14),
        arm="intervention",
        scheme="imported",
        scheme_version="1",
        library="imported",
        bit_generator="imported",
        operator=operator,
    )


def batches_of(process: int) -> list[list[int]]:
    """Return the people a process records: its own, and one whom all processes name."""
    own = [process * 1000 + i for i in range(BATCHES * SIZE)]
    return [[*own[i * SIZE : (i + 1) * SIZE], 900_000 + i] for i in range(BATCHES)]


def record(path: Path, process: int, gate: Any) -> None:
    gate.wait()
    # Each opens the file itself, and the first of them makes it.
    with Ledger(path) as ledger:
        for batch in batches_of(process):
            entries = ledger.append([allocation(number, f"process {process}") for number in batch])
            assert [entry.allocation.person_id for entry in entries] == [
                allocation(number, "").person_id for number in batch
            ]


def at_once(work: Callable[[Path, int, Any], None], path: Path) -> None:
    """Let fifty processes work on a ledger, from one moment on; all must end well."""
    fork = multiprocessing.get_context("fork")
    gate = fork.Barrier(PROCESSES)
    processes = [fork.Process(target=work, args=(path, i, gate)) for i in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * PROCESSES


def test_fifty_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.sqlite"
    at_once(record, path)

    with Ledger(path) as ledger:
        entries = ledger.entries("drive")
        result = ledger.verify()
    expected = {number for i in range(PROCESSES) for batch in batches_of(i) for number in batch}
    assert (result.valid, result.entries) == (True, len(expected))
    assert [entry.sequence for entry in entries] == list(range(1, len(expected) + 1))
    counts = Counter(int(entry.allocation.person_id[2:], 16) for entry in entries)
    assert counts == Counter(expected)
    for process in range(PROCESSES):
        mine = [
            int(entry.allocation.person_id[2:], 16)
            for entry in entries
            if entry.allocation.operator == f"process {process}"
        ]
        own = [number for number in mine if number < 900_000]
        assert own == [n for batch in batches_of(process) for n in batch if n < 900_000]
    # Each batch was one transaction: its new entries stand side by side.
    by_time = Counter(entry.recorded_at for entry in entries)
    for moment in by_time:
        numbers = [entry.sequence for entry in entries if entry.recorded_at == moment]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite"]


def allocate(path: Path, process: int, gate: Any) -> None:
    """Draw what the ledger does not hold yet, from what it holds: one at a time."""
    gate.wait()
    with Ledger(path) as ledger, ledger.batch():
        before = ledger.entries("drive")
        taken = {entry.allocation.person_id for entry in before}
        numbers = [
            n for n in range(process, process + 5) if allocation(n, "").person_id not in taken
        ]
        # Position and arm rest on how many stand there: a stale reading would show.
        drawn = [
            dataclasses.replace(
                allocation(number, f"process {process}"),
                position=len(before) + place,
                arm=("intervention", "control")[(len(before) + place) % 2],
            )
            for place, number in enumerate(numbers, start=1)
        ]
        ledger.append(drawn)


def test_fifty_processes_draw_from_what_the_others_drew(tmp_path: Path) -> None:
    """Each names people whom its neighbours name too: one entry each, positions without a gap."""
    path = tmp_path / "ledger.sqlite"
    at_once(allocate, path)
    with Ledger(path) as ledger:
        entries = [entry.allocation for entry in ledger.entries("drive")]
        assert ledger.verify().valid
    assert [each.position for each in entries] == list(range(1, PROCESSES + 5))
    assert {each.person_id for each in entries} == {
        allocation(number, "").person_id for number in range(PROCESSES + 4)
    }
    assert {each.arm for each in entries[1::2]} == {"intervention"}


def upgrade(path: Path, process: int, gate: Any) -> None:
    gate.wait()
    with Ledger(path) as ledger:
        new = dataclasses.replace(allocation(process + 1000, "office"), key_fingerprint="aaaa")
        ledger.append([new])


def test_fifty_processes_open_an_old_ledger(tmp_path: Path) -> None:
    """The first brings it up to date, and all go on from its five entries."""
    path = tmp_path / "ledger.sqlite"
    old = Path(__file__).parents[1] / "unit" / "ledger_of_format_1.sql"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(old.read_text(encoding="utf-8"))
        connection.executescript("pragma application_id = 1146376777; pragma user_version = 1;")
        connection.execute("pragma journal_mode = wal")
    at_once(upgrade, path)
    with Ledger(path) as ledger:
        result = ledger.verify()
        assert (result.valid, result.entries) == (True, 5 + PROCESSES)
        assert len(ledger.entries("drive")) == 4 + PROCESSES


def blocks_study() -> Study:
    drive = load_study("drive")
    section = Section(
        method="permuted_blocks",
        eligibility=drive.allocation.eligibility,
        block_sizes=(2, 4),
        stratify_by=("site",),
    )
    return drive.model_copy(update={"allocation": section})


def allocate_by_blocks(path: Path, process: int, gate: Any) -> None:
    study, day = blocks_study(), dt.date(2017, 3, 1)
    heard = [(f"p_{n:020x}", f"site_{n % 3 + 1}", day, 30) for n in range(process, process + 5)]
    gate.wait()
    with Ledger(path) as ledger:
        allocate_by_scheme(ledger, study, heard, (), f"process {process}", day)


def test_fifty_processes_allocate_by_the_studys_scheme(tmp_path: Path) -> None:
    """One lock, one commitment, everyone once; the blocks hold, and every draw is replayed."""
    path, study = tmp_path / "ledger.sqlite", blocks_study()
    at_once(allocate_by_blocks, path)
    with Ledger(path) as ledger:
        entries = [entry.allocation for entry in ledger.entries(study.study)]
        assert ledger.verify().entries == len(entries) + 2
        assert [r.kind for r in ledger.records()][:2] == [Kind.SETTINGS, Kind.COMMITMENT]
        result = replay(ledger, study, public_seed(study))
    people = {f"p_{number:020x}" for number in range(PROCESSES + 4)}
    assert {each.person_id for each in entries} == people
    assert len(entries) == len(people)
    assert (result.valid, result.follow) == (True, len(people))
    for stratum in {each.stratum for each in entries}:
        own = [each for each in entries if each.stratum == stratum]
        assert [each.position for each in own] == list(range(1, len(own) + 1))
        arms = Counter(each.arm for each in own)
        assert abs(arms["intervention"] - arms["control"]) <= 2
