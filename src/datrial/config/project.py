"""Where the project's own files and the state on disk are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from datrial.errors import UsageError

PROJECT_FOLDERS = ("configs", "expectations", "sql")

_OTHER_STATE: ContextVar[Path | None] = ContextVar("other_state", default=None)


@cache
def project_root() -> Path:
    """Return the folder that holds ``configs/``, ``sql/`` and ``expectations/``.

    ``DATRIAL_PROJECT`` names it; without that it is the checkout this package
    lies in, or else the working directory.

    Raises
    ------
    UsageError
        If none of these places holds the three folders.
    """
    named = os.environ.get("DATRIAL_PROJECT")
    places = [Path(named)] if named else [Path(__file__).resolve().parents[3], Path.cwd()]
    for place in places:
        if all((place / folder).is_dir() for folder in PROJECT_FOLDERS):
            return place.resolve()
    raise UsageError(
        "The project's folders configs/, sql/ and expectations/ were not found. "
        "Set DATRIAL_PROJECT to the folder that holds them."
    )


def home() -> Path:
    """Return ``DATRIAL_HOME``, the folder that holds all state (default ``./data``)."""
    return _OTHER_STATE.get() or Path(os.environ.get("DATRIAL_HOME", "data")).absolute()


@contextmanager
def state_at(folder: Path) -> Iterator[None]:
    """Let another folder be ``DATRIAL_HOME`` in the block, for this thread only."""
    before = _OTHER_STATE.set(folder.absolute())
    try:
        yield
    finally:
        _OTHER_STATE.reset(before)
