"""The stops of a run. Each can be called by itself, without Prefect.

What a stop hands on is ids and counts; rows stay in the warehouse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.project import home
from datrial.config.workers import workers
from datrial.errors import UsageError
from datrial.pipeline.allocating import allocate
from datrial.pipeline.building import build, is_whole
from datrial.pipeline.failure import failure_of
from datrial.pipeline.identity import content_hash
from datrial.pipeline.inputs import data_rules, landing_folder, resolve, run_id, snapshot_id
from datrial.pipeline.job import Analysed, Decision, Job, Published, Received
from datrial.pipeline.loading import land_extracts
from datrial.pipeline.planned import none_left_out, plan_holds, with_standing
from datrial.pipeline.protection import protect_for_store
from datrial.pipeline.publishing import draft_folder, is_complete
from datrial.pipeline.publishing import manifest as describe_run
from datrial.pipeline.replicate_workers import spread_replicates
from datrial.pipeline.reuse import answers, study_for
from datrial.warehouse.coded_arms import study_as_shown
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    import duckdb

    from datrial.config.study import Study
    from datrial.results.cells import Table

__all__ = [
    "allocate",
    "analyse",
    "build",
    "decide",
    "drafted",
    "publish",
    "receive",
    "report_path",
    "snapshot_for",
]


def decide(job: Job) -> Decision:
    """Say which snapshot and run the files lead to, and whether both are there already.

    Reads and hashes the files; changes nothing. A job that asks for fresh answers is never
    up to date.

    Raises
    ------
    UsageError
        If the study's analysis plan is locked and its file has changed since.
    """
    from datrial.extracts.landing import expected_extracts

    plan_holds(job)
    workers()  # a faulty setting is told before the work, not after
    inputs = resolve(job)
    expected = expected_extracts(inputs.mappings, job.inbox_folder, landing_folder())
    snapshot = snapshot_id(inputs, expected)
    run = run_id(inputs.study, snapshot, job.label)
    store = SnapshotStore(home(), job.study)
    there = store.current() == snapshot and is_complete(run, report_path(run))
    there = there and is_whole(store, inputs, snapshot)
    up_to_date = there and not job.fresh
    return Decision(snapshot_id=snapshot, run_id=run, up_to_date=up_to_date)


def receive(job: Job) -> Received:
    """Land the agencies' files: copy, hash, receipt."""
    from datrial.extracts.landing import unread_files

    inputs = resolve(job)
    landed = land_extracts(inputs)
    unread = unread_files(inputs.mappings, job.inbox_folder)
    return Received(
        extracts=len(landed.current),
        new=len(landed.new),
        unread=len(unread),
        corrected=len(landed.earlier),
        current=tuple(receipt.extract_id for receipt in landed.current),
        earlier=tuple(receipt.extract_id for receipt in landed.earlier),
    )


def snapshot_for(job: Job, snapshot: str = "") -> str:
    """Return the id of the snapshot to analyse: the one named, or the current one.

    Raises
    ------
    DataError
        If there is no such snapshot.
    UsageError
        If the study's periods, scores or other rules for data have changed since
        the snapshot was built: its tables would be read under other rules. If its analysis
        plan is locked and its file has changed since.
    """
    import duckdb

    plan_holds(job)
    workers()  # a faulty setting is told before the work, not after
    study = job.resolved_study()
    store = SnapshotStore(home(), job.study)
    chosen = snapshot or store.current() or ""  # asked once: the next may be published meanwhile
    with store.open(chosen or None) as connection:
        try:
            rules = connection.execute("select rules from study.origin").fetchall()[0][0]
        except duckdb.Error:  # built before snapshots said by which rules
            rules = ""
    if rules != content_hash(data_rules(study)):
        raise UsageError(
            f"The study file's rules for data (sites, periods, scores, ...) have changed since "
            f"snapshot {chosen} was built. Run `datrial run --study {job.study}` first."
        )
    return chosen


def analyse(job: Job, snapshot: str, analysis: str) -> Analysed:
    """Run one analysis on a snapshot; its tables wait in the work folder.

    Where an earlier run kept the tables that follow from the same inputs, they are taken
    instead, unless the job asks for fresh ones. A failure of an analysis is an answer, not
    an exception: the others go on.
    """
    from datrial.results.draft import save_draft, save_draft_text

    spread_replicates()
    study = job.resolved_study()
    folder, store = draft_folder(job, snapshot), SnapshotStore(home(), job.study)
    done = _done_before(study, folder, analysis)
    with ExitStack() as opened:
        connection = opened.enter_context(store.open(snapshot))
        shown = study_as_shown(connection, study)
        answer = answers(store, snapshot, study, shown, done)[analysis]
        kept = None if job.fresh else answer.kept()
        if kept is not None:
            save_draft_text(folder, analysis, kept)
            return Analysed(analysis=analysis, state="done", reused=True)
        cuts = study.linkage.sensitivity_weights if study.linkage else ()
        at_cuts = {cut: opened.enter_context(store.open(snapshot, cut)) for cut in cuts}
        try:
            tables = _counted(connection, shown, at_cuts, analysis, folder, done)
        except Exception as error:
            reason = failure_of(error, f"analysis {analysis}").message
            return Analysed(analysis=analysis, state="failed", reason=reason)
    answer.keep(save_draft(folder, analysis, tables))
    return Analysed(analysis=analysis, state="done")


def _counted(
    connection: duckdb.DuckDBPyConnection,
    shown: Study,
    at_cuts: Mapping[float, duckdb.DuckDBPyConnection],
    analysis: str,
    folder: Path,
    done: Sequence[str],
) -> list[Table]:
    """Return the tables of an analysis, as they are counted."""
    import numpy as np

    from datrial.analyses.arms import is_coded, withhold
    from datrial.analyses.base import Context
    from datrial.analyses.registry import ANALYSES
    from datrial.results.draft import load_draft

    chosen = ANALYSES[analysis]
    study = study_for(shown, analysis)
    step = int.from_bytes(hashlib.sha256(analysis.encode()).digest()[:8], "big")
    rng = np.random.default_rng([study.seed, step])
    read = done if chosen.reads_results else ()
    earlier = {table.id: table for name in read for table in load_draft(folder, name)}
    context = Context(connection, study, rng, at_cuts, earlier)
    tables = chosen.run(context, chosen.parameters.model_validate(study.analyses[analysis]))
    if not is_coded(shown):
        return tables
    return [
        withhold(table, shown.arms) if table.id in chosen.tells_arms else table for table in tables
    ]


def _done_before(study: Study, folder: Path, analysis: str) -> list[str]:
    """Return the run's analyses that come before one and have tables."""
    from datrial.results.draft import has_draft

    names = list(study.analyses)
    return [name for name in names[: names.index(analysis)] if has_draft(folder, name)]


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    """Write the run's results and report; return where they are."""
    from datrial.analyses.registry import ANALYSES
    from datrial.checks.record import checks_of
    from datrial.report.build import write_report
    from datrial.report.checks_page import write_checks_page
    from datrial.report.differences_page import write_changes_page
    from datrial.report.workbook import write_workbooks
    from datrial.results.published import load_published, published_values
    from datrial.results.store import write_run

    inputs = resolve(job)
    run = run_id(inputs.study, snapshot, job.label)
    analysed = none_left_out(inputs.study, analysed)
    study = inputs.study
    printed = load_published(study.published) if study.published else ()
    manifest = describe_run(inputs, snapshot, analysed)
    drafts = drafted(job, snapshot, analysed, manifest["exploratory"])
    kept = protect_for_store(job, study, snapshot, run, drafts)
    manifest["disclosure"] = kept.record()
    tables = kept.protected.tables
    with SnapshotStore(home(), job.study).open(snapshot) as connection:
        checks = checks_of(connection)
    beside = published_values(printed, study.analyses)
    write_run(home(), run, manifest, tables, beside, checks, kept.file())
    methods = [ANALYSES[outcome.analysis] for outcome in analysed]
    write_checks_page(home(), run)
    write_workbooks(home(), run)
    write_changes_page(home(), run)
    report = write_report(home(), run, methods)
    failed = tuple(outcome.analysis for outcome in analysed if outcome.state == "failed")
    return Published(run_id=run, report=report, failed=failed)


def drafted(
    job: Job, snapshot: str, analysed: Sequence[Analysed], exploratory: Collection[str]
) -> list[tuple[str, Table]]:
    """Return the tables of a run's analyses that are done, as they were counted."""
    from datrial.results.draft import load_draft

    tables = [
        (outcome.analysis, table)
        for outcome in analysed
        if outcome.state == "done"
        for table in load_draft(draft_folder(job, snapshot), outcome.analysis)
    ]
    return with_standing(tables, exploratory)


def report_path(run: str) -> Path:
    """Return where a run's report lies."""
    return home() / "reports" / run / "index.html"
