"""Why two runs may differ: what of their data, settings, code and disclosure rules differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from datrial.results.difference_code import code_lines, machine_lines, reaches_numbers
from datrial.results.difference_data import data_lines, made_of, mapping_lines, recorded
from datrial.results.difference_settings import decides_numbers, differing_settings
from datrial.results.manifest import Manifest

_Times = tuple[Mapping[str, Any], Mapping[str, Any]]


class Kind(StrEnum):
    """What can make two runs differ, in the order in which it is named."""

    DATA = "data"
    PARAMETERS = "parameters"
    CODE = "code"
    DISCLOSURE = "disclosure"
    FAILURE = "failure"
    UNEXPLAINED = "unexplained"


_SETTINGS = "settings were changed"
_CODE = "the code was changed"
_READING = "the agencies' files are read in another way"

#: What of a manifest's ``disclosure`` is a rule, and no result of one.
_RULES = ("threshold", "round_to", "hide_extremes", "complements")


@dataclass(frozen=True)
class Cause:
    """Something that differs between what two runs were made from.

    Attributes
    ----------
    lines
        What differs, a line each: ``analyses.risk_score.effect: gamma -> normal``.
    in_words
        What happened, as the rest of a sentence: ``two new extracts arrived``.
    analyses
        The analyses whose numbers it can reach; None for all, empty for none.
    """

    kind: Kind
    lines: tuple[str, ...]
    in_words: str
    analyses: frozenset[str] | None = None


def causes_between(
    first: Manifest,
    second: Manifest,
    reads_results: Collection[str] = (),
    times: _Times = ({}, {}),
) -> tuple[Cause, ...]:
    """Return what differs between what two runs were made from.

    Parameters
    ----------
    reads_results
        The analyses that are made of the others' tables.
    times
        The ``times.json`` of both: on what each was made.
    """
    found = [
        *_data(first, second),
        *_parameters(first, second, frozenset(reads_results)),
        *_code(first, second, times),
        *_disclosure(first, second),
        *_failures(first, second, frozenset(reads_results)),
    ]
    order = list(Kind)
    return tuple(sorted(found, key=lambda cause: order.index(cause.kind)))


def cause_of(causes: Sequence[Cause], analysis: str, *, hiding: bool = False) -> str:
    """Return the cause of a difference in a table of an analysis.

    Parameters
    ----------
    hiding
        Whether the cell is hidden in one of the runs: what other tables hold may be why.
    """
    kinds = {cause.kind for cause in causes if cause.analyses is None or analysis in cause.analyses}
    if hiding and any(cause.analyses and analysis not in cause.analyses for cause in causes):
        kinds.add(Kind.DISCLOSURE)
    return " or ".join(kind for kind in Kind if kind in kinds) or str(Kind.UNEXPLAINED)


def _data(first: Manifest, second: Manifest) -> Iterator[Cause]:
    if first.simulated != second.simulated:
        said = ["agencies' extracts", "simulated extracts"]
        line = f"{said[first.simulated]} -> {said[second.simulated]}"
        yield Cause(Kind.DATA, (line,), "one of the runs is of simulated extracts")
    if first.snapshot_id == second.snapshot_id:
        return
    parts = made_of(first), made_of(second)
    if recorded(parts):
        lines, words = data_lines(*parts)
        if lines:
            yield Cause(Kind.DATA, lines, words)
        if _differ(parts, "warehouse_code"):
            yield Cause(Kind.CODE, ("the code that makes a snapshot of the extracts",), _CODE)
        if _differ(parts, "mappings"):
            yield Cause(Kind.PARAMETERS, mapping_lines(*parts), _READING)
        if _differ(parts, "data_rules") and not _global_settings(first, second):
            yield Cause(Kind.PARAMETERS, ("the study's rules for data",), _SETTINGS)
        if lines or any(map(partial(_differ, parts), ("warehouse_code", "mappings", "data_rules"))):
            return
    line = f"snapshot {first.snapshot_id} -> {second.snapshot_id}"
    if not recorded(parts):
        line += " (one of the runs does not record what its snapshot was made of)"
    yield Cause(Kind.DATA, (line,), "the data are not the same")


def _differ(parts: tuple[dict[str, Any], dict[str, Any]], name: str) -> bool:
    return name in parts[0] and name in parts[1] and parts[0][name] != parts[1][name]


def _parameters(
    first: Manifest, second: Manifest, reads_results: frozenset[str]
) -> Iterator[Cause]:
    shared = _global_settings(first, second)
    families = {path for path in shared if path.split(".")[0] == "outcome_families"}
    everywhere = [f"{path}: {shared[path]}" for path in shared if path not in families]
    if first.study != second.study:
        everywhere.insert(0, f"study: {first.study} -> {second.study}")
    if everywhere:
        yield Cause(Kind.PARAMETERS, tuple(everywhere), _SETTINGS)
    if families:
        lines = tuple(f"{path}: {shared[path]}" for path in sorted(families))
        yield Cause(Kind.PARAMETERS, lines, _SETTINGS, reads_results or None)
    made = _made(first), _made(second)
    for analysis in sorted(made[0] & made[1]):
        changed = differing_settings(
            first.parameters.get(analysis, {}),
            second.parameters.get(analysis, {}),
            f"analyses.{analysis}",
        )
        if changed:
            lines = tuple(f"{path}: {change}" for path, change in changed.items())
            yield Cause(Kind.PARAMETERS, lines, _SETTINGS, frozenset({analysis}) | reads_results)
    for alone, which in ((made[0] - made[1], "first"), (made[1] - made[0], "second")):
        if alone:
            named = ", ".join(sorted(alone))
            line = f"analyses that only the {which} run was asked for: {named}"
            reach = frozenset(alone) | reads_results
            yield Cause(Kind.PARAMETERS, (line,), "other analyses were asked for", reach)


def _global_settings(first: Manifest, second: Manifest) -> dict[str, str]:
    """Return the settings of the study that differ and reach more than one analysis's numbers."""
    found = {}
    studies = _study(first), _study(second)
    if all(studies):
        changed = differing_settings(*studies)
        found = {path: change for path, change in changed.items() if decides_numbers(path)}
    if "seed" not in found:
        found |= differing_settings(first.seeds, second.seeds, "seeds")
    found.pop("study", None)
    return found


def _study(manifest: Manifest) -> dict[str, Any]:
    return manifest.further("resolved_study")


def _made(manifest: Manifest) -> set[str]:
    """Return the analyses that a run was asked for, however they ended."""
    return {entry.id for entry in manifest.analyses}


def _code(first: Manifest, second: Manifest, times: _Times) -> Iterator[Cause]:
    lines = code_lines(first, second)
    if lines and reaches_numbers(first, second):
        yield Cause(Kind.CODE, lines, _CODE)
    elif lines:
        words = "only code that shows results was changed"
        yield Cause(Kind.CODE, lines, words, frozenset())
    lines = machine_lines(*times)
    if lines:
        yield Cause(Kind.CODE, lines, "they were made with other software or on another machine")


def _disclosure(first: Manifest, second: Manifest) -> Iterator[Cause]:
    ours, theirs = _rules(first), _rules(second)
    both = [name for name in ours if name in theirs]
    changed = differing_settings(
        {name: ours[name] for name in both}, {name: theirs[name] for name in both}
    )
    if changed:
        lines = tuple(f"{path}: {change}" for path, change in changed.items())
        yield Cause(Kind.DISCLOSURE, lines, "other rules of disclosure control apply")


def _rules(manifest: Manifest) -> dict[str, Any]:
    """Return the disclosure profile of a run, and its rules where they are recorded."""
    found = {}
    if "disclosure" in _study(manifest):
        found["disclosure profile"] = _study(manifest)["disclosure"]
    kept = manifest.further("disclosure")
    found["disclosure control"] = "applied" if kept else "not applied"
    found |= {f"disclosure {name}": kept[name] for name in _RULES if name in kept}
    return found


def _failures(first: Manifest, second: Manifest, reads_results: frozenset[str]) -> Iterator[Cause]:
    failed = [{entry.id for entry in run.failed} for run in (first, second)]
    for alone, other, which in (
        (failed[0] - failed[1], second, "first"),
        (failed[1] - failed[0], first, "second"),
    ):
        for analysis in sorted(alone & _made(other)):
            line = f"{analysis} failed in the {which} run"
            reach = frozenset({analysis}) | reads_results
            yield Cause(Kind.FAILURE, (line,), f"{analysis} failed", reach)
