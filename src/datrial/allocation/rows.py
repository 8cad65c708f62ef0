"""How an entry stands in the ledger's table ``record``, and the hash that chains it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from datrial.allocation import format_1
from datrial.allocation.entries import Event, Head, Kind, Record
from datrial.errors import DataError

#: The columns of a record, in order; each but the last goes into the hash.
COLUMNS = (
    "sequence", "kind", "study", "person_id", "operator", "recorded_at", "body",
    "previous_hash", "hash",
)  # fmt: skip

SELECT = f"select {', '.join(COLUMNS)} from record"  # noqa: S608 (names are ours)
INSERT = f"insert into record values ({', '.join('?' * len(COLUMNS))})"  # noqa: S608

Row = tuple[object, ...]


def make_row(event: Event, after: Head, recorded_at: str) -> Row:
    """Return the ledger's row for an event that follows ``after``."""
    fields = (
        after.sequence + 1, str(event.kind), event.study, event.person_id, event.operator,
        recorded_at, _canonical(dict(event.body)), after.hash,
    )  # fmt: skip
    return (*fields, row_hash(fields))


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
    return hashlib.sha256(_canonical(fields).encode()).hexdigest()


def read_row(row: Row) -> Record:
    """Return a row of the table ``record``.

    Raises
    ------
    DataError
        If it has no known kind or its body is not JSON: it was altered, or a
        newer version wrote it.
    """
    found = dict(zip(COLUMNS, row, strict=True))
    try:
        kind, body = Kind(str(found["kind"])), json.loads(str(found["body"]))
        if not isinstance(body, dict):
            raise ValueError
    except ValueError:  # its message holds the value
        raise DataError(
            f"Entry {found['sequence']} of the ledger cannot be read: it was altered, or a newer "
            "version of datrial wrote it. Verify the ledger."
        ) from None
    person = found["person_id"]
    event = Event(
        kind,
        study=str(found["study"]),
        operator=str(found["operator"]),
        body=body,
        person_id=None if person is None else str(person),
    )
    return _record(found, event)


def read_format_1_row(row: Row) -> Record:
    """Return a row of the table ``entry``, which holds allocations only."""
    found = dict(zip(format_1.COLUMNS, row, strict=True))
    event = Event(
        Kind.ALLOCATION,
        study=str(found["study"]),
        operator=str(found["operator"]),
        body={name: found[name] for name in format_1.BODY},
        person_id=str(found["person_id"]),
    )
    return _record(found, event)


def _record(found: dict[str, object], event: Event) -> Record:
    return Record(
        sequence=int(str(found["sequence"])),
        event=event,
        recorded_at=str(found["recorded_at"]),
        previous_hash=str(found["previous_hash"]),
        hash=str(found["hash"]),
    )


def _canonical(content: dict[str, object]) -> str:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
