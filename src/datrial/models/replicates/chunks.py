"""What travels to a worker and back: sealed bytes, and what a worker does with them."""

from __future__ import annotations

import pickle
import threading
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

from datrial.errors import DatrialError

#: Set in a process whose only task is to work for another.
_only_works = False
_here = threading.local()
_kept: dict[str, tuple[Callable[[Any, Any], Any], Any]] = {}
_KEPT_WORKS = 4


class Sealed:
    """Bytes that a log line or a cluster's page cannot show."""

    def __init__(self, content: bytes, token: str = "") -> None:
        self.content = content
        self.token = token

    def __repr__(self) -> str:
        return f"<{len(self.content)} bytes>"

    def __reduce__(self) -> tuple[type[Sealed], tuple[bytes, str]]:
        return Sealed, (self.content, self.token)


def seal(value: Any) -> Sealed:
    """Return a value as bytes."""
    return Sealed(_dumps(value))


def seal_work(function: Callable[[Any, Any], Any], shared: Any) -> Sealed | None:
    """Return what all replicates need as bytes; none if it cannot be sent."""
    try:
        return Sealed(_dumps((function, shared)), uuid.uuid4().hex)
    except Exception as error:
        if cannot_be_sent(error):
            return None
        raise


def cannot_be_sent(error: Exception) -> bool:
    """Tell whether something has no form that can be sent (a connection, an open file)."""
    return isinstance(error, (pickle.PicklingError, TypeError, AttributeError, NotImplementedError))


def only_works() -> None:
    """Say that this process works for another: replicates within replicates stay in it."""
    global _only_works
    _only_works = True


def at_work() -> bool:
    """Tell whether this thread is working on a replicate for somebody else."""
    return _only_works or getattr(_here, "busy", False)


def run_chunk(work: Sealed, chunk: Sealed, made_of: dict[str, str] | None = None) -> Sealed:
    """Work out one part. Raises nothing: whatever happens is in the sealed outcome.

    A cluster writes into its log what a task raises and what it was given.

    Parameters
    ----------
    made_of
        What the worker must be made of (see `same_code`); None on the same machine.
    """
    _here.busy = True
    try:
        return _outcome(work, chunk, made_of)
    finally:
        _here.busy = False


def _outcome(work: Sealed, chunk: Sealed, made_of: dict[str, str] | None) -> Sealed:
    answers: list[Any] = []
    try:
        if made_of is not None:
            from datrial.models.replicates.same_code import settle

            settle(made_of)
        function, shared = _opened(work)
        for item in pickle.loads(chunk.content):  # noqa: S301 (from our own parent)
            answers.append(function(shared, item))
        return Sealed(_dumps((answers, None)))
    except Exception as error:
        return _failed(error)


def _opened(work: Sealed) -> tuple[Callable[[Any, Any], Any], Any]:
    """Return the function and what is shared, unpacked once for all parts."""
    kept = _kept.get(work.token)
    if kept is None:
        kept = pickle.loads(work.content)  # noqa: S301 (from our own parent)
        while len(_kept) >= _KEPT_WORKS:
            _kept.pop(next(iter(_kept)), None)
        _kept[work.token] = kept
    return kept


def _failed(error: Exception) -> Sealed:
    error.__traceback__ = error.__context__ = None
    try:
        content = _dumps(([], error))
        pickle.loads(content)  # noqa: S301 (some errors can be packed and not unpacked)
    except Exception:
        content = _dumps(([], DatrialError(f"A replicate failed: {type(error).__name__}.")))
    return Sealed(content)


def answers_of(outcome: Sealed) -> list[Any]:
    """Return the answers of a part, or raise what one of its replicates raised."""
    answers, error = pickle.loads(outcome.content)  # noqa: S301 (from our own workers)
    if error is not None:
        raise error
    return list(answers)


def _dumps(value: Any) -> bytes:
    """Return bytes, also of a function inside another or of a script's own."""
    cloudpickle = import_module("cloudpickle")
    return bytes(cloudpickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))
