"""Worker processes on this machine, started once and ended with this process.

Each is a fresh Python (not a fork: threads and DuckDB's connections do not survive one) that
imports nothing of the calling program. It reads parts from a socket; its standard input says
nothing and closes when this process ends, however it ends, and then it ends too.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from datrial.models.replicates.chunks import Sealed

_MODULE = "datrial.models.replicates.worker"
_PATIENCE = 5.0


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    given: str = ""  # the work that it has
    part: int | None = None  # the part that it is on

    def end(self) -> None:
        self.process.kill()
        self.pipe.close()
        if self.process.stdin is not None:
            self.process.stdin.close()


@dataclass
class Processes:
    """So many worker processes; started with the first work."""

    number: int
    workers: list[_Worker] = field(default_factory=list)

    @property
    def started(self) -> bool:
        """Whether they are there."""
        return bool(self.workers)

    @property
    def size(self) -> int:
        """How many there are."""
        return self.number

    def run(self, work: Sealed, chunks: list[Sealed]) -> Iterator[Sealed]:
        """Give the parts out and return what came of them, in order.

        Raises
        ------
        ConnectionError
            If a worker ended.
        """
        if not self.workers:
            self.workers = [_start() for _ in range(self.number)]
        found: dict[int, Sealed] = {}
        coming = iter(range(len(chunks)))
        try:
            for worker in self.workers:
                _give(worker, work, chunks, next(coming, None))
            for part in range(len(chunks)):
                while part not in found:
                    for worker in self._ready():
                        found[_part_of(worker)] = worker.pipe.recv()
                        _give(worker, work, chunks, next(coming, None))
                yield found.pop(part)
        except (EOFError, OSError):
            raise ConnectionError(
                "a worker process has ended (killed, or out of memory). Run again; with fewer "
                "processes (DATRIAL_WORKERS) if memory is short."
            ) from None
        finally:
            self._settle()

    def close(self) -> None:
        """End the processes, whatever they are at."""
        workers, self.workers = self.workers, []
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.process.wait(_PATIENCE)

    def _ready(self) -> list[_Worker]:
        ready = wait([worker.pipe for worker in self.workers if worker.part is not None])
        return [worker for worker in self.workers if worker.pipe in ready]

    def _settle(self) -> None:
        """Leave no worker with a part: after a failure nobody waits for the rest."""
        if any(worker.part is not None for worker in self.workers):
            self.close()


def _give(worker: _Worker, work: Sealed, chunks: list[Sealed], part: int | None) -> None:
    worker.part = part
    if part is None:
        return
    # What is shared travels once to each; the token says which it is.
    new = worker.given != work.token
    worker.pipe.send((work if new else Sealed(b"", work.token), chunks[part]))
    worker.given = work.token


def _part_of(worker: _Worker) -> int:
    if worker.part is None:
        raise EOFError
    return worker.part


def _start() -> _Worker:
    ours, theirs = socket.socketpair()
    with theirs:
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        environment = os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", _MODULE, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            env=environment,
            pass_fds=[theirs.fileno()],
        )
    return _Worker(process, Connection(ours.detach()))
