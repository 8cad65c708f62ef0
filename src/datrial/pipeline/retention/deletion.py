"""Deleting what has expired, so that no kill can leave a deletion that is not on record.

A line stands on the disk before each deletion and another after it. A killed
deletion is found by its open line: if all is gone, ``done`` is added; if not,
``not done``, and the rules decide anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from datrial.pipeline.record import now
from datrial.pipeline.retention.extracts import mark_deleted
from datrial.pipeline.retention.held import Held
from datrial.pipeline.retention.record import Deletion, append, deletions
from datrial.results.database import discard
from datrial.results.files import sync_folder

#: A folder that is being removed; no reader takes it for a run or for kept answers.
_LEAVING = ".deleting-"


def delete(one: Held, study: str, who: str, home: Path) -> None:
    """Delete something that has expired; the caller holds the run lock."""
    intended = Deletion(
        state="intended", when=now(), who=who, study=study, kind=one.kind, id=one.id,
        sha256=one.sha256, rule=one.why,
        paths=tuple(str(path.relative_to(home)) for path in one.paths), rests_on=one.rests_on,
    )  # fmt: skip
    append(intended, home)
    if one.kind == "extract":
        mark_deleted(one.paths[-1])
    for path in one.paths:
        _remove(path)
    if one.kind == "run":
        discard(home)
    append(intended.model_copy(update={"state": "done", "when": now()}), home)


def settle(home: Path) -> None:
    """Complete the record of deletions that were killed; the caller holds the run lock."""
    for folder in ("results", "reports", "comparisons", "snapshots/*"):
        for leaving in home.glob(f"{folder}/{_LEAVING}*"):
            shutil.rmtree(leaving)
    still_open: dict[tuple[str, str], Deletion] = {}
    for one in deletions(home):
        if one.state == "intended":
            still_open[one.kind, one.id] = one
        else:
            still_open.pop((one.kind, one.id), None)
    for one in still_open.values():
        gone = not any((home / path).exists() for path in one.paths)
        if one.kind == "run":
            discard(home)
        state = "done" if gone else "not done"
        append(one.model_copy(update={"state": state, "when": now()}), home)


def _remove(path: Path) -> None:
    """Remove a file, or a folder in one step for all who read it."""
    if path.is_dir():
        leaving = path.with_name(f"{_LEAVING}{path.name}")
        path.rename(leaving)
        sync_folder(path.parent)
        shutil.rmtree(leaving)
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)
