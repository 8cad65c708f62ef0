"""From a filled-in form to a job, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.project import home
from datrial.errors import UsageError
from datrial.pipeline.job import Job
from flows.parameters import Change

if TYPE_CHECKING:
    from datrial.results.manifest import Manifest


class AnalyseJob(Job):
    """A job on a snapshot that may be named; empty means the current one."""

    snapshot: str = ""


class RerunJob(Job):
    """A stored run once more.

    Attributes
    ----------
    run
        The stored run, by its id, the start of it, its label, ``latest`` or ``previous``.
    rebuild
        Whether its snapshot is built again though it is there.
    """

    run: str
    rebuild: bool = False


def job_of(
    study: str,
    *,
    inbox: Path | None = None,
    analyses: Sequence[str] = (),
    changes: Sequence[Change] = (),
    label: str = "",
    fresh: bool = False,
) -> Job:
    """Return the job that a filled-in form asks for.

    Raises
    ------
    UsageError
        If a parameter is changed twice, or a new value cannot be read.
    """
    return Job(
        study=study,
        inbox=inbox,
        analyses=tuple(analyses) if analyses else None,
        changes=_pairs(changes),
        label=label.strip(),
        fresh=fresh,
    )


def analyse_job(
    study: str,
    *,
    snapshot: str = "",
    analyses: Sequence[str] = (),
    changes: Sequence[Change] = (),
    label: str = "",
    fresh: bool = False,
) -> AnalyseJob:
    """Return the job of a filled-in form of ``analyse``.

    Raises
    ------
    UsageError
        As :func:`job_of`; if the snapshot's name means none, or more than one.
    """
    job = job_of(study, analyses=analyses, changes=changes, label=label, fresh=fresh)
    found = find_snapshot(study, snapshot) if snapshot.strip() else ""
    return AnalyseJob(**job.model_dump(), snapshot=found)


def rerun_job(
    run: str,
    *,
    changes: Sequence[Change] = (),
    label: str = "",
    rebuild: bool = False,
    fresh: bool = False,
) -> RerunJob:
    """Return the job of a filled-in form of ``rerun``; its ``run`` is the stored run's id.

    Raises
    ------
    UsageError
        As :func:`job_of`; if no run is meant, or more than one; if what was asked for does not
        go together.
    """
    from datrial.results.folder import read_manifest, run_folder
    from datrial.results.naming import find_run

    if changes and rebuild:
        raise UsageError(
            "A snapshot is built again only to repeat a run as it was: leave either the changed "
            "parameters or the rebuild out."
        )
    if label.strip() and not changes:
        raise UsageError(
            "A label belongs to a new run, which only changed parameters make: leave it empty."
        )
    found = find_run(home(), run)
    manifest: Manifest = read_manifest(run_folder(home(), found))
    job = job_of(manifest.study, changes=changes, label=label, fresh=fresh)
    return RerunJob(**job.model_dump(), run=found, rebuild=rebuild)


def find_snapshot(study: str, name: str) -> str:
    """Return the id of the snapshot of a study that a name means: an id, or the start of one.

    Raises
    ------
    UsageError
        If none is meant, or more than one.
    """
    name = name.strip()
    stored = sorted((home() / "snapshots" / study).glob("*.duckdb"))
    ids = [path.stem for path in stored if ".cut_" not in path.stem]
    meant = [found for found in ids if found.startswith(name)]
    if len(meant) != 1:
        said = "no snapshot" if not meant else f"{len(meant)} snapshots"
        raise UsageError(
            f"Snapshot {name!r} means {said} of study {study}. Give the whole id, as a report "
            "names it, or leave it empty for the current one."
        )
    return meant[0]


def changes_of(job: Job) -> list[Change]:
    """Return a job's changed parameters as the form would hold them."""
    return [Change(parameter=name, value=value) for name, value in job.changes.items()]


def _pairs(changes: Sequence[Change]) -> dict[str, str]:
    import yaml

    pairs: dict[str, str] = {}
    for change in changes:
        if change.parameter in pairs:
            raise UsageError("A parameter is changed twice; give each parameter once.")
        try:
            yaml.safe_load(change.value)
        except yaml.YAMLError:
            raise UsageError(
                f"{change.parameter}: the new value cannot be read. Write it as in a study file: "
                "normal, [2, 3], 500."
            ) from None
        pairs[change.parameter] = change.value
    return pairs
