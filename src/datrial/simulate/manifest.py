"""What was simulated, with which settings and code, so that it is not written twice."""

from __future__ import annotations

import hashlib
import json
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datrial import __version__
from datrial.allocation import schemes
from datrial.config import tables
from datrial.config.project import project_root
from datrial.config.study import Study
from datrial.people import pseudonyms

MANIFEST = Path("truth") / "manifest.json"


def settings(study: Study, seed: int, scale: int) -> dict[str, str | int]:
    """Return all that a simulation depends on."""
    return {
        "study": hashlib.sha256(study.model_dump_json().encode()).hexdigest(),
        "seed": seed,
        "scale": scale,
        "version": __version__,
        "code": _code_hash(),
        "numpy": version("numpy"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def _code_hash() -> str:
    files = sorted(Path(__file__).parent.rglob("*.py"))
    files += [Path(str(module.__file__)) for module in (schemes, pseudonyms, tables)]
    files.append(project_root() / "configs" / "tables.yaml")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def content(study: Study, seed: int, scale: int, files: dict[str, bytes]) -> bytes:
    """Return the manifest of the files of a simulation."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = {"settings": settings(study, seed, scale), "files": hashes}
    return (json.dumps(manifest, indent=1) + "\n").encode()


def written_before(out: Path) -> list[str]:
    """Return the names of the files that the last simulation wrote to a folder."""
    return sorted(_read(out).get("files", {}))


def world_of(out: Path) -> tuple[int, int] | None:
    """Return the seed and scale of the extracts in a folder, if it holds simulated ones."""
    written = _read(out).get("settings", {})
    return (written["seed"], written["scale"]) if written else None


def matches(study: Study, out: Path, seed: int, scale: int) -> bool:
    """Return whether the manifest has these settings and every file is as it says."""
    manifest = _read(out)
    if manifest.get("settings") != settings(study, seed, scale):
        return False
    for name, expected in manifest["files"].items():
        path = out / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            return False
    return True


def _read(out: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    complete = isinstance(manifest, dict) and isinstance(manifest.get("files"), dict)
    return manifest if complete else {}
