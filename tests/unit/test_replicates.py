"""Replicates over processes: the same numbers, the same errors, and nobody left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import replicates_given as given

from datrial.errors import DatrialError
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.replicates import close, map_replicates, mapping, use
from datrial.models.replicates.chunks import Sealed, answers_of, run_chunk, seal, seal_work
from datrial.models.replicates.same_code import made_of

HERE = Path(__file__).parent


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two workers, given even work that is hardly worth it."""
    monkeypatch.setattr(mapping, "WORTH_STARTING", 0.0)
    monkeypatch.setattr(mapping, "WORTH_SENDING", 0.0)
    use("processes", number=2)
    yield
    use("here")


def workers() -> list[int]:
    place = mapping._place
    return [worker.process.pid for worker in place.workers] if place else []  # type: ignore[attr-defined]


def test_the_same_to_the_last_bit_and_in_order(two_processes: None) -> None:
    shared = np.random.default_rng(1).normal(size=60)
    spread = map_replicates(given.drawn, range(40), shared=shared)
    assert spread == [given.drawn(shared, seed) for seed in range(40)]
    assert len(set(spread)) == 40


def test_both_workers_work_and_stay_for_the_next_work(two_processes: None) -> None:
    found = map_replicates(given.where, range(20))
    assert [number for number, _ in found] == list(range(20))
    first = workers()
    assert len({process for _, process in found} & set(first)) == 2
    map_replicates(given.where, range(8))
    assert workers() == first


def test_what_is_shared_goes_to_a_worker_once(
    two_processes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    map_replicates(given.where, range(4))
    sent: list[int] = []
    for worker in mapping._place.workers:  # type: ignore[union-attr]
        send = worker.pipe.send

        def count(message: tuple[Sealed, Sealed], send=send) -> None:  # type: ignore[no-untyped-def]
            sent.append(len(message[0].content))
            send(message)

        monkeypatch.setattr(worker.pipe, "send", count)
    map_replicates(given.sleeps, [0.05] * 16, shared=np.zeros(100))
    assert len(sent) > 2
    assert sum(size > 0 for size in sent) == 2


def test_functions_within_functions_travel_too(two_processes: None) -> None:
    third = 3
    assert map_replicates(lambda two, one: one * two * third, range(9), shared=2) == [
        6 * one for one in range(9)
    ]
    assert workers()


def test_what_cannot_be_sent_is_done_here(two_processes: None) -> None:
    lock = threading.Lock()  # has no bytes
    assert map_replicates(lambda held, one: (held.locked(), one), range(6), shared=lock) == [
        (False, one) for one in range(6)
    ]
    assert not workers()


def test_replicates_within_a_replicate_stay_in_its_process(two_processes: None) -> None:
    for process, inner in map_replicates(given.within, [3] * 8)[3:]:
        assert process != os.getpid()
        assert {one for _, one in inner} == {process}


def test_the_first_error_is_raised_as_it_would_be_here(two_processes: None) -> None:
    with pytest.raises(ModelDataError, match=r"^Replicate 5 has no estimate\.$"):
        map_replicates(given.odd_ones_fail, range(30))
    assert map_replicates(given.odd_ones_fail, range(0, 30, 2)) == list(range(0, 30, 2))


def test_an_error_that_cannot_be_sent_is_told_by_its_name(two_processes: None) -> None:
    with pytest.raises(DatrialError, match=r"^A replicate failed: Hopeless\.$"):
        map_replicates(given.hopeless, range(12))


def test_a_dead_worker_is_told_and_the_next_work_has_others(two_processes: None) -> None:
    with pytest.raises(DatrialError, match="The sums could not be worked out: a worker process"):
        map_replicates(given.ends_its_process, range(12), shared=os.getpid(), label="sums")
    assert map_replicates(given.where, range(8))[7][0] == 7


def test_stopping_ends_the_workers(two_processes: None, ctrl_c_heeded: None) -> None:
    map_replicates(given.where, range(8))
    pids = workers()
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        map_replicates(given.sleeps, [0.01, 0.01, 0.01, *[60.0] * 4])
    assert not workers()
    assert all(gone(pid) for pid in pids)


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from datrial.models.replicates import map_replicates, mapping, use\n"
        "import replicates_given as given\n"
        "mapping.WORTH_STARTING = 0\n"
        "use('processes', number=2)\n"
        "print(*{p for _, p in map_replicates(given.where, range(16))[3:]}, flush=True)\n"
        "map_replicates(given.sleeps, [.01, .01, .01, 600., 600.])\n"
    )
    parent = subprocess.Popen(
        [sys.executable, str(script), str(HERE)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.5)
    parent.kill()
    # The pipe closes only when the workers, which hold it too, are gone.
    assert parent.communicate(timeout=20)[0] == ""
    assert all(gone(pid) for pid in pids)


def test_little_work_starts_nobody() -> None:
    use("processes", number=2)
    try:
        assert map_replicates(given.where, range(6))[5] == (5, os.getpid())
        assert not workers()
    finally:
        use("here")


def test_an_unknown_place_is_refused() -> None:
    with pytest.raises(ModelUsageError, match="here, by processes, dask or ray"):
        use("spark")


def test_a_worker_made_of_other_things_refuses() -> None:
    work, part = seal_work(given.where, None), seal([1])
    assert work is not None
    assert answers_of(run_chunk(work, part, made_of()))[0][0] == 1
    other = made_of() | {"numpy": "1.0", "datrial": "another"}
    with pytest.raises(DatrialError, match=r"numpy .* \(1\.0\), datrial's code\. Install the same"):
        answers_of(run_chunk(work, part, other))


def test_sealed_bytes_show_nothing_of_what_they_hold() -> None:
    sealed = seal(["a person's answer"])
    assert "person" not in repr(sealed) + str(sealed)
    again = pickle.loads(pickle.dumps(sealed))
    assert (again.content, again.token) == (sealed.content, sealed.token)


def gone(pid: int) -> bool:
    """Whether a process has ended, within some seconds."""
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_closing_twice_is_harmless() -> None:
    close()
    close()
    assert not workers()
