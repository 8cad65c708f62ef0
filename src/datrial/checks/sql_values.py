"""Values of a rule as SQL: limits, sets, and the kind of column that they fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL")
_DAYS = ("DATE", "TIMESTAMP")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")


@dataclass(frozen=True)
class Limits:
    """What a number may be."""

    low: Any = None
    high: Any = None
    strict_low: bool = False
    strict_high: bool = False

    def hold(self, value: float) -> bool:
        """Tell whether a figure lies within."""
        above = self.low is None or (value > self.low if self.strict_low else value >= self.low)
        below = self.high is None or (value < self.high if self.strict_high else value <= self.high)
        return above and below

    def condition(self, what: str) -> str:
        """Return the SQL condition that something lies within."""
        given = ((self.low, ">", self.strict_low), (self.high, "<", self.strict_high))
        return " and ".join(
            f"{what} {sign if strict else sign + '='} {_day_or_number(limit)}"
            for limit, sign, strict in given
            if limit is not None
        )


def limits_of(kwargs: Mapping[str, Any], family: str) -> Limits | None:
    """Return a rule's limits; None if they do not fit the column or each other."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    strict = (kwargs.get("strict_min", False), kwargs.get("strict_max", False))
    given = [limit for limit in (low, high) if limit is not None]
    if not given or not all(isinstance(flag, bool) for flag in strict) or not fit(given, family):
        return None
    if low is not None and high is not None and low > high:
        return None
    return Limits(low, high, *strict)


def _day_or_number(value: Any) -> str:
    return f"timestamp {literal(value)}" if isinstance(value, str) else literal(value)


def fit(values: Sequence[Any], family: str) -> bool:
    """Tell whether values can be compared with a column of a family."""
    if family == "text":
        return all(isinstance(value, str) for value in values)
    if family == "day":
        return all(isinstance(value, str) and _DAY.fullmatch(value) for value in values)
    return family == "number" and all(is_number(value) for value in values)


def family(kind: str) -> str:
    """Return the family of a DuckDB type: text, day, number or other."""
    if kind == "VARCHAR":
        return "text"
    if kind.startswith(_DAYS):
        return "day"
    return "number" if kind.startswith(_NUMBERS) and not kind.endswith("]") else "other"


def is_number(value: Any) -> bool:
    """Tell whether a value of a suite is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_share(value: Any) -> bool:
    """Tell whether a value of a suite is a share, 0 to 1."""
    return is_number(value) and 0 <= value <= 1


def literal(value: Any) -> str:
    """Return a value of a suite as an SQL literal."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
