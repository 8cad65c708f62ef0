"""Starting runs with made-up stops, and looking at what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RUN = """
import sys
from datrial.errors import DatrialError
from datrial.pipeline.job import Job
from datrial.pipeline.supervise import run_flow
from datrial.pipeline.progress import display_on
try:
    ended = run_flow(sys.argv[1], Job(study="drive"), display_on(sys.stderr))
except DatrialError as error:
    print(error)
    sys.exit(error.exit_code)
print(ended.message)
sys.exit(ended.exit_code)
"""


def environment(home: Path, **orders: Any) -> dict[str, str]:
    """Return an environment with made-up stops and a state of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    return kept | {
        "DATRIAL_HOME": str(home),
        "PYTHONPATH": f"{HERE}{os.pathsep}{ROOT}",
        "FAKE_ROAD": json.dumps(orders),
    }


def start(
    home: Path, flow: str = "nightly", settings: dict[str, str] | None = None, **orders: Any
) -> subprocess.Popen[str]:
    """Start a supervised run; its output is held by a pipe, as a scheduler would."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, flow],
        env=environment(home, **orders) | (settings or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 90) -> tuple[int, str]:
    """Wait for a run; return its exit code and what it printed."""
    printed, _ = process.communicate(timeout=timeout)
    return process.returncode, printed


def last_record(home: Path) -> dict[str, Any]:
    """Return the record of the attempt that was begun last."""
    path = max((home / "attempts").glob("*.json"), key=lambda one: one.stat().st_ctime_ns)
    return dict(json.loads(path.read_text()))


def until(happens: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is true and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happens():
            return found
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s")


def running(home: Path, stop: str | None = None) -> dict[str, Any] | None:
    """Return the record of the attempt that runs now, once a stop of it has begun."""
    for path in (home / "attempts").glob("*.json"):
        record = json.loads(path.read_text())
        if record["state"] == "running" and (stop is None or _has_begun(path, stop)):
            return dict(record)
    return None


def _has_begun(record: Path, stop: str) -> bool:
    events = record.with_suffix(".events")
    told = [json.loads(line) for line in events.read_text().splitlines()] if events.exists() else []
    return any(one["event"] == "started" and one["stop"] == stop for one in told)
