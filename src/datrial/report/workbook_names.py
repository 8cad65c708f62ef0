"""Names of sheets, tables and columns: allowed by Excel and OpenDocument, none given twice."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

#: Excel's limits.
SHEET_NAME_LENGTH = 31
HEADING_LENGTH = 255
_PART_LENGTH = 100

_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z_]+")


def sheet_name(number: int, table_id: str) -> str:
    """Return a name such as ``75_risk_score_rate_ratios``, shortened where it is too long.

    Words of the analysis go first, from its end: the table's own name says more. The
    number makes it the only one.
    """
    analysis, _, table = table_id.partition(".")
    before = [word for word in _plain(analysis).split("_") if word]
    own = [word for word in _plain(table).split("_") if word]
    while before and len("_".join([str(number), *before, *own])) > SHEET_NAME_LENGTH:
        before.pop()
    return "_".join([str(number), *before, *own])[:SHEET_NAME_LENGTH]


def table_name(table_id: str, taken: Collection[str]) -> str:
    """Return a name such as ``risk_score__rate_ratios``, not among those taken.

    Two underscores keep it from being read as a cell's address.
    """
    parts = (*table_id.split(".", 1), "")[:2]
    name = "__".join(_plain(part)[:_PART_LENGTH] or "table" for part in parts)
    if not re.match(r"[A-Za-z_]", name):
        name = f"_{name}"
    return unlike(name, taken, "_{}")


def headings(wanted: Iterable[str]) -> tuple[str, ...]:
    """Return headings for one table: each short enough, and none the same as another.

    Capital letters do not tell two columns apart in Excel.
    """
    made: list[str] = []
    for text in wanted:
        made.append(unlike(shortened(text), made, " ({})"))
    return tuple(made)


def shortened(heading: str) -> str:
    """Return a heading that leaves room for a number within Excel's limit."""
    most = HEADING_LENGTH - 8
    return heading if len(heading) <= most else heading[:most].rstrip() + "…"


def unlike(name: str, taken: Collection[str], numbered: str) -> str:
    """Return a name, with a number added if it is taken; capital letters make no difference."""
    others = {other.casefold() for other in taken}
    others |= {other.lower() for other in taken}
    candidate, number = name, 1
    while candidate.casefold() in others or candidate.lower() in others:
        number += 1
        candidate = name + numbered.format(number)
    return candidate


def _plain(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text)
