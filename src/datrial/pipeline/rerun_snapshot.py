"""The state in which a run is repeated: a scratch folder, and the run's snapshot in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.config.mapping import load_mappings
from datrial.config.project import home, state_at
from datrial.errors import DataError, DatrialError, UsageError
from datrial.pipeline.building import build_into
from datrial.pipeline.inputs import Inputs, landing_folder, made_of, snapshot_id, work_folder
from datrial.pipeline.rerun_ledger import ledger_as_of
from datrial.pipeline.stored_job import StoredJob
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    from datrial.extracts.receipts import Receipt
    from datrial.results.manifest import Manifest

#: What a repeated run reads where it lies; all it writes stays in the scratch folder.
_LINKED = ("landing", "linkage", "releases", "inbox", "attempts", "logs")
_LEDGER = "ledger.sqlite"
_LINE = re.compile(r"(current|earlier):(\S+)@([0-9a-f]{64}) (\S+) (\S+)(?: (.*?))? #(\d+)")


@dataclass(frozen=True)
class InputsOfThen(Inputs):
    """What a stored run's snapshot was built from; the inbox of today is not looked at."""

    simulated: bool = False

    @property
    def is_simulated(self) -> bool:
        """Whether the run's extracts were simulated, as it recorded."""
        return self.simulated


@contextmanager
def scratch_state(name: str) -> Iterator[Path]:
    """Make a state folder in the scratch place, with links to what is only read; then remove it.

    The snapshots and the results of the real one are not in it.
    """
    scratch, real = work_folder() / name, home()
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        for part in _LINKED:
            if (real / part).exists():
                (scratch / part).symlink_to(real / part)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def lend_snapshot(job: StoredJob, snapshot: str, scratch: Path) -> bool:
    """Link a stored snapshot, and its likes at other cuts, and the ledger into a scratch state.

    Returns
    -------
    bool
        False if one of these snapshots is not there any more; nothing was linked.
    """
    settings = job.resolved.linkage
    store, lent = (SnapshotStore(place, job.study) for place in (home(), scratch))
    cuts = (None, *(settings.sensitivity_weights if settings else ()))
    if not all(store.path(snapshot, cut).is_file() for cut in cuts):
        return False
    lent.folder.mkdir(parents=True)
    for cut in cuts:
        lent.path(snapshot, cut).symlink_to(store.path(snapshot, cut))
    if (home() / _LEDGER).is_file():
        (scratch / _LEDGER).symlink_to(home() / _LEDGER)
    return True


def rebuild_snapshot(
    job: StoredJob, manifest: Manifest, noted_head: str, scratch: Path, *, same_code: bool
) -> str:
    """Build a run's snapshot again in a scratch state, and return its id.

    From the landed extracts and from the ledger as it was then. ``current`` stays as it is.

    Parameters
    ----------
    same_code
        Whether the code that builds warehouses is that of then; if so, the id is the same.

    Raises
    ------
    DataError
        If what it was made of is no longer there: all that is missing, one sentence a line.
    """
    then, run = manifest.further("made_of"), manifest.run_id
    if not then:
        raise _cannot(run, ["the run does not say what its snapshot was made of"])
    inputs, problems = _inputs(job, manifest)
    current, earlier, lost = _receipts(then.get("extracts", []))
    problems += lost
    wrong = ""
    if inputs is None or inputs.study.allocation is not None:
        wrong = ledger_as_of(
            home() / _LEDGER, noted_head, then.get("ledger", ""), job.study, scratch / _LEDGER
        )
    problems += [wrong] if wrong else []
    if problems or inputs is None:
        raise _cannot(run, problems)
    from datrial.extracts.landing import landed

    with state_at(scratch):
        files = landed(landing_folder(), current, earlier)
        now = made_of(inputs, files.lines())
        changed = [part for part in _WORDS if now[part] != then.get(part)]
        if not same_code:  # it may read a study file in another way
            changed = [part for part in changed if part != "rules"]
        if changed:
            raise _cannot(run, [_changed(part, now, then) for part in changed])
        snapshot = snapshot_id(inputs, files.lines())
        if same_code and snapshot != manifest.snapshot_id:
            raise DatrialError(
                f"The snapshot of run {run} was made again from equal parts, but its id is "
                f"{snapshot} and not {manifest.snapshot_id}: the manifest was changed."
            )
        build_into(SnapshotStore(scratch, job.study), inputs, files, snapshot)
    return snapshot


#: What must be as it was, and how it is called.
_WORDS = {
    "extracts": "the extracts, or the order in which they arrived",
    "ledger": "the allocations in the ledger",
    "rules": "the study's rules for data",
    "mappings": "mappings (configs/sources)",
    "key": "the pseudonym key: set the one with which the study was begun",
    "decisions": "the decisions of clerical review (linkage/*.decisions.csv): put back the file",
}


def _changed(part: str, now: dict[str, Any], then: dict[str, Any]) -> str:
    if part != "mappings":
        return f"other than then: {_WORDS[part]}"
    before = then.get(part, {})
    names = sorted(k for k in {*now[part], *before} if now[part].get(k) != before.get(k))
    return f"other than then: {_WORDS[part]}: {', '.join(names)}; put back these files"


def _inputs(job: StoredJob, manifest: Manifest) -> tuple[InputsOfThen | None, list[str]]:
    """Return what the snapshot is built from, and what of it cannot be had."""
    try:
        mappings = load_mappings(job.resolved.sources)
        inputs = InputsOfThen(job, job.resolved, mappings, simulated=manifest.simulated)
        inputs.pseudonymiser()
    except UsageError as error:
        return None, [str(error)]
    return inputs, []


def _receipts(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the ids of the extracts that counted, of those before them, and what is lost."""
    from datrial.extracts.files import file_hash
    from datrial.extracts.receipts import read_receipts

    landing = landing_folder()
    known: dict[tuple[str, ...], Receipt] = {}
    for receipt in read_receipts(landing):
        days = (str(receipt.covers_start), str(receipt.covers_end))
        known[receipt.mapping, receipt.sha256, *days, receipt.part or ""] = receipt
    ids: dict[str, list[str]] = {"current": [], "earlier": []}
    lost = []
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None:
            lost.append("the run names an extract in a way that cannot be read")
            continue
        role, mapping, sha256, first, last, part, _ = found.groups()
        named = f"the extract {mapping}@{sha256[:12]} ({first} to {last})"
        kept = known.get((mapping, sha256, first, last, part or ""))
        if kept is None:
            lost.append(f"{named} has no receipt in the landing folder")
        elif not kept.path(landing).is_file():
            lost.append(f"{named} is not in the landing folder any more (see deleted.jsonl)")
        elif file_hash(kept.path(landing)) != sha256:
            lost.append(f"{named} was changed in the landing folder: put back its backup")
        else:
            ids[role].append(kept.extract_id)
    return ids["current"], ids["earlier"], lost


def _cannot(run: str, problems: list[str]) -> DataError:
    return DataError(
        f"The snapshot of run {run} is gone and cannot be built again:\n"
        + "\n".join(f"  - {problem}" for problem in problems)
    )
