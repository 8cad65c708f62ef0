"""Releasing a run: what may leave the house, protected against all that has left it before."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datrial.config.disclosure import load_profile
from datrial.config.project import home, state_at
from datrial.errors import DatrialError, LockedError, UsageError
from datrial.pipeline import stops
from datrial.pipeline.identity import code_version, content_hash
from datrial.pipeline.inputs import run_identity
from datrial.pipeline.protection import Kept, Pair, protect_run
from datrial.pipeline.release_files import write_release
from datrial.pipeline.rerun_snapshot import lend_snapshot, rebuild_snapshot, scratch_state
from datrial.pipeline.stored_job import StoredJob
from datrial.results.earlier_tables import EarlierTables
from datrial.results.files import sha256
from datrial.results.folder import MANIFEST, read_times
from datrial.results.guard_file import read_guard
from datrial.results.read import Run, read_run
from datrial.results.releases import FOLDER, Release, add_record, check_whole, releases, settle

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Released:
    """A release as it was made.

    Attributes
    ----------
    against
        The earlier releases of the study that it was held against.
    hidden
        How many numbers are hidden in all.
    besides
        How many of them for the sake of earlier runs and releases alone.
    not_protected
        How many numbers can be worked out, whatever is hidden.
    """

    release: Release
    folder: Path
    against: tuple[Release, ...]
    hidden: int
    besides: int
    not_protected: int


def release(
    run_id: str, *, who: str, note: str = "", in_part: bool = False, tell: Tell | None = None
) -> Released:
    """Repeat a stored run, protect it against all earlier releases, and write what may leave.

    Parameters
    ----------
    note
        For the record, which stays in the house.
    in_part
        Release it though some of its analyses failed.

    Raises
    ------
    UsageError
        If there is no such run, or it must not be released as it is; with what to do.
    DataError
        If its snapshot cannot be built again, or an earlier release is not whole.
    DatrialError
        If the run, repeated, does not give the stored numbers.
    LockedError
        If another release is being made.
    """
    say = tell or (lambda line: None)
    with _lock():
        settle(home())
        stored = read_run(home(), run_id)
        guard = read_guard(stored.folder)
        job = StoredJob.of(stored.manifest, guard)
        _refuse(stored, job, in_part=in_part)
        study = stored.manifest.study
        earlier = releases(home(), study)
        check_whole(home(), earlier)
        with scratch_state(f"release-{run_id}") as scratch:
            tables = _repeated(stored, job, scratch, say)
            _same_numbers(stored, protect_run(tables, job.resolved, guard=guard))
            kept = protect_run(
                tables, job.resolved, guard=guard, earlier=lambda: _tables_of(earlier, tables)
            )
            today = dt.datetime.now(dt.UTC).replace(microsecond=0)
            number = earlier[-1].number + 1 if earlier else 1
            folder = home() / FOLDER / study / f"{number}-{run_id}"
            further = _further(kept, number, today.date(), earlier)
            write_release(
                folder, scratch / "release", stored.manifest, job.resolved,
                kept.protected.tables, further,
            )  # fmt: skip
        made = Release(
            study=study, number=number, run_id=run_id, when=today, who=who, note=note.strip(),
            sha256=sha256(folder / MANIFEST),
        )  # fmt: skip
        add_record(home(), made)
    hidden = kept.protected
    return Released(
        made, folder, tuple(earlier), len(hidden.hidden), kept.besides,
        int(hidden.summary["not_protected"]),
    )  # fmt: skip


def _refuse(stored: Run, job: StoredJob, *, in_part: bool) -> None:
    """Refuse what must not be released, before anything is computed."""
    manifest = stored.manifest
    run, study = manifest.run_id, manifest.study
    before = [one for one in releases(home(), study) if one.run_id == run]
    if before:
        raise UsageError(
            f"Run {run} was released before: release {before[0].number} of {study}, "
            f"{FOLDER}/{study}/{before[0].number}-{run}. --out with --list copies it."
        )
    profile = load_profile(job.resolved.disclosure)
    if not profile.threshold and not manifest.simulated:
        raise UsageError(
            f"Run {run} is of people's data and has the profile {profile.profile}, which hides no "
            "small count: it must not leave the house. Name another profile at `disclosure:` in "
            "the study file, run again, and release that run."
        )
    failed = [ended.id for ended in manifest.failed]
    if failed and not in_part:
        raise UsageError(
            f"Run {run} is finished in part, without {', '.join(failed)}. Run it again, or add "
            "--in-part to release what it has."
        )
    again = (
        f"Make it again (`datrial analyse --study {study} --snapshot {manifest.snapshot_id}`, or "
        "`datrial run`), and release the run that this gives."
    )
    if manifest.code_version != code_version():
        raise UsageError(
            f"Run {run} was made by another version of the code ({manifest.code_version}; this is "
            f"{code_version()}), so that it cannot be repeated to the digit. {again}"
        )
    now = content_hash(run_identity(job.resolved, manifest.snapshot_id, job.label))
    if now != run:
        raise UsageError(
            f"Run {run} was made with other printed numbers or another disclosure profile than "
            f"those in configs/ today. {again}"
        )


def _repeated(stored: Run, job: StoredJob, scratch: Path, say: Tell) -> list[Pair]:
    """Return the run's tables as they were counted; they exist in the scratch place only."""
    manifest = stored.manifest
    if not lend_snapshot(job, manifest.snapshot_id, scratch):
        say("snapshot: building it again from the extracts and the ledger of then")
        head = read_times(stored.folder).get("ledger_head", "")
        rebuild_snapshot(job, manifest, head, scratch, same_code=True)
    with state_at(scratch):
        analysed = []
        for name in job.resolved.analyses:
            outcome = stops.analyse(job, manifest.snapshot_id, name)
            say(f"{name}: {outcome.state}{' - ' + outcome.reason if outcome.reason else ''}")
            analysed.append(outcome)
        ended = {outcome.analysis: outcome.state for outcome in analysed}
        if ended != {each.id: each.state for each in manifest.analyses}:
            raise _other_numbers(manifest.run_id)
        exploratory = (manifest.model_extra or {}).get("exploratory") or ()
        return stops.drafted(job, manifest.snapshot_id, analysed, exploratory)


def _same_numbers(stored: Run, repeated: Kept) -> None:
    then = [(entry.analysis, entry.table) for entry in stored.tables]
    if list(repeated.protected.tables) != then:
        raise _other_numbers(stored.manifest.run_id)


def _other_numbers(run: str) -> DatrialError:
    return DatrialError(
        f"Run {run}, repeated with its own code, data and parameters, does not give what is "
        f"stored. It was not released. `datrial rerun {run}` lists what differs."
    )


def _tables_of(earlier: Sequence[Release], tables: Sequence[Pair]) -> dict[str, list[Pair]]:
    reader = EarlierTables({table.id for _, table in tables})
    return {f"release {one.number}": reader.of(one.folder(home())) for one in earlier}


def _further(
    kept: Kept, number: int, day: dt.date, earlier: Sequence[Release]
) -> dict[str, object]:
    record = kept.record()
    # The runs of the house that it heeded are named in the house only.
    hidden = {name: told for name, told in record["hidden"].items() if name != "besides_for"}
    return {
        "disclosure": {**record, "hidden": hidden},
        "release": {
            "number": number,
            "date": day.isoformat(),
            "against": [{"number": one.number, "run_id": one.run_id} for one in earlier],
            "hidden_besides": kept.besides,
        },
    }


@contextmanager
def _lock() -> Iterator[None]:
    """Let one release be made at a time."""
    folder = home() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError("Another release is being made. Wait until it is done.") from None
        yield
    finally:
        os.close(descriptor)
