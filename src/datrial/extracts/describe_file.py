"""Open an unknown file: its format, encoding, delimiter and sheets, and its first rows."""

from __future__ import annotations

import codecs
import csv
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import log
from pathlib import Path
from typing import Literal

from datrial.errors import DataError
from datrial.extracts.layout import Row
from datrial.extracts.parquet import parquet_file_rows
from datrial.extracts.workbooks import open_workbook, sheet_rows, worksheets

#: So many rows of each sheet are looked at.
LOOKED_AT = 100_000
_SAMPLE = 64 * 2**20  # bytes that are looked at to tell the encoding
_RECORDS = 300  # records that are looked at to tell the delimiter
_DELIMITERS = (",", ";", "\t", "|", "^", "~")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Sheet:
    """A sheet, or the one table of a CSV or Parquet file, as far as it is looked at."""

    name: str | None
    number: int
    rows: list[Row]
    more: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Opened:
    """What an unknown file is. ``notes`` are sentences about what a person should check."""

    format: Literal["csv", "excel", "ods", "parquet"]
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    delimiter: str = ","
    quote: str = '"'
    notes: tuple[str, ...] = ()


def open_unknown(path: Path) -> Opened:
    """Open a file by its content, whatever its name.

    Raises
    ------
    DataError
        If it is empty or cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be read ({error.strerror}).") from None
    if not start:
        raise DataError(f"{path.name}: the file is empty (0 bytes).")
    if start.startswith(b"PAR1"):
        return Opened("parquet", (_sheet(None, 1, parquet_file_rows(path)),))
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _workbook(path)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        raise DataError(
            f"{path.name}: it is a web page or XML, no table. Open it in a spreadsheet program "
            "and save it as .xlsx."
        )
    return _text(path, start)


def _sheet(name: str | None, number: int, rows: Iterable[Row], *, hidden: bool = False) -> Sheet:
    first = list(islice(rows, LOOKED_AT + 1))
    return Sheet(name, number, first[:LOOKED_AT], len(first) > LOOKED_AT, hidden)


def _workbook(path: Path) -> Opened:
    with open_workbook(path) as workbook:
        everything = worksheets(workbook)
        shown = set(worksheets(workbook, hidden=False))
        sheets = tuple(
            _sheet(
                name,
                number,
                sheet_rows(workbook.get_sheet_by_name(name)),
                hidden=name not in shown,
            )
            for number, name in enumerate(everything, start=1)
        )
    return Opened("ods" if _is_ods(path) else "excel", sheets)


def _is_ods(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return b"opendocument.spreadsheet" in archive.read("mimetype")
    except (KeyError, zipfile.BadZipFile):
        return False


def _text(path: Path, start: bytes) -> Opened:
    encoding, notes = _encoding(path, start)
    if b"\0" in start and not encoding.startswith("utf-16"):
        raise DataError(f"{path.name}: it is no text, workbook or Parquet file.")
    delimiter, quote = _dialect(path, encoding)
    rows: list[Row] = []
    try:
        for row in islice(_records(path, encoding, delimiter, quote), LOOKED_AT + 1):
            rows.append(row)
    except csv.Error:
        line = rows[-1][0] + 1 if rows else 1
        notes.append(
            f"The quotation marks do not match in the row that starts on line {line} or soon "
            "after: only the rows above were looked at."
        )
    sheet = Sheet(None, 1, rows[:LOOKED_AT], len(rows) > LOOKED_AT)
    return Opened("csv", (sheet,), encoding, delimiter, quote, tuple(notes))


def _encoding(path: Path, start: bytes) -> tuple[str, list[str]]:
    """Return the encoding that the file's first bytes fit, and what is not certain about it."""
    for mark, name in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name, []
    zeros = (start[0::2].count(0), start[1::2].count(0))
    if max(zeros) > len(start) / 5:  # every other byte of Latin text in UTF-16
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), [
            "The encoding is UTF-16 without a byte order mark."
        ]
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    with path.open("rb") as file:
        while read < _SAMPLE and (block := file.read(2**20)):
            read += len(block)
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return "cp1252", ["It is not UTF-8; CP1252 (Western European Windows) is likely."]
    return "utf-8", []


def _records(path: Path, encoding: str, delimiter: str, quote: str) -> Iterator[Row]:
    """Yield the records of a CSV file; bytes outside the encoding do not stop the look."""
    csv.field_size_limit(10_000_000)
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    line = 0
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quotechar=quote, strict=True)
        for cells in reader:
            yield line + 1, cells
            line = reader.line_num


def _dialect(path: Path, encoding: str) -> tuple[str, str]:
    """Return the delimiter and quote that cut most records into equally many cells."""
    best, most = (",", '"'), 0.0
    for quote in ('"', "'"):
        for delimiter in _DELIMITERS:
            score = _evenness(path, encoding, delimiter, quote)
            if score > most * (1 if quote == '"' else 1.02):  # the usual one, if equal
                best, most = (delimiter, quote), score
    return best


def _evenness(path: Path, encoding: str, delimiter: str, quote: str) -> float:
    widths: Counter[int] = Counter()
    try:
        for _, cells in islice(_records(path, encoding, delimiter, quote), _RECORDS):
            widths[len(cells)] += bool(cells)
    except csv.Error:
        pass  # the records up to the faulty one count
    width, rows = (
        max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        if widths
        else (1, 0)
    )
    # a wider cut of equally many rows is better, a few more rows are not worth half the width
    return 0.0 if width < 2 else rows / max(widths.total(), 1) * (1 + log(width) / 10)
