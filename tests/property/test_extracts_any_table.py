"""Any table of text is read back exactly, in every format, with the row numbers a person sees."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from datrial.config.mapping import SourceMapping
from datrial.extracts.layout import from_header, is_header
from datrial.extracts.readers import read_rows
from datrial.extracts.text import cell_text

Table = list[list[str]]
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mapping(format: str, **changes: Any) -> SourceMapping:
    table = {
        "table": "cms_engagement",
        "columns": {"perpetrator_id": "SU"},
        **changes.pop("table", {}),
    }
    return SourceMapping.model_validate(
        {
            "key": "test/cms", "source": "cms", "site": "site_1", "file": "f", "format": format,
            "covers": {"start": "2016-01-01", "end": "2019-09-30"}, "tables": [table], **changes,
        }
    )  # fmt: skip


def read(content: bytes, agency: SourceMapping) -> list[tuple[int, list[str]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(content)
        return [
            (number, list(cells)) for number, cells in read_rows(path, agency, agency.tables[0])
        ]


def written(table: Table, delimiter: str, quote: str, end: str, quoting: int) -> list[str]:
    """Return each record of a table as CSV."""
    records = []
    for row in table:
        record = io.StringIO(newline="")
        csv.writer(
            record, delimiter=delimiter, quotechar=quote, lineterminator=end, quoting=quoting
        ).writerow(row)
        records.append(record.getvalue())
    return records


@st.composite
def csv_files(draw: st.DrawFn) -> tuple[Table, str, str, str, str, int]:
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"]))
    codec = {"cp1252": "cp1252"}.get(encoding, "utf-8")
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    # Python's own writer leaves a lone carriage return unquoted, which ends a line
    without = "\r" if quoting == csv.QUOTE_MINIMAL else ""
    texts = st.text(st.characters(codec=codec, exclude_characters=without), max_size=6)
    telling = st.sampled_from(["", " ", '"', "'", ";", ",", "\t", "|", "\n", "\n\n", '""', "a\nb"])
    table = draw(st.lists(st.lists(texts | telling, max_size=5), max_size=8))
    # a byte order mark at the very start is no text, whoever typed it
    assume(not table or not table[0] or not table[0][0].startswith("\ufeff"))
    return (
        table, encoding, draw(st.sampled_from([",", ";", "\t", "|"])),
        draw(st.sampled_from(['"', "'"])), draw(st.sampled_from(["\n", "\r\n"])), quoting,
    )  # fmt: skip


@few
@given(csv_files())
@example(([["a\n\nb", "c"], [], ["", ""], ["d"]], "utf-16", "\t", "'", "\r\n", csv.QUOTE_ALL))
@example(([['"', "\u2028\x0b\x85"], ["x"]], "utf-8", ",", '"', "\n", csv.QUOTE_ALL))
def test_csv_in_any_dialect_and_encoding(file: tuple[Table, str, str, str, str, int]) -> None:
    table, encoding, delimiter, quote, end, quoting = file
    records = written(table, delimiter, quote, end, quoting)
    agency = mapping("csv", encoding=encoding, delimiter=delimiter, quote=quote)
    lines, expected = 0, []
    for row, record in zip(table, records, strict=True):
        expected.append((lines + 1, row))
        lines += len(re.findall("\r\n|\r|\n", record))
    assert read("".join(records).encode(encoding), agency) == expected


#: What a workbook can hold as text; it stores a carriage return and `_x000D_` as one thing.
in_workbooks = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="_\ufffe\uffff"),
    max_size=6,
)


def trimmed(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Leave out empty cells at the end of rows, and empty rows at the end of the sheet.

    A cell that holds nothing but white space counts as empty, as it does where rows are judged.
    """
    short = []
    for number, cells in rows:
        cells = [cell if cell.strip() else "" for cell in cells]
        filled = [place for place, cell in enumerate(cells) if cell]
        short.append((number, cells[: max(filled, default=-1) + 1]))
    while short and not short[-1][1]:
        short.pop()
    return short


def workbook(table: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Cases"
    for row, cells in enumerate(table, start=1):
        for column, value in enumerate(cells, start=1):
            if value == "" or value is None:
                continue
            cell = book.active.cell(row, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # "=1" is text here, no formula
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


EXCEL = mapping("excel", table={"sheet": "Cases"})


@few
@given(
    st.lists(
        st.lists(in_workbooks | st.sampled_from(["", " ", "=1+1", "007"]), max_size=5), max_size=8
    )
)
@example([[], ["", " x "], [], ["", "", "007"]])
def test_text_in_a_workbook(table: Table) -> None:
    expected = trimmed(list(enumerate(table, start=1)))
    assert trimmed(read(workbook(table), EXCEL)) == expected


values = (
    st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
    | st.booleans()
    | st.dates(dt.date(1900, 3, 1), dt.date(2199, 12, 31))
    | st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2199, 12, 31)).map(
        lambda moment: moment.replace(microsecond=0)
    )
)


@few
@given(st.lists(st.lists(values, min_size=1, max_size=4), min_size=1, max_size=6))
@example([[dt.datetime(2017, 3, 26, 1, 30)], [0.1 + 0.2], [True], [-7], [2**53]])
def test_typed_cells_of_a_workbook(table: list[list[Any]]) -> None:
    rows = [cells for _, cells in read(workbook(table), EXCEL)]
    for typed, cells in zip(table, rows, strict=True):
        for value, text in zip(typed, cells, strict=False):
            if isinstance(value, float):
                assert abs(float(text) - value) <= 1e-14 * abs(value)  # 15 digits are stored
            elif isinstance(value, int) and abs(value) >= 10**15:
                assert abs(int(text) - value) <= 1e-14 * abs(value)
            else:
                assert text == cell_text(value)


@few
@given(
    st.integers(0, 8).flatmap(
        lambda rows: st.dictionaries(
            st.text(st.characters(codec="utf-8"), max_size=5),
            st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
                     min_size=rows, max_size=rows),
            min_size=1, max_size=4,
        )
    )
)  # fmt: skip
def test_text_in_parquet(columns: dict[str, list[str | None]]) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({n: pa.array(c, pa.string()) for n, c in columns.items()}), content)
    header, *rows = read(content.getvalue(), mapping("parquet"))
    assert header == (1, list(columns))
    expected = zip(*[[text or "" for text in column] for column in columns.values()], strict=True)
    assert rows == list(enumerate(map(list, expected), start=2))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["SU", "su ", "x", ""]), max_size=3), max_size=60))
def test_a_header_that_is_looked_for_is_the_first_there_is(table: Table) -> None:
    agency = mapping("csv", table={"header_row": "find"}).tables[0]
    rows = list(enumerate(table, start=1))
    first = next((place for place, row in enumerate(table) if is_header(row, agency)), None)
    expected = [] if first is None or first >= 50 else rows[first:]
    assert list(from_header(iter(rows), agency)) == expected
