"""Starting supervised runs of the small stops, and comparing what they leave behind."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import small_stops

from datrial.allocation.ledger import Ledger
from datrial.extracts.receipts import read_receipts
from datrial.pipeline.record import Attempt
from datrial.warehouse.snapshots import SnapshotStore

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
#: ``datrial run`` without its look beforehand, which would see the real stops' inputs.
RUN = """
import sys
from datrial.cli.output import outlive_readers
from datrial.errors import DatrialError
from datrial.pipeline.job import Job
from datrial.pipeline.supervise import supervise
outlive_readers()
job = Job(study="drive", analyses=sys.argv[2:] or None)
try:
    published = supervise(job, patience=float(sys.argv[1]))
except DatrialError as error:
    print(f"datrial: {error}")
    sys.exit(error.exit_code)
print(f"Run: {published.run_id}")
"""


def environment(home: Path, **orders: Any) -> dict[str, str]:
    """Return an environment with the small stops and a state of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DATRIAL_"))}
    return kept | {
        "DATRIAL_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT), *sys.path]),
        "SMALL_ROAD": json.dumps(orders),
    }


def start(home: Path, *analyses: str, patience: float = 0, **orders: Any) -> subprocess.Popen[str]:
    """Start a supervised run; its output is held by a pipe, as a scheduler would."""
    if not (home / "inbox" / "drive").exists():
        small_stops.write_inbox(home / "inbox" / "drive")
    for mark in ("go", "reached"):
        (home / mark).unlink(missing_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(patience), *analyses],
        env=environment(home, **orders),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 60) -> tuple[int, str]:
    """Wait for a run; return its exit code and what it printed."""
    printed, _ = process.communicate(timeout=timeout)
    return process.returncode, printed


def until(
    happens: Callable[[], Any], run: subprocess.Popen[str] | None = None, seconds: float = 60
) -> None:
    """Wait until something is true, or a run has ended before it was."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert run is None or run.poll() is None, "the run has ended before"
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.02)


def last_attempt(home: Path) -> Attempt:
    """Return the record of the attempt that began last."""
    path = max((home / "attempts").glob("*.json"), key=lambda one: one.name)
    return Attempt.model_validate_json(path.read_bytes())


def left_behind(home: Path) -> dict[str, Any]:
    """Return all that counts of a state, so that two may be compared: byte for byte.

    Not the clock's: when an extract arrived, an entry was recorded, a run ended.
    """
    with Ledger(home / "ledger.sqlite") as ledger:
        whole = ledger.verify().valid
        entries = [(one.sequence, one.event) for one in ledger.records()]
    store = SnapshotStore(home, "drive")
    snapshot = store.current()
    assert snapshot is not None
    with store.open(snapshot) as connection:
        rows = connection.execute("select count(*), min(content), max(content) from rows")
        content = rows.fetchall()
    files = {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("results", "reports", "landing")
        for path in sorted((home / part).rglob("*"))
        if path.is_file() and path.name != "times.json" and ".receipt." not in path.name
    }
    receipts = [(one.extract_id, one.arrival) for one in read_receipts(home / "landing")]
    return {
        "ledger": (whole, entries), "snapshot": (snapshot, content), "files": files,
        "receipts": receipts, "scratch": sorted(one.name for one in (home / "tmp").glob("*")),
    }  # fmt: skip


def emptied(home: Path) -> None:
    """Take back what a finished run left, but for the records of attempts."""
    for part in ("landing", "snapshots", "results", "reports"):
        shutil.rmtree(home / part, ignore_errors=True)
    for file in home.glob("ledger.sqlite*"):
        file.unlink()
