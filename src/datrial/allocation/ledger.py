"""The allocation ledger: who was allocated to which arm, append only and hash-chained.

An allocation is stored once and never computed again. What the chain of hashes shows,
and what it cannot show, stands in :mod:`datrial.allocation.verification`. Besides
allocations it holds what happened to them: see :class:`datrial.allocation.entries.Kind`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from datrial.allocation import rows
from datrial.allocation.corrections import apply_corrections
from datrial.allocation.digests import study_digest
from datrial.allocation.entries import (
    Allocation,
    Entry,
    Event,
    Head,
    Kind,
    Record,
    allocation_entry,
)
from datrial.allocation.entry_checks import check_allocations, check_event
from datrial.allocation.ledger_file import ledger_errors, open_ledger_file
from datrial.allocation.queries import allocation_of, any_allocation, read_head, read_records
from datrial.allocation.rows import make_row, read_row
from datrial.allocation.verification import VerificationResult, verify_chain
from datrial.errors import DataError, LockedError


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
            The head that the allocations were worked out from. Not needed
            within :meth:`batch`, where nobody else can append.

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
        UsageError
            If nobody is named as the operator.
        LockedError
            If the ledger has grown since ``expected_head``, or stays locked.
        """
        check_allocations(allocations)
        with self.batch(), ledger_errors(self.path):
            head = self.head()
            if expected_head is not None and head != expected_head:
                raise LockedError(
                    "Another process has recorded allocations in the meantime; nothing was "
                    "recorded by this one. Run it again."
                )
            self._check_one_key(allocations)
            recorded_at = _now()
            entries, contradicted = [], 0
            for allocation in allocations:
                record = allocation_of(self._connection, allocation.study, allocation.person_id)
                if record is None:
                    record = self._insert(allocation.event(), head, recorded_at)
                    head = Head(record.sequence, record.hash)
                entry = allocation_entry(record)
                contradicted += entry.allocation.arm != allocation.arm
                entries.append(entry)
            if contradicted:
                raise DataError(
                    f"{contradicted} of {len(allocations)} allocations give another arm than the "
                    f"ledger {self.path.name} holds for the same perpetrator; nothing was "
                    "recorded. An allocation is never changed: correct the list."
                )
        return entries

    def record(self, event: Event) -> Record:
        """Enter something other than an allocation, in one transaction.

        Raises
        ------
        ValueError
            If it is an allocation: :meth:`append` takes those.
        DataError
            If it names a person by something that is not a pseudonym.
        UsageError
            If nobody is named as the operator.
        LockedError
            If the ledger stays locked.
        """
        check_event(event)
        with self.batch(), ledger_errors(self.path):
            return self._insert(event, self.head(), _now())

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Hold the ledger: nobody else appends until the block ends; all of it or nothing.

        What is read inside is what the appended rests on. Within another batch
        it belongs to that one, and what it appended is undone by itself if it fails.

        Raises
        ------
        LockedError
            If the ledger stays locked by another process.
        """
        outer = self._connection.in_transaction
        # IMMEDIATE: take the write lock before reading the head, so that two
        # processes never chain to the same entry.
        with ledger_errors(self.path):
            self._connection.execute("savepoint part" if outer else "begin immediate")
        try:
            yield
            with ledger_errors(self.path):
                self._connection.execute("release part" if outer else "commit")
        except BaseException:
            if self._connection.in_transaction:
                if outer:
                    self._connection.execute("rollback to part")
                self._connection.execute("release part" if outer else "rollback")
            raise

    def entries(self, study: str) -> list[Entry]:
        """Return a study's allocations as they were recorded, in that order.

        Corrections are not in them: see :mod:`datrial.allocation.corrections`.
        """
        return [allocation_entry(record) for record in self.records(study, Kind.ALLOCATION)]

    def records(self, study: str | None = None, *kinds: Kind) -> list[Record]:
        """Return what was recorded, in that order.

        Parameters
        ----------
        study
            None for all studies.
        kinds
            Only entries of these kinds; none named means all.
        """
        with ledger_errors(self.path):
            return read_records(self._connection, study, kinds)

    def head(self) -> Head:
        """Return the number and hash of the last entry of all studies."""
        with ledger_errors(self.path):
            return read_head(self._connection)

    def digest(self, study: str) -> str:
        """Return a hash of what was allocated in a study, and of what became of it.

        It rests on person, site, meeting (as corrected), arm, scheme and its
        version, and on deviations, unblindings and police requests; not on who
        recorded them, when or in what order: the same allocations have the same
        digest on every machine.
        """
        records = self.records(study)
        return study_digest(
            [found.current.allocation for found in apply_corrections(records)],
            [record.event for record in records],
        )

    def verify(self, *, expected: Head | None = None) -> VerificationResult:
        """Check every entry, the chain, the triggers and the file.

        Parameters
        ----------
        expected
            A head noted earlier, for instance with a snapshot. It must still be
            in the chain; without it, entries cut off at the end are not seen.
        """
        return verify_chain(self._connection, expected)

    def _insert(self, event: Event, after: Head, recorded_at: str) -> Record:
        row = make_row(event, after, recorded_at)
        self._connection.execute(rows.INSERT, row)
        return read_row(row)

    def _check_one_key(self, allocations: Sequence[Allocation]) -> None:
        """Refuse pseudonyms made with another key than those in the ledger."""
        for study in {allocation.study for allocation in allocations}:
            keys = {each.key_fingerprint for each in allocations if each.study == study}
            # One stored entry speaks for all of them, since each passed here.
            stored = any_allocation(self._connection, study)
            if stored is not None:
                keys.add(stored.body["key_fingerprint"])
            if len(keys) > 1:
                raise DataError(
                    f"The ledger {self.path.name} holds study {study} under another pseudonym "
                    "key: everyone would be taken for someone new and be allocated again. Set "
                    "the key with which the study was begun."
                )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
