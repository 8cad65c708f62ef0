"""Find a stored run by what people call it: its id, the start of it, its label, or its turn."""

from __future__ import annotations

from pathlib import Path

from datrial.errors import UsageError
from datrial.results.folder import MANIFEST
from datrial.results.manifest import is_run_id
from datrial.results.store import runs

#: Names of turns: the stored run that finished last, and that study's run before it.
LATEST = "latest"
PREVIOUS = "previous"

_SHOWN = 5


def find_run(home: Path, name: str) -> str:
    """Return the id of the stored run that ``name`` means.

    Parameters
    ----------
    name
        A run's id, a start of it that no other run has, a label of it, ``latest`` (the run
        that finished last) or ``previous`` (the run of the same study that finished
        before that one).

    Raises
    ------
    UsageError
        If no run is meant, or more than one.
    DatrialError
        If the manifest of a stored run cannot be read.
    """
    name = name.strip()
    if is_run_id(name) and (home / "results" / name / MANIFEST).is_file():
        return name
    stored = runs(home)
    if not stored:
        raise UsageError("There is no stored run yet. `datrial run --study drive` makes one.")
    if name == LATEST:
        return stored[-1]["run_id"]
    if name == PREVIOUS:
        return _previous(stored)
    meant = [entry["run_id"] for entry in stored if name and _means(entry, name)]
    if not meant:
        raise UsageError(f"There is no run {name!r}. `datrial runs` lists the runs.")
    if len(meant) > 1:
        more = f" and {len(meant) - _SHOWN} more" if len(meant) > _SHOWN else ""
        raise UsageError(
            f"{name!r} means {len(meant)} runs: {', '.join(meant[:_SHOWN])}{more}. "
            "Give one of these ids; `datrial runs` tells of each."
        )
    return meant[0]


def _previous(stored: list[dict[str, str]]) -> str:
    """Return the run of the latest run's study that finished before it."""
    latest = stored[-1]
    before = [entry for entry in stored[:-1] if entry["study"] == latest["study"]]
    if not before:
        raise UsageError(
            f"There is no run of {latest['study']} before {latest['run_id']}. "
            "`datrial runs` lists the runs."
        )
    return before[-1]["run_id"]


def _means(entry: dict[str, str], name: str) -> bool:
    labels = (entry["label"], entry.get("later_label", ""))
    return name in labels or entry["run_id"].startswith(name)
