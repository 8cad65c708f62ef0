"""Look at an unknown file of an agency and propose how it is read: a mapping file to edit.

Of a column that may tell who somebody is, no value leaves this room; nor does one
of any column that is not one of our coded columns. Rare spellings are counted, not shown:
somebody may have typed a name where a code should stand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datrial.config.tables import staging_tables
from datrial.errors import DataError, UsageError
from datrial.extracts.describe_columns import Column
from datrial.extracts.describe_dictionary import Dictionary, read_dictionary
from datrial.extracts.describe_file import open_unknown
from datrial.extracts.describe_match import SITE, Match, Matched, match_table, site_key
from datrial.extracts.describe_notes import notes_of
from datrial.extracts.describe_tables import Table, look_at_sheet
from datrial.extracts.describe_words import is_word_of_the_field

#: A spelling that no mapping knows is shown if so many rows have it.
_SEEN_OFTEN = 3
_LIKE_A_NAME = re.compile(r"[^\W\d_][^\W\d_'’-]+,? [A-Z][^\W\d_'’-]+")


@dataclass(frozen=True)
class Spelling:
    """A code as it stands in the file. ``meaning``: our code, or which absent answer it is."""

    text: str
    rows: int
    meaning: str | None
    sure: bool


@dataclass(frozen=True)
class DescribedColumn:
    """A column: what it holds, and which of ours it is (``site`` where it tells the site).

    ``codes`` are those of our column; ``not_shown`` counts the spellings that are not shown.
    """

    found: Column
    match: Match | None
    codes: tuple[str, ...] = ()
    spellings: tuple[Spelling, ...] = ()
    not_shown: int = 0

    @property
    def proposal(self) -> str:
        """Our column, or ``withheld``."""
        return self.match.column if self.match else "withheld"


@dataclass(frozen=True)
class DescribedTable:
    """A sheet (or the one table of a file) and the staging table that it seems to fill."""

    found: Table
    table: str | None
    fit: float
    columns: tuple[DescribedColumn, ...]

    @property
    def sheet(self) -> str | None:
        """The sheet's name if it may be shown: of a table of ours, and not like a person's."""
        name = self.found.sheet
        if self.table is None or name is None:
            return None
        return None if _LIKE_A_NAME.fullmatch(name) and not is_word_of_the_field(name) else name

    @property
    def not_found(self) -> tuple[str, ...]:
        """Columns of the staging table that no column of the sheet seems to be."""
        if self.table is None:
            return ()
        found = {column.match.column for column in self.columns if column.match}
        return tuple(name for name in staging_tables()[self.table].columns if name not in found)


@dataclass(frozen=True)
class Description:
    """What a file is and how it may be read."""

    file: str
    format: str
    encoding: str | None
    delimiter: str
    quote: str
    notes: tuple[str, ...]
    tables: tuple[DescribedTable, ...]
    dictionary: Dictionary

    def text(self) -> str:
        """Return the description as tables for people."""
        from datrial.extracts.describe_text import as_text

        return as_text(self)

    def to_yaml(self) -> str:
        """Return a proposed mapping file; lines that need a person's eye say ``check``."""
        from datrial.extracts.describe_yaml import as_yaml

        return as_yaml(self)

    def as_json(self) -> dict[str, Any]:
        """Return the description for machines; no value that :meth:`text` does not show."""
        from datrial.extracts.describe_json import as_json

        return as_json(self)


def describe(path: Path, table: str | None = None, *, without: Iterable[str] = ()) -> Description:
    """Look at an unknown file.

    Parameters
    ----------
    path
        A file as the agency sent it; at most the first 100,000 rows of each sheet count.
    table
        The staging table that it fills; guessed if not given. Of several sheets
        the one that fits it best is taken.
    without
        Mapping files (``drive/marac_site_1``) that are not used as a dictionary.

    Raises
    ------
    DataError
        If the file cannot be read or nothing stands in it.
    UsageError
        If there is no such staging table.
    """
    if table is not None and table not in staging_tables():
        raise UsageError(
            f"There is no staging table {table!r}. Tables: {', '.join(sorted(staging_tables()))}."
        )
    dictionary = read_dictionary(frozenset(without))
    opened = open_unknown(path)
    sheets = [look_at_sheet(sheet, dictionary.all_names) for sheet in opened.sheets]
    found = [sheet for sheet in sheets if sheet is not None]
    if not found:
        raise DataError(f"{path.name}: nothing stands in it. Ask the agency to send it again.")
    matched = [match_table(sheet, dictionary, table) for sheet in found]
    kept = _one_each(matched)
    tables = tuple(
        _described(sheet, matched[position] if position in kept else None, dictionary)
        for position, sheet in enumerate(found)
    )
    notes = [*opened.notes, *notes_of(found)]
    return Description(
        path.name, opened.format, opened.encoding, opened.delimiter, opened.quote,
        tuple(notes), tables, dictionary,
    )  # fmt: skip


def _one_each(matched: list[Matched | None]) -> set[int]:
    """Return where each staging table's best match stands: two sheets never fill the same one."""
    best: dict[str, tuple[float, int]] = {}
    for position, match in enumerate(matched):
        if match and match.fit > best.get(match.table, (-1.0, 0))[0]:
            best[match.table] = (match.fit, position)
    return {position for _, position in best.values()}


def _described(sheet: Table, matched: Matched | None, dictionary: Dictionary) -> DescribedTable:
    columns = []
    for position, column in enumerate(sheet.columns):
        match = matched.columns.get(position) if matched else None
        codes: tuple[str, ...] = ()
        spellings: list[Spelling] = []
        not_shown = 0
        if matched and match and _is_coded(matched.table, match.column):
            everything = _spellings(column, matched.table, match.column, dictionary)
            spellings = [one for one in everything if _may_be_shown(one, column)]
            not_shown = len(everything) - len(spellings)
            if match.column != SITE:
                codes = staging_tables()[matched.table].columns[match.column].codes
        columns.append(DescribedColumn(column, match, codes, tuple(spellings), not_shown))
    return DescribedTable(
        sheet, matched.table if matched else None, matched.fit if matched else 0.0, tuple(columns)
    )


def _is_coded(table: str, column: str) -> bool:
    return column == SITE or staging_tables()[table].columns[column].kind == "code"


def _spellings(column: Column, table: str, ours: str, dictionary: Dictionary) -> list[Spelling]:
    """Return the codes of a column, the most frequent first."""
    found = []
    for key, rows in sorted(column.counts.items(), key=lambda item: (-item[1], item[0])):
        meaning: tuple[str, bool] | None
        absence = dictionary.absence(key)
        if ours == SITE:
            meaning = (absence, True) if absence else site_key(key, dictionary)
        else:
            meaning = dictionary.code_for(table, ours, key)
            if absence and not (meaning and meaning[1]):
                meaning = (absence, True)
            if meaning is None and staging_tables()[table].columns[ours].terms:
                meaning = code_of_text(key)
        text = column.written[key]
        found.append(Spelling(text, rows, *(meaning or (None, False))))
    return found


def code_of_text(text: str) -> tuple[str, bool] | None:
    """Return a text as a code of a service's own vocabulary, which is a proposal: never sure."""
    plain_letters = unicodedata.normalize("NFKD", text.lower().replace("'", "").replace("’", ""))
    code = "_".join(re.findall(r"[a-z0-9]+", plain_letters.encode("ascii", "ignore").decode()))
    if not code:
        return None
    return (code if code[0].isalpha() else f"code_{code}"), False


def _may_be_shown(spelling: Spelling, column: Column) -> bool:
    """Whether a spelling is surely a code, or so frequent that it tells of nobody."""
    if spelling.sure:
        return True
    if _LIKE_A_NAME.fullmatch(spelling.text):
        return spelling.rows >= max(10, 0.01 * column.filled)
    return spelling.rows >= _SEEN_OFTEN
