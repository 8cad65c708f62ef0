"""Whatever is altered in a ledger, by whatever means, the first altered entry is named."""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from datrial.allocation.entries import Allocation, Event, Kind
from datrial.allocation.ledger import Ledger
from datrial.allocation.rows import COLUMNS

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMES = st.text(st.sampled_from("abc é|\"'{}"), min_size=1, max_size=8).filter(str.strip)
CHANCES = st.none() | st.dictionaries(NAMES, st.floats(0, 1), max_size=3)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Allocation | Event]:
    """Return up to six entries of several kinds, with text that JSON and SQL must quote."""
    found: list[Allocation | Event] = []
    for number in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            allocation = Allocation(
                study="drive", person_id=f"p_{number:020x}", site=draw(NAMES),
                meeting_date=draw(st.dates()), arm=draw(NAMES), scheme=draw(NAMES),
                scheme_version="1", library=draw(TEXT), bit_generator=draw(TEXT),
                operator=draw(NAMES), allocated_on=draw(st.none() | st.dates()),
                drawn_within=draw(st.none() | NAMES), probabilities=draw(CHANCES),
                position=draw(st.none() | st.integers(1)),
                factors=draw(st.none() | st.dictionaries(NAMES, TEXT, max_size=3)),
            )  # fmt: skip
            found.append(allocation)
        else:
            kind = draw(st.sampled_from([kind for kind in Kind if kind != Kind.ALLOCATION]))
            found.append(Event(kind, "drive", draw(NAMES), {draw(NAMES): draw(TEXT)}))
    return found


def fill(path: Path, entries: list[Allocation | Event]) -> None:
    with Ledger(path) as ledger:
        for entry in entries:
            if isinstance(entry, Allocation):
                ledger.append([entry])
            else:
                ledger.record(entry)
        assert ledger.verify().valid


@given(ledgers())
@settings(max_examples=25, deadline=None)
def test_entries_come_back_as_they_were_given(entries: list[Allocation | Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        fill(path, entries)
        with Ledger(path, read_only=True) as ledger:
            events = [record.event for record in ledger.records()]
            allocations = [entry.allocation for entry in ledger.entries("drive")]
    assert events == [e.event() if isinstance(e, Allocation) else e for e in entries]
    for given_, kept in zip(
        [e for e in entries if isinstance(e, Allocation)], allocations, strict=True
    ):
        assert kept.event() == given_.event()
        assert kept.meeting_date == given_.meeting_date


@given(ledgers(), st.data(), TEXT | st.none() | st.integers(-9, 9) | st.binary(max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_first_altered_entry_is_named(
    entries: list[Allocation | Event], data: st.DataObject, value: object
) -> None:
    number = data.draw(st.integers(1, len(entries)))
    column = data.draw(st.sampled_from([name for name in COLUMNS if name != "sequence"]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        fill(path, entries)
        with closing(sqlite3.connect(path)) as other:
            triggers = other.execute(
                "select name, sql from sqlite_master where type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                other.execute(f"drop trigger {name}")
            before = other.execute(
                f"select {column} from record where sequence = {number}"
            ).fetchone()
            try:
                other.execute(f"update record set {column} = ? where sequence = {number}", [value])
            except sqlite3.IntegrityError:  # not null, or a second allocation of a person
                return
            after = other.execute(f"select {column} from record where sequence = {number}")
            altered = after.fetchone() != before
            for _, sql in triggers:
                other.execute(sql)
            other.commit()
        with Ledger(path) as ledger:
            result = ledger.verify()
    assert result.valid == (not altered)
    if altered:
        assert result.first_fault == number


def test_a_day_is_kept_as_a_day() -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "l.sqlite") as ledger:
        only = Allocation(
            study="drive", person_id=f"p_{1:020x}", site="s", meeting_date=dt.date(2016, 2, 29),
            arm="a", scheme="s", scheme_version="1", library="l", bit_generator="b", operator="o",
        )  # fmt: skip
        assert ledger.append([only])[0].allocation == only
