"""Workers of a Dask cluster that somebody has started, reached by its scheduler's address."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from datrial.errors import DatrialError, UsageError
from datrial.models.replicates.chunks import Sealed, run_chunk
from datrial.models.replicates.same_code import made_of

_CONNECT_SECONDS = 15
_LOOK_SECONDS = 5.0
#: Looks without a single worker before the work is given up.
_PATIENT_LOOKS = 12


class DaskCluster:
    """A scheduler and its workers; a lost worker's parts are worked out by another."""

    def __init__(self, address: str) -> None:
        try:
            self._dask: Any = import_module("distributed")
        except ImportError:
            raise UsageError(
                "DATRIAL_WORKERS names a Dask cluster, and Dask is not installed here: "
                "pip install 'datrial[dask]', the same version as on the cluster."
            ) from None
        try:
            self._client: Any = self._dask.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False, name="datrial"
            )
        except (OSError, TimeoutError, ValueError):
            raise DatrialError(
                f"No Dask scheduler answers at {address}. Start it, or change DATRIAL_WORKERS."
            ) from None

    @property
    def started(self) -> bool:
        """Whether work can be given out at once: the cluster runs."""
        return True

    @property
    def size(self) -> int:
        """How many parts the cluster can work on at once."""
        return max(1, sum(int(n) for n in self._client.nthreads().values()))

    def run(self, work: Sealed, chunks: list[Sealed]) -> Iterator[Sealed]:
        """Give the parts out and return what came of them, in order.

        Raises
        ------
        ConnectionError
            If the cluster or all of its workers are gone, or a part ended its worker again
            and again.
        """
        futures: list[Any] = []
        try:
            self._wait_for_a_worker()
            everywhere = self._client.scatter(work, broadcast=True, hash=False)
            futures = self._client.map(
                run_chunk,
                [everywhere] * len(chunks),
                chunks,
                [made_of()] * len(chunks),
                key=f"datrial-{work.token}",
                pure=False,
                retries=2,
            )
            for future in futures:
                yield self._result(future)
        except (DatrialError, GeneratorExit):
            raise
        except Exception as error:
            raise ConnectionError(_said(error)) from None
        finally:
            for future in futures:
                if not future.done():
                    future.cancel(force=True)

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._client.close(timeout=5)

    def _wait_for_a_worker(self) -> None:
        for _ in range(_PATIENT_LOOKS):
            try:
                self._client.wait_for_workers(1, timeout=_LOOK_SECONDS)
                return
            except TimeoutError:
                continue
        raise DatrialError("The Dask scheduler has no workers. Start one: dask worker ADDRESS.")

    def _result(self, future: Any) -> Sealed:
        """Wait for a part, as long as there is somebody to work on it."""
        while True:
            try:
                outcome: Sealed = future.result(timeout=_LOOK_SECONDS)
                return outcome
            except TimeoutError:
                self._wait_for_a_worker()


def _said(error: Exception) -> str:
    kind = type(error).__name__
    if kind == "KilledWorker":
        return "the same part has ended several Dask workers (memory?). Look into their logs."
    if "deserial" in str(error).lower() or isinstance(error, ImportError):
        return "the Dask workers cannot load datrial. Install it on them, as it is here."
    return f"the Dask cluster was lost ({kind}). Look into its scheduler's log, and run again."
