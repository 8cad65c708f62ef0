"""What is read from an open ledger: from the table of format 1, and from that of today."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from datrial.allocation import format_1, rows
from datrial.allocation.entries import GENESIS, Head, Kind, Record
from datrial.allocation.ledger_schema import format_of
from datrial.allocation.rows import read_format_1_row, read_row


def read_records(
    connection: sqlite3.Connection, study: str | None, kinds: Sequence[Kind]
) -> list[Record]:
    """Return what was recorded in a study (none: in all), of some kinds (none: all), in order."""
    conditions, chosen = [], []
    if study is not None:
        conditions, chosen = ["study = ?"], [study]
    found = []
    if not kinds or Kind.ALLOCATION in kinds:
        old = f"{format_1.SELECT}{_where(conditions)} order by sequence"
        found = [read_format_1_row(row) for row in connection.execute(old, chosen)]
    if format_of(connection) > 1:
        if kinds:
            conditions.append(f"kind in ({', '.join('?' * len(kinds))})")
            chosen += [str(kind) for kind in kinds]
        new = f"{rows.SELECT}{_where(conditions)} order by sequence"
        found += [read_row(row) for row in connection.execute(new, chosen)]
    return found


def read_head(connection: sqlite3.Connection) -> Head:
    """Return the number and hash of the last entry."""
    last = "select sequence, hash from {} order by sequence desc limit 1"
    row = None
    if format_of(connection) > 1:
        row = connection.execute(last.format("record")).fetchone()
    row = row or connection.execute(last.format("entry")).fetchone()
    return Head(*row) if row else Head(0, GENESIS)


def allocation_of(connection: sqlite3.Connection, study: str, person_id: str) -> Record | None:
    """Return the entry of someone's allocation in a study, from a ledger of today's format."""
    return _first(connection, "study = ? and person_id = ?", (study, person_id))


def any_allocation(connection: sqlite3.Connection, study: str) -> Record | None:
    """Return one allocation of a study, from a ledger of today's format."""
    return _first(connection, "study = ?", (study,))


def _first(connection: sqlite3.Connection, condition: str, chosen: Sequence[str]) -> Record | None:
    row = connection.execute(
        f"{rows.SELECT} where kind = 'allocation' and {condition} limit 1", chosen
    ).fetchone()
    if row:
        return read_row(row)
    row = connection.execute(f"{format_1.SELECT} where {condition} limit 1", chosen).fetchone()
    return read_format_1_row(row) if row else None


def _where(conditions: Sequence[str]) -> str:
    return f" where {' and '.join(conditions)}" if conditions else ""
