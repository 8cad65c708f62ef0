"""What lies in a run's folder, ``results/<run_id>/``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datrial.config.load import parse
from datrial.errors import DatrialError, UsageError
from datrial.results.manifest import Manifest, is_run_id

MANIFEST = "manifest.json"
TIMES = "times.json"
TABLES = "tables.json"
CELLS = "cells.parquet"
PROTECTION = "protection.json"
#: Of a run's times: its place in the order in which the stored runs finished.
TURN = "turn"


def run_folder(home: Path, run_id: str) -> Path:
    """Return the folder of a stored run.

    Raises
    ------
    UsageError
        If there is no such run.
    """
    folder = home / "results" / run_id
    if not is_run_id(run_id) or not (folder / MANIFEST).is_file():
        raise UsageError(f"There is no run {run_id!r}. `datrial runs` lists the runs.")
    return folder


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run's folder.

    Raises
    ------
    DatrialError
        If it cannot be read.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise DatrialError(
            f"Run {folder.name}: {MANIFEST} cannot be read. Delete the run's folder and run again."
        ) from error
    return parse(Manifest, content, f"Run {folder.name}: {MANIFEST}")


def read_times(folder: Path) -> dict[str, Any]:
    """Read when a run was made, by whom and on what; nothing if that was not recorded.

    Texts, but for ``differs_from_lock``, which is a list of them, and ``turn``.
    """
    try:
        return dict(json.loads((folder / TIMES).read_text(encoding="utf-8")))
    except (OSError, json.JSONDecodeError):
        return {}


def turn_of(times: dict[str, Any]) -> int:
    """Return a run's place in the order in which runs finished; 0 for those of earlier versions."""
    turn = times.get(TURN, 0)
    return turn if isinstance(turn, int) else 0
