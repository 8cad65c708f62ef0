"""Look at one column of an unknown file: what kind of values it holds, and whose."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from datrial.extracts.describe_words import ABSENT, sensitive_name
from datrial.extracts.text import plain

ColumnKind = Literal["reference", "date", "integer", "code", "text", "empty"]
Order = Literal["day_first", "month_first", "year_first", "ambiguous", "mixed"]

#: A column with more distinct values holds no codes.
MOST_CODES = 25
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_TIME = r"(?:[ tT]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})[-/. ](\d{{1,2}})[-/. ](\d{{4}}|\d{{2}}){_TIME}")
_WRITTEN = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?[- ]?([A-Za-z]{{3}})[a-z]*,?[- ]?(\d{{4}}){_TIME}"
)
_INTEGER = re.compile(r"[+-]?\d{1,18}(?:\.0+)?")
_REFERENCE = re.compile(r"(?=.*\d)[\w/.:#-]{2,30}", re.ASCII)
_NAME = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Miss|Dr|PC|DC|PS|DS|MR|MRS|MS)\.? )?[^\W\d_][^\W\d_'’-]+,? ?"
    r"(?:[^\W\d_][^\W\d_'’-]*\.?,? ?){1,3}"
)
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.IGNORECASE)
_TELEPHONE = re.compile(r"(?:\+44|\(?0)[\d ()-]{9,14}")


@dataclass(frozen=True)
class Column:
    """What a column holds. Values stand in ``counts`` alone, which is never shown as it is.

    Attributes
    ----------
    sensitive
        What it may tell about a person ("name", "free text"), or none.
    order
        How its numeric dates are written; ambiguous if no day is above 12.
    serial_dates
        Whole numbers that can be a workbook's days.
    first, last
        The earliest and the latest date.
    smallest, largest
        Of whole numbers.
    counts
        Plain text -> rows; ``written`` has the usual spelling of each.
    """

    name: str
    kind: ColumnKind
    rows: int
    filled: int
    distinct: int
    sensitive: str | None = None
    order: Order | None = None
    with_time: bool = False
    serial_dates: bool = False
    first: dt.date | None = None
    last: dt.date | None = None
    smallest: int | None = None
    largest: int | None = None
    counts: Counter[str] = field(default_factory=Counter, repr=False)
    written: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def few(self) -> bool:
        """Whether there are so few distinct values that they may be codes."""
        return 0 < self.distinct <= MOST_CODES

    @property
    def numbered(self) -> bool:
        """Whether most values look like references: letters and figures without a space."""
        return bool(self.counts) and _share(_REFERENCE, self.written, self.counts) >= 0.9


@dataclass
class _Dates:
    """Dates of one column, each distinct text with its rows."""

    rows: int = 0
    numeric: int = 0
    year_first: int = 0
    first_above_12: int = 0
    second_above_12: int = 0
    with_time: int = 0
    parts: list[tuple[int, int, int, bool]] = field(default_factory=list)  # year, a, b, numeric

    def order(self) -> Order | None:
        if not self.numeric:
            return "year_first" if self.year_first else None
        if min(self.first_above_12, self.second_above_12) > 0.05 * self.numeric:
            return "mixed"
        if self.first_above_12 == self.second_above_12 == 0:
            return "ambiguous"
        return "day_first" if self.first_above_12 > self.second_above_12 else "month_first"

    def days(self) -> list[dt.date]:
        """Return the dates that the calendar has, read in the column's order."""
        month_first = self.order() == "month_first"
        found = []
        for year, first, second, numeric in self.parts:
            month, day = (first, second) if month_first or not numeric else (second, first)
            try:
                found.append(dt.date(year, month, day))
            except ValueError:
                continue
        return [day for day in found if 1900 <= day.year <= 2100]


def look_at(name: str, cells: Iterable[str]) -> Column:
    """Look at a column's cells."""
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    rows = 0
    received = Counter(cells)
    for text, times in received.most_common():  # of several spellings, the usual one
        rows += times
        key = plain(text)
        if key:
            counts[key] += times
            written.setdefault(key, " ".join(text.split()))
    filled = counts.total()
    if not filled:
        return Column(name, "empty", rows, 0, 0, sensitive_name(name))
    told = Counter({key: n for key, n in counts.items() if key not in ABSENT}) or counts
    dates = _dates(told)
    integers = [
        (int(text.split(".")[0]), n) for text, n in told.items() if _INTEGER.fullmatch(text)
    ]
    answered = told.total()
    whole = sum(n for _, n in integers)
    kind: ColumnKind
    if dates.rows >= 0.85 * answered:
        kind = "date"
    elif whole >= 0.95 * answered and not _is_numbered(integers, len(told)):
        kind = "integer"
    elif _share(_REFERENCE, written, told) >= 0.9 and len(told) > min(MOST_CODES, filled / 3):
        kind = "reference"
    elif len(counts) <= MOST_CODES and (len(counts) <= 3 or len(counts) <= filled / 2):
        kind = "code"
    else:
        kind = "text"
    days = dates.days() if kind == "date" else []
    values = [value for value, _ in integers] if kind == "integer" else []
    return Column(
        name, kind, rows, filled, len(counts),
        sensitive=sensitive_name(name) or _sensitive_content(kind, written, told),
        order=dates.order() if kind == "date" else None,
        with_time=kind == "date" and dates.with_time > 0.5 * answered,
        serial_dates=kind == "integer" and all(30_000 <= value <= 60_000 for value in values),
        first=min(days, default=None), last=max(days, default=None),
        smallest=min(values, default=None), largest=max(values, default=None),
        counts=counts, written=written,
    )  # fmt: skip


def _is_numbered(integers: list[tuple[int, int]], distinct: int) -> bool:
    """Whether long whole numbers, hardly one twice, are references."""
    lengths = sorted(len(str(abs(value))) for value, _ in integers)
    rows = sum(n for _, n in integers)
    return lengths[len(lengths) // 2] >= 6 or (
        distinct > MOST_CODES and distinct > 0.5 * rows and lengths[len(lengths) // 2] >= 4
        and not all(30_000 <= value <= 60_000 for value, _ in integers)
    )  # fmt: skip


def _dates(counts: Counter[str]) -> _Dates:
    found = _Dates()
    for text, rows in counts.items():
        if match := _YEAR_FIRST.fullmatch(text):
            year, month, day = (int(part) for part in match.groups())
            found.year_first += rows
            found.parts.append((year, month, day, False))
        elif match := _YEAR_LAST.fullmatch(text):
            first, second, year = (int(part) for part in match.groups())
            found.numeric += rows
            found.first_above_12 += rows * (12 < first <= 31)
            found.second_above_12 += rows * (12 < second <= 31)
            found.parts.append((year, first, second, True))
        elif (match := _WRITTEN.fullmatch(text)) and match[2] in _MONTHS:
            found.parts.append((int(match[3]), 1 + _MONTHS.index(match[2]), int(match[1]), False))
        else:
            continue
        found.rows += rows
        found.with_time += rows * (":" in text)
    return found


def _share(pattern: re.Pattern[str], written: dict[str, str], counts: Counter[str]) -> float:
    fitting = sum(counts[key] for key, text in written.items() if pattern.fullmatch(text))
    return fitting / counts.total()


def _sensitive_content(
    kind: ColumnKind, written: dict[str, str], counts: Counter[str]
) -> str | None:
    """Return what the values themselves say that they tell about a person."""
    if sum(counts[key] for key in counts if "@" in key) > 0.3 * counts.total():
        return "e-mail"
    if _share(_POSTCODE, written, counts) > 0.5:
        return "postcode"
    if kind != "date" and _share(_TELEPHONE, written, counts) > 0.5:
        return "telephone"
    if kind != "text":
        return None
    if _share(_NAME, written, counts) > 0.5:
        return "name"
    return "free text"
