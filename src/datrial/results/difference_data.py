"""What of the data differs between two runs, from what their manifests record of the snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datrial.results.manifest import Manifest

_CURRENT = "current:"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def made_of(manifest: Manifest) -> dict[str, Any]:
    """Return what a run records of what its snapshot was made of; nothing if it does not."""
    return manifest.further("made_of")


def recorded(parts: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether every run records which extracts its snapshot was made of."""
    return all("extracts" in part for part in parts)


def data_lines(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Return what differs in the data, a line each, and that as the rest of a sentence."""
    old, new = _current(first["extracts"]), _current(second["extracts"])
    lines, arrived = [], 0
    for mapping in sorted({*old, *new}):
        came = [entry for entry in new.get(mapping, []) if entry not in old.get(mapping, [])]
        went = [entry for entry in old.get(mapping, []) if entry not in new.get(mapping, [])]
        arrived += len(came)
        if came or went:
            lines.append(f"{mapping}: {_exchange(came, went)}")
    words = [f"{several(arrived, 'new extract')} arrived"] if arrived else []
    if lines and not arrived:
        words = ["extracts were taken away"]
    if not lines and list(first["extracts"]) != list(second["extracts"]):
        lines.append("which extracts were corrected, or the order in which they arrived")
        words = ["extracts arrived in another order"]
    for name, line, changed in (
        ("ledger", "the allocation ledger: who is allocated to which arm", "allocations changed"),
        ("decisions", "what clerical review of the linkage decided", "clerical review changed"),
        ("key", "the key of the pseudonyms", "the key of the pseudonyms is another"),
    ):
        if name in first and name in second and first[name] != second[name]:
            lines.append(line)
            words.append(changed)
    return tuple(lines), " and ".join(words)


def several(count: int, one: str) -> str:
    """Return a number of things in words: ``two new extracts``, ``412 numbers``."""
    number = _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"
    return f"{number} {one if count == 1 else one + 's'}"


def mapping_lines(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which mappings differ: they say how the agencies' files are read."""
    old, new = first["mappings"], second["mappings"]
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return ("the mappings that say how the agencies' files are read",)
    lines = []
    for name in sorted({*old, *new}):
        if name not in old or name not in new:
            lines.append(f"mapping {name}: {'new' if name in new else 'left out'}")
        elif old[name] != new[name]:
            lines.append(f"mapping {name}: changed")
    return tuple(lines)


def _current(extracts: Sequence[Any]) -> dict[str, list[str]]:
    """Return mapping -> what counts of it, without its place in the order of arrival."""
    found: dict[str, list[str]] = {}
    for line in map(str, extracts):
        role, colon, rest = line.partition(":")
        if colon and f"{role}:" != _CURRENT and "@" in rest:
            continue
        text = (rest if f"{role}:" == _CURRENT else line).rpartition(" #")[0] or line
        mapping, at, content = text.partition("@")
        found.setdefault(mapping if at else "extract", []).append(content if at else text)
    return found


def _exchange(came: Sequence[str], went: Sequence[str]) -> str:
    """Return what came and what went: each named by its content's first figures and its days."""
    if len(came) == len(went) == 1:
        return f"another file, {_named(went[0])} -> {_named(came[0])}"
    parts = [f"{len(came)} new ({', '.join(map(_named, came))})"] if came else []
    parts += [f"{len(went)} no longer counts ({', '.join(map(_named, went))})"] if went else []
    return "; ".join(parts)


def _named(extract: str) -> str:
    content, _, days = extract.partition(" ")
    last = days.split(" ")[1] if len(days.split(" ")) > 1 else ""
    return f"{content[:6]} until {last}" if last else content[:6]
