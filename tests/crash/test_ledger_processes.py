"""Eight processes append to one ledger at once: no entry lost, doubled or out of order."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import stat
from collections import Counter
from pathlib import Path
from typing import Any

from datrial.allocation.entries import Allocation
from datrial.allocation.ledger import Ledger

PROCESSES, BATCHES, SIZE = 8, 10, 3


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


def test_eight_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.sqlite"
    fork = multiprocessing.get_context("fork")
    gate = fork.Barrier(PROCESSES)
    processes = [fork.Process(target=record, args=(path, i, gate)) for i in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * PROCESSES

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
