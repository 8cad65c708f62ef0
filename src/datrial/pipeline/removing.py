"""Removing a stored run by hand: its results and its report, with a record of it."""

from __future__ import annotations

from pathlib import Path

from datrial.config.project import home
from datrial.errors import UsageError
from datrial.pipeline.lock import take_lock
from datrial.pipeline.rerun_comparison import comparison_folder
from datrial.pipeline.retention.deletion import delete, settle
from datrial.pipeline.retention.held import Held, bytes_in, moment
from datrial.pipeline.sweep import sweep
from datrial.results.files import sha256
from datrial.results.folder import MANIFEST, read_manifest, read_times, run_folder
from datrial.results.listing import stored_runs

_RECORDS = (".json", ".jsonl", ".csv")


def remove_run(run_id: str, *, who: str, reason: str = "", force: bool = False) -> Held:
    """Remove a run's results and report; ``deleted.jsonl`` records it before and after.

    The record has who, when and why, and the hash of the run's manifest. The snapshot
    stays. A kill leaves the run whole, or the removal to be completed by the next one.

    Parameters
    ----------
    force
        Remove it though it is the newest complete run of its study.

    Raises
    ------
    UsageError
        If there is no such run; if it is the newest complete run of its study; if a release
        names it, which nothing overrides.
    LockedError
        If a run is at work; nothing was removed.
    """
    lock = take_lock()
    try:
        sweep()
        settle(home())
        folder = run_folder(home(), run_id)
        manifest = read_manifest(folder)
        _refuse(run_id, manifest.study, force=force)
        others = [path for path in (comparison_folder(home(), run_id),) if path.is_dir()]
        paths = (*others, home() / "reports" / run_id, folder)
        held = Held(
            kind="run", id=run_id, since=moment(read_times(folder).get("end", ""), folder),
            size=bytes_in(paths), holds="counts", expired=True,
            why=f"removed by hand: {reason.strip() or 'no reason was given'}",
            paths=paths, sha256=sha256(folder / MANIFEST),
        )  # fmt: skip
        delete(held, manifest.study, who, home())
    finally:
        lock.release()
    return held


def _refuse(run_id: str, study: str, *, force: bool) -> None:
    release = released_in(home(), run_id)
    if release:
        raise UsageError(
            f"Run {run_id} was released ({release}): what was published must stay to be checked. "
            "It is not removed."
        )
    complete = [run.run_id for run in stored_runs(home()) if run.study == study and run.is_complete]
    if complete[-1:] == [run_id] and not force:
        raise UsageError(
            f"Run {run_id} is the newest complete run of {study}. Make another one first, or add "
            "--force to remove it all the same."
        )


def released_in(state: Path, run_id: str) -> str:
    """Return the release that names a run, by its place in ``releases/``; empty if none does."""
    folder = state / "releases"
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if run_id in str(place):
            return f"releases/{place}"
        told = path.suffix in _RECORDS and path.is_file()
        if told and run_id.encode() in path.read_bytes():
            return f"releases/{place}"
    return ""
