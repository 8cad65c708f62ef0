"""Whatever text a file holds, no row is lost, and raw text is the text received or nothing."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.project import project_root
from datrial.errors import DataError
from datrial.extracts.batches import text_batches
from datrial.extracts.csv_rows import count_records, csv_batches
from datrial.extracts.decoding import MACROS
from datrial.extracts.landing import land
from datrial.extracts.layout import read_layout, row_judge
from datrial.extracts.raw import load
from datrial.extracts.readers import read_rows
from datrial.extracts.staging import stage
from datrial.extracts.text import plain
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

SQL = project_root() / "sql" / "staging"
HEADER = ["Perp", "Victim", "Heard", "Age", "Agency", "Name"]
MAPPING = SourceMapping.model_validate(
    {
        "key": "test/marac",
        "source": "marac",
        "site": "site_1",
        "file": "marac.csv",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [
            {
                "table": "marac_case",
                "columns": {
                    "perpetrator_id": "Perp",
                    "victim_id": "Victim",
                    "hearing_date": "Heard",
                    "perpetrator_age": "Age",
                    "referral_agency": "Agency",
                },
                "withheld": ["Name"],
            }
        ],
    }
)
anything = st.text(st.characters(codec="utf-8"), max_size=8)
cell = st.one_of(
    anything,
    st.sampled_from(["", " ", "P1", "p1 ", "V1", "31/01/2017", "31/02/2017", "police", "Total"]),
)
rows = st.lists(st.lists(cell, min_size=0, max_size=8), max_size=12)


def loaded(table: list[list[str]]) -> Any:
    with tempfile.TemporaryDirectory() as name:
        inbox, landing = Path(name) / "inbox", Path(name) / "landing"
        inbox.mkdir()
        with (inbox / "marac.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([HEADER, *table])
        connection = duckdb.connect()
        receipts = land([MAPPING], inbox, landing).current
        pseudonyms = Pseudonymiser(DEMONSTRATION_KEY)
        load(connection, receipts, [MAPPING], landing, pseudonyms)
    return connection


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows)
@example([["P1", "V1", "31/01/2017", "30", "police", "Ann"]] * 3 + [[], ["Total"], ["a"] * 8])
@example([["P1\x00", "V\n1", "31/01/2017", '"', "\ufeff", "\u2028"]])
def test_every_row_is_received_and_staged_or_quarantined_once(table: list[list[str]]) -> None:
    connection = loaded(table)
    stage(connection, ["marac_case"], SQL)
    ((received, staged, quarantined),) = connection.sql(
        "select received, staged, quarantined from accounting.extract"
    ).fetchall()
    assert received == staged + quarantined == len(table)
    placed = connection.sql(
        "select row_number from staging.marac_case union all "
        "select row_number from quarantine.row order by row_number"
    ).fetchall()
    assert (
        placed
        == connection.sql("select row_number from raw.marac_case order by row_number").fetchall()
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(cell, cell, cell), max_size=10))
@example([("31/01/2017", "30", "police"), (" 2017-01-31 ", "0", "Police"), ("", "-", "Ann")])
def test_raw_text_is_the_text_received_where_it_was_understood(
    texts: list[tuple[str, str, str]],
) -> None:
    """Cell by cell, spaces and capitals included; null where there is a problem."""
    connection = loaded([["P1", "V1", *text, "Ann"] for text in texts])
    found = connection.sql(
        "select received.hearing_date, received.perpetrator_age, received.referral_agency, "
        "mapped.problems from raw.marac_case as received "
        "join mapped.marac_case as mapped using (row_number) order by row_number"
    ).fetchall()
    assert len(found) == len(texts)
    names = ("hearing_date", "perpetrator_age", "referral_agency")
    for received, (*raw, problems) in zip(texts, found, strict=True):
        wrong = {problem.partition(": ")[0] for problem in problems if "empty" not in problem}
        assert raw == [
            None if name in wrong else text for name, text in zip(names, received, strict=True)
        ]


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(codec="ascii"), max_size=12) | st.text(" \t\n\x0b\x1c\x85\xa0\u2003aA")
)
def test_sql_and_python_compare_spellings_alike(text: str) -> None:
    """Spellings are trimmed, with single spaces, in small letters, in both languages."""
    connection = _with_macros()
    assert connection.execute("select as_compared(?)", [text]).fetchall() == [(plain(text),)]


_CONNECTION: list[Any] = []


def _with_macros() -> Any:
    if not _CONNECTION:
        connection = duckdb.connect()
        connection.execute(MACROS)
        _CONNECTION.append(connection)
    return _CONNECTION[0]


#: Rows as they come out of a CSV file, and what decides their kind.
words = st.sampled_from(
    ["", " ", "\t", "x", "P1", "Total", "total: 3", "Totality", "\nTotal", "a\n"]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(words, min_size=0, max_size=5), min_size=1, max_size=6),
    st.sampled_from([[], [""], ["", "Name"]]),
    st.booleans(),
)
def test_a_batch_is_judged_as_its_rows_are(
    table: list[list[str]], more: list[str], is_even: bool
) -> None:
    """The quick test of a whole batch never takes a row for data that is none."""
    columns = {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard"}
    contents = {"table": "marac_case", "columns": columns, "withheld": ["Name"]}
    mapping = MAPPING.model_copy(update={"tables": (TableMapping.model_validate(contents),)})
    header = [*columns.values(), *more]
    if is_even:  # rows of one length, as most files have
        table = [(row + [""] * len(header))[: len(header)] for row in table]
    layout, problems = read_layout("f.csv", mapping, mapping.tables[0], header)
    assert layout is not None, problems
    judge = row_judge(mapping.tables[0], layout)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "f.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *table])
        (batch,) = text_batches(path, mapping, mapping.tables[0])
        numbers = [number for number, _ in read_rows(path, mapping, mapping.tables[0])][1:]
    kinds = [judge(row) for row in table]
    assert batch["row_kind"].to_pylist() == kinds
    assert batch["row_number"].to_pylist() == numbers
    for column, place in layout.columns.items():
        expected = [
            row[place] if kind == "data" else None for row, kind in zip(table, kinds, strict=True)
        ]
        assert batch[column].to_pylist() == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab"\r\n,;é'), max_size=5), min_size=1, max_size=3),
        max_size=8,
    ),
    st.integers(1, 3),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-16-le"]),
)
def test_rows_come_with_the_lines_on_which_they_start_however_they_are_batched(
    table: list[list[str]], size: int, encoding: str
) -> None:
    """Compared with Python's reader, asked for its line after each row."""
    mapping = MAPPING.model_copy(update={"encoding": encoding})
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        path = Path(name) / "f.csv"
        mark = "\ufeff" if encoding == "utf-16-le" else ""
        with path.open("w", encoding=encoding, newline="") as file:
            file.write(mark)
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(table)
        patch.setattr("datrial.extracts.csv_rows._ROWS", size)
        found = [row for batch in csv_batches(path, mapping) for row in zip(*batch, strict=True)]
        with path.open(encoding=encoding, newline="") as file:
            file.read(len(mark))
            text = file.read()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected, line = [], 0
    for cells in reader:
        expected.append((line + 1, cells))
        line = reader.line_num
    assert found == expected
    assert [cells for _, cells in found] == table


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab"\r\n, '), max_size=40))
@example('a\n"b\n\nc"\n\n"d"\r\r\n')
@example('a\n"b\n')
def test_counted_records_are_those_that_are_read(text: str) -> None:
    """Whatever stands in the file; and where it cannot be read, the same is said."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "f.csv"
        path.write_text(text, encoding="utf-8", newline="")
        outcomes: list[int | str] = []
        for count in (count_records, lambda *_: sum(len(b[1]) for b in csv_batches(*_))):
            try:
                outcomes.append(count(path, MAPPING))
            except DataError as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
