"""Workbooks and Parquet as rows of text; headers that are looked for; where columns stand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.errors import DataError
from datrial.extracts.date_systems import counts_from_1904
from datrial.extracts.layout import (
    expected_columns,
    from_header,
    header_cells,
    is_header,
    read_layout,
)
from datrial.extracts.parquet import parquet_rows
from datrial.extracts.text import cell_text
from datrial.extracts.workbooks import open_workbook, sheet_rows, workbook_rows, worksheets

NASTY = Path(__file__).parents[1] / "nasty"
LONDON = ZoneInfo("Europe/London")


def mapping(format: str = "excel", **table: Any) -> SourceMapping:
    return SourceMapping.model_validate(
        {
            "key": "test/marac", "source": "marac", "site": "site_1", "file": "m*",
            "format": format, "covers": {"start": "2016-01-01", "end": "2019-09-30"},
            "tables": [
                {
                    "table": "marac_case",
                    "columns": {
                        "perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
                    },
                    **table,
                }
            ],
        }
    )  # fmt: skip


def table(**changes: Any) -> TableMapping:
    return mapping(**changes).tables[0]


HEAD = ["Perp", "Victim", "Heard"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (12.0, "12"),
        (0.1, "0.1"),
        (-3.0, "-3"),
        (True, "TRUE"),
        (False, "FALSE"),
        (7, "7"),
        (Decimal("12.50"), "12.5"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), ""),
        (dt.date(2017, 3, 1), "2017-03-01"),
        (dt.datetime(2017, 3, 1), "2017-03-01"),
        (dt.datetime(2017, 3, 26, 1, 30), "2017-03-26 01:30:00"),
        (dt.datetime(2017, 6, 30, 23, 30, tzinfo=dt.UTC), "2017-07-01 00:30:00"),
        (dt.datetime(2017, 1, 31, 23, 30, tzinfo=dt.UTC), "2017-01-31 23:30:00"),
        (dt.datetime(2017, 6, 30, 0, 0, tzinfo=LONDON), "2017-06-30"),
        (dt.time(9, 5), "09:05:00"),
        (dt.timedelta(hours=30), "30:00:00"),
        (dt.timedelta(minutes=-90), "-01:30:00"),
        ("007", "007"),
        (" as typed ", " as typed "),
    ],
)
def test_typed_cells_become_plain_text(cell: Any, text: str) -> None:
    assert cell_text(cell) == text


def test_a_sheet_that_starts_further_down_and_right_keeps_its_row_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["C3"], book.active["D5"] = "x", "y"
    book.save(tmp_path / "m.xlsx")
    with open_workbook(tmp_path / "m.xlsx") as workbook:
        sheet = workbook.get_sheet_by_name(worksheets(workbook)[0])
        assert list(sheet_rows(sheet)) == [
            (1, ["", "", "", ""]),
            (2, ["", "", "", ""]),
            (3, ["", "", "x", ""]),
            (4, ["", "", "", ""]),
            (5, ["", "", "", "y"]),
        ]
        assert [number for number, _ in sheet_rows(sheet, 3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("ranges", "rows"),
    [
        (["A2:A4"], [["a", "1"], ["a", "2"], ["a", "3"], ["", ""]]),
        (["A2:B3"], [["a", ""], ["a", ""], ["c", "3"], ["", ""]]),
        (["A2:B2"], [["a", ""], ["b", "2"], ["c", "3"], ["", ""]]),
        (["A2:A3", "A4:A5"], [["a", "1"], ["a", "2"], ["c", "3"], ["c", "x"]]),
    ],
)
def test_merged_cells_have_their_text_in_each_row_but_not_in_each_column(
    tmp_path: Path, ranges: list[str], rows: list[list[str]]
) -> None:
    book = openpyxl.Workbook()
    for cells in (["one", "two"], ["a", "1"], ["b", "2"], ["c", "3"], ["", ""]):
        book.active.append(cells)
    if "A4:A5" in ranges:
        book.active["B5"] = "x"
    book.active["A7"] = "end"
    for merged in ranges:
        book.active.merge_cells(merged)
    book.save(tmp_path / "m.xlsx")
    with open_workbook(tmp_path / "m.xlsx") as workbook:
        read = [cells for _, cells in sheet_rows(workbook.get_sheet_by_index(0))]
    assert read[1:5] == rows


@pytest.mark.parametrize(
    ("file", "since_1904"),
    [
        ("dates_since_1904.xlsx", True),
        ("old_format_since_1904.xls", True),
        ("workbook.xlsx", False),
        ("old_format.xls", False),
        ("open_document.ods", False),
        ("password.xlsx", False),
        ("truncated.xlsx", False),
    ],
)
def test_the_date_system_of_a_workbook_is_told(file: str, since_1904: bool) -> None:
    assert counts_from_1904(NASTY / file) is since_1904


def test_day_numbers_since_1904_are_given_as_of_1900_in_date_columns_alone(
    tmp_path: Path,
) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.append([*HEAD, "Children", "Born"])
    sheet.append([41333, "V1", 41333, 41333, 41333])
    sheet.append(["P2", "V2", "41333", "2", ""])
    sheet.append(["P3", "V3", dt.date(2017, 3, 1), 0, 41333.5])
    book.save(tmp_path / "m.xlsx")
    agency = mapping(
        columns={"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
                 "children_count": "Children"},
        identifiers={"perpetrator_id": {"date_of_birth": "Born"}},
    )  # fmt: skip
    rows = [cells for _, cells in workbook_rows(tmp_path / "m.xlsx", agency, agency.tables[0])]
    assert rows[1:] == [
        ["41333", "V1", "42795", "41333", "42795"],
        ["P2", "V2", "42795", "2", ""],
        ["P3", "V3", "2017-03-01", "0", "42795.5"],
    ]


def test_the_best_sheet_of_a_header_that_is_looked_for_is_told_in_numbers_alone(
    tmp_path: Path,
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Zzyxwana"
    for _ in range(3):
        book.active.append(["", "title"])
    book.active.append(["Perp", "Heard", "Zzyxwana"])
    book.create_sheet("Quovadal").sheet_state = "hidden"
    book.save(tmp_path / "m.xlsx")
    agency = mapping(header_row="find")
    with pytest.raises(DataError) as told:
        list(workbook_rows(tmp_path / "m.xlsx", agency, agency.tables[0]))
    assert str(told.value) == (
        "m.xlsx: no sheet has the 3 expected columns of marac_case in one of its first 50 rows "
        "(1 sheet(s) looked at, the best has 2 of 3; 1 hidden sheet(s) were not looked at). "
        "Correct `columns` or `header_row` in configs/sources/test/marac.yaml, or ask the agency "
        "for its usual form."
    )


def test_parquet_types_become_the_text_of_the_same_cells(tmp_path: Path) -> None:
    moments = [dt.datetime(2017, 6, 30, 23, 30, tzinfo=dt.UTC), None]
    pq.write_table(
        pa.table(
            {
                "Perp": pa.array([1, None]),
                "Victim": pa.array(["v", None]).dictionary_encode(),
                "Heard": pa.array(moments, pa.timestamp("ns", "UTC")),
                "a": pa.array([Decimal("1.50"), None]),
                "b": pa.array([b"bytes", None]),
                "c": pa.array([True, None]),
                "d": pa.array([2.0, float("nan")]),
                "e": pa.array([[1], None]),
            }
        ),
        tmp_path / "m.parquet",
    )
    agency = mapping("parquet")
    assert list(parquet_rows(tmp_path / "m.parquet", agency, agency.tables[0])) == [
        (1, ["Perp", "Victim", "Heard", "a", "b", "c", "d", "e"]),
        (2, ["1", "v", "2017-07-01 00:30:00", "1.5", "bytes", "TRUE", "2", ""]),
        (3, ["", "", "", "", "", "", "", ""]),
    ]


def test_parquet_bytes_that_are_no_text_are_an_error_without_them(tmp_path: Path) -> None:
    pq.write_table(pa.table({"Perp": [b"\xff Zzyx"]}), tmp_path / "m.parquet")
    agency = mapping("parquet")
    with pytest.raises(DataError, match=r"^m\.parquet: a column holds bytes") as told:
        list(parquet_rows(tmp_path / "m.parquet", agency, agency.tables[0]))
    assert "Zzyx" not in str(told.value) and told.value.__suppress_context__


IDENTIFIERS = {"perpetrator_id": {"full_name": "Name", "date_of_birth": "Born"}}


@pytest.mark.parametrize(
    ("cells", "header"),
    [
        (["Perp", "Victim", "Heard"], True),
        (["x", " heard ", "PERP", "victim"], True),
        (["Perp", "Victim"], False),
        ([], False),
        (["Perp Victim Heard"], False),
    ],
)
def test_a_header_has_every_expected_column(cells: list[str], header: bool) -> None:
    assert is_header(cells, table()) is header


def test_the_site_and_the_identifiers_are_expected_too() -> None:
    agency = table(identifiers=IDENTIFIERS, site_column="Area", site_values={"site_1": ["One"]})
    assert set(expected_columns(agency).values()) == {*HEAD, "Name", "Born", "Area"}
    assert not is_header([*HEAD, "Area", "Name"], agency)
    assert is_header([*HEAD, "Area", "Name", "Born"], agency)


def numbered(*rows: list[str]) -> list[tuple[int, list[str]]]:
    return list(enumerate(rows, start=1))


def test_a_header_that_is_looked_for_is_the_first_row_with_all_columns() -> None:
    rows = numbered(["Perp", "Victim"], HEAD, ["P1", "V1", "x"], HEAD)
    assert list(from_header(iter(rows), table(header_row="find"))) == rows[1:]


def test_else_it_is_the_row_with_most_of_them_so_that_what_it_lacks_is_told() -> None:
    agency = mapping(header_row="find")
    rows = numbered(["Perp"], ["Perp", "Heard"], ["P1", "1/2/2017"])
    found = list(from_header(iter(rows), agency.tables[0]))
    assert found == rows[1:]
    cells = header_cells(found[0], agency.tables[0])
    assert read_layout("m.xlsx", agency, agency.tables[0], cells)[1] == [
        "m.xlsx: 1 expected column(s) missing: 'Victim'. Ask the agency for the complete extract, "
        "or correct `columns` in configs/sources/test/marac.yaml."
    ]


def test_beyond_fifty_rows_no_header_is_looked_for() -> None:
    agency = table(header_row="find")
    above = [["x"]] * 49
    assert next(from_header(numbered(*above, HEAD), agency)) == (50, HEAD)
    assert list(from_header(numbered(*above, ["x"], HEAD), agency)) == []


def test_a_row_that_reaches_over_the_header_row_is_no_header() -> None:
    """A title over lines 1 to 3 of a CSV file: the next row is line 4, not the header of line 2."""
    agency = table(header_row=2)
    first = next(from_header([(1, ["title"]), (4, HEAD)], agency))
    assert header_cells(first, agency) is None
    assert header_cells((2, HEAD), agency) == HEAD
    assert header_cells(None, agency) is None


def test_identifiers_have_their_places_and_are_no_unknown_columns() -> None:
    agency = mapping(identifiers=IDENTIFIERS)
    header = ["Name", *HEAD, "Born"]
    layout, problems = read_layout("m.xlsx", agency, agency.tables[0], header)
    assert not problems and layout is not None
    assert layout.identifiers == {"perpetrator_id": {"full_name": 0, "date_of_birth": 4}}
    assert layout.columns == {"perpetrator_id": 1, "victim_id": 2, "hearing_date": 3}
    assert layout.width == 5


def test_an_identifier_that_is_missing_is_told() -> None:
    agency = mapping(identifiers=IDENTIFIERS)
    layout, problems = read_layout("m.xlsx", agency, agency.tables[0], [*HEAD, "Name"])
    assert layout is None
    assert [problem.split(". ")[0] for problem in problems] == [
        "m.xlsx: 1 expected column(s) missing: 'Born'"
    ]
