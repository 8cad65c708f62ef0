"""Workbooks as the simulator writes them: any reader finds the same cells in them."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from typing import Any

import openpyxl
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as some

from datrial.simulate.workbook import workbook

#: Without control characters, most of which XML cannot hold.
TEXTS = some.text(
    some.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
)
CELLS = some.one_of(
    some.none(), TEXTS, some.integers(-(10**9), 10**9), some.dates(dt.date(1900, 3, 1))
)


def by_openpyxl(content: bytes) -> dict[str, list[list[Any]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = openpyxl.load_workbook(io.BytesIO(content))
    return {
        sheet.title: [
            [cell.date() if isinstance(cell, dt.datetime) else cell for cell in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        for sheet in book
    }


@given(some.lists(some.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_openpyxl_reads_what_was_written(rows: list[list[Any]]) -> None:
    # Its rows end with the last cell that is filled.
    framed = [["first", "second", "third"], *rows, ["last", "last", "last"]]
    assert by_openpyxl(workbook([("Page", framed)])) == {"Page": framed}


def test_calamine_reads_what_was_written() -> None:
    rows = [["Title"], [], ["a", "b", "c"], [1, dt.date(2017, 3, 1), None], [" <&> ", "a", 2.5]]
    content = workbook([("Page 1", rows), ("R & D", [["only"]])])
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["Page 1", "R & D"]
    assert book.get_sheet_by_name("Page 1").to_python() == [
        ["Title", "", ""], ["", "", ""], ["a", "b", "c"], [1, dt.date(2017, 3, 1), ""],
        [" <&> ", "a", 2.5],
    ]  # fmt: skip
    assert book.get_sheet_by_name("R & D").to_python() == [["only"]]


def test_columns_beyond_z_have_two_letters() -> None:
    row = [f"column {number}" for number in range(60)]
    assert by_openpyxl(workbook([("Page", [row])])) == {"Page": [row]}


def test_the_same_rows_give_the_same_bytes_and_a_text_is_stored_once() -> None:
    rows = [["again", "again"], ["again", 1]]
    assert workbook([("Page", rows)]) == workbook([("Page", iter(rows))])
    with zipfile.ZipFile(io.BytesIO(workbook([("Page", rows)]))) as content:
        assert content.read("xl/sharedStrings.xml").count(b"again") == 1
        assert {entry.date_time for entry in content.infolist()} == {(2019, 10, 1, 9, 0, 0)}


@pytest.mark.parametrize("cell", [True, b"bytes", dt.datetime(2017, 3, 1, 12), ["list"]])
def test_a_cell_of_another_type_is_refused_and_not_shown(cell: object) -> None:
    with pytest.raises(TypeError, match=rf"type {type(cell).__name__} cannot be written"):
        workbook([("Page", [["a"], [cell]])])
