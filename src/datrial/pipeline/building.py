"""The stop that builds a snapshot: from landed files to marts, checked, then published."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.project import home, project_root
from datrial.errors import DataError
from datrial.pipeline.identity import content_hash
from datrial.pipeline.inputs import (
    Inputs,
    data_rules,
    made_of,
    resolve,
    snapshot_id,
    work_folder,
)
from datrial.pipeline.job import Built, Job, Received
from datrial.pipeline.loading import (
    account,
    check_across,
    load_mapped,
    received_or_land,
    referrals,
    stage_and_check,
)
from datrial.pipeline.made_of import write_made_of
from datrial.pipeline.people import (
    Linked,
    allocated_references,
    apply_linkage,
    link,
    main_cut,
    other_cuts,
    write_characteristics,
)
from datrial.pipeline.reuse import drop_answers, drop_outdated
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    import duckdb

    from datrial.allocation.ledger import Ledger
    from datrial.extracts.landing import Landed


def build(job: Job, received: Received | None = None) -> Built:
    """Build the snapshot in a new file, check it, and publish it as the current one.

    A snapshot of the same inputs that is there already, and whole, is made current again.
    Where the study links people, warehouses at the other cuts are built beside it. Answers
    of analyses that no run can use any more are removed.

    Parameters
    ----------
    received
        What was received; without it, the inbox is received now.
    """
    inputs = resolve(job)
    store = SnapshotStore(home(), job.study)
    landed = received_or_land(inputs, received)
    snapshot = snapshot_id(inputs, landed.lines())
    drop_outdated(store)
    if is_whole(store, inputs, snapshot):
        store.make_current(snapshot)
        with store.open(snapshot) as connection:
            return account(connection, snapshot)
    drop_answers(store, snapshot)
    return build_into(store, inputs, landed, snapshot)


def is_whole(store: SnapshotStore, inputs: Inputs, snapshot: str) -> bool:
    """Tell whether a snapshot is there with its likes at other cuts, each as it was published."""
    return all(store.is_whole(snapshot, cut) for cut in (None, *other_cuts(inputs)))


def build_into(store: SnapshotStore, inputs: Inputs, landed: Landed, snapshot: str) -> Built:
    """Build a snapshot, with its likes at other cuts, and publish it in a store."""
    linked = link(inputs, landed)
    for cut in other_cuts(inputs):
        unfinished, _ = _built(inputs, landed, linked, cut, snapshot)
        store.keep(unfinished, snapshot, cut)
    unfinished, built = _built(inputs, landed, linked, main_cut(inputs), snapshot)
    store.publish(unfinished, snapshot)
    return built


def _built(
    inputs: Inputs, landed: Landed, linked: Linked | None, cut: float, snapshot: str
) -> tuple[Path, Built]:
    """Build a warehouse in a new file of the work folder."""
    import duckdb

    from datrial.warehouse.coded_arms import rewritten

    unfinished = work_folder() / f"{snapshot}.duckdb"
    unfinished.unlink(missing_ok=True)
    connection = duckdb.connect(str(unfinished))
    try:
        coded = _fill(connection, inputs, landed, linked, cut)
        built = account(connection, snapshot)
        connection.execute("checkpoint")
    finally:
        connection.close()
    return (rewritten(unfinished) if coded else unfinished), built


def _fill(
    connection: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    landed: Landed,
    linked: Linked | None,
    cut: float,
) -> bool:
    """Take the warehouse from raw rows to marts; a failed critical check stops it.

    Returns
    -------
    bool
        Whether codes stand in the place of arms at its end.
    """
    from datrial.allocation.blinding import code_label, coded_arms
    from datrial.allocation.merging import merge_conflicts, merge_requests
    from datrial.allocation.police_request import requested_people
    from datrial.allocation.recording import allocations, exclusions
    from datrial.checks.results import enforce_quarantine_limit
    from datrial.extracts.coverage import write_month_rows
    from datrial.warehouse.builder import build_tables
    from datrial.warehouse.coded_arms import code_arms
    from datrial.warehouse.study_tables import write_allocations, write_study_tables

    study = inputs.study
    with _ledger(inputs) as ledger:
        allocated = allocations(ledger, study) if ledger else []
        if ledger and not allocated:
            raise DataError(f"The ledger holds no allocation of study {study.study}.")
        load_mapped(connection, inputs, landed, inputs.mappings)
        identity = {}
        if linked:
            known = allocated_references(connection, allocated)
            identity = apply_linkage(connection, linked, cut, known)
        merged = merge_conflicts(allocated, identity)
        write_study_tables(
            connection,
            study,
            inputs.mappings,
            landed.current,
            simulated=inputs.is_simulated,
            rules=content_hash(data_rules(study)),
        )
        write_made_of(connection, made_of(inputs, landed.lines()))
        stage_and_check(connection, inputs, landed, inputs.mappings)
        write_allocations(connection, merged.allocations, [], merged=merged.listed)
        check_across(connection, inputs, landed, inputs.mappings)
        enforce_quarantine_limit(connection, study.quarantine_limit)
        codes = {}
        if ledger:
            excluded = exclusions(ledger, study, *referrals(connection, study))
            requested = merge_requests(requested_people(ledger, study), identity)
            write_allocations(connection, merged.allocations, excluded, requested, merged.listed)
            codes = coded_arms(ledger, study, inputs.key)
    write_month_rows(connection)
    write_characteristics(connection, linked, {row[0]: row[2] for row in merged.allocations})
    build_tables(connection, project_root() / "sql", ("people", "cohort", "marts"))
    if codes:
        code_arms(connection, codes, {code: code_label(code) for code in codes.values()})
    return bool(codes)


def _ledger(inputs: Inputs) -> AbstractContextManager[Ledger | None]:
    """Open the ledger to be read; none where the study allocates nobody."""
    from datrial.allocation.ledger import Ledger

    if inputs.study.allocation is None:
        return nullcontext()
    if not inputs.ledger_path.is_file():
        raise DataError(
            f"There is no allocation ledger. Run `datrial allocate --study {inputs.study.study}` "
            "first."
        )
    return Ledger(inputs.ledger_path, read_only=True)
