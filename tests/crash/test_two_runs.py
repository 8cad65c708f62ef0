"""Two runs at once, one that waits, and runs that are asked to end: with the small stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "plain_road"))
import plain_road as road

from datrial.errors import LockedError
from datrial.pipeline.lock import take_lock
from datrial.pipeline.processes import processes_of
from datrial.pipeline.record import attempts
from datrial.pipeline.sweep import tidy

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"
)


def test_a_second_run_leaves_at_once_or_waits_as_it_was_asked(tmp_path: Path) -> None:
    first = road.start(tmp_path, wait_in="build")
    road.until((tmp_path / "reached").exists, first)
    told = f"Another run holds the lock: nightly of study drive, process {first.pid}, started "
    command = [sys.executable, "-c", road.RUN]
    environment = road.environment(tmp_path)

    def beside(patience: float) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, str(patience)], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    code, printed = road.finish(beside(0))
    assert code == 4 and printed.splitlines()[-1].startswith(f"datrial: {told}")
    began = time.monotonic()
    code, printed = road.finish(beside(2))
    assert code == 4 and time.monotonic() - began > 2
    patient = beside(120)
    assert patient.stdout is not None
    patient.stdout.readline()
    assert told in patient.stdout.readline()  # whom it waits for
    (tmp_path / "go").touch()
    code, printed = road.finish(first)
    assert code == 0, printed
    code, printed = road.finish(patient)
    assert code == 0 and "decide" in printed and "receive" not in printed  # there is nothing new
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATRIAL_HOME", str(tmp_path))
        assert [one.state for one in attempts()] == ["done", "done"]


def test_an_analysis_that_tidies_up_does_not_keep_a_run_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the lock for a moment, as 20 analyses do at 02:00, and is no run."""
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    held = take_lock()
    threading.Timer(1.0, held.release).start()
    take_lock().release()  # waits, and does not fail
    held = take_lock()
    with pytest.raises(LockedError, match="just starting"):
        take_lock(at_once=True)
    tidy()  # neither waits nor fails
    held.release()


@pytest.mark.parametrize("signals", [(signal.SIGTERM, signal.SIGHUP), (signal.SIGINT,) * 3])
def test_asked_to_end_more_than_once_a_run_still_ends_in_order(
    signals: tuple[signal.Signals, ...], tmp_path: Path, ctrl_c_heeded: None
) -> None:
    """As systemd and a closed terminal do, and as an impatient person does with Ctrl-C."""
    run = road.start(tmp_path, wait_in="build", companion=True)
    road.until((tmp_path / "reached").exists, run)
    attempt = road.last_attempt(tmp_path)
    for one in signals:
        os.kill(run.pid, one)
        time.sleep(0.05)
    code, printed = road.finish(run, 20)
    assert "Traceback" not in printed, printed
    assert code in (1, -signals[-1])  # the last may reach Python when it is shutting down
    assert "The run was stopped before it had ended" in printed.splitlines()[-1]
    ended = road.last_attempt(tmp_path)
    assert (ended.state, ended.error) == ("failed", "Stopped")
    assert not processes_of(attempt.id) and not list((tmp_path / "tmp").glob("*"))


def test_a_run_goes_on_when_nobody_reads_its_progress(tmp_path: Path) -> None:
    """``datrial run 2>&1 | head -1`` ends the reader, and a full disk the log that is written."""
    run = road.start(tmp_path, wait_in="receive")
    assert run.stdout is not None
    run.stdout.close()
    road.until((tmp_path / "reached").exists, run)
    (tmp_path / "go").touch()
    assert run.wait(60) == 0
    with Path("/dev/full").open("w") as full:
        (tmp_path / "snapshots" / "drive" / "current").unlink()
        again = subprocess.run(
            [sys.executable, "-c", road.RUN, "0"], env=road.environment(tmp_path),
            stdin=subprocess.DEVNULL, stderr=full, stdout=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert again.returncode == 0
    assert road.last_attempt(tmp_path).state == "done"
