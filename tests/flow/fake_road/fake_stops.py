"""Made-up stops: quick, and doing as the variable FAKE_ROAD says.

``{"wait_in": "build"}`` waits there for the file ``go`` in DATRIAL_HOME;
``{"raise_in": "build", "error": "data"}`` raises; ``{"failing": ["risk_score"]}``
fails an analysis.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from datrial.config.project import home
from datrial.errors import DataError
from datrial.pipeline.failure import failure_of
from datrial.pipeline.job import (
    Allocated,
    Analysed,
    Built,
    CheckCount,
    Decision,
    Job,
    Published,
    Received,
    RowCount,
)

SNAPSHOT = "5a5a5a5a5a5a"
CANARY = "Zebedee Canary-Person"
ORDERS = json.loads(os.environ.get("FAKE_ROAD", "{}"))


def decide(job: Job) -> Decision:
    _obey("decide")
    run = _results().RUN_ID
    return Decision(snapshot_id=SNAPSHOT, run_id=run, up_to_date=report_path(run).is_file())


def receive(job: Job) -> Received:
    _obey("receive")
    return Received(extracts=10, new=3)


def allocate(job: Job, received: Received) -> Allocated:
    _obey("allocate")
    return Allocated(
        arms={"control": 7, "intervention": 2}, people=9, new=9, excluded={"under_age": 1}
    )


def build(job: Job, received: Received) -> Built:
    _obey("build")
    folder = home() / "tmp" / os.environ["DATRIAL_ATTEMPT"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "unfinished.duckdb").write_text("half a snapshot")
    _obey("build, half way")
    return Built(
        snapshot_id=SNAPSHOT,
        rows=(RowCount(table="marac_case", received=1234, staged=1200, quarantined=34),),
        checks=(
            CheckCount(
                table="marac_case", rule="key is unique", severity="critical",
                rows_looked_at=1200, rows_failed=0, verdict="passed",
            ),
        ),
    )  # fmt: skip


def snapshot_for(job: Job, snapshot: str = "") -> str:
    _obey("current snapshot")
    return SNAPSHOT


def analyse(job: Job, snapshot: str, analysis: str) -> Analysed:
    try:
        _obey(analysis)
    except Exception as error:
        reason = failure_of(error, f"analysis {analysis}").message
        return Analysed(analysis=analysis, state="failed", reason=reason)
    if analysis in ORDERS.get("failing", ()):
        return Analysed(analysis=analysis, state="failed", reason="the model did not converge")
    return Analysed(analysis=analysis, state="done")


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    _obey("publish")
    from datrial.results.store import write_run

    given = _results()
    write_run(home(), given.RUN_ID, given.manifest(), given.tables(), {})
    report = report_path(given.RUN_ID)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text("<h1>Report</h1>")
    failed = tuple(one.analysis for one in analysed if one.state == "failed")
    return Published(run_id=given.RUN_ID, report=report, failed=failed)


def report_path(run: str) -> Path:
    return home() / "reports" / run / "index.html"


def _results():
    sys.path.append(str(Path(__file__).resolve().parents[2] / "unit"))
    import results_fixture

    return results_fixture


def _obey(place: str) -> None:
    if ORDERS.get("wait_in") == place:
        while not (home() / "go").exists():
            time.sleep(0.05)
    if ORDERS.get("raise_in") != place:
        return
    if ORDERS["error"] == "data":
        raise DataError("marac_site_1.csv, column hearing_date: 12 rows. Correct and send again.")
    if ORDERS["error"] == "share away once" and not (home() / "tried").exists():
        (home() / "tried").touch()
        raise OSError(5, "Input/output error")
    if ORDERS["error"] == "fault":
        raise ValueError(f"could not convert {CANARY}")
