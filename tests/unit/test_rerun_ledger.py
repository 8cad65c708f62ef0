"""The ledger as of a noted entry: a copy that holds what stood there then, and nothing later."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from datrial.allocation.entries import Allocation
from datrial.allocation.ledger import Ledger
from datrial.allocation.verification import head_line
from datrial.pipeline.rerun_ledger import ledger_as_of


def allocation(number: int, study: str = "drive") -> Allocation:
    return Allocation(
        study=study,
        person_id=f"p_{number:020x}",
        site="site_1",
        meeting_date=dt.date(2016, 4, 14),
        arm="intervention" if number % 2 else "control",
        scheme="capacity_lottery",
        scheme_version="1",
        library="numpy 2.4.6",
        bit_generator="numpy PCG64",
        operator="trial office",
        allocated_on=dt.date(2016, 4, 15),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of 12 entries: eight of this study, then two of another, then two of this one."""
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        for number in range(1, 13):
            ledger.append([allocation(number, "drive_linkage" if number in (9, 10) else "drive")])
    return path


def then(path: Path, tmp_path: Path, entries: int) -> tuple[str, str]:
    """Return the head and the digest of a ledger that never had more than some entries."""
    with Ledger(path, read_only=True) as ledger:
        records = ledger.records()
    digests = tmp_path / f"of_{entries}.sqlite"
    with Ledger(digests) as shorter:
        for number in range(1, entries + 1):
            shorter.append([allocation(number, "drive_linkage" if number in (9, 10) else "drive")])
        digest = shorter.digest("drive")
    last = records[entries - 1]
    return f"{last.sequence}:{last.hash}", digest


@pytest.mark.parametrize("entries", [1, 8, 9, 12])
def test_the_copy_ends_where_the_run_noted_it(path: Path, tmp_path: Path, entries: int) -> None:
    before = path.read_bytes()
    head, digest = then(path, tmp_path, entries)
    copy = tmp_path / "copy.sqlite"
    assert ledger_as_of(path, head, digest, "drive", copy) == ""
    with Ledger(copy, read_only=True) as ledger:
        assert head_line(ledger.head()) == head
        assert ledger.digest("drive") == digest
        assert ledger.verify().valid  # chain and triggers are as those of a ledger
    assert path.read_bytes() == before


def test_entries_that_came_between_the_snapshot_and_the_noted_head_go_too(
    path: Path, tmp_path: Path
) -> None:
    head, _ = then(path, tmp_path, 12)
    _, digest = then(path, tmp_path, 7)
    copy = tmp_path / "copy.sqlite"
    assert ledger_as_of(path, head, digest, "drive", copy) == ""
    with Ledger(copy, read_only=True) as ledger:
        assert len(ledger.entries("drive")) == 7


def test_allocations_that_never_stood_there_are_told(path: Path, tmp_path: Path) -> None:
    head, _ = then(path, tmp_path, 12)
    wrong = ledger_as_of(path, head, "0" * 64, "drive", tmp_path / "copy.sqlite")
    assert "are not the allocations" in wrong


def test_a_ledger_that_was_written_anew_is_told(path: Path, tmp_path: Path) -> None:
    head, digest = then(path, tmp_path, 8)
    other = f"{head.partition(':')[0]}:{'a' * 64}"
    assert "not the one of then" in ledger_as_of(path, other, digest, "drive", tmp_path / "c")


def test_an_altered_entry_is_told_and_its_number_named(path: Path, tmp_path: Path) -> None:
    head, digest = then(path, tmp_path, 8)
    connection = sqlite3.connect(path)
    connection.execute("drop trigger record_never_updated")
    connection.execute(
        "update record set body = json_set(body, '$.arm', 'control') where sequence = 3"
    )
    connection.commit()
    connection.close()
    assert "entry 3 was altered" in ledger_as_of(path, head, digest, "drive", tmp_path / "c")


def test_a_ledger_that_is_not_there_and_a_head_that_was_not_noted_are_told(
    path: Path, tmp_path: Path
) -> None:
    head, digest = then(path, tmp_path, 8)
    assert "is not there" in ledger_as_of(tmp_path / "no", head, digest, "drive", tmp_path / "c")
    assert "did not note" in ledger_as_of(path, "", digest, "drive", tmp_path / "c")
