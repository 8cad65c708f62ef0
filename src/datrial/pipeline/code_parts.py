"""The code in parts, each with its hash, so that two runs can say which part differs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from datrial.config.project import project_root
from datrial.pipeline.dependencies import lock_path
from datrial.pipeline.identity import COST_FILES, code_files, files_hash

LOCK = "requirements.lock"


@cache
def code_parts() -> dict[str, str]:
    """Return part -> hash: each room of the package, and what beside it decides results.

    Together they are what :func:`datrial.pipeline.identity.code_version` hashes.
    """
    package, root = Path(__file__).resolve().parents[1], project_root()
    rooms = sorted(path for path in package.iterdir() if (path / "__init__.py").is_file())
    parts = {room.name: files_hash(code_files(room)) for room in rooms}
    parts["errors"] = files_hash(package.glob("*.py"))
    parts["sql"] = files_hash((root / "sql").rglob("*.sql"))
    parts["expectations"] = files_hash((root / "expectations").glob("*.json"))
    for name in ("configs/tables.yaml", "configs/catalogue.yaml"):
        parts[name] = files_hash([root / name])
    for folder in COST_FILES:
        parts[folder] = files_hash((root / folder).rglob("*.yaml"))
    parts[LOCK] = files_hash([lock_path()])
    return parts
