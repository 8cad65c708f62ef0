"""Where replicates are worked out, and whether spreading them is worth it."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from datrial.errors import DatrialError
from datrial.models.errors import ModelUsageError
from datrial.models.replicates.chunks import (
    Sealed,
    answers_of,
    at_work,
    cannot_be_sent,
    seal,
    seal_work,
)

Item = TypeVar("Item")
Answer = TypeVar("Answer")

#: Seconds of work left over below which spreading costs more than it saves: a worker has to
#: start and to import numpy, scipy and pandas once; after that only the data travel.
WORTH_STARTING = 2.0
WORTH_SENDING = 0.2
#: So much is done here first, to see how long a replicate takes.
_TRIED, _TRIED_SECONDS = 3, 0.3
#: Parts for each worker: a few, since replicates do not take equally long.
_PARTS, _SHORTEST_PART = 4, 0.02


class Place(Protocol):
    """Workers that are there to be given parts of a work."""

    @property
    def started(self) -> bool:
        """Whether work can be given out at once."""

    @property
    def size(self) -> int:
        """How many parts can be worked on at once."""

    def run(self, work: Sealed, chunks: list[Sealed]) -> Iterator[Sealed]:
        """Give the parts out and return what came of them, in order."""

    def close(self) -> None:
        """End the workers, or leave the cluster."""


_Asked = tuple[str, int, str]
_HERE: _Asked = ("here", 1, "")
_asked: _Asked = _HERE
_place: Place | None = None
_process = 0
_lock = threading.Lock()


def use(kind: str, *, number: int = 1, address: str = "") -> None:
    """Say where replicates are worked out from now on, in the whole of this process.

    Nothing is started before there is work that is worth it. Workers stay until the process
    ends or another place is named.

    Parameters
    ----------
    kind
        ``here``, ``processes``, ``dask`` or ``ray``.
    number
        Of processes.
    address
        Of a cluster.
    """
    global _asked
    if kind not in ("here", "processes", "dask", "ray"):
        raise ModelUsageError("Replicates are worked out here, by processes, dask or ray.")
    asked = (kind, number, address) if kind != "processes" or number > 1 else _HERE
    if asked != _asked:
        close()
        _asked = asked


def close() -> None:
    """End the workers; the next work that is worth it starts others."""
    global _place
    place, _place = _place, None
    if place is not None and _process == os.getpid():
        place.close()


def map_replicates(
    function: Callable[[Any, Item], Answer],
    items: Iterable[Item],
    *,
    shared: Any = None,
    label: str = "replicates",
) -> list[Answer]:
    """Return ``function(shared, item)`` of every item, in order.

    The first few are done here; if what is left takes longer than starting workers, it is
    spread over them. Within a replicate, a map of its own is done in place.

    Parameters
    ----------
    function
        Must depend on nothing but its two arguments, and change neither.
    items
        One for each replicate, with its seed or stream.
    shared
        What all of them need; sent to a worker once. No ids of people: it may leave the
        machine.
    label
        What is repeated, in words, for errors.

    Raises
    ------
    DatrialError
        If a worker or the cluster is lost. What a replicate raises is raised as it would be
        here: that of the first item that fails.
    """
    waiting = list(items)
    if _asked[0] == "here" or at_work() or len(waiting) < 2:
        return [function(shared, item) for item in waiting]
    done, each = _try_some(function, waiting, shared)
    rest = waiting[len(done) :]
    if not rest:
        return done
    expected = each * len(rest)
    with _workers_for(expected) as place:
        work = seal_work(function, shared) if place is not None else None
        if place is None or work is None or (parts := _parts(rest, place.size, expected)) is None:
            return done + [function(shared, item) for item in rest]
        try:
            for outcome in place.run(work, parts):
                done += answers_of(outcome)
        except ConnectionError as lost:
            close()
            raise DatrialError(f"The {label} could not be worked out: {lost}") from None
        except BaseException as error:
            if not isinstance(error, Exception):  # stopped: the workers have no reason to go on
                close()
            raise
    return done


def _try_some(
    function: Callable[[Any, Item], Answer], items: list[Item], shared: Any
) -> tuple[list[Answer], float]:
    """Return the first answers, and the seconds that one takes (the first may import)."""
    done: list[Answer] = []
    begun, seconds = time.perf_counter(), []
    for item in items[:_TRIED]:
        start = time.perf_counter()
        done.append(function(shared, item))
        end = time.perf_counter()
        seconds.append(end - start)
        if end - begun > _TRIED_SECONDS:
            break
    return done, min(seconds)


@contextmanager
def _workers_for(seconds: float) -> Iterator[Place | None]:
    """Give the workers to one map at a time, and to none that is not worth it."""
    global _place, _process
    # Another thread has them: its work fills them, and this one's goes on here.
    if not _lock.acquire(blocking=False):
        yield None
        return
    try:
        if _process != os.getpid():
            _place, _process = None, os.getpid()
        if _place is None and seconds >= WORTH_STARTING:
            _place = _open(*_asked)
        started = _place is not None and _place.started
        yield _place if seconds >= (WORTH_SENDING if started else WORTH_STARTING) else None
    finally:
        _lock.release()


def _open(kind: str, number: int, address: str) -> Place:
    atexit.unregister(close)
    atexit.register(close)
    if kind == "dask":
        from datrial.models.replicates.on_dask import DaskCluster

        return DaskCluster(address)
    if kind == "ray":
        from datrial.models.replicates.on_ray import RayCluster

        return RayCluster(address)
    from datrial.models.replicates.on_processes import Processes

    return Processes(number)


def _parts(items: list[Item], workers: int, seconds: float) -> list[Sealed] | None:
    """Cut the items into parts that follow each other; none if they cannot be sent."""
    most = min(len(items), _PARTS * workers, max(workers, int(seconds / _SHORTEST_PART)))
    edges = [len(items) * part // most for part in range(most + 1)]
    try:
        return [seal(items[a:b]) for a, b in pairwise(edges)]
    except Exception as error:
        if cannot_be_sent(error):
            return None
        raise
