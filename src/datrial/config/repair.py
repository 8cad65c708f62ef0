"""Replace a faulty file's faulty settings, so that the errors behind them can be told too.

Pydantic looks at how settings belong together only when each of them is right by
itself. A person wants to hear of everything at once: so the faulty ones are
replaced by neutral ones and the rest is judged again. Nothing is ever used of it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

#: What pydantic adds to a place to tell the alternatives of a setting, and keys, apart.
ALTERNATIVE = re.compile(r"constrained-\w+|literal\[.*\]|\[key\]")
#: What stands in for a value of the wrong kind, by pydantic's name of the error.
_NEUTRAL: dict[str, Any] = {"dict_type": dict, "tuple_type": list, "list_type": list}


def repair(content: Any, errors: list[Any], stand_ins: Mapping[str, Any]) -> bool:
    """Replace, in place, what the errors are about; return whether anything was.

    Parameters
    ----------
    content
        The file as read.
    errors
        Of pydantic's ``ValidationError.errors()``.
    stand_ins
        Setting -> a neutral value that is valid by itself.
    """
    repaired = [_repair(content, error["type"], error["loc"], stand_ins) for error in errors]
    return any(repaired)  # of all of them, not only up to the first


def _repair(content: Any, kind: str, place: tuple[Any, ...], stand_ins: Mapping[str, Any]) -> bool:
    place = tuple(part for part in place if not ALTERNATIVE.fullmatch(str(part)))
    owners, keys = _path(content, place, missing=kind == "missing")
    if not keys or len(keys) < len(place):  # replaced before, with another error
        return False
    owner, key = owners[-1], keys[-1]
    if key in stand_ins:
        owner[key] = copy.deepcopy(stand_ins[key])
    elif kind in _NEUTRAL:
        owner[key] = _NEUTRAL[kind]()
    elif kind == "string_type":
        owner[key] = f"({'.'.join(str(part) for part in place)})"  # like no other text
    elif isinstance(owner, dict) and key in owner:
        del owner[key]
    elif isinstance(owner, list) and stand_ins.get(keys[-2]):
        owner[key] = copy.deepcopy(stand_ins[keys[-2]][0])
    elif isinstance(owner, list):
        del owners[-2][keys[-2]]  # the whole list: other errors go by the place in it
    else:
        return False
    return True


def _path(content: Any, place: tuple[Any, ...], *, missing: bool) -> tuple[list[Any], list[Any]]:
    """Follow a place as far as it exists: the containers, and the key in each of them."""
    owners, keys = [], []
    for part in place:
        is_item = isinstance(content, list) and isinstance(part, int) and part < len(content)
        if not (is_item or (isinstance(content, dict) and (part in content or missing))):
            break
        owners.append(content)
        keys.append(part)
        content = content[part] if is_item else content.get(part)
    return owners, keys
