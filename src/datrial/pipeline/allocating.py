"""The stop that brings the allocation ledger up to date, before any outcome is read."""

from __future__ import annotations

import datetime as dt
import getpass
from collections import Counter
from typing import TYPE_CHECKING

from datrial.errors import DataError
from datrial.pipeline.inputs import resolve
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

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger


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

    from datrial.allocation.eligibility import reasons_of
    from datrial.allocation.ledger import Ledger
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
        hearings, capacity = referrals(connection, study)
        operator, key = getpass.getuser(), inputs.pseudonymiser().fingerprint
        if study.allocation.method == "imported":
            rows = staged_rows(
                connection, "allocation_list", "perpetrator_id, site, meeting_date, arm"
            )
            digest = list_hash(landed.current)
            new = import_list(ledger, study, rows, digest, operator, key_fingerprint=key).new
        else:
            new = allocate_by_scheme(
                ledger, study, hearings, capacity, operator, dt.date.today(), key_fingerprint=key
            ).new
        arms = Counter(arm for _, _, _, arm, _ in allocations(ledger, study))
        reasons = Counter(
            str(reason) for _, reason in exclusions(ledger, study, hearings, capacity)
        )
    return Allocated(
        arms={arm: arms[arm] for arm in study.arms},
        new=new,
        excluded={str(reason): reasons[str(reason)] for reason in reasons_of(study)},
    )


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
