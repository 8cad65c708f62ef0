"""Whether a workbook counts its days from 1904, as older ones made on a Macintosh do."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from datrial.config.mapping import TableMapping
from datrial.config.tables import staging_tables
from datrial.extracts.layout import Row
from datrial.extracts.text import plain

#: 1 January 1904 is day 0 of one system and day 1,462 of the other.
DAYS_FROM_1900_TO_1904 = 1462
_XLSX = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true|on)[\"']")
#: The record that a BIFF8 workbook's stream begins with (version 6, kind: globals).
_BEGINNING = bytes.fromhex("0908 1000 0006 0500")
_DATE_MODE, _SHEET = 0x22, 0x85
_PLAIN_NUMBER = re.compile(r"(\d{1,5})(\.\d+)?")


def counts_from_1904(path: Path) -> bool:
    """Return whether a workbook's day numbers count from 1904.

    Real dates are read right in either system; only a plain number in a date
    column is one day in one system and another day, four years on, in the other.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PK\x03\x04":
        return _xlsx(path)
    return start == b"\xd0\xcf\x11\xe0" and _xls(path)


def _xlsx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return _XLSX.search(archive.read("xl/workbook.xml")) is not None
    except (KeyError, zipfile.BadZipFile):  # .ods: its dates are written as dates
        return False


def _xls(path: Path) -> bool:
    """Walk the first records of the stream: kind and length (2 bytes each), then the content."""
    content = path.read_bytes()
    place = content.find(_BEGINNING)
    while 0 <= place < len(content) - 6:
        kind = int.from_bytes(content[place : place + 2], "little")
        length = int.from_bytes(content[place + 2 : place + 4], "little")
        if kind == _DATE_MODE:
            return content[place + 4] == 1
        if kind in (0, _SHEET):
            break
        place += 4 + length
    return False


def as_of_1900(rows: Iterable[Row], table: TableMapping) -> Iterator[Row]:
    """Yield rows, the header first, with the plain numbers in date columns counted from 1900."""
    iterator = iter(rows)
    header = next(iterator, None)
    if header is None:
        return
    yield header
    contract = staging_tables()[table.table].columns
    dates = [theirs for ours, theirs in table.columns.items() if contract[ours].kind == "date"]
    dates += [c["date_of_birth"] for c in table.identifiers.values() if "date_of_birth" in c]
    names = [plain(cell) for cell in header[1]]
    places = [names.index(plain(theirs)) for theirs in dates if plain(theirs) in names]
    for number, cells in iterator:
        for place in places:
            found = _PLAIN_NUMBER.fullmatch(cells[place])
            if found:
                cells[place] = f"{int(found[1]) + DAYS_FROM_1900_TO_1904}{found[2] or ''}"
        yield number, cells
