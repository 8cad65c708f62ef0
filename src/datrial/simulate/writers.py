"""Write CSV files and workbooks so that the same cells give the same bytes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datrial.simulate.randomness import Array
from datrial.simulate.sheets import Sheet

#: A worksheet holds 1,048,576 rows; a larger extract comes in several workbooks.
MOST_ROWS_OF_A_SHEET = 1_000_000
_ZIP_TIME = (2019, 10, 1, 9, 0, 0)
_STAMP = b"2019-10-01T09:00:00Z"


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all (temporary file, fsync, rename)."""
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def csv_bytes(sheet: Sheet) -> bytes:
    """Return a sheet as a CSV file in its agency's encoding, delimiter and date format."""
    layout = sheet.layout
    text = io.StringIO()
    writer = csv.writer(text, delimiter=layout.delimiter, lineterminator="\r\n")
    writer.writerow(layout.columns.values())
    for row in _rows(sheet):
        writer.writerow([_csv_cell(cell, layout.date_format) for cell in row])
    return text.getvalue().encode(layout.encoding)


def workbook_bytes(sheets: list[Sheet]) -> bytes:
    """Return sheets as one workbook, without the time at which it was written."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.layout.sheet)
        if sheet.layout.title:
            page.append([sheet.layout.title])
            page.append([])
        page.append(list(sheet.layout.columns.values()))
        for row in _rows(sheet):
            page.append(row)
    written = io.BytesIO()
    book.save(written)
    return _without_times(written.getvalue())


def parts(sheets: list[Sheet]) -> Iterator[list[Sheet]]:
    """Yield the sheets of one workbook, cut into several if one is too long for a worksheet."""
    import numpy as np

    longest = max(sheet.rows for sheet in sheets)
    number = -(-longest // MOST_ROWS_OF_A_SHEET)
    pieces = [np.array_split(np.arange(sheet.rows), number) for sheet in sheets]
    for part in range(number):
        yield [sheet.take(piece[part]) for sheet, piece in zip(sheets, pieces, strict=True)]


def _rows(sheet: Sheet) -> Iterator[list[Any]]:
    columns: list[Array] = [sheet.cells[name] for name in sheet.layout.columns]
    filled = sum(any(cell is not None for cell in row) for row in zip(*columns, strict=True))
    for row in zip(*columns, strict=True):
        yield list(row)
    yield [f"Total: {filled}", *[None] * (len(columns) - 1)]


def _csv_cell(cell: object, date_format: str) -> object:
    if isinstance(cell, dt.date):
        return cell.strftime(date_format)
    return "" if cell is None else cell


def _without_times(workbook: bytes) -> bytes:
    """Return a workbook whose zip entries and properties carry a fixed time."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb">[^<]*</dcterms:", b">" + _STAMP + b"</dcterms:", content)
            entry = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return result.getvalue()
