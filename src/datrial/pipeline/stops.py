"""The stops of a run. Each can be called by itself, without Prefect.

What a stop hands on is ids and counts; rows stay in the warehouse.
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.project import home, project_root
from datrial.errors import DataError, UsageError
from datrial.pipeline.failure import failure_of
from datrial.pipeline.identity import content_hash
from datrial.pipeline.inputs import (
    Inputs,
    data_rules,
    landing_folder,
    resolve,
    run_id,
    snapshot_id,
    work_folder,
)
from datrial.pipeline.job import Allocated, Analysed, Built, Decision, Job, Published, Received
from datrial.pipeline.loading import (
    account,
    check_across,
    land_extracts,
    list_hash,
    load_mapped,
    referrals,
    stage_and_check,
    staged_rows,
)
from datrial.pipeline.people import (
    Linked,
    allocated_references,
    apply_linkage,
    link,
    main_cut,
    other_cuts,
    write_characteristics,
)
from datrial.pipeline.publishing import draft_folder, is_complete
from datrial.pipeline.publishing import manifest as describe_run
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    import duckdb

    from datrial.allocation.ledger import Ledger
    from datrial.extracts.landing import Landed


def decide(job: Job) -> Decision:
    """Say which snapshot and run the files lead to, and whether both are there already.

    Reads and hashes the files; changes nothing.
    """
    from datrial.extracts.landing import expected_extracts

    inputs = resolve(job)
    expected = expected_extracts(inputs.mappings, job.inbox_folder, landing_folder())
    snapshot = snapshot_id(inputs, expected)
    run = run_id(inputs.study, snapshot, job.label)
    store = SnapshotStore(home(), job.study)
    up_to_date = store.current() == snapshot and is_complete(run, report_path(run))
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


def allocate(job: Job, received: Received | None = None) -> Allocated:
    """Bring the ledger up to date from the referrals, before any outcome is read.

    Only files that the allocation is made from are read: MARAC case lists, the
    allocation list and the places at each meeting. They pass their checks
    first: what is in the ledger cannot be taken out again.

    Parameters
    ----------
    received
        What was received; without it, the inbox is received now.
    """
    import duckdb

    from datrial.allocation.eligibility import Reason
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.recording import (
        allocate_by_lottery,
        allocations,
        exclusions,
        import_list,
    )
    from datrial.checks.results import enforce_quarantine_limit

    inputs = resolve(job)
    study = inputs.study
    landed = _landed(inputs, received)
    referring = [mapping for mapping in inputs.mappings if mapping.referral]
    linked = link(inputs, landed)
    with duckdb.connect() as connection, Ledger(inputs.ledger_path) as ledger:
        _verify(ledger)
        load_mapped(connection, inputs, landed, referring)
        if linked:
            known = allocated_references(connection, [row[0] for row in allocations(ledger, study)])
            apply_linkage(connection, linked, main_cut(inputs), known)
        stage_and_check(connection, inputs, landed, referring)
        enforce_quarantine_limit(connection, study.quarantine_limit)
        hearings, capacity = referrals(connection)
        operator, key = getpass.getuser(), inputs.pseudonymiser().fingerprint
        if study.allocation.method == "imported":
            rows = staged_rows(
                connection, "allocation_list", "perpetrator_id, site, meeting_date, arm"
            )
            digest = list_hash(landed.current)
            new = import_list(ledger, study, rows, digest, operator, key_fingerprint=key).new
        else:
            new = allocate_by_lottery(
                ledger, study, hearings, capacity, operator, dt.date.today(), key_fingerprint=key
            ).new
        arms = Counter(arm for _, _, _, arm, _ in allocations(ledger, study))
        reasons = Counter(reason for _, reason in exclusions(ledger, study, hearings, capacity))
    return Allocated(
        arms={arm: arms[arm] for arm in study.arms},
        new=new,
        excluded={reason.value: reasons[reason.value] for reason in Reason},
    )


def build(job: Job, received: Received | None = None) -> Built:
    """Build the snapshot in a new file, check it, and publish it as the current one.

    A snapshot of the same inputs that is there already is made current again.
    Where the study links people, warehouses at the other cuts are built beside it.

    Parameters
    ----------
    received
        What was received; without it, the inbox is received now.
    """
    inputs = resolve(job)
    store = SnapshotStore(home(), job.study)
    landed = _landed(inputs, received)
    snapshot = snapshot_id(inputs, landed.lines())
    if store.path(snapshot).is_file():
        store.make_current(snapshot)
        with store.open(snapshot) as connection:
            return account(connection, snapshot)
    linked = link(inputs, landed)
    for cut in other_cuts(inputs):
        unfinished, _ = _built(inputs, landed, linked, cut, snapshot)
        store.keep(unfinished, snapshot, cut)
    unfinished, built = _built(inputs, landed, linked, main_cut(inputs), snapshot)
    store.publish(unfinished, snapshot)
    return built


def _landed(inputs: Inputs, received: Received | None) -> Landed:
    """Return what was received, from the landing folder; else receive the inbox now."""
    from datrial.extracts.landing import landed

    if received is None:
        return land_extracts(inputs)
    return landed(landing_folder(), received.current, received.earlier)


def _built(
    inputs: Inputs, landed: Landed, linked: Linked | None, cut: float, snapshot: str
) -> tuple[Path, Built]:
    """Build a warehouse in a new file of the work folder."""
    import duckdb

    unfinished = work_folder() / f"{snapshot}.duckdb"
    unfinished.unlink(missing_ok=True)
    connection = duckdb.connect(str(unfinished))
    try:
        _fill(connection, inputs, landed, linked, cut)
        built = account(connection, snapshot)
        connection.execute("checkpoint")
    finally:
        connection.close()
    return unfinished, built


def _fill(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    landed: Landed,
    linked: Linked | None,
    cut: float,
) -> None:
    """Take the warehouse from raw rows to marts; a failed critical check stops it."""
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.recording import allocations, exclusions
    from datrial.checks.results import enforce_quarantine_limit
    from datrial.extracts.coverage import write_month_rows
    from datrial.warehouse.builder import build_tables
    from datrial.warehouse.study_tables import write_allocations, write_study_tables

    study = inputs.study
    if not inputs.ledger_path.is_file():
        raise DataError(
            f"There is no allocation ledger. Run `datrial allocate --study {study.study}` first."
        )
    with Ledger(inputs.ledger_path, read_only=True) as ledger:
        allocated = allocations(ledger, study)
        if not allocated:
            raise DataError(f"The ledger holds no allocation of study {study.study}.")
        load_mapped(connection, inputs, landed, inputs.mappings)
        if linked:
            known = allocated_references(connection, [row[0] for row in allocated])
            apply_linkage(connection, linked, cut, known)
        write_study_tables(
            connection,
            study,
            inputs.mappings,
            landed.current,
            simulated=inputs.is_simulated,
            rules=content_hash(data_rules(study)),
        )
        stage_and_check(connection, inputs, landed, inputs.mappings)
        write_allocations(connection, allocated, [])
        check_across(connection, inputs, landed, inputs.mappings)
        enforce_quarantine_limit(connection, study.quarantine_limit)
        write_allocations(connection, allocated, exclusions(ledger, study, *referrals(connection)))
    write_month_rows(connection)
    write_characteristics(connection, linked, {row[0]: row[2] for row in allocated})
    build_tables(connection, project_root() / "sql", ("people", "cohort", "marts"))


def snapshot_for(job: Job, snapshot: str = "") -> str:
    """Return the id of the snapshot to analyse: the one named, or the current one.

    Raises
    ------
    DataError
        If there is no such snapshot.
    UsageError
        If the study's periods, scores or other rules for data have changed since
        the snapshot was built: its tables would be read under other rules.
    """
    import duckdb

    study = job.resolved_study()
    store = SnapshotStore(home(), job.study)
    with store.open(snapshot or None) as connection:
        try:
            rules = connection.execute("select rules from study.origin").fetchall()[0][0]
        except duckdb.Error:  # built before snapshots said by which rules
            rules = ""
    chosen = snapshot or store.current() or ""
    if rules != content_hash(data_rules(study)):
        raise UsageError(
            f"The study file's rules for data (sites, periods, scores, ...) have changed since "
            f"snapshot {chosen} was built. Run `datrial run --study {job.study}` first."
        )
    return chosen


def analyse(job: Job, snapshot: str, analysis: str) -> Analysed:
    """Run one analysis on a snapshot; its tables wait in the work folder.

    A failure of an analysis is an answer, not an exception: the others go on.
    """
    import numpy as np

    from datrial.analyses.base import Context
    from datrial.analyses.registry import ANALYSES
    from datrial.results.draft import save_draft

    study = job.resolved_study()
    chosen = ANALYSES[analysis]
    step = int.from_bytes(hashlib.sha256(analysis.encode()).digest()[:8], "big")
    store = SnapshotStore(home(), job.study)
    cuts = study.linkage.sensitivity_weights if study.linkage else ()
    with ExitStack() as opened:
        connection = opened.enter_context(store.open(snapshot))
        at_cuts = {cut: opened.enter_context(store.open(snapshot, cut)) for cut in cuts}
        context = Context(connection, study, np.random.default_rng([study.seed, step]), at_cuts)
        try:
            tables = chosen.run(context, chosen.parameters.model_validate(study.analyses[analysis]))
        except Exception as error:
            reason = failure_of(error, f"analysis {analysis}").message
            return Analysed(analysis=analysis, state="failed", reason=reason)
    save_draft(draft_folder(job, snapshot), analysis, tables)
    return Analysed(analysis=analysis, state="done")


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    """Write the run's results and report; return where they are."""
    from datrial.analyses.registry import ANALYSES
    from datrial.checks.record import checks_of
    from datrial.report.build import write_report
    from datrial.report.checks_page import write_checks_page
    from datrial.results.draft import load_draft
    from datrial.results.published import load_published, published_values
    from datrial.results.store import write_run

    inputs = resolve(job)
    run = run_id(inputs.study, snapshot, job.label)
    tables = [
        (outcome.analysis, table)
        for outcome in analysed
        if outcome.state == "done"
        for table in load_draft(draft_folder(job, snapshot), outcome.analysis)
    ]
    study = inputs.study
    printed = load_published(study.published) if study.published else ()
    manifest = describe_run(inputs, snapshot, analysed)
    with SnapshotStore(home(), job.study).open(snapshot) as connection:
        checks = checks_of(connection)
    write_run(home(), run, manifest, tables, published_values(printed, study.analyses), checks)
    methods = [ANALYSES[outcome.analysis] for outcome in analysed]
    write_checks_page(home(), run)
    report = write_report(home(), run, methods)
    failed = tuple(outcome.analysis for outcome in analysed if outcome.state == "failed")
    return Published(run_id=run, report=report, failed=failed)


def report_path(run: str) -> Path:
    """Return where a run's report lies."""
    return home() / "reports" / run / "index.html"


def _verify(ledger: Ledger) -> None:
    """Refuse to go on from a ledger that was tampered with."""
    found = ledger.verify()
    if not found.valid:
        raise DataError(
            f"The allocation ledger is not as it was written (entry {found.first_fault}: "
            f"{found.problem}). Nothing was allocated; restore ledger.sqlite from its backup."
        )
