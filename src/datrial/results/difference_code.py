"""What of the code, its libraries and the machine differs between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datrial.results.difference_settings import differing_settings
from datrial.results.manifest import Manifest

#: Parts of the code that only show results: no number hangs on them.
_SHOWING = frozenset({"cli", "report", "verification", "configs/catalogue.yaml"})


def code_lines(first: Manifest, second: Manifest) -> tuple[str, ...]:
    """Return what of the code and of the locked libraries differs, a line each."""
    lines = []
    if first.code_version != second.code_version:
        change = f"code {first.code_version or 'unknown'} -> {second.code_version or 'unknown'}"
        parts = _parts(first, second)
        lines.append(f"{change} (in {', '.join(sorted(parts))})" if parts else change)
    old, new = first.further("dependencies"), second.further("dependencies")
    if old and new:
        lines += _lines(old, new)
    return tuple(lines)


def reaches_numbers(first: Manifest, second: Manifest) -> bool:
    """Tell whether code differs on which a number may hang; where it is not recorded, it may."""
    if first.further("dependencies") != second.further("dependencies"):
        return True
    parts = _parts(first, second)
    return not parts or not parts <= _SHOWING


def machine_lines(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of Python, the machine and the installed libraries differs, a line each.

    Parameters
    ----------
    then, now
        The runs' ``times.json``. What only one of them records is left out.
    """
    found = _machine(then), _machine(now)
    both = [name for name in found[0] if name in found[1]]
    old, new = ({name: each[name] for name in both} for each in found)
    return tuple(_lines(old, new))


def _parts(first: Manifest, second: Manifest) -> frozenset[str]:
    """Return the parts of the code that differ; none where a run does not record them."""
    old, new = first.further("code_parts"), second.further("code_parts")
    if not old or not new:
        return frozenset()
    return frozenset(name for name in {*old, *new} if old.get(name) != new.get(name))


def _machine(times: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    if times.get("python"):
        found["Python"] = times["python"]
    if times.get("platform"):
        # A system's release is left out: it changes often, and no number hangs on it.
        words = str(times["platform"]).split()
        found["machine"] = f"{words[0]} {words[-1]}"
    if isinstance(times.get("differs_from_lock"), list):
        found["installed, not as locked"] = times["differs_from_lock"]
    return found


def _lines(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [f"{path}: {change}" for path, change in differing_settings(old, new).items()]
