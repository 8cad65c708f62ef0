"""Look at one sheet of an unknown file: where its header is, and what its columns hold."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from datrial.extracts.describe_columns import Column, look_at
from datrial.extracts.describe_file import Sheet
from datrial.extracts.describe_words import is_word_of_the_field, sensitive_name
from datrial.extracts.layout import SEARCHED_ROWS, Row
from datrial.extracts.text import plain

_SUMMARY = re.compile(r"(?:grand )?total(?![^\W\d_])|summary(?![^\W\d_])", re.IGNORECASE)
_DATA = re.compile(r"\d+|.*\d{3,}.*|.*\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*")
#: Dates that end so long before the others of a sheet are dates of birth.
_YEARS_BEFORE = 12


@dataclass(frozen=True)
class Table:
    """A sheet whose header was found.

    Attributes
    ----------
    header_row
        The number of the row with the column names, or none if no row has them.
    rows
        Rows of data below it that were looked at, without blank and summary lines.
    ragged
        Rows of them with too few cells, or a filled one under no column name.
    """

    sheet: str | None
    number: int
    hidden: bool
    header_row: int | None
    columns: tuple[Column, ...]
    rows: int = 0
    blank: int = 0
    summary: int = 0
    ragged: int = 0
    more: bool = False


def look_at_sheet(sheet: Sheet, known_names: frozenset[str]) -> Table | None:
    """Look at a sheet; none if nothing stands in it.

    Parameters
    ----------
    sheet
        Its rows.
    known_names
        Names, as compared, that agencies are known to give to columns.
    """
    filled = [row for row in sheet.rows if any(plain(cell) for cell in row[1])]
    if not filled:
        return None
    place = _header(filled, known_names)
    if place is None:
        return Table(sheet.name, sheet.number, sheet.hidden, None, (), len(filled), more=sheet.more)
    number, header = filled[place]
    width = max(n for n, cell in enumerate(header) if plain(cell)) + 1
    named = [n for n in range(width) if plain(header[n])]
    unnamed = [n for n in range(width) if n not in named]
    data, summary = [], 0
    for _, cells in filled[place + 1 :]:
        first = next(cell for cell in cells if plain(cell))
        if (
            _SUMMARY.match(first.strip())
            and sum(bool(plain(cell)) for cell in cells) <= 0.5 * width
        ):
            summary += 1
        else:
            data.append(cells)
    columns = [
        look_at(" ".join(header[n].split()), (cells[n] if n < len(cells) else "" for cells in data))
        for n in named
    ]
    return Table(
        sheet.name, sheet.number, sheet.hidden, number, _births(columns), len(data),
        blank=sum(row[0] > number for row in sheet.rows) - len(data) - summary,
        summary=summary,
        ragged=sum(_is_ragged(cells, width, unnamed) for cells in data),
        more=sheet.more,
    )  # fmt: skip


def _is_ragged(cells: list[str], width: int, unnamed: list[int]) -> bool:
    """Whether a row has too few cells, or a filled one under no column name."""
    beyond = [*cells[width:], *(cells[n] for n in unnamed if n < len(cells))]
    return len(cells) < width or any(plain(cell) for cell in beyond)


def _header(filled: list[Row], known_names: frozenset[str]) -> int | None:
    """Return which of the filled rows has the column names.

    A row of data is never taken for it, else a name in it would be shown as a
    column's: names have no numbers or dates in them, are filled to the table's
    width, differ, and some of them are words of the field.
    """
    widths = Counter(sum(bool(plain(cell)) for cell in cells) for _, cells in filled[:500])
    usual = max(widths, key=lambda width: (widths[width] * width, width))
    best, most = None, 0.0
    for position, (_, cells) in enumerate(filled[:SEARCHED_ROWS]):
        written = [cell for cell in cells if plain(cell)]
        names = [plain(cell) for cell in written]
        known = sum(name in known_names for name in names)
        words = sum(plain(c) in known_names or is_word_of_the_field(c) for c in written)
        like_data = sum(bool(_DATA.fullmatch(name)) for name in names)
        enough = len(names) >= max(2, 0.6 * usual) and len(set(names)) >= 0.8 * len(names)
        if not enough or like_data > 0.2 * len(names) or words < max(1, 0.25 * len(names)):
            continue
        score = (words + known) / len(names)
        if score > most + 0.2:  # the first of equally good rows
            best, most = position, score
    return best


def _births(columns: list[Column]) -> tuple[Column, ...]:
    """Mark dates that lie years before the other dates of the sheet as dates of birth."""
    dated = [c.last.year for c in columns if c.last and not sensitive_name(c.name)]
    latest = max(dated, default=0)
    return tuple(
        replace(column, sensitive="date of birth")
        if column.last and not column.sensitive and column.last.year + _YEARS_BEFORE < latest
        else column
        for column in columns
    )
