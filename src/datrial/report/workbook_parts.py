"""A workbook as sheets of text and tables, before it is written as Excel or OpenDocument."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from xml.sax import saxutils

from datrial.report.workbook_formats import NumberFormat

LANGUAGE = "en-GB"
#: The headings of a table stay in sight if they stand no further down: more rows would
#: take up the screen of whoever makes it large.
MOST_FROZEN = 8
#: A mark stands for a number and stands where numbers do.
_MARK = re.compile(r"\[[a-z]\]")

#: Stands for a character that no XML file can hold.
_REPLACEMENT = "\ufffd"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Entry:
    """What stands in one cell: text, or a number and the way it is shown.

    Attributes
    ----------
    link
        Name of the sheet that the text leads to.
    """

    value: str | float
    format: NumberFormat | None = None
    link: str = ""

    @property
    def is_mark(self) -> bool:
        """Whether it is a mark in place of a number."""
        return isinstance(self.value, str) and _MARK.fullmatch(self.value) is not None


@dataclass(frozen=True)
class Grid:
    """A table: one row of headings, no two the same, and under them an entry in every place.

    Attributes
    ----------
    name
        By which programs and screen readers find the table; no other table has it.
    widths
        Of the columns, in characters.
    """

    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """A line of text above the table, or of a sheet without one."""

    text: str
    is_heading: bool = False
    link: str = ""


@dataclass(frozen=True)
class Sheet:
    """A sheet: its title in the first cell, lines of text below it, then its table."""

    name: str
    title: str
    lines: tuple[Line, ...]
    grid: Grid | None = None

    @property
    def heading_row(self) -> int:
        """The row of the table's headings; the first row is 1."""
        return len(self.lines) + 2


@dataclass(frozen=True)
class Workbook:
    """Sheets in their order, and what the document says of itself."""

    title: str
    subject: str
    made: dt.datetime
    sheets: tuple[Sheet, ...]


def clean(text: str) -> str:
    """Return text as one line that every spreadsheet can hold."""
    return " ".join(_NOT_IN_XML.sub(_REPLACEMENT, text).split())


def exact(value: float) -> str:
    """Return a number with all its digits; a whole one without a decimal point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def escape(text: str) -> str:
    """Return text as it stands in XML."""
    return saxutils.escape(text)


def column_letters(number: int) -> str:
    """Return a column's name: A for 1, AA for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
