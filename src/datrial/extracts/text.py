"""Texts of the agencies: how they are compared, and how a typed cell is written as one."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from datrial.config.spelling import plain

__all__ = ["NO_REFERENCE", "cell_text", "plain"]

#: Never a reference, whatever a mapping says, in the form of ``plain``: everybody "withheld"
#: would be one person. The last ones are what a spreadsheet writes for an error.
NO_REFERENCE = frozenset(
    ("", "-", "--", ".", "?", "0", "n/a", "n.a.", "na", "n/k", "nk", "nil", "none", "null", "tbc",
     "not known", "not applicable", "not recorded", "not given", "not stated", "unknown", "x", "xx",
     "xxx", "anon", "anonymous", "withheld", "refused", "test", "dummy", "#n/a", "#ref!", "#value!",
     "#name?", "#div/0!", "#null!", "#num!")
)  # fmt: skip


@cache
def _local() -> ZoneInfo:
    """Return the agencies' clock, with its summer time."""
    return ZoneInfo("Europe/London")


def cell_text(cell: Any) -> str:
    """Return a typed cell (of a workbook, of Parquet) as plain text.

    Dates are ISO, with the time only where there is one; a time with a zone
    becomes the local time of the agencies, so that an incident of 23:30 UTC on a
    summer's day is of the next day, as it was to the people there. Whole numbers
    have no ``.0``; an absent value (none, not a number) is empty text.
    """
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        if math.isnan(cell):
            return ""
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        if cell.tzinfo is not None:
            cell = cell.astimezone(_local()).replace(tzinfo=None)
        written: dt.datetime | dt.date = cell.date() if cell.time() == dt.time() else cell
        return str(written)
    if isinstance(cell, dt.date | dt.time):
        return str(cell)
    if isinstance(cell, dt.timedelta):
        return _duration(cell)
    if isinstance(cell, Decimal):
        return _decimal(cell)
    return str(cell)


def _duration(cell: dt.timedelta) -> str:
    """Return hours, minutes and seconds: ``30:00:00`` is a day and six hours."""
    seconds = round(cell.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _decimal(cell: Decimal) -> str:
    if not cell.is_finite():
        return "" if cell.is_nan() else str(cell)
    text = format(cell, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
