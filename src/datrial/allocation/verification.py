"""Whether the ledger is as it was written.

What the chain of hashes shows and what it cannot:

- an entry altered, removed or put in between is found and named, unless whoever
  did it also computed every later hash anew;
- entries cut off at the end, and a chain written anew as a whole, look sound by
  themselves. They are found by comparing with a head noted elsewhere, for
  instance in the record of a snapshot: ``verify(expected=...)``.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from datrial.allocation import format_1, rows
from datrial.allocation.entries import GENESIS, Head
from datrial.allocation.ledger_schema import format_of, schema_is_intact
from datrial.errors import UsageError

Row = tuple[Any, ...]


@dataclass(frozen=True)
class VerificationResult:
    """Whether the ledger is as it was written.

    Attributes
    ----------
    valid
        True if every entry is sound, the chain unbroken and the file intact.
    entries
        How many entries from the start are sound.
    first_fault
        The sequence number of the first altered or missing entry, if it is an entry.
    problem
        What is wrong, in words; empty if nothing is.
    """

    valid: bool
    entries: int
    first_fault: int | None = None
    problem: str = ""


def verify_chain(connection: sqlite3.Connection, expected: Head | None) -> VerificationResult:
    """Check every entry, the chain, the triggers and the file of an open ledger.

    Parameters
    ----------
    expected
        A head noted earlier, which must still be in the chain.
    """
    head = Head(0, GENESIS)
    noted = expected in (None, head)
    try:
        for row, row_hash in _rows(connection):
            problem = _problem_of(row, row_hash, head)
            if problem:
                return VerificationResult(False, head.sequence, head.sequence + 1, problem)
            head = Head(row[0], row[-1])
            noted = noted or head == expected
    except sqlite3.DatabaseError:
        problem = "the file cannot be read from here on"
        return VerificationResult(False, head.sequence, head.sequence + 1, problem)
    if expected is not None and not noted:
        return _not_in_chain(expected, head)
    problem = _problem_of_the_file(connection)
    return VerificationResult(not problem, head.sequence, None, problem)


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[Row, Callable[[Row], str]]]:
    """Return the rows of both tables in the chain's order, each with what hashes it."""
    for row in connection.execute(f"{format_1.SELECT} order by sequence"):
        yield row, format_1.row_hash
    if format_of(connection) > 1:
        for row in connection.execute(f"{rows.SELECT} order by sequence"):
            yield row, rows.row_hash


def _problem_of_the_file(connection: sqlite3.Connection) -> str:
    if not schema_is_intact(connection):
        return "the table or the triggers that keep the ledger append only were altered"
    if connection.execute("pragma integrity_check(1)").fetchone() != ("ok",):
        return "SQLite finds the file damaged (integrity check)"
    return ""


def _problem_of(row: Row, row_hash: Callable[[Row], str], before: Head) -> str:
    """Return what is wrong with the entry that should follow ``before``."""
    number = before.sequence + 1
    if row[0] != number:
        return f"entry {number} is missing"
    try:
        sound = row_hash(row) == row[-1]
    except (TypeError, ValueError):
        sound = False
    if not sound:
        return f"entry {number} was altered"
    if row[-2] != before.hash:
        return f"entry {number} does not follow from the one before: one of them was altered"
    return ""


def _not_in_chain(expected: Head, head: Head) -> VerificationResult:
    if head.sequence < expected.sequence:
        missing = head.sequence + 1
        problem = f"entries {missing} to {expected.sequence} were cut off at the end"
        return VerificationResult(False, head.sequence, missing, problem)
    problem = f"the entries up to {expected.sequence} are not those that were noted: written anew"
    return VerificationResult(False, head.sequence, None, problem)


def head_line(head: Head) -> str:
    """Return a head as a line to note elsewhere: ``2594:6815300f...``."""
    return f"{head.sequence}:{head.hash}"


def read_head_line(line: str) -> Head:
    """Return the head that a noted line tells.

    Raises
    ------
    UsageError
        If it is not such a line.
    """
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", line.strip())
    if found is None:
        raise UsageError("A noted head is the entry's number, a colon, and its 64-digit hash.")
    return Head(int(found[1]), found[2])
