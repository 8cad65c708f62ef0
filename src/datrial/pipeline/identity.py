"""Ids that follow from content: same inputs, same id, on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from datrial import __version__
from datrial.config.project import project_root

#: The rooms whose code makes a snapshot; the others only read it.
WAREHOUSE_ROOMS = ("config", "extracts", "warehouse", "checks", "people", "allocation", "pipeline")

#: Where cost models and prices stand; analyses read them, and no snapshot does.
COST_FILES = ("configs/costs", "configs/prices")

_CODE = (".py", ".j2", ".css", ".js")


@cache
def code_version(rooms: tuple[str, ...] | None = None) -> str:
    """Return a hash of the code: of some rooms, or of the whole package.

    The files beside the code that decide results (``sql/``, ``expectations/``,
    ``configs/tables.yaml``, cost models, the lock file) are part of it.
    """
    package = Path(__file__).resolve().parents[1]
    root = project_root()
    folders = [package / room for room in rooms] if rooms else [package]
    code = [path for folder in folders for path in code_files(folder)]
    beside = [*(root / "sql").rglob("*.sql"), *(root / "expectations").glob("*.json")]
    beside += [root / "configs" / "tables.yaml", root / "requirements.lock"]
    if rooms is None:  # reports list the catalogue; snapshots know nothing of it or of costs
        beside.append(root / "configs" / "catalogue.yaml")
        beside += (path for folder in COST_FILES for path in (root / folder).rglob("*.yaml"))
    digest = hashlib.sha256(__version__.encode())
    # In an order that does not hang on where the package and the project's folder lie.
    for path in [*sorted(beside), *sorted(code)]:
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def code_files(folder: Path) -> list[Path]:
    """Return the files of a room that decide results: its code, and the parts of its pages."""
    return [path for path in folder.rglob("*") if path.suffix in _CODE]


def content_hash(content: Any, length: int = 12) -> str:
    """Return a hash of JSON-able content, in which the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def files_hash(paths: Iterable[Path]) -> str:
    """Return a hash of some files' contents (a file that does not exist counts as such)."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"absent")
    return digest.hexdigest()[:16]
