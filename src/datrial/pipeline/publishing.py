"""The record of how a run came about, and where its parts wait and lie."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

from datrial import __version__
from datrial.config.project import home
from datrial.pipeline.code_parts import code_parts
from datrial.pipeline.dependencies import (
    differs_from_lock,
    lock_hash,
    locked_versions,
    this_platform,
)
from datrial.pipeline.inputs import Inputs, run_id, run_identity, work_folder
from datrial.pipeline.job import Analysed, Job, departures
from datrial.pipeline.made_of import read_made_of
from datrial.pipeline.planned import exploratory_analyses, plan_record
from datrial.pipeline.processes import ATTEMPT_VARIABLE
from datrial.pipeline.stored_job import StoredJob
from datrial.warehouse.coded_arms import study_as_shown
from datrial.warehouse.snapshots import SnapshotStore


def manifest(inputs: Inputs, snapshot: str, analysed: list[Analysed]) -> dict[str, Any]:
    """Return the record of how a run came about.

    What :data:`datrial.results.manifest.VOLATILE` names is of this time and machine; all
    else follows from the inputs alone.
    """
    study = inputs.study
    only, changes = _departures(inputs)
    connection = SnapshotStore(home(), study.study).open(snapshot)
    try:
        covered = connection.execute("select max(last_day) from study.coverage").fetchall()
        simulated = connection.execute("select simulated from study.origin").fetchall()
        arms = study_as_shown(connection, study).arms
        parts = read_made_of(connection)
    finally:
        connection.close()
    return {
        **run_identity(study, snapshot, inputs.job.label),
        "made_of": parts,
        "dependencies": locked_versions(),
        "lock": lock_hash(),
        "code_parts": code_parts(),
        "version": __version__,
        "title": study.title,
        "simulated": simulated[0][0],
        "data_until": covered[0][0],
        "seeds": {"study": study.seed},
        "parameters": study.analyses,
        "plan": plan_record(study),
        "exploratory": exploratory_analyses(study, changes),
        "only": only,
        "changes": changes,
        "primary_outcomes": study.primary_outcomes,
        "arms": {key: arm.label for key, arm in arms.items()},
        "sites": {key: site.label for key, site in study.sites.items()},
        "periods": {period.key: period.label for period in study.periods},
        "analyses": [
            {"id": outcome.analysis, "state": outcome.state, "reason": outcome.reason}
            for outcome in analysed
        ],
        "who": getpass.getuser(),
        "ledger_head": _head(inputs),
        "start": _start(inputs.job, snapshot).isoformat(timespec="seconds"),
        "end": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": this_platform(),
        "differs_from_lock": list(differs_from_lock()),
    }


def _departures(inputs: Inputs) -> tuple[tuple[str, ...] | None, dict[str, str]]:
    """Return how a run departs from the plan; a repeated one departed from the plan of then."""
    if isinstance(inputs.job, StoredJob):
        return inputs.job.only, inputs.job.changed
    return departures(inputs.study)


def _start(job: Job, snapshot: str) -> dt.datetime:
    """Return when the attempt at a run began; outside any, when its first analysis was done."""
    from datrial.pipeline.record import read_attempt

    attempt = os.environ.get(ATTEMPT_VARIABLE)
    if attempt:
        with suppress(OSError, ValueError):
            return read_attempt(attempt).started
    folder = draft_folder(job, snapshot)
    drafts = [path.stat().st_mtime for path in folder.glob("*.json")]
    now = dt.datetime.now(dt.UTC)
    return min(now, dt.datetime.fromtimestamp(min(drafts), dt.UTC)) if drafts else now


def _head(inputs: Inputs) -> str:
    """Return the ledger's last entry, noted outside the ledger: a cut-off end shows."""
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.verification import head_line

    if not inputs.ledger_path.is_file():
        return ""
    with Ledger(inputs.ledger_path, read_only=True) as ledger:
        return head_line(ledger.head())


def noted_head() -> str:
    """Return the ledger's last entry as the latest run noted it; empty if none did."""
    from datrial.results.folder import read_times
    from datrial.results.store import runs

    noted = [
        read_times(home() / "results" / entry["run_id"]).get("ledger_head", "")
        for entry in runs(home())
    ]
    return next((head for head in reversed(noted) if head), "")


def is_complete(run: str, report: Path) -> bool:
    """Tell whether a run is stored with all its analyses done, with its report (written last)."""
    from datrial.results.folder import MANIFEST, read_manifest

    folder = home() / "results" / run
    if not (folder / MANIFEST).is_file() or not report.is_file():
        return False
    return not read_manifest(folder).failed


def draft_folder(job: Job, snapshot: str) -> Path:
    """Return where the tables of a run's analyses wait until it is published.

    The label does not matter: it changes no table.
    """
    return work_folder() / "tables" / run_id(job.resolved_study(), snapshot)
