"""The stored runs as people look for them: what each is, how it ended, and where its report is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datrial.results.folder import read_manifest, read_times
from datrial.results.labels import LaterLabel, later_labels
from datrial.results.store import DONE, IN_PART, runs


@dataclass(frozen=True)
class StoredRun:
    """A stored run.

    Attributes
    ----------
    label, later_label
        The label with which it was started, and the one that it was given later.
    state
        ``done``, or ``done in part`` where an analysis failed.
    primary
        Primary outcome -> how its analysis ended: ``done``, ``failed`` or ``not run``.
    exploratory
        How many of its analyses were not planned as they were run.
    finished
        In ISO form, UTC; empty if that was not recorded.
    report
        The report's path; none if there is none.
    """

    run_id: str
    study: str
    snapshot_id: str
    label: str
    later_label: str
    state: str
    primary: dict[str, str]
    exploratory: int
    analyses: int
    finished: str
    who: str
    report: Path | None

    @property
    def is_complete(self) -> bool:
        """Whether all its analyses are done and its report is there."""
        return self.state == DONE and self.report is not None


def stored_runs(home: Path) -> list[StoredRun]:
    """Return the stored runs, the one that finished last at the end.

    Raises
    ------
    DatrialError
        If a run's manifest cannot be read.
    """
    later = later_labels(home)
    return [_stored(home, entry["run_id"], later) for entry in runs(home)]


def chosen_runs(
    listed: Iterable[StoredRun],
    *,
    study: str = "",
    label: str = "",
    since: dt.date | None = None,
    in_part: bool | None = None,
    snapshot: str = "",
    last: int | None = None,
) -> list[StoredRun]:
    """Return those of some runs that fit all that is asked for, in the order given.

    Parameters
    ----------
    label
        A part of either label; capital letters make no difference.
    since
        The first day, in UTC, on which a run may have finished.
    in_part
        Only runs of which an analysis failed, or only the others.
    snapshot
        The start of a snapshot's id.
    last
        Only so many, from the end.
    """
    chosen = [
        run
        for run in listed
        if (not study or run.study == study)
        and (not label or any(label.lower() in t.lower() for t in (run.label, run.later_label)))
        and (since is None or run.finished[:10] >= since.isoformat())
        and (in_part is None or in_part == (run.state == IN_PART))
        and run.snapshot_id.startswith(snapshot)
    ]
    return chosen if last is None else chosen[max(len(chosen) - last, 0) :]


def _stored(home: Path, run_id: str, later: dict[str, LaterLabel]) -> StoredRun:
    folder = home / "results" / run_id
    manifest, times = read_manifest(folder), read_times(folder)
    ends = {end.id: str(end.state) for end in manifest.analyses}
    report = home / "reports" / run_id / "index.html"
    exploratory = (manifest.model_extra or {}).get("exploratory") or ()
    return StoredRun(
        run_id=run_id,
        study=manifest.study,
        snapshot_id=manifest.snapshot_id,
        label=manifest.label,
        later_label=later[run_id].text if run_id in later else "",
        state=IN_PART if manifest.failed else DONE,
        primary={name: ends.get(name, "not run") for name in manifest.primary_outcomes},
        exploratory=len(exploratory),
        analyses=len(ends),
        finished=times.get("end", ""),
        who=times.get("who", ""),
        report=report if report.is_file() else None,
    )
