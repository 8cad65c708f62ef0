"""A small state folder with things to hold: snapshots, runs, attempts, landed files."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

import duckdb

from datrial.config.study import Retention, Study, load_study
from datrial.extracts.receipts import Receipt, write_receipt
from datrial.pipeline.processes import this_process
from datrial.pipeline.record import Attempt, AttemptState, FlowName, log_path, write_attempt
from datrial.results.store import write_run
from datrial.warehouse.snapshots import SnapshotStore

TODAY = dt.date(2026, 6, 30)


def study_holding(**rules: int | None) -> Study:
    """Return the Drive study with rules of retention."""
    return load_study("drive").model_copy(update={"retention": Retention(**rules)})


def land_file(home: Path, text: str, received: str, *, mapping: str = "drive/cms") -> Receipt:
    """Put a file and its receipt into the landing folder."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    receipt = Receipt(
        mapping=mapping, source="cms", site=None, sha256=sha256, size=len(text.encode()),
        stored=f"{sha256}.xlsx", covers_start=dt.date(2017, 1, 1), covers_end=dt.date(2017, 12, 31),
        file_name="cms.xlsx", received_at=f"{received}T10:00:00+00:00", received_by="office",
        arrival=1 + len(list((home / "landing").glob("*/*.receipt.json"))), checked="as now",
    )  # fmt: skip
    receipt.path(home / "landing").parent.mkdir(parents=True, exist_ok=True)
    receipt.path(home / "landing").write_text(text)
    write_receipt(receipt, home / "landing")
    return receipt


def publish_snapshot(
    home: Path, name: str, day: str, *extracts: Receipt, earlier: Receipt | None = None
) -> Path:
    """Publish a snapshot that rests on some extracts."""
    home.mkdir(parents=True, exist_ok=True)
    built = home / "built.duckdb"
    with duckdb.connect(str(built)) as connection:
        for schema, used in (("raw", extracts), ("earlier", (earlier,) if earlier else ())):
            connection.execute(f"create schema {schema}")
            connection.execute(f"create table {schema}.extract (extract_id varchar)")
            for one in used:
                connection.execute(f"insert into {schema}.extract values (?)", [one.extract_id])
    path = SnapshotStore(home, "drive").publish(built, name)
    written = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    os.utime(path, (written, written))
    return path


def store_run(home: Path, name: str, snapshot: str, day: str) -> None:
    """Store a run without tables, and its report."""
    manifest = {
        "study": "drive", "snapshot_id": snapshot, "end": f"{day}T13:00:00+00:00", "who": "office"
    }  # fmt: skip
    write_run(home, name, manifest, [], {})
    (home / "reports" / name).mkdir(parents=True)
    (home / "reports" / name / "index.html").write_text("<p>report</p>")


def record_attempt(
    name: str, day: str, *, flow: FlowName = "nightly", state: AttemptState = "done"
) -> None:
    """Record an attempt of this process, with a log."""
    started = dt.datetime.fromisoformat(f"{day}T01:00:00+00:00")
    write_attempt(
        Attempt(
            id=name, flow=flow, study="drive", exclusive=flow != "analyse", job={}, state=state,
            host=os.uname().nodename, owner=this_process(), started=started,
            ended=started if state == "done" else None,
        )
    )  # fmt: skip
    log_path(name).parent.mkdir(parents=True, exist_ok=True)
    log_path(name).write_text("counts\n")
