"""Workers of a Ray cluster that somebody has started."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from datrial.errors import DatrialError, UsageError
from datrial.models.replicates.chunks import Sealed, run_chunk
from datrial.models.replicates.same_code import made_of


class RayCluster:
    """A Ray cluster; a lost worker's parts are worked out by another."""

    def __init__(self, address: str) -> None:
        # No word of what is run here leaves the machine.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            self._ray: Any = import_module("ray")
        except ImportError:
            raise UsageError(
                "DATRIAL_WORKERS names a Ray cluster, and Ray is not installed here: "
                "pip install 'datrial[ray]', the same version as on the cluster."
            ) from None
        try:
            if not self._ray.is_initialized():
                self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:
            raise DatrialError(
                f"No Ray cluster answers at {address} ({type(error).__name__}). Start it, or "
                "change DATRIAL_WORKERS."
            ) from None
        self._task = self._ray.remote(num_cpus=1, max_retries=3)(run_chunk)

    @property
    def started(self) -> bool:
        """Whether work can be given out at once: the cluster runs."""
        return True

    @property
    def size(self) -> int:
        """How many parts the cluster can work on at once."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def run(self, work: Sealed, chunks: list[Sealed]) -> Iterator[Sealed]:
        """Give the parts out and return what came of them, in order.

        Raises
        ------
        ConnectionError
            If the cluster is gone, or a part ended its worker again and again.
        """
        waiting: list[Any] = []
        try:
            everywhere = self._ray.put(work)
            expected = self._ray.put(made_of())
            waiting = [self._task.remote(everywhere, chunk, expected) for chunk in chunks]
            while waiting:
                yield self._ray.get(waiting[0])
                waiting.pop(0)
        except GeneratorExit:
            raise
        except Exception as error:
            raise ConnectionError(
                f"the Ray cluster could not do it ({type(error).__name__}). Is datrial installed "
                "on its machines as it is here? Its logs tell more."
            ) from None
        finally:
            for part in waiting:
                self._ray.cancel(part, force=False)

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._ray.shutdown()
