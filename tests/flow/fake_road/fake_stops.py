"""Made-up stops: quick, and doing as the variable FAKE_ROAD says.

``{"wait_in": "build"}`` waits there for the file ``go`` in DATRIAL_HOME;
``{"raise_in": "build", "error": "data"}`` raises; ``{"failing": ["risk_score"]}``
fails an analysis. A file ``hold build`` in DATRIAL_HOME holds any run there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
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
CHANGED = "run-c0ffee0dd0e5"
PAGE = "<!doctype html><title>{name}</title><h1>The page {name} of run {run}</h1>"
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
                table="marac_case", rule="date is plausible", severity="warning",
                rows_looked_at=1200, rows_failed=7, verdict="warned",
            ),
            CheckCount(
                table="marac_case", rule="key is unique", severity="critical_table",
                rows_looked_at=1200, rows_failed=0, verdict="passed",
            ),
        ),
    )  # fmt: skip


def snapshot_for(job: Job, snapshot: str = "") -> str:
    _obey("snapshot")
    return snapshot or SNAPSHOT


def analyse(job: Job, snapshot: str, analysis: str) -> Analysed:
    try:
        _obey(analysis)
    except Exception as error:
        reason = failure_of(error, f"analysis {analysis}").message
        return Analysed(analysis=analysis, state="failed", reason=reason)
    if analysis in ORDERS.get("failing", ()):
        return Analysed(analysis=analysis, state="failed", reason="the model did not converge")
    return Analysed(analysis=analysis, state="done", reused=analysis in ORDERS.get("reused", ()))


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    _obey("publish")
    from datrial.pipeline.inputs import arms_named_by_place
    from datrial.results.store import write_run

    given, run = _results(), CHANGED if job.changes else _results().RUN_ID
    study = job.resolved_study()
    manifest = given.manifest(
        run_id=run,
        snapshot_id=snapshot,
        label=job.label,
        changes=dict(job.changes),
        parameters=study.analyses,
        resolved_study=arms_named_by_place(study),
    )
    tables = _changed(given.tables()) if job.changes else given.tables()
    write_run(home(), run, manifest, tables, {})
    report = report_path(run)
    report.parent.mkdir(parents=True, exist_ok=True)
    for name in ("checks", "changes", "index"):
        report.with_name(f"{name}.html").write_text(PAGE.format(name=name, run=run))
    failed = tuple(one.analysis for one in analysed if one.state == "failed")
    return Published(run_id=run, report=report, failed=failed)


def _changed(tables):
    """Return the tables with the first number of the risk score another one."""
    for name, table in tables:
        if name == "risk_score":
            at = next(i for i, cell in enumerate(table.cells) if cell.value is not None)
            table.cells[at] = replace(table.cells[at], value=table.cells[at].value + 1)
            break
    return tables


def report_path(run: str) -> Path:
    return home() / "reports" / run / "index.html"


def _results():
    sys.path.append(str(Path(__file__).resolve().parents[2] / "unit"))
    import results_fixture

    return results_fixture


def _obey(place: str) -> None:
    while (home() / f"hold {place}").exists():  # for runs that the page started
        time.sleep(0.05)
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
