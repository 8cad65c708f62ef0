"""Replicates on a real Dask and a real Ray cluster, where these are installed.

Neither is a package that datrial needs, so neither is in the locked environment: install the
extras `dask` and `ray` to run these tests. Each starts a scheduler and two workers here.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import replicates_given as given

from datrial.errors import DatrialError, UsageError
from datrial.models.errors import ModelDataError
from datrial.models.replicates import map_replicates, mapping, use

HERE = Path(__file__).parent
NOT_INSTALLED = "an optional extra of datrial, not part of the locked environment"


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(mapping, "WORTH_STARTING", 0.0)
    monkeypatch.setattr(mapping, "WORTH_SENDING", 0.0)
    yield
    use("here")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def dask() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler's address and its two workers."""
    pytest.importorskip("distributed", reason=NOT_INSTALLED)
    address = f"tcp://127.0.0.1:{free_port()}"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), str(HERE)]),
        "OPENBLAS_NUM_THREADS": "1",
    }
    with ExitStack() as started:

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            started.callback(process.wait)
            started.callback(process.kill)
            return process

        port = address.rpartition(":")[2]
        start("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        yield (
            address,
            [
                start("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
                for _ in range(2)
            ],
        )


@pytest.mark.long
def test_dask_gives_the_same_numbers_and_errors(
    dask: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, workers = dask
    use("dask", address=address)
    shared = np.random.default_rng(1).normal(size=60)
    assert map_replicates(given.drawn, range(40), shared=shared) == [
        given.drawn(shared, seed) for seed in range(40)
    ]
    assert map_replicates(lambda two, one: two * one, range(9), shared=2) == list(range(0, 18, 2))
    pids = {pid for _, pid in map_replicates(given.where, range(16))[3:]}
    assert pids <= {worker.pid for worker in workers}
    with pytest.raises(ModelDataError, match=r"^Replicate 5 has no estimate\.$"):
        map_replicates(given.odd_ones_fail, range(30))


@pytest.mark.long
def test_the_parts_of_a_killed_dask_worker_are_worked_out_by_another(
    dask: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    address, workers = dask
    use("dask", address=address)
    map_replicates(given.where, range(16))
    threading.Timer(1.0, workers[0].send_signal, (signal.SIGKILL,)).start()
    found = map_replicates(given.sleeps, [0.4] * 24)
    assert found == [0.4] * 24
    assert workers[0].wait(10) == -signal.SIGKILL


def test_a_dask_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason=NOT_INSTALLED)
    monkeypatch.setattr("datrial.models.replicates.on_dask._CONNECT_SECONDS", 2)
    use("dask", address=f"tcp://127.0.0.1:{free_port()}")
    with pytest.raises(DatrialError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1"):
        map_replicates(given.where, range(8))


@pytest.mark.long
def test_ray_gives_the_same_numbers_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason=NOT_INSTALLED)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    path = os.pathsep.join([*filter(None, sys.path), str(HERE)])
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1",
        runtime_env={"env_vars": {"PYTHONPATH": path}},
    )  # fmt: skip
    use("ray", address="auto")
    shared = np.random.default_rng(1).normal(size=60)
    assert map_replicates(given.drawn, range(40), shared=shared) == [
        given.drawn(shared, seed) for seed in range(40)
    ]
    with pytest.raises(ModelDataError, match=r"^Replicate 5 has no estimate\.$"):
        map_replicates(given.odd_ones_fail, range(30))
    assert map_replicates(given.where, range(8))[7][1] != os.getpid()


@pytest.mark.parametrize(("kind", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_cluster_without_its_package_is_told(
    kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    use(kind, address="tcp://127.0.0.1:1")
    start = time.monotonic()
    with pytest.raises(
        UsageError, match=rf"is not installed here: pip install 'datrial\[{kind}\]'"
    ):
        map_replicates(given.where, range(8))
    assert time.monotonic() - start < 60
