"""The mess of real extracts, put in last and counted by kind.

Nothing here changes what a careful reader gets: cells are written differently,
and rows that cannot be used come as extra rows beside the right ones. Unknown
codes stand only in columns about which nothing is published.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from datrial.config.tables import staging_tables
from datrial.simulate.randomness import Array, generator, is_blank
from datrial.simulate.sheets import Sheet

SHARE_OF_ROWS = {
    "reference_with_spaces": 0.03,
    "reference_in_lower_case": 0.03,
    "code_in_mixed_case": 0.05,
    "date_iso": 0.03,
    "date_with_written_month": 0.03,
    "date_as_text": 0.03,
    "other_spelling_of_dont_know": 0.5,
    "other_spelling_of_not_applicable": 0.3,
    "other_spelling_of_missing": 0.1,
    "unknown_code": 0.01,
    "impossible_date": 0.002,
    "exact_duplicate": 0.006,
    "impossible_required_date": 0.004,
    "unknown_required_code": 0.002,
    "missing_reference": 0.002,
}
BLANK_ROWS = 3
DONT_KNOW = ("DK", "don't know", "Not known", "dont know")
NOT_APPLICABLE = ("N/A", "n.a.", "not applicable")
MISSING = ("-", "not recorded")
IMPOSSIBLE_DATES = ("31/02/2017", "30/02/2018", "31/11/2016", "00/01/2018")
UNKNOWN_CODES = ("see file", "99", "??", "multiple")
#: Coded columns in which unknown codes may stand.
MAY_BE_UNKNOWN = {
    "marac_case": "referral_agency",
    "police_incident": "outcome",
    "insights_exit": "risk_change",
    "cms_action": "agency",
}
#: Actions have no key: a duplicate could not be told from a second action.
NO_DUPLICATES = ("cms_action",)
#: The trial's own lists have no spoilt rows.
NO_JUNK = ("allocation_list", "meeting_capacity", "police_request")


@dataclass
class Count:
    """How many rows of a file's table have a kind of mess."""

    file: str
    table: str
    kind: str
    rows: int


@dataclass
class Messy:
    """A sheet with its mess, the row order of the file, and the counts."""

    sheet: Sheet
    counts: list[Count] = field(default_factory=list)

    def count(self, kind: str, rows: int) -> None:
        """Note that so many rows have this kind of mess."""
        layout = self.sheet.layout
        self.counts.append(Count(layout.file, layout.table, kind, rows))


def make_messy(sheet: Sheet, seed: int) -> Messy:
    """Return the sheet with every kind of mess that its table can have."""
    layout = sheet.layout
    rng = generator(seed, "mess", layout.file, layout.table)
    messy = Messy(Sheet(layout, {name: cells.copy() for name, cells in sheet.cells.items()}))
    _references(messy, rng)
    _codes(messy, rng)
    _dates(messy, rng)
    _extra_rows(messy, rng)
    return messy


def _any_of(rng: np.random.Generator, texts: Sequence[str | None], n: int) -> Array:
    return np.array(texts, dtype=object)[rng.integers(len(texts), size=n)]


def _rows_of(rng: np.random.Generator, usable: Array, kind: str) -> Array:
    """Return the usable rows that get a kind of mess: its share, at least one."""
    rows = np.flatnonzero(usable)
    number = min(len(rows), max(1, round(SHARE_OF_ROWS[kind] * len(rows))))
    return np.sort(rng.choice(rows, size=number, replace=False))


def _change(cells: Array, rows: Array, how: Callable[[str], str]) -> None:
    for row in rows:
        cells[row] = how(cells[row])


def _references(messy: Messy, rng: np.random.Generator) -> None:
    sheet = messy.sheet
    columns = _people_and_incidents(sheet)
    if not columns:
        return
    cells = sheet.cells[columns[int(rng.integers(len(columns)))]]
    everyone = np.ones(sheet.rows, dtype=bool)
    spaced = _rows_of(rng, everyone, "reference_with_spaces")
    _change(cells, spaced[::2], lambda text: f"{text} ")
    _change(cells, spaced[1::2], lambda text: f"  {text}")
    messy.count("reference_with_spaces", len(spaced))
    lower = _rows_of(rng, everyone, "reference_in_lower_case")
    _change(cells, lower, str.lower)
    messy.count("reference_in_lower_case", len(lower))


def _people_and_incidents(sheet: Sheet) -> list[str]:
    """Return the references without which a row cannot be used."""
    return [name for name in sheet.columns_of_kind("reference") if _is_required(sheet, name)]


def _codes(messy: Messy, rng: np.random.Generator) -> None:
    sheet = messy.sheet
    layout = sheet.layout
    columns = sheet.column_codes()
    if not columns:
        return
    for written, others, kind in (
        (layout.dont_know, DONT_KNOW, "other_spelling_of_dont_know"),
        (layout.not_applicable, NOT_APPLICABLE, "other_spelling_of_not_applicable"),
        (None, MISSING, "other_spelling_of_missing"),
    ):
        touched = np.zeros(sheet.rows, dtype=bool)
        for name in columns:
            cells = sheet.cells[name]
            usable = np.array([cell == written for cell in cells])
            if usable.any():
                rows = _rows_of(rng, usable, kind)
                cells[rows] = _any_of(rng, others, len(rows))
                touched[rows] = True
        if touched.any():
            messy.count(kind, int(touched.sum()))
    unknown = MAY_BE_UNKNOWN.get(layout.table)
    if unknown:
        cells = sheet.cells[unknown]
        rows = _rows_of(rng, ~is_blank(cells), "unknown_code")
        cells[rows] = _any_of(rng, UNKNOWN_CODES, len(rows))
        messy.count("unknown_code", len(rows))
    name = list(columns)[int(rng.integers(len(columns)))]
    cells = sheet.cells[name]
    in_letters = np.array([cell is not None and cell.upper() != cell.lower() for cell in cells])
    rows = _rows_of(rng, in_letters, "code_in_mixed_case")
    _change(cells, rows[::2], lambda text: f"{text.swapcase()} ")
    _change(cells, rows[1::2], str.lower)
    messy.count("code_in_mixed_case", len(rows))


def _dates(messy: Messy, rng: np.random.Generator) -> None:
    """Write some dates in other formats, and spoil a few that nobody needs."""
    sheet = messy.sheet
    required = [name for name in sheet.columns_of_kind("date") if _is_required(sheet, name)]
    optional = [name for name in sheet.columns_of_kind("date") if name not in required]
    iso_file = sheet.layout.date_format == "%Y-%m-%d" and sheet.layout.sheet is None
    if iso_file:
        return
    for name in (*required, *optional):
        cells = sheet.cells[name]
        # One after the other, so that no row has two kinds.
        plain = np.array([isinstance(cell, dt.date) for cell in cells])
        formats: dict[str, Callable[[dt.date], str]] = {
            "date_iso": dt.date.isoformat,
            "date_with_written_month": lambda date: f"{date.day} {date:%B %Y}",
        }
        if sheet.layout.sheet:
            formats["date_as_text"] = lambda date: f"{date:%d/%m/%Y}"
        for kind, written in formats.items():
            rows = _rows_of(rng, plain, kind)
            for row in rows:
                cells[row] = written(cells[row])
            plain[rows] = False
            messy.count(kind, len(rows))
        if name in optional and name == "assessed_on" and sheet.layout.table != "referral":
            rows = _rows_of(rng, plain, "impossible_date")
            cells[rows] = _any_of(rng, IMPOSSIBLE_DATES, len(rows))
            messy.count("impossible_date", len(rows))


def _is_required(sheet: Sheet, name: str) -> bool:
    return staging_tables()[sheet.layout.table].columns[name].required


def _extra_rows(messy: Messy, rng: np.random.Generator) -> None:
    """Add exact duplicates, spoilt copies of rows, and blank rows.

    A spoilt copy comes before the row that the clerk then wrote rightly; a
    duplicate comes somewhere after its row.
    """
    sheet = messy.sheet
    table = sheet.layout.table
    n = sheet.rows
    parts, places = [sheet], [np.arange(n, dtype=float)]
    everyone = np.ones(n, dtype=bool)
    for kind, column, junk in _junk(sheet, rng) if table not in NO_JUNK else ():
        rows = _rows_of(rng, everyone, kind)
        copies = sheet.take(rows)
        copies.cells[column] = _any_of(rng, junk, len(rows))
        parts.append(copies)
        places.append(rows - 0.5)
        messy.count(kind, len(rows))
    if table not in NO_DUPLICATES:
        rows = _rows_of(rng, everyone, "exact_duplicate")
        parts.append(sheet.take(rows))
        places.append(rng.uniform(rows + 0.01, n))
        messy.count("exact_duplicate", len(rows))
    blank = {name: np.full(BLANK_ROWS, None, dtype=object) for name in sheet.cells}
    parts.append(Sheet(sheet.layout, blank))
    places.append(rng.uniform(0, n - 1, size=BLANK_ROWS))
    messy.count("blank_row", BLANK_ROWS)
    messy.count("summary_line", 1)
    order = np.argsort(np.concatenate(places), kind="stable")
    joined = {
        name: np.concatenate([part.cells[name] for part in parts])[order] for name in sheet.cells
    }
    messy.sheet = Sheet(sheet.layout, joined)


def _junk(sheet: Sheet, rng: np.random.Generator) -> list[tuple[str, str, tuple[str | None, ...]]]:
    """Return how a copy of a row can be spoilt: kind, column, and what stands there."""
    kinds: list[tuple[str, str, tuple[str | None, ...]]] = []
    for name in sheet.columns_of_kind("date"):
        if _is_required(sheet, name):
            kinds.append(("impossible_required_date", name, IMPOSSIBLE_DATES))
    for name in sheet.column_codes():
        if _is_required(sheet, name):
            kinds.append(("unknown_required_code", name, UNKNOWN_CODES))
    references = _people_and_incidents(sheet)
    if references:
        kinds.append(("missing_reference", references[-1], (None,)))
    return kinds
