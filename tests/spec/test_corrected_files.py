"""Corrected files: which of an agency's files count, which they replaced, and what changed.

The inbox says what is current; landing remembers what came before. Each case
below is a story of nights: what lay in the inbox, and what counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import TYPES

from datrial.config.mapping import SourceMapping
from datrial.config.tables import staging_tables
from datrial.errors import DataError
from datrial.extracts import keeping
from datrial.extracts.differences import write_differences
from datrial.extracts.landing import Landed, expected_extracts, land
from datrial.extracts.receipts import Receipt

WHOLE = {"start": "2016-01-01", "end": "2019-09-30"}


def agency(file: str, covers: dict[str, str] | None = None) -> SourceMapping:
    return SourceMapping.model_validate(
        {
            "key": "test/marac", "source": "marac", "site": "site_1", "file": file,
            "format": "csv", "covers": covers,
            "tables": [{"table": "marac_case", "columns": {
                "perpetrator_id": "P", "victim_id": "V", "hearing_date": "D"}}],
        }
    )  # fmt: skip


@dataclass
class Agency:
    """An agency's inbox, night by night; a file's content is a word of its own."""

    mapping: SourceMapping
    folder: Path

    def night(self, **files: str) -> Landed:
        """Land an inbox that holds exactly these files: content by name, as in ``a="v1"``."""
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        for path in inbox.iterdir():
            path.unlink()
        for name, content in files.items():
            (inbox / f"marac_{name}.csv").write_text(f"P,V,D\n{content},V1,2017-01-31\n")
        before = expected_extracts([self.mapping], inbox, self.landing)
        found = land([self.mapping], inbox, self.landing)
        assert found.lines() == before == expected_extracts([self.mapping], inbox, self.landing)
        return found

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def words(self, receipts: list[Receipt]) -> list[str]:
        """Return the contents of extracts in their order."""
        lines = [receipt.path(self.landing).read_text().splitlines()[1] for receipt in receipts]
        return [line.partition(",")[0] for line in lines]


STORIES: list[tuple[str, str, list[tuple[dict[str, str], list[str], list[str]]]]] = [
    (
        "a file is overwritten in the inbox",
        "marac_*.csv",
        [
            # in the inbox, what counts, what it replaced
            ({"all": "v1"}, ["v1"], []),
            ({"all": "v2"}, ["v2"], ["v1"]),
            ({"all": "v3"}, ["v3"], ["v2"]),
            ({"all": "v3"}, ["v3"], ["v2"]),
        ],
    ),
    (
        "the correction lies beside the file that it corrects",
        "marac_*.csv",
        [({"all": "v1"}, ["v1"], []), ({"all": "v1", "all_new": "v2"}, ["v2"], ["v1"])],
    ),
    (
        "the same content under another name is loaded once",
        "marac_*.csv",
        [
            ({"all": "v1"}, ["v1"], []),
            ({"all": "v1", "resent": "v1"}, ["v1"], []),
            ({"resent": "v1"}, ["v1"], []),
        ],
    ),
    (
        "one month among several is corrected",
        "marac_{year}_{month}*.csv",
        [
            ({"2017_01": "jan", "2017_02": "feb", "2017_03": "mar"}, ["jan", "feb", "mar"], []),
            (
                {"2017_01": "jan", "2017_02": "feb", "2017_03": "mar", "2017_02b": "feb2"},
                ["jan", "mar", "feb2"],
                ["feb"],
            ),
            # the old file is taken away: nothing changes
            ({"2017_01": "jan", "2017_02b": "feb2", "2017_03": "mar"}, ["jan", "mar", "feb2"],
             ["feb"]),
        ],
    ),
    (
        "an extract from the start until a later day replaces all before it",
        "marac_{start}_{end}.csv",
        [
            ({"20170101_20170131": "jan"}, ["jan"], []),
            ({"20170101_20170131": "jan", "20170201_20170228": "feb"}, ["jan", "feb"], []),
            (
                {"20170101_20170131": "jan", "20170201_20170228": "feb",
                 "20170101_20170331": "spring"},
                ["spring"],
                ["jan", "feb"],
            ),
            ({"20170101_20170430": "longer"}, ["longer"], ["spring"]),
        ],
    ),
    (
        "a shorter extract than the one before corrects only its own days: both count",
        "marac_{start}_{end}.csv",
        [
            ({"20170101_20171231": "year"}, ["year"], []),
            ({"20170101_20171231": "year", "20170301_20170331": "mar"}, ["year", "mar"], []),
        ],
    ),
    (
        "days that overlap without one holding the other: both count",
        "marac_{start}_{end}.csv",
        [
            ({"20170101_20170630": "one"}, ["one"], []),
            ({"20170101_20170630": "one", "20170401_20170930": "two"}, ["one", "two"], []),
        ],
    ),
    (
        "the earlier content is sent back: it counts again, as it did at first",
        "marac_*.csv",
        [
            ({"all": "v1"}, ["v1"], []),
            ({"all": "v2"}, ["v2"], ["v1"]),
            ({"all": "v1"}, ["v1"], []),
            # ... but while the correction lies there too, the correction counts
            ({"all": "v2", "again": "v1"}, ["v2"], ["v1"]),
        ],
    ),
    (
        "parts of one delivery do not replace each other, but a part replaces that part",
        "marac_{year}_{part}.csv",
        [
            ({"2017_north": "n1", "2017_south": "s1"}, ["n1", "s1"], []),
            ({"2017_north": "n1", "2017_south": "s2"}, ["n1", "s2"], ["s1"]),
        ],
    ),
    (
        "a month is taken out of the inbox: it no longer counts",
        "marac_{year}_{month}.csv",
        [
            ({"2017_01": "jan", "2017_02": "feb"}, ["jan", "feb"], []),
            ({"2017_02": "feb"}, ["feb"], []),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "nights"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES]
)
def test_which_extracts_count(
    tmp_path: Path, file: str, nights: list[tuple[dict[str, str], list[str], list[str]]]
) -> None:
    sender = Agency(
        agency(file, None if "{year}" in file or "{start}" in file else WHOLE), tmp_path
    )
    for files, current, earlier in nights:
        found = sender.night(**files)
        assert (sender.words(found.current), sender.words(found.earlier)) == (current, earlier)


def test_the_clock_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = iter(range(23, 0, -1))
    monkeypatch.setattr(keeping, "_now", lambda: f"2026-11-22T{next(hours)}:00:00+00:00")
    sender = Agency(agency("marac_*.csv", WHOLE), tmp_path)
    for word in ("v1", "v2", "v3"):
        found = sender.night(all=word)
    assert sender.words(found.current + found.earlier) == ["v3", "v2"]
    assert found.current[0].received_at < found.earlier[0].received_at


@pytest.mark.parametrize(
    ("file", "files"),
    [
        ("marac_*.csv", {"a": "v1", "b": "v2"}),
        ("marac_{year}_{month}*.csv", {"2017_03": "v1", "2017_03_corrected": "v2"}),
        ("marac_{start}_{end}.csv", {"20170301_20170331": "v1", "20170101_20170331": "v2"}),
        ("marac_{year}_{part}.csv", {"2017_A": "v1", "2017_a": "v2"}),
    ],
)
def test_two_versions_at_once_are_refused(tmp_path: Path, file: str, files: dict[str, str]) -> None:
    """Neither was seen before: nobody can know which corrects which."""
    sender = Agency(agency(file, None if "{" in file else WHOLE), tmp_path)
    names = ", ".join(sorted(f"marac_{name}.csv" for name in files))
    with pytest.raises(DataError) as caught:
        sender.night(**files)
    assert str(caught.value) == (
        "The incoming files cannot be used (1 problem(s)):\n"
        f"  - {names}: both are new, and the days of one lie within those of the other, so "
        "nobody can know which corrects which. Leave only the one that counts in the incoming "
        "folder; parts of one delivery are told apart by {part} in `file` of "
        "configs/sources/test/marac.yaml."
    )
    assert not sender.landing.exists()


def test_the_order_of_arrival_decides_a_snapshot_and_the_numbers_do_not(tmp_path: Path) -> None:
    """Where days overlap, the later row of a key stands: the order belongs to the inputs."""
    both = {"20170101_20170630": "one", "20170401_20170930": "two"}
    lines = []
    for folder, first in (("a", "20170101_20170630"), ("b", "20170401_20170930"), ("c", "x")):
        sender = Agency(agency("marac_{start}_{end}.csv"), tmp_path / folder)
        sender.folder.mkdir()
        if first in both:
            sender.night(**{first: both[first]})
        else:  # an extract of long ago, which is no longer in the inbox, moves the numbers on
            sender.night(**{"20150101_20150101": "old"})
        lines.append(sender.night(**both).lines())
    assert lines[0] != lines[1]
    assert lines[0] == lines[2]


def test_an_earlier_extract_in_another_form_is_left_out(tmp_path: Path) -> None:
    """The agency has changed its form since: the old file can no longer be read."""
    sender = Agency(agency("marac_*.csv", WHOLE), tmp_path)
    sender.night(all="v1")
    table = sender.mapping.tables[0].model_copy(
        update={"columns": {"perpetrator_id": "V", "victim_id": "P", "hearing_date": "D"}}
    )
    sender.mapping = sender.mapping.model_copy(update={"tables": (table,)})
    assert sender.night(all="v2").earlier == []
    assert sender.words(sender.night(all="v3").earlier) == ["v2"]


def test_an_earlier_extract_whose_file_has_expired_is_left_out(tmp_path: Path) -> None:
    """Its receipt stays, and so does its place in the order of arrival, should it come back."""
    sender = Agency(agency("marac_*.csv", WHOLE), tmp_path)
    (first,) = sender.night(all="v1").current
    sender.night(all="v2")
    first.path(sender.landing).unlink()
    assert sender.night(all="v2").earlier == []
    assert sender.words(sender.night(all="v1").current) == ["v1"]
    assert sender.words(sender.night(all="v2").earlier) == ["v1"]


# What changed. Key of marac_case: perpetrator, victim, day.
Row = tuple[str, ...]


def warehouse(
    table: str, columns: str, now: list[tuple[str, Row]], before: list[tuple[str, Row]],
    *, days: str = "date '2017-01-01', date '2017-12-31'",
) -> Any:  # fmt: skip
    """Return a warehouse with rows (extract id, cells) of a table, now and before."""
    connection = duckdb.connect()
    names = ", ".join(
        f"{name} {TYPES.get(column.kind, 'varchar')}"
        for name, column in staging_tables()[table].columns.items()
    )
    extracts = sorted({extract for extract, _ in (*before, *now)})
    for schema, rows in (("mapped", now), ("earlier", before)):
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(
            f"create table {schema}.{table} (extract_id varchar, row_number bigint, "
            f"row_kind varchar default 'data', site varchar default 'site_1', {names})"
        )
        for number, (extract, cells) in enumerate(rows):
            connection.execute(
                f"insert into {schema}.{table} (extract_id, row_number, {columns}) "
                f"values (?, ?, {', '.join('?' * len(cells))})",
                [extract, number, *cells],
            )
    for schema, rows in (("raw", now), ("earlier", before)):
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(
            f"create table {schema}.extract (table_name varchar, extract_id varchar, "
            "mapping varchar, part varchar, covers_start date, covers_end date, arrival bigint)"
        )
        for extract in sorted({extract for extract, _ in rows}):
            connection.execute(
                f"insert into {schema}.extract values (?, ?, 'test/x', null, {days}, ?)",
                [table, extract, extracts.index(extract) + 1],
            )
    return connection


def differences(connection: Any) -> list[tuple[Any, ...]]:
    write_differences(connection)
    return list(
        connection.sql(
            "select extract_id, earlier_extract_id, added, changed, gone, same "
            "from accounting.difference order by all"
        ).fetchall()
    )


def cases(extract: str, *rows: tuple[str | None, ...]) -> list[tuple[str, Row]]:
    return [(extract, row) for row in rows]  # type: ignore[misc]


CASE = "perpetrator_id, victim_id, hearing_date, repeat_case"
DIFFERENCES = [
    ("nothing", [("p", "v", "2017-01-01", "yes")], [("p", "v", "2017-01-01", "yes")],
     (0, 0, 0, 1)),
    ("added", [("p", "v", "2017-01-01", "yes"), ("q", "v", "2017-01-01", None)],
     [("p", "v", "2017-01-01", "yes")], (1, 0, 0, 1)),
    ("gone", [("p", "v", "2017-01-01", "yes")],
     [("p", "v", "2017-01-01", "yes"), ("q", "v", "2017-01-01", None)], (0, 0, 1, 1)),
    ("changed", [("p", "v", "2017-01-01", "no")], [("p", "v", "2017-01-01", "yes")],
     (0, 1, 0, 0)),
    ("an answer is missing now", [("p", "v", "2017-01-01", None)],
     [("p", "v", "2017-01-01", "yes")], (0, 1, 0, 0)),
    ("an answer is still missing", [("p", "v", "2017-01-01", None)],
     [("p", "v", "2017-01-01", None)], (0, 0, 0, 1)),
    ("another day is another key", [("p", "v", "2017-01-02", "yes")],
     [("p", "v", "2017-01-01", "yes")], (1, 0, 1, 0)),
    ("the first row of a key counts",
     [("p", "v", "2017-01-01", "yes"), ("p", "v", "2017-01-01", "no")],
     [("p", "v", "2017-01-01", "yes"), ("p", "v", "2017-01-01", "yes")], (0, 0, 0, 1)),
    ("rows without a usable key take no part",
     [("p", None, "2017-01-01", "yes"), ("p", "v", None, "yes")], [("p", "v", None, "no")],
     (0, 0, 0, 0)),
    ("an extract without rows", [], [("p", "v", "2017-01-01", "yes")], (0, 0, 1, 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "before", "expect"), [row[1:] for row in DIFFERENCES],
    ids=[row[0] for row in DIFFERENCES],
)  # fmt: skip
def test_what_a_correction_changed(
    now: list[Row], before: list[Row], expect: tuple[int, ...]
) -> None:
    connection = warehouse("marac_case", CASE, cases("m@2", *now), cases("m@1", *before))
    if not now:
        connection.execute(
            "insert into raw.extract values ('marac_case', 'm@2', 'test/x', null, "
            "date '2017-01-01', date '2017-12-31', 2)"
        )
    assert differences(connection) == [("m@2", "m@1", *expect)]


def test_rows_that_are_no_data_take_no_part() -> None:
    row = ("p", "v", "2017-01-01", "yes")
    connection = warehouse("marac_case", CASE, cases("m@2", row), cases("m@1", row))
    connection.execute("update mapped.marac_case set row_kind = 'ragged'")
    assert differences(connection) == [("m@2", "m@1", 0, 0, 1, 0)]


def test_a_table_without_a_key_is_compared_by_whole_rows_as_often_as_they_stand_there() -> None:
    twice, other = ("p", "2017-01-01", "direct"), ("p", "2017-01-01", "indirect")
    connection = warehouse(
        "cms_action", "perpetrator_id, action_date, work",
        cases("m@2", twice, twice, twice, other), cases("m@1", twice, other, other, other),
    )  # fmt: skip
    assert differences(connection) == [("m@2", "m@1", 2, 0, 2, 2)]


def test_one_extract_in_the_place_of_several_is_compared_with_all_of_them() -> None:
    """The one that arrived last tells what stood there, where two have the same key."""
    connection = warehouse(
        "marac_case", CASE,
        cases("m@9", ("p", "v", "2017-01-01", "no"), ("q", "v", "2017-02-01", "no")),
        [
            *cases("m@1", ("p", "v", "2017-01-01", "yes")),
            *cases("m@2", ("p", "v", "2017-01-01", "no"), ("r", "v", "2017-02-01", "no")),
        ],
    )  # fmt: skip
    connection.execute("update earlier.extract set covers_end = '2017-06-30' where arrival = 1")
    connection.execute("update earlier.extract set covers_start = '2017-02-01' where arrival = 2")
    assert differences(connection) == [("m@9", "m@2", 1, 0, 1, 1)]
    assert connection.sql("select earlier_extracts from accounting.difference").fetchall() == [(2,)]


def test_an_extract_that_replaced_nothing_has_no_difference() -> None:
    row = ("p", "v", "2017-01-01", "yes")
    connection = warehouse("marac_case", CASE, cases("m@2", row), cases("m@1", row))
    connection.execute("update earlier.extract set mapping = 'test/other'")
    assert differences(connection) == []
