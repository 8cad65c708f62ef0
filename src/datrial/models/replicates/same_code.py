"""Whether a worker on another machine is made of the same: Python, packages and our own code.

Other versions give other numbers, and nobody would know. Other processors give the same up
to rounding: numpy and OpenBLAS choose their loops by the processor, and sums are then added
up in another order. Where that matters too, give all machines the same settings of
``OPENBLAS_CORETYPE`` and ``NPY_DISABLE_CPU_FEATURES``.
"""

from __future__ import annotations

import hashlib
import platform
import socket
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import datrial
from datrial.errors import DatrialError

#: Whose versions can change a number of a model.
PACKAGES = (
    "numpy", "scipy", "pandas", "statsmodels", "linearmodels", "scikit-learn", "stepmix",
    "formulaic",
)  # fmt: skip
#: Where the code of a replicate lies.
ROOMS = ("models", "analyses")


@cache
def made_of() -> dict[str, str]:
    """Return what this process is made of: name -> version or hash."""
    parts = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            parts[package] = version(package)
        except PackageNotFoundError:
            parts[package] = "not installed"
    return parts | {"datrial": _own_code()}


def settle(expected: dict[str, str]) -> None:
    """Refuse to work if this process is made of other things; keep it to one BLAS thread.

    Raises
    ------
    DatrialError
        Naming the machine and what differs.
    """
    mine = made_of()
    differs = [name for name, wanted in expected.items() if mine.get(name) != wanted]
    if differs:
        told = ", ".join(
            "datrial's code" if name == "datrial" else f"{name} {mine.get(name)} ({expected[name]})"
            for name in differs
        )
        raise DatrialError(
            f"The worker on {socket.gethostname()} differs from this machine (here in brackets): "
            f"{told}. Install the same locked packages and the same datrial on all machines."
        )
    _one_thread()


@cache
def _own_code() -> str:
    folder = Path(datrial.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (folder / room).rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _one_thread() -> None:
    """Let matrix products run on one thread: how a sum is split must not depend on cores."""
    import numpy  # noqa: F401  (both bring an OpenBLAS of their own)
    import scipy.linalg  # noqa: F401

    import_module("threadpoolctl").threadpool_limits(limits=1, user_api="blas")
