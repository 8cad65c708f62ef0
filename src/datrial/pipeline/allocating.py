"""The stop that brings the allocation ledger up to date, before any outcome is read."""

from __future__ import annotations

import datetime as dt
import getpass
from collections import Counter
from typing import TYPE_CHECKING

from datrial.config.project import home
from datrial.errors import DataError
from datrial.pipeline.inputs import Inputs, resolve, snapshot_id
from datrial.pipeline.job import Allocated, Job, Received
from datrial.pipeline.loading import (
    list_hash,
    load_mapped,
    received_or_land,
    referrals,
    stage_and_check,
    staged_rows,
)
from datrial.pipeline.people import allocated_references, apply_linkage, link, main_cut
from datrial.pipeline.publishing import noted_head
from datrial.warehouse.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

    from datrial.allocation.entries import Entry
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study
    from datrial.extracts.landing import Landed


def allocate(
    job: Job,
    received: Received | None = None,
    *,
    tell: Callable[[Sequence[Entry]], None] | None = None,
) -> Allocated:
    """Bring the ledger up to date from the referrals, before any outcome is read.

    Only files that the allocation is made from are read: MARAC case lists, the
    allocation list and the places at each meeting. They pass their checks
    first: what is in the ledger cannot be taken out again. Where a snapshot was built from
    these very files, rules and allocations, nobody is left to be allocated: the files are
    not read again. In a study that is no randomised trial nobody is allocated.

    Parameters
    ----------
    received
        What was received; without it, the inbox is received now.
    tell
        Called with the allocations that this call has entered, for an operator to see: what
        is returned goes to logs and pages, and names nobody.
    """
    import duckdb

    from datrial.allocation.ledger import Ledger
    from datrial.allocation.police_list import import_police_request
    from datrial.allocation.recording import (
        allocate_by_scheme,
        allocations,
        exclusions,
        import_list,
    )
    from datrial.checks.results import enforce_quarantine_limit

    inputs = resolve(job)
    study = inputs.study
    landed = received_or_land(inputs, received)
    if study.allocation is None:
        return Allocated(allocates=False)
    before = None if job.fresh else _as_before(inputs, landed)
    if before is not None:
        return before
    referring = [mapping for mapping in inputs.mappings if mapping.referral]
    linked = link(inputs, landed)
    with duckdb.connect() as connection, Ledger(inputs.ledger_path) as ledger:
        _verify(ledger)
        head = ledger.head().sequence
        load_mapped(connection, inputs, landed, referring)
        if linked:
            known = allocated_references(connection, allocations(ledger, study))
            apply_linkage(connection, linked, main_cut(inputs), known)
        stage_and_check(connection, inputs, landed, referring)
        enforce_quarantine_limit(connection, study.quarantine_limit)
        hearings, capacity = referrals(connection, study)
        operator, key = getpass.getuser(), inputs.pseudonymiser().fingerprint
        if study.randomisation.method == "imported":
            rows = staged_rows(
                connection, "allocation_list", "perpetrator_id, site, meeting_date, arm"
            )
            digest = list_hash(landed.current, inputs.mappings, "allocation_list")
            new = import_list(ledger, study, rows, digest, operator, key_fingerprint=key).new
        else:
            new = allocate_by_scheme(
                ledger, study, hearings, capacity, operator, dt.date.today(), key_fingerprint=key
            ).new
        digest = list_hash(landed.current, inputs.mappings, "police_request")
        for step, people in _requests(connection):
            import_police_request(ledger, study, people, digest, operator, step=step)
        if tell:
            tell([entry for entry in ledger.entries(study.study) if entry.sequence > head])
        reasons = Counter(
            str(reason) for _, reason in exclusions(ledger, study, hearings, capacity)
        )
        return _standing(ledger, study, new, reasons)


def _as_before(inputs: Inputs, landed: Landed) -> Allocated | None:
    """Return who stands in a ledger that these files have been entered in; else none.

    A snapshot's id follows from the files, the rules, the pseudonym key, the code, and the
    allocations as they were once the files had been entered.
    """
    import duckdb

    from datrial.allocation.ledger import Ledger

    if not inputs.ledger_path.is_file():
        return None
    with Ledger(inputs.ledger_path, read_only=True) as ledger:
        _verify(ledger)
        snapshot = SnapshotStore(home(), inputs.study.study).path(
            snapshot_id(inputs, landed.lines())
        )
        if not snapshot.is_file():
            return None
        try:
            with duckdb.connect(str(snapshot), read_only=True) as connection:
                rows = connection.execute("select reason from ledger.exclusion").fetchall()
        except duckdb.Error:  # damaged: it will be built anew
            return None
        return _standing(ledger, inputs.study, 0, Counter(reason for (reason,) in rows))


def _standing(ledger: Ledger, study: Study, new: int, reasons: Counter[str]) -> Allocated:
    """Return who stands in the ledger, in counts."""
    from datrial.allocation.blinding import is_blinded
    from datrial.allocation.commitment import commitment_of
    from datrial.allocation.reasons import reasons_of
    from datrial.allocation.recording import allocations

    arms = Counter(arm for _, _, _, arm, _ in allocations(ledger, study))
    commitment = commitment_of(ledger, study.study)
    concealed = commitment is not None and commitment.body["seed"] == "concealed"
    return Allocated(
        arms={} if is_blinded(ledger, study) else {arm: arms[arm] for arm in study.arms},
        people=arms.total(),
        new=new,
        excluded={str(reason): reasons[str(reason)] for reason in reasons_of(study)},
        commitment=str(commitment.body["sha256"]) if commitment and concealed else "",
        seed_is_public=bool(commitment and commitment.body["seed"] == "public"),
    )


def _requests(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    """Return the requests on the lists for the police: their names, and the people of each."""
    found: dict[int, list[str]] = {}
    rows = staged_rows(connection, "police_request", "request_number, perpetrator_id")
    for number, person in rows:
        found.setdefault(number, []).append(person)
    return [(str(number), people) for number, people in sorted(found.items())]


def _verify(ledger: Ledger) -> None:
    """Refuse to go on from a ledger that was tampered with, or lost its end since the last run."""
    from datrial.allocation.verification import read_head_line

    noted = noted_head()
    found = ledger.verify(expected=read_head_line(noted) if noted else None)
    if not found.valid:
        raise DataError(
            f"The allocation ledger is not as it was written (entry {found.first_fault}: "
            f"{found.problem}). Nothing was allocated; restore ledger.sqlite from its backup."
        )
