"""What is current of a study, whether the next nightly run would do work, and why.

Nothing is changed by looking, no lock is taken, and neither Prefect nor pandas is imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.config.project import home
from datrial.errors import DatrialError
from datrial.pipeline.inputs import (
    Inputs,
    landing_folder,
    made_of,
    resolve,
    run_id,
    run_identity,
    snapshot_id,
)
from datrial.pipeline.job import Job
from datrial.pipeline.planned import plan_holds
from datrial.pipeline.publishing import is_complete
from datrial.pipeline.reuse import answers, latest_parts
from datrial.pipeline.status_reasons import (
    current_extracts,
    named_counts,
    why_another_run,
    why_another_snapshot,
    why_counted_again,
)
from datrial.pipeline.status_snapshot import Snapshot, current_snapshot
from datrial.results.folder import read_manifest
from datrial.results.store import runs
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    from datrial.results.manifest import Manifest


@dataclass(frozen=True)
class StopStatus:
    """A stop of the road: whether the next nightly run would repeat it, and why or why not."""

    name: str
    current: bool
    why: str


@dataclass(frozen=True)
class Status:
    """What is current of a study.

    Attributes
    ----------
    snapshot
        The current snapshot; none before the first good run.
    run
        The latest stored run on it; empty without one.
    problem
        What would stop the next nightly run before it has begun; empty if nothing would.
    why
        Why the next nightly run would do work; empty if nothing is new.
    stops
        The stops in their order, the analyses among them.
    """

    study: str
    snapshot: Snapshot | None
    run: str
    problem: str
    why: tuple[str, ...]
    stops: tuple[StopStatus, ...]

    @property
    def up_to_date(self) -> bool:
        """Whether the next nightly run would do no work."""
        return not self.problem and not self.why


def status_of(study_name: str) -> Status:
    """Return what is current of a study, and what the next nightly run would do.

    Raises
    ------
    UsageError
        If the study file cannot be used.
    """
    inputs = resolve(Job(study=study_name))
    snapshot, last = current_snapshot(inputs.study), None
    of_study = [run for run in runs(home()) if run["study"] == study_name]
    on_snapshot = [r["run_id"] for r in of_study if snapshot and r["snapshot_id"] == snapshot.id]
    if on_snapshot:
        last = read_manifest(home() / "results" / on_snapshot[-1])
    try:
        plan_holds(inputs.job)
        now = _Next.of(inputs)
    except DatrialError as error:  # what a run would say too
        name = last.run_id if last else ""
        return Status(study_name, snapshot, name, str(error), (), ())
    why, stops = _looked_at(inputs, now, snapshot, last)
    return Status(study_name, snapshot, last.run_id if last else "", "", why, stops)


@dataclass(frozen=True)
class _Next:
    """What the next nightly run would find: files, snapshot and run."""

    parts: dict[str, Any]
    snapshot: str
    run: str
    unreceived: dict[str, int]
    unread: int

    @classmethod
    def of(cls, inputs: Inputs) -> _Next:
        from datrial.extracts.landing import expected_extracts, unread_files
        from datrial.extracts.receipts import read_receipts

        inbox = inputs.job.inbox_folder
        lines = expected_extracts(inputs.mappings, inbox, landing_folder())
        snapshot = snapshot_id(inputs, lines)
        known = {
            (one.mapping, str(one.covers_start), str(one.covers_end), one.part or "", one.sha256)
            for one in read_receipts(landing_folder())
        }
        unreceived = Counter(
            key[0]
            for key, hashes in current_extracts(lines).items()
            for sha256 in hashes
            if (*key, sha256) not in known
        )
        return cls(
            parts=made_of(inputs, lines),
            snapshot=snapshot,
            run=run_id(inputs.study, snapshot),
            unreceived=dict(unreceived),
            unread=len(unread_files(inputs.mappings, inbox)),
        )


def _looked_at(
    inputs: Inputs, now: _Next, snapshot: Snapshot | None, last: Manifest | None
) -> tuple[tuple[str, ...], tuple[StopStatus, ...]]:
    """Return why the next run would do work, and how each stop stands."""
    study, store = inputs.study, SnapshotStore(home(), inputs.study.study)
    same = snapshot is not None and snapshot.id == now.snapshot
    complete = is_complete(now.run, home() / "reports" / now.run / "index.html")
    if snapshot is None:
        why = ["there is no snapshot yet"]
    elif not same:
        why = why_another_snapshot(snapshot.parts, now.parts, study, last)
    elif complete:
        why = []
    else:
        why = _why_not_published(inputs, now, last)
    built = store.path(now.snapshot).is_file()
    stops = [
        _receive(now),
        StopStatus(
            "allocate", built,
            "the ledger has all of the referrals" if built else "the referrals would be read",
        ),
        StopStatus(
            "build", same,
            f"snapshot {now.snapshot} is current" if same
            else f"snapshot {now.snapshot} is there and would be made current again" if built
            else "another snapshot would be built",
        ),
        *_analyses(store, inputs, now, snapshot if same else None, last, complete=complete),
        StopStatus(
            "publish", same and complete,
            f"run {now.run} is stored with its report" if same and complete
            else "another run would be stored, with its report",
        ),
    ]  # fmt: skip
    return tuple(why), tuple(stops)


def _why_not_published(inputs: Inputs, now: _Next, last: Manifest | None) -> list[str]:
    """Say why the run that the files lead to is not there, though its snapshot is current."""
    if last is None:
        return ["no run of the current snapshot is stored"]
    if last.run_id == now.run:
        failed = ", ".join(end.id for end in last.failed)
        return [f"run {now.run} is finished in part, without {failed}"] if failed else [
            f"the report of run {now.run} is not there"
        ]  # fmt: skip
    found = why_another_run(last, run_identity(inputs.study, now.snapshot, ""), inputs.study)
    return [f"changed since run {last.run_id}: {line}" for line in found] or [
        f"the latest run of the snapshot, {last.run_id}, is another"
    ]


def _receive(now: _Next) -> StopStatus:
    unread = f"; {now.unread} files in the inbox that no mapping names" if now.unread else ""
    if not now.unreceived:
        return StopStatus("receive", True, f"every file of the inbox was received{unread}")
    return StopStatus("receive", False, f"to receive: {named_counts(now.unreceived)}{unread}")


def _analyses(
    store: SnapshotStore,
    inputs: Inputs,
    now: _Next,
    snapshot: Snapshot | None,
    last: Manifest | None,
    *,
    complete: bool,
) -> Sequence[StopStatus]:
    """Return how each analysis stands on the snapshot that the files lead to.

    Parameters
    ----------
    snapshot
        The current snapshot, if it is that one.
    last
        The latest stored run on it.
    complete
        Whether the run that the files lead to is stored, with all its analyses.
    """
    study = inputs.study
    if snapshot is None:
        why = "its snapshot would be another"
        return [StopStatus(name, False, why) for name in study.analyses]
    if complete:
        return [StopStatus(name, True, f"it is in run {now.run}") for name in study.analyses]
    rests_on = answers(store, snapshot.id, study, snapshot.shown, tuple(study.analyses))
    failed = {end.id for end in last.failed} if last else set()
    found = []
    for name, answer in rests_on.items():
        parts = latest_parts(store, snapshot.id, name)
        if answer.kept() is not None:
            found.append(StopStatus(name, True, "nothing that it rests on has changed"))
        elif last and name in failed and not parts:
            found.append(StopStatus(name, False, f"it failed in run {last.run_id}"))
        else:
            found.append(StopStatus(name, False, why_counted_again(parts, answer.parts)))
    return found
