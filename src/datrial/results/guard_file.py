"""``protection.json`` of a run: what was heeded of earlier runs, so that it can be repeated.

Keys of cells only, never a value.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from datrial.errors import DatrialError
from datrial.results.disclosure import CellKey, Guard
from datrial.results.folder import PROTECTION

_PARTS = ("close", "hidden", "shown")


def encode_guard(guard: Guard) -> dict[str, Any]:
    """Return a guard as JSON has it: table -> row -> column -> statistics."""
    return {
        "against": list(guard.sources),
        **{part: _nested(getattr(guard, part)) for part in _PARTS},
    }


def read_guard(folder: Path) -> Guard:
    """Return what a stored run heeded of earlier runs; nothing if it has no such file.

    Raises
    ------
    DatrialError
        If the file cannot be read.
    """
    path = folder / PROTECTION
    if not path.is_file():
        return Guard()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = {part: frozenset(_keys(content[part])) for part in _PARTS}
        return Guard(**parts, sources=tuple(content["against"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatrialError(
            f"Run {folder.name}: {PROTECTION} cannot be read. Put back its backup."
        ) from error


def _nested(keys: Collection[CellKey]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table, row, column, statistic in sorted(keys):
        found.setdefault(table, {}).setdefault(row, {}).setdefault(column, []).append(statistic)
    return found


def _keys(content: dict[str, Any]) -> list[CellKey]:
    return [
        (table, row, column, statistic)
        for table, rows in content.items()
        for row, columns in rows.items()
        for column, statistics in columns.items()
        for statistic in statistics
    ]
