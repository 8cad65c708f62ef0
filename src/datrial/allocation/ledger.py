"""The allocation ledger: who was allocated to which arm, append only and hash-chained.

An allocation is stored once and never computed again. What the chain of hashes shows,
and what it cannot show, stands in :mod:`datrial.allocation.verification`.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from datrial.allocation.entries import (
    COLUMNS,
    GENESIS,
    PSEUDONYM,
    Allocation,
    Entry,
    Head,
    allocations_digest,
    make_row,
    read_row,
)
from datrial.allocation.ledger_file import ledger_errors, open_ledger_file
from datrial.allocation.verification import VerificationResult, verify_chain
from datrial.errors import DataError, LockedError, UsageError

_ALL = f"select {', '.join(COLUMNS)} from entry"  # noqa: S608 (names are ours)
_INSERT = f"insert into entry values ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


class Ledger:
    """The ledger of allocations in one SQLite file.

    Every append is one transaction that is on the disk when it returns; several
    processes may append at once. Use it as a context manager, or close it.

    Parameters
    ----------
    path
        The file; it is made if it is missing, unless ``read_only``.
    read_only
        Open for reading; a missing file is an error and is not made.

    Raises
    ------
    UsageError, DataError
        See :func:`datrial.allocation.ledger_file.open_ledger_file`.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._connection = open_ledger_file(path, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def append(
        self, allocations: Sequence[Allocation], *, expected_head: Head | None = None
    ) -> list[Entry]:
        """Record allocations, all of them or none, in one transaction.

        Parameters
        ----------
        allocations
            In the order in which they are to stand. Someone who stands in the
            ledger already keeps his entry, and none is added.
        expected_head
            The head that the allocations were worked out from.

        Returns
        -------
        list of Entry
            The entry of each allocation, in the same order: the new or the stored one.

        Raises
        ------
        DataError
            If someone stands in the ledger with another arm, if a person id is
            not a pseudonym, or if the study's entries were made with another
            pseudonym key.
        LockedError
            If the ledger has grown since ``expected_head``, or stays locked.
        """
        _check_fit_to_record(allocations)
        with self._transaction() as connection:
            recorded_at = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
            head = self.head()
            if expected_head is not None and head != expected_head:
                raise LockedError(
                    "Another process has recorded allocations in the meantime; nothing was "
                    "recorded by this one. Run it again."
                )
            self._check_one_key(allocations)
            entries, contradicted = [], 0
            for allocation in allocations:
                row = connection.execute(
                    f"{_ALL} where study = ? and person_id = ?",
                    (allocation.study, allocation.person_id),
                ).fetchone()
                if row is None:
                    row = make_row(allocation, head, recorded_at)
                    connection.execute(_INSERT, row)
                    head = Head(head.sequence + 1, str(row[-1]))
                entry = read_row(row)
                contradicted += entry.allocation.arm != allocation.arm
                entries.append(entry)
            if contradicted:
                raise DataError(
                    f"{contradicted} of {len(allocations)} allocations give another arm than the "
                    f"ledger {self.path.name} holds for the same perpetrator; nothing was "
                    "recorded. An allocation is never changed: correct the list."
                )
        return entries

    def entries(self, study: str) -> list[Entry]:
        """Return a study's entries in the order in which they were recorded."""
        with ledger_errors(self.path):
            rows = self._connection.execute(f"{_ALL} where study = ? order by sequence", (study,))
            return [read_row(row) for row in rows]

    def head(self) -> Head:
        """Return the number and hash of the last entry of all studies."""
        with ledger_errors(self.path):
            row = self._connection.execute(
                "select sequence, hash from entry order by sequence desc limit 1"
            ).fetchone()
        return Head(*row) if row else Head(0, GENESIS)

    def digest(self, study: str) -> str:
        """Return a hash of what was allocated in a study.

        It rests on person, site, meeting, arm, scheme and its version, and not
        on who recorded them, when or in what order: the same allocations have
        the same digest on every machine.
        """
        return allocations_digest(entry.allocation for entry in self.entries(study))

    def verify(self, *, expected: Head | None = None) -> VerificationResult:
        """Check every entry, the chain, the triggers and the file.

        Parameters
        ----------
        expected
            A head noted earlier, for instance with a snapshot. It must still be
            in the chain; without it, entries cut off at the end are not seen.
        """
        return verify_chain(self._connection, expected)

    def _check_one_key(self, allocations: Sequence[Allocation]) -> None:
        """Refuse pseudonyms made with another key than those in the ledger."""
        for study in {allocation.study for allocation in allocations}:
            keys = {each.key_fingerprint for each in allocations if each.study == study}
            # One stored entry speaks for all of them, since each passed here.
            stored = self._connection.execute(
                "select key_fingerprint from entry where study = ? limit 1", (study,)
            ).fetchone()
            keys |= set(stored or ())
            if len(keys) > 1:
                raise DataError(
                    f"The ledger {self.path.name} holds study {study} under another pseudonym "
                    "key: everyone would be taken for someone new and be allocated again. Set "
                    "the key with which the study was begun."
                )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with ledger_errors(self.path):
            # IMMEDIATE: take the write lock before reading the head, so that two
            # processes never chain to the same entry.
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise


def _check_fit_to_record(allocations: Sequence[Allocation]) -> None:
    bare = sum(PSEUDONYM.fullmatch(each.person_id) is None for each in allocations)
    if bare:
        raise DataError(
            f"{bare} of {len(allocations)} allocations have a person_id that is not a pseudonym; "
            "nothing was recorded. What enters the ledger can never be taken out: pseudonymise "
            "the references first."
        )
    if any(not each.operator.strip() for each in allocations):
        raise UsageError("An allocation needs an operator: say who records it.")
