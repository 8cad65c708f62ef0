"""Write CSV files and workbooks so that the same cells give the same bytes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datrial.simulate.randomness import Array
from datrial.simulate.sheets import Sheet
from datrial.simulate.workbook import workbook

#: A worksheet holds 1,048,576 rows; a larger extract comes in several workbooks.
MOST_ROWS_OF_A_SHEET = 1_000_000


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
    """Return sheets as one workbook."""
    return workbook([(sheet.layout.sheet or "Sheet", list(_page(sheet))) for sheet in sheets])


def _page(sheet: Sheet) -> Iterator[list[Any]]:
    """Yield the title, the column names and the rows of a sheet."""
    if sheet.layout.title:
        yield [sheet.layout.title]
        yield []
    yield list(sheet.layout.columns.values())
    yield from _rows(sheet)


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
