"""Which settings differ between two runs, one readable line each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: What a study file says for people, or for the order of a report: no number hangs on it.
_WORDS = ("label", "title", "question")
_SHOWN_ONLY = ("title", "published", "primary_outcomes", "plan", "disclosure", "analyses")

_LONGEST = 300


def differing_settings(
    first: Mapping[str, Any], second: Mapping[str, Any], prefix: str = ""
) -> dict[str, str]:
    """Return path -> ``old -> new`` for every setting that differs.

    Lists of objects that bear a ``key`` are compared by it; of other lists it is said what
    was added and what left out.
    """
    found: dict[str, str] = {}
    for path, old, new in _walk(first, second, prefix):
        found[path] = _change(old, new)
    return found


def decides_numbers(path: str) -> bool:
    """Tell whether a number may hang on a setting of a study file."""
    parts = path.split(".")
    return parts[0] not in _SHOWN_ONLY and parts[-1] not in _WORDS


_ABSENT = object()


def _walk(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    old, new = _by_key(old), _by_key(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            below = f"{path}.{name}" if path else str(name)
            yield from _walk(old.get(name, _ABSENT), new.get(name, _ABSENT), below)
    elif _differ(old, new):
        yield path, old, new


def _differ(old: Any, new: Any) -> bool:
    """Tell whether two settings differ; true is not 1."""
    return type(old) is not type(new) or bool(old != new)


def _by_key(value: Any) -> Any:
    """Return a list of objects that bear a key as a mapping of them."""
    if isinstance(value, list) and value and all(isinstance(e, dict) and "key" in e for e in value):
        keyed = {str(entry["key"]): entry for entry in value}
        return keyed if len(keyed) == len(value) else value
    return value


def _change(old: Any, new: Any) -> str:
    if old is _ABSENT:
        return f"new: {_text(new)}"
    if new is _ABSENT:
        return f"left out, was {_text(old)}"
    if isinstance(old, list) and isinstance(new, list):
        added = [_text(entry) for entry in new if entry not in old]
        gone = [_text(entry) for entry in old if entry not in new]
        if added or gone:
            parts = [f"added {', '.join(added)}"] if added else []
            parts += [f"left out {', '.join(gone)}"] if gone else []
            return _short("; ".join(parts))
    return f"{_text(old)} -> {_text(new)}"


def _text(value: Any) -> str:
    """Return a setting as a study file has it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _short(value) or '""'
    return _short(json.dumps(value, ensure_ascii=False, default=str))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
