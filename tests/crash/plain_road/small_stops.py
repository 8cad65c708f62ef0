"""Small stops that write what the real ones write, with the same functions, in milliseconds.

The variable SMALL_ROAD orders: ``{"wait_in": "build"}`` waits there, with half of the
stop's work done, for the file ``go`` in DATRIAL_HOME.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from pathlib import Path

from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import import_list
from datrial.config.mapping import SourceMapping
from datrial.config.project import home
from datrial.config.study import load_study
from datrial.extracts.landing import expected_extracts, land
from datrial.pipeline.identity import content_hash
from datrial.pipeline.inputs import landing_folder, work_folder
from datrial.pipeline.job import Allocated, Analysed, Built, Decision, Job, Published, Received
from datrial.results.draft import load_draft, save_draft
from datrial.results.files import write_atomically
from datrial.results.folder import MANIFEST
from datrial.results.store import write_run
from datrial.warehouse.snapshots import SnapshotStore

ORDERS = json.loads(os.environ.get("SMALL_ROAD", "{}"))
ANALYSES = ("participant_flow",)
PEOPLE = 400
MAPPING = SourceMapping.model_validate({
    "key": "test/marac", "source": "marac", "site": "site_1", "file": "cases.csv",
    "format": "csv", "covers": {"start": "2016-01-01", "end": "2019-09-30"},
    "tables": [{
        "table": "marac_case",
        "columns": {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
                    "perpetrator_age": "Age"},
        "withheld": ["Note"],
    }],
})  # fmt: skip


def write_inbox(inbox: Path, note: str = "x" * 400) -> None:
    """Write the agency's file: 400 lines, some 200 kB."""
    inbox.mkdir(parents=True, exist_ok=True)
    lines = [f"P{n},V{n},{1 + n % 28:02d}/03/2017,{20 + n % 50},{note}" for n in range(PEOPLE)]
    (inbox / "cases.csv").write_text("\n".join(["Perp,Victim,Heard,Age,Note", *lines]) + "\n")


def decide(job: Job) -> Decision:
    _obey("decide")
    snapshot = _snapshot(job)
    store = SnapshotStore(home(), job.study)
    run = _results().RUN_ID
    there = (home() / "results" / run / MANIFEST).is_file() and report_path(run).is_file()
    there = there and store.current() == snapshot and store.is_whole(snapshot)
    return Decision(snapshot_id=snapshot, run_id=run, up_to_date=there)


def receive(job: Job) -> Received:
    landed = land([MAPPING], job.inbox_folder, landing_folder())
    _obey("receive")
    return Received(extracts=len(landed.current), new=len(landed.new))


def allocate(job: Job, received: Received) -> Allocated:
    study = load_study("drive")
    first, arms = dt.date(2016, 4, 4), ("intervention", "control", "control")
    rows = [
        (f"p_{n:020x}", f"site_{n % 3 + 1}", first + dt.timedelta(n // 20), arms[n % 3])
        for n in range(PEOPLE)
    ]
    with Ledger(home() / "ledger.sqlite") as ledger, ledger.batch():
        new = import_list(ledger, study, rows, "ab" * 32, "office").new
        _obey("allocate")
    return Allocated(arms={}, people=PEOPLE, new=new, excluded={})


def build(job: Job, received: Received) -> Built:
    import duckdb

    snapshot, store = _snapshot(job), SnapshotStore(home(), job.study)
    if store.is_whole(snapshot):
        store.make_current(snapshot)
        return Built(snapshot_id=snapshot, rows=(), checks=())
    unfinished = work_folder() / f"{snapshot}.duckdb"
    _obey("build begins")
    with duckdb.connect(str(unfinished)) as connection:
        connection.execute(
            "create table rows as select range as n, md5(range::varchar) as content "
            f"from range({20_000})"
        )
        connection.execute("checkpoint")
    _obey("build")
    store.publish(unfinished, snapshot)
    return Built(snapshot_id=snapshot, rows=(), checks=())


def analyse(job: Job, snapshot: str, analysis: str) -> Analysed:
    with SnapshotStore(home(), job.study).open(snapshot) as connection:
        assert connection.execute("select count(*) from rows").fetchall()
    tables = [table for name, table in _results().tables() if name == analysis]
    save_draft(_drafts(), analysis, tables)
    _obey("participant_flow")
    return Analysed(analysis=analysis, state="done")


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    given = _results()
    tables = [
        (one.analysis, table) for one in analysed for table in load_draft(_drafts(), one.analysis)
    ]
    write_run(home(), given.RUN_ID, {**given.manifest(), "snapshot_id": snapshot}, tables, {})
    _obey("publish")
    report = report_path(given.RUN_ID)
    write_atomically(report.with_name("tables.xlsx"), b"a workbook" * 3000)
    _obey("the report")
    write_atomically(report, b"<h1>Report</h1>" * 3000)
    return Published(run_id=given.RUN_ID, report=report, failed=())


def report_path(run: str) -> Path:
    return home() / "reports" / run / "index.html"


def _snapshot(job: Job) -> str:
    return content_hash(expected_extracts([MAPPING], job.inbox_folder, landing_folder()))


def _drafts() -> Path:
    return work_folder() / "tables"


def _results():
    unit = str(Path(__file__).resolve().parents[2] / "unit")
    if unit not in sys.path:
        sys.path.append(unit)
    import results_fixture

    return results_fixture


def _obey(place: str) -> None:
    if ORDERS.get("wait_in") != place:
        return
    (home() / "reached").touch()
    while not (home() / "go").exists():
        time.sleep(0.02)
