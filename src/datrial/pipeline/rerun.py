"""Repeat a stored run from what is stored, and compare it with what it gave then."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datrial.config.project import home, state_at
from datrial.pipeline import stops
from datrial.pipeline.identity import WAREHOUSE_ROOMS, code_version
from datrial.pipeline.inputs import run_identity
from datrial.pipeline.job import Analysed
from datrial.pipeline.rerun_comparison import (
    FileComparison,
    compare_cells,
    compare_files,
    other_inputs,
    other_machine,
    was_changed,
)
from datrial.pipeline.rerun_snapshot import lend_snapshot, rebuild_snapshot, scratch_state
from datrial.pipeline.stored_job import StoredJob
from datrial.results.differences import RunComparison
from datrial.results.files import sync_folder
from datrial.results.folder import MANIFEST, read_manifest, read_times, run_folder
from datrial.results.guard_file import read_guard
from datrial.results.store import give_turn

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Rerun:
    """What became of a stored run when it was repeated.

    Attributes
    ----------
    run_id, repeated
        The stored run's id and the repetition's: the same where code and inputs are the same.
    built_again
        Whether its snapshot was built again from the extracts and the ledger.
    other_inputs
        What differs between what the two were made by and from, a line each.
    other_machine
        What of Python, system and installed versions differs from then.
    files
        The comparison of the files, byte for byte.
    cells
        The comparison of the cells; none where the files are equal, or where the stored run
        cannot be read.
    manifest_changed
        Whether the stored run's id does not follow from its manifest any more. It is asked
        only of runs by the code of today: older code may have hashed other things.
    failed
        The analyses that failed in the repetition.
    kept
        The id under which the repetition was stored as a run of its own; empty if it was not.
    """

    run_id: str
    repeated: str
    built_again: bool
    other_inputs: tuple[str, ...]
    other_machine: tuple[str, ...]
    files: FileComparison
    cells: RunComparison | None
    manifest_changed: bool
    failed: tuple[str, ...]
    kept: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether everything is equal, byte for byte."""
        return self.files.is_equal

    @property
    def same_numbers(self) -> bool:
        """Whether every cell is equal, and every analysis ended alike."""
        return self.is_equal or (self.cells is not None and self.cells.is_equal)

    @property
    def is_explained(self) -> bool:
        """Whether the run is equal, or other code or settings can be why it is not."""
        other = self.run_id != self.repeated and bool(self.other_inputs)
        return self.is_equal or (other and not self.files.damaged and not self.manifest_changed)


def rerun(
    run_id: str, *, rebuild: bool = False, keep: bool = False, tell: Tell | None = None
) -> Rerun:
    """Repeat a stored run in a scratch place, and compare all that it gives with what is stored.

    The study with its parameters is the one that the run stored, the snapshot its own. A
    snapshot that is gone is built again from the landed extracts and the ledger as it was.
    The stored run is never changed.

    Parameters
    ----------
    rebuild
        Build the snapshot again though it is there.
    keep
        Store the repetition as a run of its own, labelled ``rerun of <run>``.
    tell
        Called with a line at each step.

    Raises
    ------
    UsageError
        If there is no such run.
    DataError
        If it cannot be repeated: what is missing or can no longer be read.
    """
    say = tell or (lambda line: None)
    folder = run_folder(home(), run_id)
    manifest, times = read_manifest(folder), read_times(folder)
    job = StoredJob.of(manifest, read_guard(folder))
    with scratch_state(f"rerun-{run_id}") as scratch:
        snapshot, built_again = manifest.snapshot_id, False
        if rebuild or not lend_snapshot(job, snapshot, scratch):
            say("snapshot: building it again from the extracts and the ledger of then")
            same_code = manifest.further("made_of").get("code") == code_version(WAREHOUSE_ROOMS)
            snapshot = rebuild_snapshot(
                job, manifest, times.get("ledger_head", ""), scratch, same_code=same_code
            )
            built_again = True
            say(f"snapshot: built again, {snapshot}")
        with state_at(scratch):
            analysed = _analyse(job, snapshot, say)
            published = stops.publish(job, snapshot, analysed)
        again = scratch / "results" / published.run_id
        files = compare_files(home(), run_id, scratch, published.run_id)
        cells = None
        if not files.is_equal:
            cells = compare_cells(home(), run_id, scratch, published.run_id, _made_of_others())
        kept = ""
        if keep:
            kept = _keep(job, snapshot, analysed, scratch, f"rerun of {run_id}")
        return Rerun(
            run_id=run_id,
            repeated=published.run_id,
            built_again=built_again,
            other_inputs=tuple(other_inputs(manifest, read_manifest(again))),
            other_machine=tuple(other_machine(times, read_times(again))),
            files=files,
            cells=cells,
            manifest_changed=manifest.code_version == code_version()
            and was_changed(manifest, run_identity(job.resolved, snapshot, job.label)),
            failed=published.failed,
            kept=kept,
        )


def _analyse(job: StoredJob, snapshot: str, say: Tell) -> list[Analysed]:
    """Run every analysis that the run made, also those that failed."""
    analysed = []
    for name in job.resolved.analyses:
        outcome = stops.analyse(job, snapshot, name)
        say(f"{name}: {outcome.state}{' - ' + outcome.reason if outcome.reason else ''}")
        analysed.append(outcome)
    return analysed


def _made_of_others() -> tuple[str, ...]:
    from datrial.analyses.registry import ANALYSES

    return tuple(name for name, analysis in ANALYSES.items() if analysis.reads_results)


def _keep(
    job: StoredJob, snapshot: str, analysed: list[Analysed], scratch: Path, label: str
) -> str:
    """Store the repetition as a run of its own, whole or not at all; return its id."""
    from datrial.report.checks_page import write_checks_page
    from datrial.report.differences_page import write_changes_page

    with state_at(scratch):
        own = stops.publish(job.model_copy(update={"label": label}), snapshot, analysed).run_id
    if (home() / "results" / own / MANIFEST).is_file():
        return own
    give_turn(home(), scratch / "results" / own)
    # The report first: a folder of results makes a run known.
    for part in ("reports", "results"):
        target = home() / part / own
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        (scratch / part / own).rename(target)
        sync_folder(target.parent)
    # These tell of the runs before it, which stand here and not in the scratch place.
    write_checks_page(home(), own)
    write_changes_page(home(), own)
    return own
