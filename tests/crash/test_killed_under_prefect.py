"""kill -9 with Prefect in play: of the flow, of its supervisor, and of the server it speaks to.

Prefect's state decides nothing: the run ends by our own record, and never hangs.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow" / "fake_road"))
import fake_road as road

from datrial.pipeline.processes import processes_of

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"),
]
#: A run whose server is gone may ask after it for so long; Prefect alone would for 15 minutes.
_PATIENCE = 240
_START = 200


def server_of(attempt: str) -> int:
    """Return the process of Prefect's temporary server that belongs to an attempt."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(attempt)}
    found = [pid for pid, command in commands.items() if b"uvicorn" in command]
    assert len(found) == 1
    return found[0]


def ended_well(home: Path, run: subprocess.Popen[str], attempt: str) -> None:
    code, printed = road.finish(run, _PATIENCE)
    assert (code, "Traceback" in printed) == (0, False), printed
    record = road.last_record(home)
    assert (record["state"], record["result"]["failed"]) == ("done", [])
    assert list((home / "reports").glob("*/index.html"))
    assert not processes_of(attempt)


def test_a_run_outlives_its_server(tmp_path: Path) -> None:
    run = road.start(tmp_path, wait_in="build, half way")
    attempt = road.until(lambda: road.running(tmp_path, "build"), _START)["id"]
    os.kill(server_of(attempt), signal.SIGKILL)
    (tmp_path / "go").touch()
    ended_well(tmp_path, run, attempt)


@pytest.mark.long
def test_a_run_outlives_the_server_of_the_page(tmp_path: Path) -> None:
    """``make ui`` ends without its server; a run that only used it goes on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = subprocess.Popen(
        [sys.executable, "-m", "flows.serve"],
        env=road.environment(tmp_path) | {"PREFECT_SERVER_API_PORT": str(port)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert page.stdout is not None
    assert str(port) in page.stdout.readline()
    run = road.start(tmp_path, wait_in="build, half way")
    attempt = road.until(lambda: road.running(tmp_path, "build"), _START)["id"]
    log = (tmp_path / "logs" / f"{attempt}.log").read_text()
    assert "temporary server" not in log
    server = json.loads((tmp_path / "prefect" / "server.json").read_text())["pid"]
    os.kill(server, signal.SIGKILL)
    code, printed = road.finish(page, 60)
    assert code == 1 and "ended by itself" in printed
    (tmp_path / "go").touch()
    ended_well(tmp_path, run, attempt)


@pytest.mark.long
@pytest.mark.parametrize(
    "stop", ["decide", "receive", "allocate", "build, half way", "balance", "publish"]
)
@pytest.mark.parametrize("victim", ["flow", "supervisor", "server", "machine"])
def test_killed_at_every_stop(stop: str, victim: str, tmp_path: Path) -> None:
    run = road.start(tmp_path, wait_in=stop)
    began: dict[str, Any] = road.until(
        lambda: road.running(tmp_path, stop.partition(",")[0]), _START
    )
    everything = processes_of(began["id"])
    chosen = {
        "flow": [began["worker"]["pid"]],
        "supervisor": [run.pid],
        "server": [server_of(began["id"])],
        "machine": [run.pid, *everything],
    }[victim]
    for pid in chosen:
        os.kill(pid, signal.SIGSTOP)
    for pid in chosen:
        os.kill(pid, signal.SIGKILL)
    if victim == "server":
        (tmp_path / "go").touch()
        ended_well(tmp_path, run, began["id"])
        return
    code, printed = road.finish(run, 30)
    assert code == (1 if victim == "flow" else -signal.SIGKILL), printed
    road.until(lambda: not processes_of(began["id"]), 10)
    (tmp_path / "go").touch()
    run = road.start(tmp_path)
    ended_well(tmp_path, run, "")
    marked = (tmp_path / "attempts" / f"{began['id']}.json").read_text()
    assert '"state": "crashed"' in marked
    assert not (tmp_path / "tmp" / began["id"]).exists()
