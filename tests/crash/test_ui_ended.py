"""``make ui`` ends with everything it started: asked to, and when its server dies."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow" / "fake_road"))
import fake_road as road

from datrial.pipeline.processes import processes_carrying, processes_of

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder for both tests: the second server finds its database made."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def page(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running ``make ui`` whose nightly runs wait in the build, and its interface's address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.serve"],
        env=road.environment(home, wait_in="build") | {"PREFECT_SERVER_API_PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert str(port) in said, said
    yield process, f"http://127.0.0.1:{port}/api"
    process.kill()
    process.communicate(timeout=20)


def ask(address: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read())


def nothing_is_left(home: Path) -> bool:
    return not processes_carrying("DATRIAL_HOME", str(home))


def test_asked_to_end_it_ends_the_runs_that_it_started(
    home: Path, page: tuple[subprocess.Popen[str], str]
) -> None:
    process, api = page
    nightly = ask(f"{api}/deployments/name/nightly/nightly")
    ask(f"{api}/deployments/{nightly['id']}/create_flow_run", {"parameters": {"study": "drive"}})
    attempt = road.until(lambda: road.running(home, "build"))["id"]
    process.send_signal(signal.SIGTERM)
    code, printed = road.finish(process, timeout=30)
    assert code == 0 and printed.strip().endswith("Stopped.")
    assert not processes_of(attempt)
    assert road.last_record(home)["state"] in ("crashed", "failed")
    assert road.until(lambda: nothing_is_left(home), 5)


def test_it_does_not_go_on_without_its_server(
    home: Path, page: tuple[subprocess.Popen[str], str]
) -> None:
    process, _ = page
    server = json.loads((home / "prefect" / "server.json").read_text())["pid"]
    subprocess.run(["kill", "-9", str(server)], check=True)
    code, printed = road.finish(process, timeout=30)
    assert code == 1 and "The server has ended by itself." in printed
    assert "Traceback" not in printed
    assert road.until(lambda: nothing_is_left(home), 5)
