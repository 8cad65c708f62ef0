"""What the ledger holds: an allocation, its entry, and the hashes that chain the entries."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from datrial.errors import DataError

#: The previous hash of the first entry.
GENESIS = "0" * 64

#: Only pseudonyms may enter: what is written here can never be taken out again.
PSEUDONYM = re.compile(r"[a-z]_[0-9a-f]{20}")

#: The columns of an entry, in order; each but the last goes into the hash.
COLUMNS = (
    "sequence", "study", "person_id", "site", "meeting_date", "arm", "stratum", "scheme",
    "scheme_version", "library", "bit_generator", "list_sha256", "key_fingerprint",
    "allocated_on", "recorded_at", "operator", "previous_hash", "hash",
)  # fmt: skip


@dataclass(frozen=True)
class Allocation:
    """One perpetrator's allocation, before the ledger has numbered and chained it.

    Attributes
    ----------
    person_id
        The perpetrator's pseudonym; never a reference.
    meeting_date
        The day of the MARAC meeting at which he was allocated: his index date.
    library, bit_generator
        What drew: ``numpy 2.4.6``, ``numpy PCG64``; ``imported`` for a list.
    list_sha256
        The hash of the imported list; none where the study drew by itself.
    allocated_on
        The day of the draw; none for a list, which does not tell it.
    operator
        Who ran the allocation or the import.
    key_fingerprint
        The fingerprint of the pseudonym key, where the caller gives it. One
        study, one fingerprint: under another key everyone would be a stranger
        and be allocated again.
    """

    study: str
    person_id: str
    site: str
    meeting_date: dt.date
    arm: str
    scheme: str
    scheme_version: str
    library: str
    bit_generator: str
    operator: str
    list_sha256: str | None = None
    allocated_on: dt.date | None = None
    key_fingerprint: str | None = None

    @property
    def stratum(self) -> str:
        """Within which the draw was made: site and meeting."""
        return f"{self.site}|{self.meeting_date.isoformat()}"


@dataclass(frozen=True)
class Entry:
    """An allocation as the ledger holds it."""

    sequence: int
    allocation: Allocation
    recorded_at: str
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Head:
    """The last entry's number and hash; 0 and ``GENESIS`` for an empty ledger."""

    sequence: int
    hash: str


def make_row(allocation: Allocation, after: Head, recorded_at: str) -> tuple[object, ...]:
    """Return the ledger's row for an allocation that follows ``after``."""
    day = allocation.allocated_on
    fields = (
        after.sequence + 1, allocation.study, allocation.person_id, allocation.site,
        allocation.meeting_date.isoformat(), allocation.arm, allocation.stratum,
        allocation.scheme, allocation.scheme_version, allocation.library,
        allocation.bit_generator, allocation.list_sha256, allocation.key_fingerprint,
        day.isoformat() if day else None, recorded_at, allocation.operator, after.hash,
    )  # fmt: skip
    return (*fields, row_hash(fields))


def read_row(row: tuple[object, ...]) -> Entry:
    """Return a row of the ledger as an entry.

    Raises
    ------
    DataError
        If a day in it is not a date, as only an altered entry has it.
    """
    field = {name: _text(value) for name, value in zip(COLUMNS, row, strict=True)}
    number = int(field["sequence"] or 0)
    try:
        meeting_date = dt.date.fromisoformat(field["meeting_date"] or "")
        day = field["allocated_on"]
        allocated_on = None if day is None else dt.date.fromisoformat(day)
    except ValueError:  # its message holds the value
        raise DataError(
            f"Entry {number} of the ledger has a day that is not a date: it was altered. "
            "Put back the last good copy and verify it."
        ) from None
    allocation = Allocation(
        study=field["study"] or "",
        person_id=field["person_id"] or "",
        site=field["site"] or "",
        meeting_date=meeting_date,
        arm=field["arm"] or "",
        scheme=field["scheme"] or "",
        scheme_version=field["scheme_version"] or "",
        library=field["library"] or "",
        bit_generator=field["bit_generator"] or "",
        operator=field["operator"] or "",
        list_sha256=field["list_sha256"],
        allocated_on=allocated_on,
        key_fingerprint=field["key_fingerprint"],
    )
    return Entry(
        sequence=number,
        allocation=allocation,
        recorded_at=field["recorded_at"] or "",
        previous_hash=field["previous_hash"] or "",
        hash=field["hash"] or "",
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def row_hash(row: Iterable[object]) -> str:
    """Return the SHA-256 of a row's canonical JSON: every column but ``hash`` itself.

    ``previous_hash`` is one of the columns, so each hash rests on all entries before.

    Raises
    ------
    TypeError
        If a value is neither text, whole number nor none, as only a damaged file has it.
    """
    fields = dict(zip(COLUMNS, row, strict=False))
    fields.pop("hash", None)
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


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
