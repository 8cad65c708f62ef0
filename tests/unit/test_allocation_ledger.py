"""The ledger: append only, one entry per person and study, hash-chained, verifiable."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from datrial.allocation.entries import GENESIS, Allocation, Head, allocations_digest, make_row
from datrial.allocation.ledger import Ledger
from datrial.allocation.ledger_file import FORMAT
from datrial.errors import DataError, LockedError, UsageError


def person(number: int) -> str:
    return f"p_{number:020x}"


def allocation(number: int, arm: str = "intervention", **changes: object) -> Allocation:
    plain = Allocation(
        study="drive",
        person_id=person(number),
        site="site_1",
        meeting_date=dt.date(2016, 4, 14),
        arm=arm,
        scheme="capacity_lottery",
        scheme_version="1",
        library="numpy 2.4.6",
        bit_generator="numpy PCG64",
        operator="trial office",
        allocated_on=dt.date(2016, 4, 15),
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "state" / "ledger.sqlite") as opened:
        yield opened


def tamper(path: Path, *statements: str) -> None:
    """Alter the file as someone with another program would: drop the triggers first."""
    connection = sqlite3.connect(path)
    triggers = connection.execute(
        "select name, sql from sqlite_master where type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"drop trigger {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


def test_an_entry_holds_what_was_allocated(ledger: Ledger) -> None:
    (entry,) = ledger.append([allocation(1)])
    assert ledger.entries("drive") == [entry]
    assert entry.allocation == allocation(1)
    assert entry.allocation.stratum == "site_1|2016-04-14"
    assert (entry.sequence, entry.previous_hash) == (1, GENESIS)
    assert dt.datetime.fromisoformat(entry.recorded_at).utcoffset() == dt.timedelta(0)
    assert ledger.head() == Head(1, entry.hash)


def test_entries_are_numbered_and_chained(ledger: Ledger) -> None:
    entries = ledger.append([allocation(1), allocation(2)]) + ledger.append([allocation(3)])
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.previous_hash for entry in entries] == [
        GENESIS,
        entries[0].hash,
        entries[1].hash,
    ]


def test_the_same_person_again_keeps_his_entry(ledger: Ledger) -> None:
    first = ledger.append([allocation(1)])
    later = allocation(1, meeting_date=dt.date(2017, 1, 1), operator="someone else")
    assert ledger.append([later]) == first
    assert ledger.append([allocation(2), allocation(2)])[0] == ledger.entries("drive")[1]
    assert ledger.head().sequence == 2


def test_the_same_person_in_another_study_is_allocated_there(ledger: Ledger) -> None:
    ledger.append([allocation(1), allocation(1, study="restart", arm="control")])
    assert [entry.allocation.arm for entry in ledger.entries("restart")] == ["control"]
    assert len(ledger.entries("drive")) == 1


def test_another_arm_is_refused_and_nothing_is_recorded(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    with pytest.raises(DataError, match="1 of 2 allocations") as caught:
        ledger.append([allocation(2), allocation(1, "control")])
    assert person(1) not in str(caught.value)
    assert ledger.head().sequence == 1


def test_a_reference_that_is_no_pseudonym_never_enters(ledger: Ledger) -> None:
    with pytest.raises(DataError, match="1 of 2 allocations") as caught:
        ledger.append([allocation(1), allocation(2, person_id="John Canary 01/02/1980")])
    assert "Canary" not in str(caught.value)
    assert ledger.head().sequence == 0


def test_an_allocation_has_an_operator(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="operator"):
        ledger.append([allocation(1, operator=" ")])


def test_another_pseudonym_key_is_refused(ledger: Ledger) -> None:
    ledger.append([allocation(1, key_fingerprint="aaaa")])
    ledger.append([allocation(2, key_fingerprint="aaaa")])
    for other in ("bbbb", None):
        with pytest.raises(DataError, match="another pseudonym key"):
            ledger.append([allocation(3, key_fingerprint=other)])
    ledger.append([allocation(3, study="restart", key_fingerprint="bbbb")])


def test_worked_out_from_an_old_head_is_refused(ledger: Ledger) -> None:
    old = ledger.head()
    ledger.append([allocation(1)], expected_head=old)
    with pytest.raises(LockedError, match="in the meantime"):
        ledger.append([allocation(2)], expected_head=old)


@pytest.mark.parametrize(
    "statement",
    [
        "update entry set arm = 'control' where sequence = 1",
        "delete from entry where sequence = 2",
        "insert or replace into entry select * from entry where sequence = 1",
        "insert into entry select 4, study, 'p_x', site, meeting_date, arm, stratum, scheme,"
        " scheme_version, library, bit_generator, list_sha256, key_fingerprint, allocated_on,"
        " recorded_at, operator, hash, hash from entry where sequence = 2",
    ],
)
def test_triggers_hold_for_every_program(ledger: Ledger, statement: str) -> None:
    ledger.append([allocation(1), allocation(2)])
    other = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.IntegrityError, match="the ledger"):
        other.execute(statement)
    other.close()
    assert ledger.verify().valid


def test_a_sound_ledger_verifies(ledger: Ledger) -> None:
    assert ledger.verify().valid
    ledger.append([allocation(i) for i in range(5)])
    assert (ledger.verify().valid, ledger.verify().entries) == (True, 5)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("update entry set arm = 'control' where sequence = 3", 3),
        ("update entry set meeting_date = '2016-04-15' where sequence = 1", 1),
        ("update entry set meeting_date = 'no day' where sequence = 2", 2),
        ("update entry set operator = x'ff' where sequence = 4", 4),
        ("update entry set operator = cast(x'ff' as text) where sequence = 4", 4),
        ("update entry set recorded_at = '2016-01-01' where sequence = 5", 5),
        ("update entry set allocated_on = null where sequence = 5", 5),
        ("delete from entry where sequence = 2", 2),
        ("delete from entry where sequence = 1", 1),
        ("update entry set sequence = 9 where sequence = 5", 5),
    ],
)
def test_verify_names_the_first_altered_or_missing_entry(
    ledger: Ledger, statement: str, named: int
) -> None:
    ledger.append([allocation(i) for i in range(5)])
    tamper(ledger.path, statement)
    result = ledger.verify()
    assert (result.valid, result.first_fault, result.entries) == (False, named, named - 1)
    assert f"entry {named}" in result.problem or "from here on" in result.problem


def test_verify_finds_an_entry_altered_together_with_its_hash(ledger: Ledger) -> None:
    first, second, _ = ledger.append([allocation(i) for i in range(3)])
    other_arm = dataclasses.replace(second.allocation, arm="control")
    forged = make_row(other_arm, Head(1, first.hash), second.recorded_at)
    tamper(
        ledger.path,
        f"update entry set arm = 'control', hash = '{forged[-1]}' where sequence = 2",
    )
    result = ledger.verify()
    assert (result.valid, result.first_fault) == (False, 3)
    assert "does not follow from the one before" in result.problem
    # Mending the link of the next one alters the next one.
    tamper(ledger.path, f"update entry set previous_hash = '{forged[-1]}' where sequence = 3")
    assert ledger.verify().problem == "entry 3 was altered"


def test_hashes_of_format_1_never_change() -> None:
    """Noted when format 1 was written: a ledger of today must verify in years to come."""
    row = make_row(allocation(1), Head(0, GENESIS), "2016-04-15T09:00:00.000000+00:00")
    assert FORMAT == 1
    assert row[-1] == "3423374a53abd105126504cbb827afcc4255aedc8f0c341a23300f9a3e35b293"
    assert (
        allocations_digest([allocation(2), allocation(1)])
        == "f03498b8cf152ebdd72d15582e34c0746c2002c46943e36a3307529843942851"
    )


def test_verify_finds_dropped_triggers(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    connection = sqlite3.connect(ledger.path)
    connection.execute("drop trigger entry_never_updated")
    connection.close()
    result = ledger.verify()
    assert (result.valid, result.entries) == (False, 1)
    assert "triggers" in result.problem


def test_cut_off_at_the_end_is_seen_only_against_a_noted_head(ledger: Ledger) -> None:
    """What a hash chain cannot show by itself: that it was longer, or that it is another."""
    ledger.append([allocation(i) for i in range(4)])
    noted = ledger.head()
    tamper(ledger.path, "delete from entry where sequence > 2")
    assert ledger.verify().valid
    result = ledger.verify(expected=noted)
    assert (result.valid, result.entries, result.first_fault) == (False, 2, 3)

    ledger.append([allocation(i) for i in range(8, 12)])
    result = ledger.verify(expected=noted)
    assert (result.valid, result.first_fault) == (False, None)
    assert "written anew" in result.problem


def test_a_noted_head_stays_in_the_chain_as_it_grows(ledger: Ledger) -> None:
    empty = ledger.head()
    ledger.append([allocation(1)])
    noted = ledger.head()
    ledger.append([allocation(2)])
    assert ledger.verify(expected=noted).valid
    assert ledger.verify(expected=empty).valid


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger.append([allocation(i) for i in range(200)])
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(bytes(content))
    with Ledger(path) as ledger:
        assert not ledger.verify().valid


def test_the_digest_is_of_what_was_allocated(tmp_path: Path) -> None:
    """Not of who recorded it, when, and in what order: so every machine finds the same id."""
    with Ledger(tmp_path / "a.sqlite") as a, Ledger(tmp_path / "b.sqlite") as b:
        a.append([allocation(1), allocation(2, "control")])
        b.append([allocation(9, study="restart")])
        b.append([allocation(2, "control", operator="someone", allocated_on=None)])
        assert a.digest("drive") != b.digest("drive")
        b.append([allocation(1, library="numpy 9")])
        assert a.digest("drive") == b.digest("drive")
        assert a.head().hash != b.head().hash


@pytest.mark.parametrize(
    "change",
    [
        {"person_id": person(7)},
        {"site": "site_2"},
        {"meeting_date": dt.date(2016, 4, 28)},
        {"arm": "control"},
        {"scheme": "imported"},
        {"scheme_version": "2"},
    ],
)
def test_the_digest_changes_with_every_fact(tmp_path: Path, change: dict[str, object]) -> None:
    with Ledger(tmp_path / "a.sqlite") as a, Ledger(tmp_path / "b.sqlite") as b:
        a.append([allocation(1)])
        b.append([allocation(1, **change)])
        assert a.digest("drive") != b.digest("drive")


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no ledger"):
        Ledger(tmp_path / "new" / "ledger.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    with Ledger(ledger.path, read_only=True) as reader:
        assert len(reader.entries("drive")) == 1
        assert reader.verify().valid
        with pytest.raises(UsageError, match="readonly"):
            reader.append([allocation(2)])
    assert ledger.head().sequence == 1


def test_the_file_is_private_and_durable(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    files = sorted(ledger.path.parent.iterdir())
    assert [file.name for file in files] == [
        "ledger.sqlite",
        "ledger.sqlite-shm",
        "ledger.sqlite-wal",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    connection = ledger._connection
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    assert connection.execute("pragma synchronous").fetchone() == (2,)  # FULL
    assert connection.execute("pragma busy_timeout").fetchone()[0] >= 10_000


def test_opening_for_writing_makes_the_file_private_again(ledger: Ledger) -> None:
    ledger.path.chmod(0o644)
    with Ledger(ledger.path):
        assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_another_sqlite_file_is_not_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("create table entry (sequence integer)")
    connection.close()
    with pytest.raises(DataError, match="is not a ledger"):
        Ledger(path)


def test_a_text_file_is_not_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("perpetrator,arm\nCanary,control\n" * 100)
    with pytest.raises(DataError, match="not a ledger") as caught:
        Ledger(path)
    assert "Canary" not in str(caught.value)


def test_a_newer_format_is_refused(ledger: Ledger) -> None:
    ledger._connection.execute("pragma user_version = 2")
    with pytest.raises(DataError, match="format 2"):
        Ledger(ledger.path)


def test_an_altered_day_is_told_without_its_value(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    tamper(ledger.path, "update entry set meeting_date = 'Canary'")
    with pytest.raises(DataError, match="Entry 1 of the ledger") as caught:
        ledger.entries("drive")
    assert "Canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_lock_that_stays_is_told(ledger: Ledger) -> None:
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("begin immediate")
    ledger._connection.execute("pragma busy_timeout = 50")
    with pytest.raises(LockedError, match="locked by another process"):
        ledger.append([allocation(1)])
    other.execute("rollback")
    other.close()
    ledger.append([allocation(1)])
