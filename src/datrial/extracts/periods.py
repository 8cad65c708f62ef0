"""What an agency's file name tells: the days that the file covers, and which part it is."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError

_DAY = r"\d{4}-\d{2}-\d{2}|\d{8}"
#: Placeholder -> what may stand in its place, in small letters.
_FORMS = {
    "year": r"\d{4}",
    "month": r"\d{2}",
    "quarter": r"q?\d",
    "start": _DAY,
    "end": _DAY,
    "part": r".+?",
}
_YEARS = range(1900, 2100)


@dataclass(frozen=True, order=True)
class Days:
    """A run of days, the first and the last included."""

    first: dt.date
    last: dt.date

    def holds(self, other: Days) -> bool:
        """Whether every day of the other is one of these."""
        return self.first <= other.first and other.last <= self.last

    def touches(self, other: Days) -> bool:
        """Whether they have a day in common."""
        return self.first <= other.last and other.first <= self.last


def names_file(mapping: SourceMapping, name: str) -> bool:
    """Tell whether a mapping's pattern names a file; capital letters make no difference."""
    return _pattern(mapping.file).fullmatch(name.lower()) is not None


def days_of(mapping: SourceMapping, name: str) -> Days:
    """Return the days that a file covers: from its name, or else what the mapping says.

    A year, a month or a calendar quarter is covered whole.

    Raises
    ------
    DataError
        If the name fits the pattern but tells of days that do not exist.
    """
    if mapping.covers is not None:
        return Days(mapping.covers.start, mapping.covers.end)
    found = _pattern(mapping.file).fullmatch(name.lower())
    days = _told(found.groupdict()) if found else None
    if days is None:
        told = ", ".join(f"{{{each}}}" for each in sorted(mapping.placeholders - {"part"}))
        raise DataError(
            f"{name}: the name tells of days that do not exist ({told} of {mapping.file!r}). "
            f"Correct the file's name, or `file` in configs/sources/{mapping.key}.yaml."
        )
    return days


def part_of(mapping: SourceMapping, name: str) -> str | None:
    """Return which part of a delivery a file is, in small letters; none without ``{part}``."""
    if "part" not in mapping.placeholders:
        return None
    found = _pattern(mapping.file).fullmatch(name.lower())
    return found["part"] if found else None


@cache
def _pattern(file: str) -> re.Pattern[str]:
    """Return the pattern of a mapping's ``file``, for names in small letters."""
    text = ""
    for piece in re.split(r"(\{\w+\}|\*|\?)", file.lower()):
        if piece.startswith("{"):
            text += f"(?P<{piece[1:-1]}>{_FORMS[piece[1:-1]]})"
        else:
            text += {"*": ".*", "?": "."}.get(piece, re.escape(piece))
    return re.compile(text, re.DOTALL)


def _told(texts: dict[str, str]) -> Days | None:
    """Return the days that the placeholders' texts tell of; none if there are no such days."""
    try:
        if "start" in texts:
            first, last = _day(texts["start"]), _day(texts["end"])
            return Days(first, last) if first <= last else None
        year = int(texts["year"])
        first_month, last_month = _months(texts)
        last_day = calendar.monthrange(year, last_month)[1]
        days = Days(dt.date(year, first_month, 1), dt.date(year, last_month, last_day))
    except ValueError:
        return None
    return days if year in _YEARS else None


def _day(text: str) -> dt.date:
    day = dt.date.fromisoformat(text)
    if day.year not in _YEARS:
        raise ValueError
    return day


def _months(texts: dict[str, str]) -> tuple[int, int]:
    """Return the first and the last month of a year that the texts tell of."""
    if "month" in texts:
        return int(texts["month"]), int(texts["month"])
    if "quarter" in texts:
        quarter = int(texts["quarter"].lstrip("q"))
        if quarter not in range(1, 5):
            raise ValueError
        return 3 * quarter - 2, 3 * quarter
    return 1, 12
