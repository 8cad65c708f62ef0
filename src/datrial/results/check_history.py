"""The checks of stored runs, ``results/<run_id>/checks.json``, and how they went before."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datrial.errors import DatrialError, UsageError
from datrial.results.folder import MANIFEST, read_manifest, read_times, run_folder
from datrial.results.manifest import Manifest, is_run_id

CHECKS = "checks.json"


@dataclass(frozen=True)
class CheckedRun:
    """The checks of one stored run.

    Attributes
    ----------
    finished
        When the run was stored; None if that was not recorded.
    tables
        As :func:`datrial.checks.record.checks_of` gave them.
    """

    manifest: Manifest
    finished: dt.datetime | None
    tables: tuple[dict[str, Any], ...]

    def rules(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return every rule's result by table and rule id."""
        return {
            (table["table"], rule["rule"]): rule for table in self.tables for rule in table["rules"]
        }


def encode_checks(checks: dict[str, Any]) -> bytes:
    """Return checks as the bytes of ``checks.json``: same checks, same bytes."""
    text = json.dumps(checks, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def read_checks(home: Path, run_id: str) -> CheckedRun:
    """Read a stored run's checks.

    Raises
    ------
    UsageError
        If there is no such run, or if it was stored without its checks.
    DatrialError
        If they cannot be read.
    """
    folder = run_folder(home, run_id)
    if not (folder / CHECKS).is_file():
        raise UsageError(
            f"Run {run_id} was stored without its checks (results/{run_id}/{CHECKS}). "
            "Make the run again."
        )
    try:
        content = json.loads((folder / CHECKS).read_text(encoding="utf-8"))
        tables = tuple(dict(table) for table in content["tables"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatrialError(
            f"Run {run_id}: {CHECKS} cannot be read. Delete the run's folder and run again."
        ) from error
    return CheckedRun(read_manifest(folder), _time(read_times(folder).get("end", "")), tables)


def earlier_checks(home: Path, run: CheckedRun, most: int = 11) -> list[CheckedRun]:
    """Return the checks of the runs of the same study before a run, the oldest first.

    A snapshot counts once, by its first run: analyses that were repeated on it
    met the same data. Runs of other snapshots that were stored without checks, or whose
    checks cannot be read, are left out.

    Parameters
    ----------
    most
        How many runs at most: the last ones.
    """
    found: dict[str, CheckedRun] = {}
    for other in _others(home, run):
        known = found.get(other.manifest.snapshot_id)
        if known is None or _place(other) < _place(known):
            found[other.manifest.snapshot_id] = other
    return sorted(found.values(), key=_place)[-most:] if most > 0 else []


def _others(home: Path, run: CheckedRun) -> list[CheckedRun]:
    others = []
    for path in sorted((home / "results").glob(f"*/{CHECKS}")):
        name = path.parent.name
        if not is_run_id(name) or not (path.parent / MANIFEST).is_file():
            continue
        try:
            other = read_checks(home, name)
        except DatrialError:
            continue
        same = (other.manifest.study, other.manifest.simulated) == (
            run.manifest.study, run.manifest.simulated
        )  # fmt: skip
        if (
            same
            and other.manifest.snapshot_id != run.manifest.snapshot_id
            and _place(other) < _place(run)
        ):
            others.append(other)
    return others


def _place(run: CheckedRun) -> tuple[float, str]:
    return (run.finished.timestamp() if run.finished else 0.0, run.manifest.run_id)


def _time(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
