"""The ledger: append only, one entry per person and study, hash-chained, verifiable."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from datrial.allocation.digests import allocations_digest, candidates_digest
from datrial.allocation.entries import GENESIS, Allocation, Event, Head, Kind
from datrial.allocation.ledger import Ledger
from datrial.allocation.ledger_schema import FORMAT
from datrial.allocation.rows import make_row
from datrial.allocation.verification import head_line, read_head_line
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


def altered(field: str, value: str, sequence: int) -> str:
    """Return the statement that alters a fact of an allocation."""
    return (
        f"update record set body = json_set(body, '$.{field}', '{value}') "
        f"where sequence = {sequence}"
    )


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
        "update record set body = '{}' where sequence = 1",
        "delete from record where sequence = 2",
        "insert or replace into record select * from record where sequence = 1",
        "insert into record select 4, kind, study, 'p_x', operator, recorded_at, body, hash, hash"
        " from record where sequence = 2",
        "insert into record select 3, kind, study, person_id, operator, recorded_at, body, hash,"
        " hash from record where sequence = 2",
        "insert into record select 3, kind, study, null, operator, recorded_at, body, hash,"
        " hash from record where sequence = 2",
        "insert into entry select 3, study, 'p_x', '', '', '', '', '', '', '', '', null, null,"
        " null, recorded_at, operator, hash, hash from record where sequence = 2",
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
        (altered("arm", "control", 3), 3),
        (altered("meeting_date", "2016-04-15", 1), 1),
        (altered("meeting_date", "no day", 2), 2),
        ("update record set body = '{' where sequence = 3", 3),
        ("update record set kind = 'deviation' where sequence = 3", 3),
        ("update record set person_id = null where sequence = 3", 3),
        ("update record set operator = x'ff' where sequence = 4", 4),
        ("update record set operator = cast(x'ff' as text) where sequence = 4", 4),
        ("update record set recorded_at = '2016-01-01' where sequence = 5", 5),
        (altered("allocated_on", "2020-01-01", 5), 5),
        ("delete from record where sequence = 2", 2),
        ("delete from record where sequence = 1", 1),
        ("update record set sequence = 9 where sequence = 5", 5),
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
    forged = make_row(other_arm.event(), Head(1, first.hash), second.recorded_at)
    tamper(
        ledger.path,
        f"update record set body = '{forged[-3]}', hash = '{forged[-1]}' where sequence = 2",
    )
    result = ledger.verify()
    assert (result.valid, result.first_fault) == (False, 3)
    assert "does not follow from the one before" in result.problem
    # Mending the link of the next one alters the next one.
    tamper(ledger.path, f"update record set previous_hash = '{forged[-1]}' where sequence = 3")
    assert ledger.verify().problem == "entry 3 was altered"


def test_hashes_of_format_2_never_change() -> None:
    """Noted when format 2 was written: a ledger of today must verify in years to come."""
    drawn = allocation(
        1, position=7, drawn_within="site_1|18-24", probabilities={"intervention": 1 / 3},
        candidates_sha256=candidates_digest([person(2), person(1)]), factors={"age": "18-24"},
    )  # fmt: skip
    row = make_row(drawn.event(), Head(0, GENESIS), "2016-04-15T09:00:00.000000+00:00")
    assert FORMAT == 2
    assert row[-1] == "b281550db02e1a6d8f2495e0db112c0d5819a26d4d7bfd5e7514db1545437d52"
    assert (
        allocations_digest([allocation(2), allocation(1)])
        == "f03498b8cf152ebdd72d15582e34c0746c2002c46943e36a3307529843942851"
    )


def test_verify_finds_dropped_triggers(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    connection = sqlite3.connect(ledger.path)
    connection.execute("drop trigger record_never_updated")
    connection.close()
    result = ledger.verify()
    assert (result.valid, result.entries) == (False, 1)
    assert "triggers" in result.problem


def test_cut_off_at_the_end_is_seen_only_against_a_noted_head(ledger: Ledger) -> None:
    """What a hash chain cannot show by itself: that it was longer, or that it is another."""
    ledger.append([allocation(i) for i in range(4)])
    noted = ledger.head()
    tamper(ledger.path, "delete from record where sequence > 2")
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
    ledger._connection.execute("pragma user_version = 3")
    with pytest.raises(DataError, match="format 3"):
        Ledger(ledger.path)


def test_an_altered_day_is_told_without_its_value(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    tamper(ledger.path, altered("meeting_date", "Canary", 1))
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


def test_an_allocation_holds_how_it_was_drawn(ledger: Ledger) -> None:
    drawn = allocation(
        1, drawn_within="site_1|18-24", position=3, probabilities={"a": 0.8, "b": 1 / 3},
        candidates_sha256=candidates_digest([person(1)]), factors={"age": "18-24"},
    )  # fmt: skip
    ledger.append([drawn])
    assert ledger.entries("drive")[0].allocation == drawn
    assert drawn.stratum == "site_1|18-24"


def test_entries_of_all_kinds_stand_in_one_chain(ledger: Ledger) -> None:
    (first,) = ledger.append([allocation(1)])
    event = Event(Kind.POLICE_REQUEST, "drive", "office", {"persons": [person(1)], "step": 2})
    record = ledger.record(event)
    (last,) = ledger.append([allocation(2)])
    assert [first.hash, record.hash] == [record.previous_hash, last.previous_hash]
    assert ledger.records("drive", Kind.POLICE_REQUEST) == [record]
    assert [each.kind for each in ledger.records()] == ["allocation", event.kind, "allocation"]
    assert ledger.records("restart") == []
    assert record.event == event
    assert ledger.verify().entries == 3
    tamper(ledger.path, "update record set body = '{}' where sequence = 2")
    assert ledger.verify().first_fault == 2


def test_an_entry_of_an_unknown_kind_is_told_without_its_value(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    tamper(ledger.path, "update record set kind = 'Canary'")
    with pytest.raises(DataError, match="Entry 1 of the ledger cannot be read") as caught:
        ledger.records("drive")
    assert "Canary" not in str(caught.value)


def test_other_entries_name_people_by_pseudonym_and_an_operator(ledger: Ledger) -> None:
    for body, person_id in (({"persons": [person(1), "John Canary"]}, None), ({}, "John Canary")):
        with pytest.raises(DataError, match="1 of") as caught:
            ledger.record(Event(Kind.DEVIATION, "drive", "office", body, person_id))
        assert "Canary" not in str(caught.value)
    with pytest.raises(UsageError, match="operator"):
        ledger.record(Event(Kind.DEVIATION, "drive", "", {}))
    with pytest.raises(ValueError, match="append"):
        ledger.record(allocation(1).event())
    assert ledger.head().sequence == 0


def test_a_batch_is_recorded_whole_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.batch():
        ledger.append([allocation(1)])
        ledger.record(Event(Kind.DEVIATION, "drive", "office", {}, person(1)))
        _ = 1 / 0
    assert ledger.head().sequence == 0
    with ledger.batch():
        ledger.append([allocation(1)])
        with pytest.raises(DataError, match="another arm"):  # undone by itself
            ledger.append([allocation(2), allocation(1, "control")])
        ledger.append([allocation(3)])
    assert [each.allocation.person_id for each in ledger.entries("drive")] == [person(1), person(3)]
    assert ledger.verify().valid


def test_nobody_else_appends_within_a_batch(ledger: Ledger) -> None:
    with Ledger(ledger.path) as other:
        other._connection.execute("pragma busy_timeout = 50")
        with ledger.batch():
            head = ledger.head()
            with pytest.raises(LockedError):
                other.append([allocation(2)])
            ledger.append([allocation(1)], expected_head=head)
        other.append([allocation(2)])
    assert ledger.verify().entries == 2


def test_a_noted_line_tells_the_head(ledger: Ledger) -> None:
    ledger.append([allocation(1)])
    assert read_head_line(f" {head_line(ledger.head())}\n") == ledger.head()
    for line in ("", "1", f"1:{'0' * 63}", f"-1:{'0' * 64}"):
        with pytest.raises(UsageError, match="noted head"):
            read_head_line(line)


OLD = Path(__file__).parent / "ledger_of_format_1.sql"
OLD_HEAD = Head(5, "76cc8fc447c19fd8fe411edd18148795ee74f145ba1181a3fcbe5674d3a23dda")
OLD_DIGEST = "bfe79ce4435c49ff3907d4ed950063be00d861bb3bd90e293160c04880a0f377"


@pytest.fixture
def old_ledger(tmp_path: Path) -> Path:
    """Return a ledger as version 0.1 wrote it: four people in drive, one in restart."""
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.executescript("pragma application_id = 1146376777; pragma user_version = 1;")
    connection.execute("pragma journal_mode = wal")
    connection.close()
    return path


def test_a_ledger_of_format_1_is_read_and_verified_as_it_is(old_ledger: Path) -> None:
    with Ledger(old_ledger, read_only=True) as ledger:
        assert ledger.verify(expected=OLD_HEAD).entries == 5
        assert ledger.verify(expected=OLD_HEAD).valid
        assert ledger.head() == OLD_HEAD
        assert ledger.digest("drive") == OLD_DIGEST
        assert [each.sequence for each in ledger.entries("drive")] == [1, 2, 3, 5]
        (only,) = ledger.entries("restart")
    assert only.allocation.allocated_on == dt.date(2016, 4, 20)
    assert only.allocation.stratum == "site_2|2016-04-18"
    connection = sqlite3.connect(old_ledger)
    assert connection.execute("pragma user_version").fetchone() == (1,)
    connection.close()


def test_a_ledger_of_format_1_goes_on(old_ledger: Path) -> None:
    new = allocation(6, "control", key_fingerprint="aaaa")
    with Ledger(old_ledger) as ledger:
        before = ledger.entries("drive")
        (entry,) = ledger.append([new])
        assert (entry.sequence, entry.previous_hash) == (6, OLD_HEAD.hash)
        assert ledger.entries("drive") == [*before, entry]
        assert ledger.append([before[1].allocation]) == [before[1]]
        with pytest.raises(DataError, match="another arm"):
            ledger.append([allocation(1, "control", key_fingerprint="aaaa")])
        with pytest.raises(DataError, match="another pseudonym key"):
            ledger.append([allocation(7)])
        assert ledger.verify(expected=OLD_HEAD).entries == 6
        assert ledger.verify(expected=OLD_HEAD).valid
    with Ledger(old_ledger) as ledger:  # once brought up to date, it is as any other
        ledger.append([allocation(7, key_fingerprint="aaaa")])
        assert ledger.verify().valid


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("update entry set arm = 'control' where sequence = 1", 1),
        ("update entry set operator = x'ff' where sequence = 4", 4),
        ("delete from entry where sequence = 5", 5),
        ("delete from entry where sequence = 2", 2),
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_an_altered_entry_of_format_1_is_named(
    old_ledger: Path, statement: str, named: int, read_only: bool
) -> None:
    if not read_only:
        with Ledger(old_ledger) as ledger:
            ledger.append([allocation(6, key_fingerprint="aaaa")])
    tamper(old_ledger, statement)
    with Ledger(old_ledger, read_only=read_only) as ledger:
        result = ledger.verify(expected=OLD_HEAD)
    assert (result.valid, result.first_fault) == (False, named)


def test_nobody_of_format_1_is_entered_again_by_another_program(old_ledger: Path) -> None:
    with Ledger(old_ledger) as ledger:
        ledger.append([allocation(6, key_fingerprint="aaaa")])
    other = sqlite3.connect(old_ledger)
    with pytest.raises(sqlite3.IntegrityError, match="not allocated before"):
        other.execute(
            "insert into record select 7, kind, study, 'p_00000000000000000001', operator, "
            "recorded_at, body, hash, hash from record"
        )
    other.close()
