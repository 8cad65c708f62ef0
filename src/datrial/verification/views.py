"""How numbers of certificates are written on the page and in the terminal."""

from __future__ import annotations

import datetime as dt
from typing import Any

#: What is verified is named by a function of `datrial.models`, a module or an SQL file.
_MODELS = "datrial.models."


def number(value: Any) -> str:
    """Return a number with as many digits as a comparison needs, or a text as it is."""
    if isinstance(value, dict):
        return str(value["number"])
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.9g}".replace("e-0", "e-").replace("-", "\N{MINUS SIGN}")
    return str(value)


def small(value: float | None) -> str:
    """Return a difference or a tolerance in two digits."""
    if value is None:
        return ""
    return "0" if value == 0 else f"{value:.1e}".replace("e-0", "e-").replace("-", "\N{MINUS SIGN}")


def words_of(name: str) -> str:
    """Return the name of what is verified as it is imported."""
    return name if "." in name else f"{_MODELS}{name}"


def moment(told: str) -> str:
    """Return a moment in UTC as people write it."""
    at = dt.datetime.fromisoformat(told)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
