"""On what a verification was run: versions, never a machine's name or a place on it."""

from __future__ import annotations

import hashlib
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from datrial.config.project import project_root

#: The libraries that the page names; the others stand behind the hash of the lock file.
SHOWN = (
    "numpy", "scipy", "pandas", "statsmodels", "linearmodels", "scikit-learn", "stepmix",
    "formulaic", "duckdb", "pyarrow",
)  # fmt: skip


def environment() -> dict[str, Any]:
    """Return the versions of Python, of the platform and of the libraries.

    ``lock`` tells the hash of ``requirements.lock`` and which of its packages are
    installed here at another version, or not at all.
    """
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} on {platform.machine()}",
        "libraries": {name: _version(name) for name in SHOWN},
        "lock": _lock(),
    }


def _lock() -> dict[str, Any]:
    path = project_root() / "requirements.lock"
    if not path.is_file():
        return {"sha256": "", "packages": 0, "other": []}
    content = path.read_bytes()
    locked = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", content.decode(), re.MULTILINE))
    other = [
        {"package": name, "locked": wanted, "installed": found}
        for name, wanted in sorted(locked.items())
        if (found := _version(name)) != wanted
    ]
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "packages": len(locked),
        "other": other,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
