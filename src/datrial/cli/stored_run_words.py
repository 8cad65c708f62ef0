"""A run's record as people read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datrial.results.labels import LaterLabel
    from datrial.results.manifest import Manifest

_WIDTH = 13


def record_lines(
    manifest: Manifest, times: Mapping[str, Any], later: LaterLabel | None
) -> Iterator[str]:
    """Yield the lines that tell of a run, from its manifest, its times and its later label."""
    yield _line("Run", manifest.run_id)
    yield _line(
        "Study", f"{manifest.study}: {manifest.title}" if manifest.title else manifest.study
    )
    if manifest.label:
        yield _line("Label", manifest.label)
    if later:
        yield _line("Later label", f"{later.text} ({later.who}, {later.when:%Y-%m-%d %H:%M})")
    yield from _times(times)
    yield from _data(manifest)
    yield from _code(manifest, times)
    yield _line("Seeds", ", ".join(f"{name} {seed}" for name, seed in manifest.seeds.items()))
    disclosure = manifest.further("resolved_study").get("disclosure")
    if disclosure:
        yield _line("Disclosure", str(disclosure))
    plan = manifest.further("plan")
    if plan:
        yield _line("Plan", f"locked on {plan.get('locked')}, {str(plan.get('hash'))[:12]}")
    if manifest.only is not None:
        yield _line("Only", ", ".join(manifest.only))
    for name, value in manifest.changes.items():
        yield _line("Changed", f"{name} = {value}")
    yield from _analyses(manifest)
    tables = [name for name in manifest.files if name.endswith(".csv")]
    yield _line("Files", f"{len(manifest.files)}, of them {len(tables)} tables as CSV")


def _line(head: str, text: str) -> str:
    return f"{head + ':':<{_WIDTH}}{text}"


def _times(times: Mapping[str, Any]) -> Iterator[str]:
    start, end = times.get("start", ""), times.get("end", "")
    said = f"{start} to {end}" if start else end or "not recorded"
    yield _line("Made", f"{said} by {times.get('who') or 'nobody recorded'}")


def _data(manifest: Manifest) -> Iterator[str]:
    until = f", data until {manifest.data_until}" if manifest.data_until else ""
    simulated = ", simulated extracts" if manifest.simulated else ""
    yield _line("Snapshot", f"{manifest.snapshot_id}{until}{simulated}")
    parts = manifest.further("made_of")
    if not parts:
        yield _line("Made by", "not recorded")
    for line in parts.get("extracts", []):
        yield _line("Extract", _extract(str(line)))
    hashes = [
        f"{name} {str(parts[name])[:12]}"
        for name in ("ledger", "rules", "decisions", "key", "code")
        if parts.get(name)
    ]
    if hashes:
        yield _line("Made by", f"{', '.join(hashes)}, {len(parts.get('mappings', {}))} mappings")


def _extract(line: str) -> str:
    """Return a line of ``made_of`` for people: an extract, its content and its days."""
    role, _, rest = line.partition(":")
    words = rest.split(" ")
    name, _, content = words[0].partition("@")
    days = f", {words[1]} to {words[2]}" if len(words) > 2 else ""
    return f"{name}@{content[:12]}{days}{'' if role == 'current' else ' (replaced)'}"


def _code(manifest: Manifest, times: Mapping[str, Any]) -> Iterator[str]:
    version = (manifest.model_extra or {}).get("version", "")
    yield _line("Code", f"{manifest.code_version or 'not recorded'} (datrial {version})")
    locked = manifest.further("dependencies")
    lock = str((manifest.model_extra or {}).get("lock", ""))
    if locked:
        yield _line("Locked", f"{len(locked)} dependencies, requirements.lock {lock[:16]}")
    if times.get("python"):
        yield _line("Ran on", f"Python {times['python']}, {times.get('platform', '')}")
    for line in times.get("differs_from_lock") or []:
        yield _line("Installed", str(line))


def _analyses(manifest: Manifest) -> Iterator[str]:
    exploratory = (manifest.model_extra or {}).get("exploratory") or ()
    why = exploratory if isinstance(exploratory, dict) else {}
    for end in manifest.analyses:
        marks = ["primary outcome"] if end.id in manifest.primary_outcomes else []
        if end.id in exploratory:
            marks.append(f"exploratory: {why[end.id]}" if end.id in why else "exploratory")
        said = f" ({'; '.join(marks)})" if marks else ""
        reason = f" - {end.reason}" if end.reason else ""
        yield _line("Analysis", f"{end.id}: {end.state}{said}{reason}")
        for name, value in manifest.parameters.get(end.id, {}).items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{'':<{_WIDTH}}  {name} = {text}"
