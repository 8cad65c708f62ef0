"""Hashes of what was allocated, that are the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from datrial.allocation.entries import Allocation, Event, Kind


def candidates_digest(people: Iterable[str]) -> str:
    """Return a SHA-256 of who was in a draw, in whatever order they are given."""
    return hashlib.sha256("\n".join(sorted(people)).encode()).hexdigest()


def allocations_digest(allocations: Iterable[Allocation]) -> str:
    """Return a SHA-256 over what was allocated, whoever recorded it, when and in what order."""
    facts = sorted(
        [
            allocation.person_id,
            allocation.site,
            allocation.meeting_date.isoformat(),
            allocation.arm,
            allocation.scheme,
            allocation.scheme_version,
        ]
        for allocation in allocations
    )
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def study_digest(allocations: Iterable[Allocation], events: Iterable[Event]) -> str:
    """Return a SHA-256 of what was allocated and of what else a snapshot may show.

    With neither deviation, unblinding nor police request it is
    :func:`allocations_digest`, as it was before there were any.
    """
    digest = allocations_digest(allocations)
    shown = (Kind.DEVIATION, Kind.UNBLINDING, Kind.POLICE_REQUEST)
    later = sorted(
        json.dumps([event.kind, event.person_id, dict(event.body)], sort_keys=True)
        for event in events
        if event.kind in shown
    )
    if not later:
        return digest
    return hashlib.sha256(json.dumps([digest, *later]).encode()).hexdigest()
