"""The stops of a run. Each can be called by itself, without Prefect.

What a stop hands on is ids and counts; rows stay in the warehouse.
"""

from __future__ import annotations

import datetime as dt
import getpass
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial import __version__
from datrial.config.project import home, project_root
from datrial.errors import DataError
from datrial.pipeline.failure import failure_of
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
    departures,
)
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    import duckdb

    from datrial.allocation.ledger import Ledger
    from datrial.config.mapping import SourceMapping
    from datrial.extracts.landing import Receipt


def decide(job: Job) -> Decision:
    """Say which snapshot and run the files lead to, and whether both are there already.

    Reads and hashes the files; changes nothing.
    """
    from datrial.extracts.landing import fingerprint

    inputs = resolve(job)
    snapshot = snapshot_id(inputs, fingerprint(inputs.mappings, job.inbox_folder))
    run = run_id(inputs.study, snapshot, job.label)
    store = SnapshotStore(home(), job.study)
    up_to_date = store.current() == snapshot and _is_complete(run)
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
    allocation list and the places at each meeting. They pass their checks
    first: what is in the ledger cannot be taken out again.
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
    receipts = _land(inputs)
    referring = [mapping for mapping in inputs.mappings if mapping.referral]
    with _in_memory() as connection, Ledger(inputs.ledger_path) as ledger:
        tables = _load(connection, inputs, receipts, referring)
        _check(connection, tables, study.quarantine_limit)
        hearings, capacity = referrals(connection)
        _verify(ledger)
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
    """Build the snapshot in a new file, check it, and publish it as the current one.

    A snapshot of the same inputs that is there already is made current again.
    """
    import duckdb

    inputs = resolve(job)
    store = SnapshotStore(home(), job.study)
    receipts = _land(inputs)
    snapshot = snapshot_id(inputs, sorted({f"{r.mapping}@{r.sha256}" for r in receipts}))
    if store.path(snapshot).is_file():
        store.make_current(snapshot)
        with store.open(snapshot) as connection:
            return _account(connection, snapshot)
    unfinished = work_folder() / f"{snapshot}.duckdb"
    unfinished.unlink(missing_ok=True)
    connection = duckdb.connect(str(unfinished))
    try:
        _fill(connection, inputs, receipts)
        built = _account(connection, snapshot)
        connection.execute("checkpoint")
    finally:
        connection.close()
    store.publish(unfinished, snapshot)
    return built


def _fill(connection: duckdb.DuckDBPyConnection, inputs: Inputs, receipts: list[Receipt]) -> None:
    """Take the warehouse from raw rows to marts; a failed critical check stops it."""
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.recording import allocations, exclusions
    from datrial.warehouse.builder import build_tables
    from datrial.warehouse.study_tables import write_allocations, write_study_tables

    study = inputs.study
    tables = _load(connection, inputs, receipts, inputs.mappings)
    _check(connection, tables, study.quarantine_limit)
    if not inputs.ledger_path.is_file():
        raise DataError(
            f"There is no allocation ledger. Run `datrial allocate --study {study.study}` first."
        )
    with Ledger(inputs.ledger_path, read_only=True) as ledger:
        allocated = allocations(ledger, study)
        excluded = exclusions(ledger, study, *referrals(connection))
    if not allocated:
        raise DataError(f"The ledger holds no allocation of study {study.study}.")
    write_study_tables(connection, study, inputs.mappings, simulated=inputs.is_simulated)
    write_allocations(connection, allocated, excluded)
    build_tables(connection, project_root() / "sql", ("people", "cohort", "marts"))


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
    connection = SnapshotStore(home(), job.study).open(snapshot)
    try:
        context = Context(connection, study, np.random.default_rng([study.seed, step]))
        tables = chosen.run(context, chosen.parameters.model_validate(study.analyses[analysis]))
    except Exception as error:
        reason = failure_of(error, f"analysis {analysis}").message
        return Analysed(analysis=analysis, state="failed", reason=reason)
    finally:
        connection.close()
    save_draft(_draft_folder(job, snapshot), analysis, tables)
    return Analysed(analysis=analysis, state="done")


def publish(job: Job, snapshot: str, analysed: list[Analysed]) -> Published:
    """Write the run's results and report; return where they are."""
    from datrial.analyses.registry import ANALYSES
    from datrial.report.build import write_report
    from datrial.results.draft import load_draft
    from datrial.results.published import load_published, published_values
    from datrial.results.store import write_run

    inputs = resolve(job)
    run = run_id(inputs.study, snapshot, job.label)
    tables = [
        (outcome.analysis, table)
        for outcome in analysed
        if outcome.state == "done"
        for table in load_draft(_draft_folder(job, snapshot), outcome.analysis)
    ]
    study = inputs.study
    printed = load_published(study.published) if study.published else ()
    manifest = _manifest(inputs, snapshot, analysed)
    write_run(home(), run, manifest, tables, published_values(printed, study.analyses))
    methods = [ANALYSES[outcome.analysis] for outcome in analysed]
    report = write_report(home(), run, methods)
    failed = tuple(outcome.analysis for outcome in analysed if outcome.state == "failed")
    return Published(run_id=run, report=report, failed=failed)


def _manifest(inputs: Inputs, snapshot: str, analysed: list[Analysed]) -> dict[str, Any]:
    """Return the record of how a run came about."""
    study = inputs.study
    only, changes = departures(study)
    connection = SnapshotStore(home(), study.study).open(snapshot)
    try:
        covered = connection.execute("select max(last_day) from study.coverage").fetchall()
        simulated = connection.execute("select simulated from study.origin").fetchall()
    finally:
        connection.close()
    return {
        **run_identity(study, snapshot, inputs.job.label),
        "version": __version__,
        "title": study.title,
        "simulated": simulated[0][0],
        "data_until": covered[0][0],
        "seeds": {"study": study.seed},
        "parameters": study.analyses,
        "only": only,
        "changes": changes,
        "primary_outcomes": study.primary_outcomes,
        "arms": {key: arm.label for key, arm in study.arms.items()},
        "sites": {key: site.label for key, site in study.sites.items()},
        "periods": {period.key: period.label for period in study.periods},
        "analyses": [
            {"id": outcome.analysis, "state": outcome.state, "reason": outcome.reason}
            for outcome in analysed
        ],
        "who": getpass.getuser(),
        "end": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


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
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    receipts: list[Receipt],
    mappings: Sequence[SourceMapping],
) -> list[str]:
    """Load the extracts of some mappings to raw and staging; return the tables they feed."""
    from datrial.extracts.raw import load
    from datrial.extracts.staging import stage

    loaded = {receipt.mapping for receipt in receipts}
    fed = [mapping for mapping in mappings if mapping.key in loaded or not mapping.optional]
    keys = {mapping.key for mapping in fed}
    chosen = [receipt for receipt in receipts if receipt.mapping in keys]
    load(connection, chosen, fed, landing_folder(), inputs.pseudonymiser().pseudonyms)
    tables = sorted({table.table for mapping in fed for table in mapping.tables})
    stage(connection, tables, project_root() / "sql" / "staging")
    return tables


def _is_complete(run: str) -> bool:
    """Tell whether a run is stored with all its analyses done, and with its report."""
    from datrial.results.store import MANIFEST, read_manifest

    folder = home() / "results" / run
    if not (folder / MANIFEST).is_file() or not report_path(run).is_file():
        return False
    return not read_manifest(folder).failed


def _check(connection: duckdb.DuckDBPyConnection, tables: list[str], limit: float) -> None:
    """Judge staged tables by their suites; a failed critical check stops the run."""
    from datrial.checks.results import enforce_quarantine_limit, raise_on_critical
    from datrial.checks.run import run_checks

    raise_on_critical(run_checks(connection, project_root() / "expectations", tables))
    enforce_quarantine_limit(connection, limit)


def _verify(ledger: Ledger) -> None:
    """Refuse to go on from a ledger that was tampered with."""
    found = ledger.verify()
    if not found.valid:
        raise DataError(
            f"The allocation ledger is not as it was written (entry {found.first_fault}: "
            f"{found.problem}). Nothing was allocated; restore ledger.sqlite from its backup."
        )


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
    select = f"select {columns} from staging.{table} order by all"  # noqa: S608 (names are ours)
    return list(connection.execute(select).fetchall())


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
