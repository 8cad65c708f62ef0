"""Reads simulated extracts as their mapping files say, for the other simulate tests.

Written without the project's own reader, so that neither can hide a fault of the other.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine

from datrial.config.mapping import SourceMapping, TableMapping, load_mappings
from datrial.config.study import Study, load_study
from datrial.config.tables import staging_tables
from datrial.simulate import SimulationSummary, simulate

SEED = 20160401
ARMS = ("intervention", "control")
#: Of some hundred thousand rows, for which openpyxl takes half a minute.
MANY_ROWS = ("cms_action",)
#: Removed when the tests end.
_FOLDER = tempfile.TemporaryDirectory(prefix="datrial-simulated-")


@dataclass
class Table:
    """Usable rows of one table, and why the others are not."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def unknown_codes(self) -> int:
        return sum(row["codes not known"] for row in self.rows)

    @property
    def unreadable_dates(self) -> int:
        return sum(row["dates not readable"] for row in self.rows)

    def count(self, **wanted: Any) -> int:
        return sum(all(row[name] == value for name, value in wanted.items()) for row in self.rows)

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]


@cache
def study() -> Study:
    return load_study("drive")


@cache
def mappings() -> tuple[SourceMapping, ...]:
    return load_mappings(study().sources)


@cache
def simulated() -> tuple[Path, SimulationSummary]:
    out = Path(_FOLDER.name) / "extracts"
    return out, simulate(study(), out, seed=SEED)


def raw_rows(
    path: Path, mapping: SourceMapping, table: TableMapping, last: int | None = None
) -> list[list[Any]]:
    if mapping.format == "csv":
        with path.open(encoding=mapping.encoding, newline="") as handle:
            lines = csv.reader(handle, delimiter=mapping.delimiter)
            return [list(row) for row in islice(lines, last)]
    if table.table in MANY_ROWS:
        page = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(table.sheet or "")
        return [
            [cell if cell != "" else None for cell in row] for row in page.to_python(nrows=last)
        ]
    book = openpyxl.load_workbook(path, read_only=True)
    sheet = book[table.sheet or ""]
    rows = [list(row) for row in sheet.iter_rows(values_only=True, max_row=last)]
    book.close()
    return rows


def as_date(cell: Any) -> dt.date | None:
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    for written in ("%d/%m/%Y", "%Y-%m-%d", "%d %B %Y"):
        try:
            return dt.datetime.strptime(str(cell).strip(), written).date()
        except ValueError:
            continue
    return None


def _plain(cell: Any) -> str:
    return _plain_text(str(cell))


@cache
def _plain_text(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def _code(cell: Any, spellings: dict[str, str]) -> str | None:
    return spellings.get(_plain(cell), "?")


def _spellings(name: str, mapping: SourceMapping, table: TableMapping) -> dict[str, str]:
    column = staging_tables()[table.table].columns[name]
    spellings = {
        _plain(text): code for code, texts in table.values.get(name, {}).items() for text in texts
    }
    for code in ("dont_know", "not_applicable"):
        if code in column.codes:
            spellings |= {_plain(text): code for text in getattr(mapping, code)}
    return spellings


def _row(
    cells: dict[str, Any],
    mapping: SourceMapping,
    table: TableMapping,
    spellings: dict[str, dict[str, str]],
    into: Table,
) -> None:
    columns = staging_tables()[table.table].columns
    row: dict[str, Any] = {"site": mapping.site, "codes not known": 0, "dates not readable": 0}
    if table.site_column:
        of = {_plain(text): key for key, texts in table.site_values.items() for text in texts}
        row["site"] = of[_plain(cells[table.site_column])]
    reasons = []
    missing = {_plain(text) for text in mapping.missing} | {""}
    for name, theirs in table.columns.items():
        cell = cells[theirs]
        kind, required = columns[name].kind, columns[name].required
        value: Any = None
        if cell is not None and _plain(cell) not in missing:
            value = {
                "reference": lambda cell=cell: re.sub(r"\s+", " ", str(cell)).strip().upper(),
                "date": lambda cell=cell: as_date(cell),
                "integer": lambda cell=cell: int(cell),
                "text": lambda cell=cell: str(cell),
                "code": lambda cell=cell, name=name: _code(cell, spellings[name]),
            }[kind]()
            if value is None and not required:
                row["dates not readable"] += 1
            if value is None and required:
                reasons.append("impossible_required_date")
            if value == "?":
                value = None
                if required:
                    reasons.append("unknown_required_code")
                else:
                    row["codes not known"] += 1
        elif required:
            reasons.append("missing_reference" if kind == "reference" else f"missing {name}")
        row[name] = value
    if reasons:
        into.rejected[reasons[0]] += 1
    else:
        into.rows.append(row)


def header(path: Path, mapping: SourceMapping, table: TableMapping) -> list[Any]:
    return raw_rows(path, mapping, table, table.header_row)[table.header_row - 1]


def read_table(path: Path, mapping: SourceMapping, table: TableMapping) -> Table:
    rows = raw_rows(path, mapping, table)
    names = rows[table.header_row - 1]
    result = Table()
    columns = staging_tables()[table.table].columns
    spellings = {
        name: _spellings(name, mapping, table)
        for name in table.columns
        if columns[name].kind == "code"
    }
    for cells in rows[table.header_row :]:
        filled = [cell for cell in cells if cell not in (None, "")]
        if not filled:
            result.rejected["blank_row"] += 1
        elif str(filled[0]).casefold().startswith(table.summary_prefixes):
            result.rejected["summary_line"] += 1
        else:
            _row(dict(zip_longest(names, cells)), mapping, table, spellings, result)
    _drop_duplicates(result, staging_tables()[table.table].key)
    return result


def _drop_duplicates(table: Table, key: tuple[str, ...]) -> None:
    seen, kept = set(), []
    for row in table.rows:
        identity = tuple(row[name] for name in key)
        if key and identity in seen:
            table.rejected["exact_duplicate"] += 1
        else:
            kept.append(row)
            seen.add(identity)
    table.rows = kept


@cache
def read_all() -> dict[tuple[str, str], Table]:
    """Every table of the simulated extracts, by file and table."""
    out, _ = simulated()
    result = {}
    for mapping in mappings():
        (path,) = out.glob(mapping.file)
        for table in mapping.tables:
            result[path.name, table.table] = read_table(path, mapping, table)
    return result


def table_of(name: str) -> Table:
    """One staging table over all files."""
    parts = [table for (_, table_name), table in read_all().items() if table_name == name]
    return Table([row for part in parts for row in part.rows])


def add_months(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@cache
def people() -> dict[str, dict[str, Any]]:
    with (simulated()[0] / "truth" / "people.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        for name in ("index_date", "end_date"):
            row[name] = dt.date.fromisoformat(row[name]) if row[name] else None
    return {row["perpetrator_reference"]: row for row in rows}


def of(site: str, arm: str) -> list[str]:
    return [who for who, row in people().items() if (row["site"], row["arm"]) == (site, arm)]


def period(who: str, day: dt.date) -> str:
    index, end = people()[who]["index_date"], people()[who]["end_date"]
    if day < add_months(index, -6):
        return "outside"
    if day < index:
        return "before"
    if day == index:
        return "index"
    for name, last in (
        ("during", end),
        ("after_0_6", add_months(end, 6)),
        ("after_6_12", add_months(end, 12)),
    ):
        if day <= last:
            return name
    return "after_12"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("3 March 2017", dt.date(2017, 3, 3)),
        ("2017-03-04", dt.date(2017, 3, 4)),
        ("04/03/2017 ", dt.date(2017, 3, 4)),
        (dt.datetime(2017, 3, 4), dt.date(2017, 3, 4)),
        ("31/02/2017", None),
    ],
)
def test_dates_are_read_day_first_in_every_format(cell: object, expected: dt.date | None) -> None:
    assert as_date(cell) == expected
