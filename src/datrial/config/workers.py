"""Where bootstraps, permutations and imputations are worked out: one setting.

``DATRIAL_WORKERS`` says it for a machine, not for a study: the numbers are the same whatever
it says, so it is no part of a study file, of a run's id or of an analysis plan.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from datrial.errors import UsageError

VARIABLE = "DATRIAL_WORKERS"
MOST_PROCESSES = 512

Kind = Literal["here", "processes", "dask", "ray"]

_ADDRESSES = {
    "dask": re.compile(r"(tcp|tls|ws|wss|ucx)://\S+:\d+"),
    "ray": re.compile(r"auto|ray://\S+:\d+|[^\s:/]+:\d+"),
}
_EXAMPLES = (
    "leave it out to work in one process, or write processes:4, dask:tcp://HOST:8786, "
    "ray:ray://HOST:10001 or ray:auto"
)


@dataclass(frozen=True)
class Workers:
    """What does the repeated work.

    Attributes
    ----------
    kind
        ``here``: the process that asks. ``processes``: processes on this machine.
        ``dask``, ``ray``: a cluster that somebody has started.
    number
        Of processes.
    address
        Of the cluster.
    """

    kind: Kind = "here"
    number: int = 1
    address: str = ""


def workers() -> Workers:
    """Return what ``DATRIAL_WORKERS`` asks for.

    Raises
    ------
    UsageError
        If it is none of the ways it can be written.
    """
    text = os.environ.get(VARIABLE, "").strip()
    kind, _, rest = text.partition(":")
    if kind == "dask" and _ADDRESSES["dask"].fullmatch(rest):
        return Workers("dask", address=rest)
    if kind == "ray" and _ADDRESSES["ray"].fullmatch(rest):
        return Workers("ray", address=rest)
    number = _number(rest if kind == "processes" else text or "1")
    if number is None:
        raise UsageError(f"{VARIABLE} is not understood: {_EXAMPLES}.")
    return Workers("processes", number) if number > 1 else Workers()


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        return None
    return int(text) if 1 <= int(text) <= MOST_PROCESSES else None
