"""The stops of a run. Each can be called by itself, without Prefect.

What a stop hands on is ids and counts; rows stay in the warehouse.
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.config.project import home, project_root
from datrial.errors import DataError, DatrialError
from datrial.pipeline.inputs import Inputs, resolve, run_id, run_identity, snapshot_id, work_folder
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
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    import duckdb

    from datrial.extracts.landing import Receipt


def decide(job: Job) -> Decision:
    """Say which snapshot and run the files lead to, and whether both are there already.

    Reads and hashes the files; changes nothing.
    """
    from datrial.extracts.landing import fingerprint
    from datrial.results.store import is_complete

    inputs = resolve(job)
    snapshot = snapshot_id(inputs, fingerprint(inputs.mappings, job.inbox_folder))
    run = run_id(inputs.study, snapshot, job.label)
    store = SnapshotStore(home(), job.study)
    up_to_date = (
        store.current() == snapshot and is_complete(home(), run) and report_path(run).is_file()
    )
    return Decision(snapshot_id=snapshot, run_id=run, up_to_date=up_to_date)


def receive(job: Job) -> Received:
    """Land the agencies' files: copy, hash, receipt."""
    inputs = resolve(job)
    before = {path.name for path in landing_folder().rglob("*.receipt.json")}
    receipts = _land(inputs)
    after = {path.name for path in landing_folder().rglob("*.receipt.json")}
    return Received(extracts=len(receipts), new=len(after - before))


def allocate(job: Job) -> Allocated:
    """Bring the ledger up to date from the referrals, before any outcome is read.

    Only files that the allocation is made from are read: MARAC case lists, the
    allocation list and the places at each meeting.
    """
    from datrial.allocation.eligibility import Reason
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.recording import (
        allocate_by_lottery,
        allocations,
        exclusions,
        import_list,
    )

    inputs = resolve(job)
    study = inputs.study
    receipts = [receipt for receipt in _land(inputs) if receipt.mapping in _referral_keys(inputs)]
    with _in_memory() as connection:
        _load(connection, inputs, receipts)
        ledger = Ledger(inputs.ledger_path)
        hearings, capacity = referrals(connection)
        operator, key = getpass.getuser(), inputs.pseudonymiser().fingerprint
        if study.allocation.method == "imported":
            rows = _rows(connection, "allocation_list", "perpetrator_id, site, meeting_date, arm")
            new = import_list(
                ledger, study, rows, _list_hash(receipts), operator, key_fingerprint=key
            ).new
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


def build(job: Job) -> Built:
    """Build the snapshot in a new file, check it, and publish it as the current one."""
    import duckdb

    inputs = resolve(job)
    receipts = _land(inputs)
    snapshot = snapshot_id(inputs, [receipt.extract_id for receipt in receipts])
    unfinished = work_folder() / f"{snapshot}.duckdb"
    unfinished.unlink(missing_ok=True)
    connection = duckdb.connect(str(unfinished))
    try:
        _fill(connection, inputs, receipts)
        built = _account(connection, snapshot)
        connection.execute("checkpoint")
    finally:
        connection.close()
    SnapshotStore(home(), job.study).publish(unfinished, snapshot)
    return built


def _fill(connection: duckdb.DuckDBPyConnection, inputs: Inputs, receipts: list[Receipt]) -> None:
    """Take the warehouse from raw rows to marts; a failed critical check stops it."""
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.recording import allocations, exclusions
    from datrial.checks.suites import run_checks
    from datrial.checks.verdicts import enforce_quarantine_limit, raise_on_critical
    from datrial.warehouse.builder import build_tables
    from datrial.warehouse.study_tables import write_allocations, write_study_tables

    study = inputs.study
    tables = _load(connection, inputs, receipts)
    results = run_checks(connection, project_root() / "expectations", tables)
    raise_on_critical(results)
    enforce_quarantine_limit(connection, study.quarantine_limit)
    ledger = Ledger(inputs.ledger_path)
    allocated = allocations(ledger, study)
    if not allocated:
        raise DataError(
            f"The ledger holds no allocation of study {study.study}. Run `datrial allocate "
            f"--study {study.study}` first."
        )
    write_study_tables(connection, study, inputs.mappings)
    write_allocations(connection, allocated, exclusions(ledger, study, *referrals(connection)))
    build_tables(connection, project_root() / "sql", ("people", "cohort", "marts"))


def analyse(job: Job, snapshot: str, analysis: str) -> Analysed:
    """Run one analysis on a snapshot; its tables wait in the work folder.

    A failure of an analysis is an answer, not an exception: the others go on.
    Its reason names the kind of error; the full text goes to the log only if it
    is ours (a library's message can quote data).
    """
    import numpy as np

    from datrial.analyses.base import Context
    from datrial.analyses.registry import ANALYSES
    from datrial.results.draft import save_draft

    study = job.resolved_study()
    chosen = ANALYSES[analysis]
    step = int.from_bytes(hashlib.sha256(analysis.encode()).digest()[:8], "big")
    connection = SnapshotStore(home(), job.study).open(snapshot)
    try:
        context = Context(connection, study, np.random.default_rng([study.seed, step]))
        tables = chosen.run(context, chosen.parameters.model_validate(study.analyses[analysis]))
    except Exception as error:
        return Analysed(analysis=analysis, state="failed", reason=_safe_reason(error))
    finally:
        connection.close()
    save_draft(_draft_folder(job, snapshot), analysis, tables)
    return Analysed(analysis=analysis, state="done")


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    """Write the run's results and report; return where they are."""
    from datrial import __version__
    from datrial.analyses.registry import ANALYSES
    from datrial.report.write import write_report
    from datrial.results.draft import load_draft
    from datrial.results.published import load_published
    from datrial.results.store import write_run

    inputs = resolve(job)
    run = run_id(inputs.study, snapshot, job.label)
    tables = [
        (outcome.analysis, table)
        for outcome in analysed
        if outcome.state == "done"
        for table in load_draft(_draft_folder(job, snapshot), outcome.analysis)
    ]
    manifest = {
        **run_identity(inputs.study, snapshot, job.label),
        "run_id": run,
        "version": __version__,
        "simulated": inputs.is_simulated,
        "changes": job.changes,
        "analyses": [outcome.model_dump() for outcome in analysed],
    }
    write_run(home(), run, manifest, tables, load_published(inputs.study.published))
    methods = [ANALYSES[outcome.analysis] for outcome in analysed]
    report = write_report(home(), run, methods)
    failed = tuple(outcome.analysis for outcome in analysed if outcome.state == "failed")
    return Published(run_id=run, report=report, failed=failed)


def report_path(run: str) -> Path:
    """Return where a run's report lies."""
    return home() / "reports" / run / "index.html"


def landing_folder() -> Path:
    """Return the landing folder."""
    return home() / "landing"


def referrals(connection: duckdb.DuckDBPyConnection) -> tuple[list[Any], list[Any]]:
    """Return (person, site, hearing date, age) of every hearing, and the places per meeting."""
    hearings = connection.execute(
        """
        select perpetrator_id, site, hearing_date, max(perpetrator_age)
        from staging.marac_case group by all order by hearing_date, site, perpetrator_id
        """
    ).fetchall()
    return hearings, _rows(connection, "meeting_capacity", "site, meeting_date, places")


def _land(inputs: Inputs) -> list[Receipt]:
    from datrial.extracts.landing import land

    return land(inputs.mappings, inputs.job.inbox_folder, landing_folder())


def _load(
    connection: duckdb.DuckDBPyConnection, inputs: Inputs, receipts: list[Receipt]
) -> list[str]:
    """Load extracts to raw and staging; return the staging tables they feed."""
    from datrial.extracts.raw import load
    from datrial.extracts.staging import stage

    tables = load(
        connection, receipts, inputs.mappings, landing_folder(), inputs.pseudonymiser().pseudonyms
    )
    stage(connection, tables, project_root() / "sql" / "staging")
    return tables


def _referral_keys(inputs: Inputs) -> set[str]:
    return {mapping.key for mapping in inputs.mappings if mapping.referral}


def _list_hash(receipts: list[Receipt]) -> str:
    """Return the hash of the imported allocation list (of all its files together)."""
    hashes = sorted(receipt.sha256 for receipt in receipts if receipt.source == "allocation")
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _rows(connection: duckdb.DuckDBPyConnection, table: str, columns: str) -> list[Any]:
    exists = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'staging' and table_name = ?",
        [table],
    ).fetchall()
    if not exists:
        return []
    return connection.execute(  # type: ignore[no-any-return]
        f"select {columns} from staging.{table} order by all"  # noqa: S608 (names are ours)
    ).fetchall()


def _in_memory() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:")


def _account(connection: duckdb.DuckDBPyConnection, snapshot: str) -> Built:
    rows = connection.execute(
        """
        select table_name, sum(received), sum(staged), sum(quarantined)
        from accounting.extract group by all order by all
        """
    ).fetchall()
    checks = connection.execute(
        """
        select table_name, rule_id, severity, rows_looked_at, rows_failed, verdict
        from checks.result order by table_name, rule_id
        """
    ).fetchall()
    return Built(
        snapshot_id=snapshot,
        rows=tuple(RowCount(table=t, received=r, staged=s, quarantined=q) for t, r, s, q in rows),
        checks=tuple(
            CheckCount(
                table=t, rule=rule, severity=severity, rows_looked_at=looked, rows_failed=failed,
                verdict=verdict,
            )
            for t, rule, severity, looked, failed, verdict in checks
        ),
    )  # fmt: skip


def _draft_folder(job: Job, snapshot: str) -> Path:
    return work_folder() / "tables" / run_id(job.resolved_study(), snapshot, job.label)


def _safe_reason(error: Exception) -> str:
    """Return a sentence on a failed analysis that cannot hold a row's value."""
    if isinstance(error, DatrialError):
        return str(error)
    return f"a fault in the analysis ({type(error).__name__}); the log has its place"
