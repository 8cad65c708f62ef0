"""The list for the police that somebody else drew: entered in the ledger as it was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from datrial.allocation.entries import Event, Kind, Record
from datrial.allocation.police_request import FIRST_STEP
from datrial.allocation.reading import allocations
from datrial.allocation.schemes import CONTROL
from datrial.allocation.settings import IMPORTED
from datrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.allocation.reading import AllocationRow
    from datrial.config.study import Study

_COUNTS = ("intervention", "of_intervention", "controls", "of_controls")


def import_police_request(
    ledger: Ledger,
    study: Study,
    people: Iterable[str],
    digest: str,
    operator: str,
    *,
    step: str = FIRST_STEP,
) -> Record | None:
    """Record the list that somebody else drew and sent to the police, as it was sent.

    Whoever is on it and was not allocated stays on it, and is counted in the entry.

    Parameters
    ----------
    people
        The person ids on the list, in any order; given twice they count once.
    digest
        The hash of the list's file, as on its landing receipt.
    step
        The name of the request.

    Returns
    -------
    Record or None
        The new entry; none if the list is empty, or if this request was recorded
        with the same people.

    Raises
    ------
    UsageError
        If nobody was allocated.
    DataError
        If this request was recorded with other people, or somebody on the list
        has no pseudonym.
    LockedError
        If another process holds the ledger.
    ValueError
        If the digest is not one.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("the digest is not a SHA-256 in 64 hexadecimal digits")
    persons = sorted(set(people))
    if not persons:
        return None
    with ledger.batch():
        rows = allocations(ledger, study)
        if not rows:
            raise UsageError(
                f"Nobody was allocated in study {study.study}: the police were asked about nobody "
                "of it. Import the allocation list first."
            )
        for record in ledger.records(study.study, Kind.POLICE_REQUEST):
            if record.body["step"] == step:
                _refuse_another_list(record, persons)
                return None
        body = _imported_body(study, rows, persons, digest, step)
        return ledger.record(Event(Kind.POLICE_REQUEST, study.study, operator, body))


def _refuse_another_list(record: Record, persons: list[str]) -> None:
    """Refuse a list of a recorded request that names other people."""
    recorded = set(record.body["persons"])
    added, missing = len(set(persons) - recorded), len(recorded - set(persons))
    if added or missing:
        raise DataError(
            f"The police request list names {added} people who are not on the list that the "
            f"ledger holds of request {record.body['step']!r} (entry {record.sequence}), and "
            f"lacks {missing} who are; nothing was recorded. If the police were asked again, give "
            "the new list another number (column request_number); if the list is wrong, put back "
            "the one that was sent."
        )


def _imported_body(
    study: Study, rows: list[AllocationRow], persons: list[str], digest: str, step: str
) -> dict[str, Any]:
    listed = set(persons)
    strata: dict[str, dict[str, Any]] = {}
    for person, site, _, arm, _ in rows:
        control = study.arms[arm].role == CONTROL if arm in study.arms else False
        names = ("controls", "of_controls") if control else ("intervention", "of_intervention")
        counts = strata.setdefault(site, {"site": site, **dict.fromkeys(_COUNTS, 0)})
        counts[names[0]] += person in listed
        counts[names[1]] += 1
    return {
        "scheme": IMPORTED,
        "scheme_version": "1",
        "library": IMPORTED,
        "bit_generator": IMPORTED,
        "step": step,
        "list_sha256": digest,
        "not_allocated": len(listed - {row[0] for row in rows}),
        "strata": [strata[site] for site in sorted(strata)],
        "persons": persons,
    }
