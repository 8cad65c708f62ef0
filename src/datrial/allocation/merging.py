"""People who were allocated under two references, and whom linkage found to be one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.allocation.reading import AllocationRow

#: Person id, reference, site, meeting date, arm, whether it stands, whether all of the
#: person's allocations have one arm.
MergedRow = tuple[str, str, str, dt.date, str, bool, bool]


@dataclass(frozen=True)
class MergeConflict:
    """One person who was allocated to different arms under different references.

    Attributes
    ----------
    person_id
        The person that linkage made of them.
    stands
        The pseudonym and arm of his first allocation, which stands.
    others
        Those of the later ones, in their order.
    """

    person_id: str
    stands: tuple[str, str]
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Merged:
    """The allocations with one row per person.

    Attributes
    ----------
    allocations
        Everyone's first allocation, under the id that linkage gave him, by
        meeting and person.
    joined
        How many allocations fell away, because the person had an earlier one.
    conflicts
        The people whose allocations gave different arms.
    listed
        Every allocation of whoever has more than one, by person and in their order.
    """

    allocations: list[AllocationRow]
    joined: int
    conflicts: tuple[MergeConflict, ...]
    listed: tuple[MergedRow, ...]


def merge_conflicts(allocations: Iterable[AllocationRow], identity: Mapping[str, str]) -> Merged:
    """Give everyone one allocation: of people whom linkage merged, the first one stands.

    The first is that of the earliest meeting; of two on one day, that of the site
    (and then the pseudonym) that comes first in the order of their keys. The ledger
    keeps all of them.

    Parameters
    ----------
    allocations
        See :func:`datrial.allocation.reading.allocations`.
    identity
        Pseudonym -> the person's id, of references that were merged; who is not
        named is a person by himself.
    """
    of_person: dict[str, list[AllocationRow]] = {}
    for row in first_to_last(allocations):
        of_person.setdefault(identity.get(row[0], row[0]), []).append(row)
    conflicts = tuple(
        MergeConflict(person, (rows[0][0], rows[0][3]), tuple((row[0], row[3]) for row in rows[1:]))
        for person, rows in sorted(of_person.items())
        if len({row[3] for row in rows}) > 1
    )
    different = {conflict.person_id for conflict in conflicts}
    listed = tuple(
        (person, row[0], row[1], row[2], row[3], place == 0, person not in different)
        for person, rows in sorted(of_person.items())
        if len(rows) > 1
        for place, row in enumerate(rows)
    )
    kept = first_to_last((person, *rows[0][1:]) for person, rows in of_person.items())
    joined = sum(map(len, of_person.values())) - len(kept)
    return Merged(kept, joined, conflicts, listed)


def first_to_last(allocations: Iterable[AllocationRow]) -> list[AllocationRow]:
    """Return allocations in the order in which they stand before one another."""
    return sorted(allocations, key=lambda row: (row[2], row[1], row[0]))


def merge_requests(
    requested: Iterable[tuple[str, str]], identity: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return (person id, step) of police requests under the ids that linkage gave, once each."""
    return sorted({(identity.get(reference, reference), step) for reference, step in requested})
