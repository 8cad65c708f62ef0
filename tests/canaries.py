"""Planting people who do not exist in every file of an inbox, and searching for them elsewhere.

A canary is a text that can stand nowhere by chance. Each place of each file gets
its own, so that what is found says where it came from.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import shutil
import sqlite3
import string
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from openpyxl.comments import Comment

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import staging_tables
from datrial.extracts.files import matching_files

#: Someone born before anyone in the data, as people write that down.
BORN = ("23/02/1911", "1911-02-23", "23 February 1911", "23-Feb-1911", "23.02.1911")
POSTCODES = ("XZ97 9ZX", "XZ979ZX")
#: What may hold names: the agencies' files, and what they were kept as.
HELD_FOR_THE_AGENCIES = ("inbox", "landing")

#: The two words of a planted name.
_A_NAME = re.compile(rb"zzyx[a-z]{3}wana|quov[a-z]{3}dal")

#: A row of an agency's table, by column name.
Row = dict[str, Any]


@dataclass
class Canaries:
    """What was planted: text -> the file and place where it stands."""

    planted: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def name(self, place: str) -> str:
        """Return a name that nobody has, planted at a place."""
        letters = "".join(string.ascii_lowercase[n] for n in _digits(next(self._numbers)))
        text = f"Zzyx{letters}wana Quov{letters}dal"
        for part in text.split():
            self.planted[part] = place
        return text

    def texts(self, texts: tuple[str, ...], place: str) -> Iterator[str]:
        """Return some texts in turn, for ever, planted at a place."""
        for text in texts:
            self.planted.setdefault(text, place)
        return itertools.cycle(texts)


def _digits(number: int) -> tuple[int, int, int]:
    return number // 676, number // 26 % 26, number % 26


def plant(mappings: tuple[SourceMapping, ...], inbox: Path) -> Canaries:
    """Plant canaries in every file of an inbox, in every kind of place."""
    canaries = Canaries()
    for mapping in mappings:
        paths = matching_files(mapping, inbox)
        assert paths, mapping.key
        for path in paths:
            if mapping.format == "csv":
                _plant_in_csv(path, mapping, canaries)
            else:
                _plant_in_workbook(path, mapping, canaries)
    # A file that no mapping names: its own name says who somebody is.
    stray = canaries.name("a stray file's name")
    (inbox / f"notes on {stray}.txt").write_text(canaries.name("a stray file"))
    return canaries


def _rows_to_add(
    name: str, mapping: SourceMapping, table: TableMapping, model: Row, canaries: Canaries
) -> list[Row]:
    """Return rows like one of the file's own, each with canaries in another kind of place."""
    contract = staging_tables()[table.table].columns
    kinds = {theirs: contract[ours].kind for ours, theirs in table.columns.items()}
    place = f"{name}, {table.table}"
    unread = [*table.withheld, *table.identifier_columns]

    def row(**cells: Any) -> Row:
        names = {column: canaries.name(f"{place}, unread column {column!r}") for column in unread}
        return {**model, **names, **cells}

    def every(kind: str, texts: Iterator[str]) -> Row:
        return {column: next(texts) for column, its in kinds.items() if its == kind}

    named = {
        column: canaries.name(f"{place}, {kind} column {column!r}")
        for column, kind in kinds.items()
        if kind != "reference"
    }
    references = {
        column: canaries.name(f"{place}, reference {column!r}")
        for column, kind in kinds.items()
        if kind == "reference"
    }
    born = canaries.texts(BORN, "a date of birth")
    postcodes = canaries.texts(POSTCODES, "a postcode")
    direct = [{column: next(texts) for column in unread} for texts in (born, postcodes) if unread]
    return [
        row(**named),
        row(**references),
        row(**every("code", born)),
        row(**every("code", postcodes), **every("integer", postcodes)),
        *(row(**cells) for cells in direct),
    ]


def _plant_in_csv(path: Path, mapping: SourceMapping, canaries: Canaries) -> None:
    table = mapping.tables[0]
    text = path.read_bytes().decode(mapping.encoding)
    assert isinstance(table.header_row, int)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter))
    header = rows[table.header_row - 1]
    model = dict(zip(header, rows[table.header_row + 2], strict=True))
    added = _rows_to_add(path.name, mapping, table, model, canaries)
    summary = f"{table.summary_prefixes[0].title()} of {canaries.name(f'{path.name}, summary')}"
    ragged = [*model.values(), canaries.name(f"{path.name}, a cell too many")]
    with path.open("a", encoding=mapping.encoding.replace("-sig", ""), newline="") as file:
        writer = csv.writer(file, delimiter=mapping.delimiter)
        writer.writerows([row[column] for column in header] for row in added)
        writer.writerows([[summary, *[""] * (len(header) - 1)], ragged])


def _plant_in_workbook(path: Path, mapping: SourceMapping, canaries: Canaries) -> None:
    book = openpyxl.load_workbook(path)
    for table in mapping.tables:
        assert table.sheet and isinstance(table.header_row, int)
        sheet = book[table.sheet]
        lines = list(sheet.iter_rows(min_row=table.header_row, values_only=True))
        width = max(place for place, cell in enumerate(lines[0], start=1) if cell is not None)
        header = [str(cell) for cell in lines[0][:width]]
        model = dict(zip(header, lines[3][:width], strict=True))
        for row in _rows_to_add(path.name, mapping, table, model, canaries):
            sheet.append([row[column] for column in header])
        summary = canaries.name(f"{path.name}, {table.table}, summary")
        sheet.append([f"{table.summary_prefixes[0].title()} of {summary}"])
        sheet.cell(table.header_row + 1, 1).comment = Comment(
            canaries.name(f"{path.name}, a comment"), canaries.name(f"{path.name}, its author")
        )
    extra = book.create_sheet(canaries.name(f"{path.name}, a sheet's title"))
    extra.append([canaries.name(f"{path.name}, another sheet")])
    book.properties.creator = canaries.name(f"{path.name}, the file's author")
    book.save(path)


def found_in(home: Path, planted: dict[str, str]) -> list[str]:
    """Return where planted texts stand in anything that is not kept for the agencies.

    Every file is searched as UTF-8 and as UTF-16, whatever the case of its letters;
    of databases and Parquet files, which are compressed, every value too.
    """
    found = []
    searched = 0
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if not path.is_file() or inside.parts[0] in HELD_FOR_THE_AGENCIES:
            continue
        searched += 1
        found += [f"{inside}: {place}" for place in in_text(_content(path), planted)]
        found += [f"{inside}, its name: {place}" for place in in_text(str(inside), planted)]
    assert searched > 5
    return found


def in_text(content: bytes | str, planted: dict[str, str]) -> list[str]:
    """Return the places whose planted text is in a content.

    Without its zero bytes, UTF-16 reads as UTF-8 does, as long as the texts are ASCII.
    """
    raw = content.encode() if isinstance(content, str) else content
    searched = raw.translate(None, b"\0").lower()
    names = {name.decode() for name in _A_NAME.findall(searched)}
    others = {text.lower(): place for text, place in planted.items()}
    found = {others[name] for name in names & others.keys()}
    found |= {
        place
        for text, place in others.items()
        if not _A_NAME.fullmatch(text.encode()) and text.encode() in searched
    }
    return sorted(found)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".duckdb":
        content += _duckdb_values(path)
    elif path.suffix in (".sqlite", ".db"):
        content += _sqlite_values(path)
    elif path.suffix == ".parquet":
        content += str(duckdb.sql(f"from read_parquet('{path}')").fetchall()).encode()
    return content


def _duckdb_values(path: Path) -> bytes:
    """Return every value of every table, and what was not yet moved from the log to the file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        for part in path.parent.glob(f"{path.name}*"):
            shutil.copyfile(part, copy.with_name(part.name))
        try:
            connection = duckdb.connect(str(copy))
        except duckdb.Error:  # killed before it was a database: its bytes were searched
            return b""
        with connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
            values = [
                connection.execute(f'from "{schema}"."{name}"').fetchall()
                for schema, name in tables
            ]
            written = connection.execute("select sql from duckdb_views()").fetchall()
    return str([values, written, tables]).encode()


def _sqlite_values(path: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        for part in path.parent.glob(f"{path.name}*"):
            shutil.copyfile(part, copy.with_name(part.name))
        connection = sqlite3.connect(copy)
        try:
            return "\n".join(connection.iterdump()).encode()
        finally:
            connection.close()
