"""The versions of other people's code: those that are locked, and those that run here."""

from __future__ import annotations

import hashlib
import platform
import re
from functools import cache
from pathlib import Path

from datrial.config.project import project_root

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")


def lock_path() -> Path:
    """Return where the locked versions stand."""
    return project_root() / "requirements.lock"


def locked_versions() -> dict[str, str]:
    """Return name -> version of every dependency of ``requirements.lock``, by name.

    Nothing where there is no such file: the package then runs without its checkout.
    """
    if not lock_path().is_file():
        return {}
    lines = lock_path().read_text(encoding="utf-8").splitlines()
    pinned = (_PINNED.match(line) for line in lines)
    return dict(sorted((_plain(found[1]), found[2]) for found in pinned if found))


def lock_hash() -> str:
    """Return the SHA-256 of the lock file; empty without one."""
    return hashlib.sha256(lock_path().read_bytes()).hexdigest() if lock_path().is_file() else ""


@cache
def differs_from_lock() -> tuple[str, ...]:
    """Return the dependencies that are installed here in another version than is locked.

    Each as ``numpy 2.4.5, locked 2.4.6``; what is locked and not installed says so.
    """
    from importlib.metadata import distributions

    installed = {
        _plain(str(found.metadata["Name"])): str(found.version) for found in distributions()
    }
    return tuple(
        f"{name} {installed.get(name, 'not installed')}, locked {version}"
        for name, version in locked_versions().items()
        if installed.get(name) != version
    )


def this_platform() -> str:
    """Return the system and processor that this runs on; nothing that names the machine."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def _plain(name: str) -> str:
    """Return a distribution's name as all indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
