"""How texts of the agencies are compared: spellings, column names, sheet names."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return a text as it is compared: trimmed, single spaces, small letters."""
    return " ".join(text.split()).lower()
