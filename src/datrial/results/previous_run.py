"""Which stored run a run is compared with: the study's last one before it that is like it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datrial.errors import DatrialError
from datrial.results.folder import read_manifest, run_folder
from datrial.results.manifest import Manifest
from datrial.results.store import runs


@dataclass(frozen=True)
class PreviousRun:
    """The run that another one is compared with, and why it was chosen."""

    run_id: str
    why: str


def previous_runs(home: Path, run_id: str) -> tuple[PreviousRun, ...]:
    """Return the runs of the same study that finished before a run, the most fitting first.

    Runs of the same label come before unlabelled ones, and these before others; among
    equals those that hold every analysis of the run, with the plan's parameters or the
    run's own; then the one that finished last. Simulated runs go with simulated ones.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    this = read_manifest(run_folder(home, run_id))
    listed = runs(home)
    labels = {entry["run_id"]: entry["label"] for entry in listed}
    names = [entry["run_id"] for entry in listed if entry["study"] == this.study]
    places = {name: place for place, name in enumerate(names)}
    found = []
    for name in names[: places[run_id]]:
        try:
            other = read_manifest(run_folder(home, name))
        except DatrialError:
            continue
        if other.simulated == this.simulated:
            fit = _fit(this, other, labels[run_id], labels[name])
            found.append((fit, places[name], PreviousRun(name, _why(fit, labels[run_id]))))
    return tuple(previous for _, _, previous in sorted(found, key=lambda e: e[:2], reverse=True))


_Fit = tuple[int, bool, bool]


def _fit(this: Manifest, other: Manifest, label: str, other_label: str) -> _Fit:
    """Return how well another run fits: by label, by its analyses, by their parameters."""
    by_label = 2 if other_label == label else 1 if not other_label else 0
    wanted = {entry.id for entry in this.analyses}
    holds_all = wanted <= {entry.id for entry in other.analyses}
    return by_label, holds_all, not other.changes or other.changes == this.changes


def _why(fit: _Fit, label: str) -> str:
    """Return why a run was chosen, as the rest of a sentence."""
    by_label, holds_all, as_planned = fit
    words = "the study's last run before this one"
    if by_label == 2 and label:
        words += f" with the label {label}"
    elif by_label == 2:
        words += " without a label"
    elif by_label == 1:
        words += f" without a label (none has the label {label})"
    words += " that holds all its analyses" if holds_all else " (none holds all its analyses)"
    return words if as_planned else f"{words}, though with other parameters than planned"
