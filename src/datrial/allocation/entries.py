"""What the ledger holds: entries of several kinds, each chained to the one before."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from datrial.errors import DataError

#: The previous hash of the first entry.
GENESIS = "0" * 64

#: Only pseudonyms may enter: what is written here can never be taken out again.
PSEUDONYM = re.compile(r"[a-z]_[0-9a-f]{20}")


class Kind(StrEnum):
    """What an entry says."""

    #: Someone was allocated to an arm.
    ALLOCATION = "allocation"
    #: The study's allocation settings, with its first allocation.
    SETTINGS = "settings"
    #: The settings were changed, and why.
    AMENDMENT = "amendment"
    #: The hash of the seed, before it is used.
    COMMITMENT = "commitment"
    #: The seed behind the commitment, at the end of recruitment.
    REVEAL = "reveal"
    #: A fact of an allocation was wrong: the old value, the new one, and why.
    CORRECTION = "correction"
    #: Someone was treated otherwise than allocated.
    DEVIATION = "deviation"
    #: Arms were made known, to whom and why.
    UNBLINDING = "unblinding"
    #: The people whose police records are asked for.
    POLICE_REQUEST = "police_request"


@dataclass(frozen=True)
class Event:
    """What is to be entered, before the ledger has numbered and chained it.

    Attributes
    ----------
    body
        What the kind has to say: JSON's types, and no value of a person's row
        but what an allocation needs.
    person_id
        The pseudonym of the one person whom it concerns, if it is one.
    """

    kind: Kind
    study: str
    operator: str
    body: Mapping[str, Any]
    person_id: str | None = None


@dataclass(frozen=True)
class Record:
    """An event as the ledger holds it."""

    sequence: int
    event: Event
    recorded_at: str
    previous_hash: str
    hash: str

    @property
    def kind(self) -> Kind:
        """What the entry says."""
        return self.event.kind

    @property
    def body(self) -> Mapping[str, Any]:
        """What the kind has to say."""
        return self.event.body


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
    drawn_within
        The stratum of the draw, where it is not site and meeting.
    position
        His place within the stratum, from 1, where the scheme goes by it.
    candidates_sha256
        The digest (:mod:`datrial.allocation.digests`) of everyone who was in the same draw.
    probabilities
        Arm -> its chance in this draw, where the scheme has one.
    factors
        What else the scheme drew by (a minimisation's factor levels), so that
        the draw can be replayed from the ledger alone.
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
    drawn_within: str | None = None
    position: int | None = None
    candidates_sha256: str | None = None
    probabilities: Mapping[str, float] | None = field(default=None, hash=False)
    factors: Mapping[str, str] | None = field(default=None, hash=False)

    @property
    def stratum(self) -> str:
        """Within which the draw was made: by default site and meeting."""
        return self.drawn_within or f"{self.site}|{self.meeting_date.isoformat()}"

    def event(self) -> Event:
        """Return the allocation as what is entered."""
        day = self.allocated_on
        body = {
            "site": self.site,
            "meeting_date": self.meeting_date.isoformat(),
            "arm": self.arm,
            "stratum": self.stratum,
            "scheme": self.scheme,
            "scheme_version": self.scheme_version,
            "library": self.library,
            "bit_generator": self.bit_generator,
            "list_sha256": self.list_sha256,
            "allocated_on": day.isoformat() if day else None,
            "key_fingerprint": self.key_fingerprint,
            "position": self.position,
            "candidates_sha256": self.candidates_sha256,
            "probabilities": None if self.probabilities is None else dict(self.probabilities),
            "factors": None if self.factors is None else dict(self.factors),
        }
        return Event(Kind.ALLOCATION, self.study, self.operator, body, self.person_id)


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


def allocation_entry(record: Record) -> Entry:
    """Return the record of an allocation with its fields as an allocation has them.

    Raises
    ------
    DataError
        If a day in it is not a date, as only an altered entry has it.
    """
    event, body = record.event, record.event.body
    try:
        meeting_date = dt.date.fromisoformat(body["meeting_date"])
        day = body["allocated_on"]
        allocated_on = None if day is None else dt.date.fromisoformat(day)
    except (KeyError, TypeError, ValueError):  # its message holds the value
        raise DataError(
            f"Entry {record.sequence} of the ledger has a day that is not a date: it was altered. "
            "Put back the last good copy and verify it."
        ) from None
    usual = f"{body['site']}|{body['meeting_date']}"
    allocation = Allocation(
        study=event.study,
        person_id=event.person_id or "",
        site=body["site"],
        meeting_date=meeting_date,
        arm=body["arm"],
        scheme=body["scheme"],
        scheme_version=body["scheme_version"],
        library=body["library"],
        bit_generator=body["bit_generator"],
        operator=event.operator,
        list_sha256=body["list_sha256"],
        allocated_on=allocated_on,
        key_fingerprint=body["key_fingerprint"],
        drawn_within=None if body["stratum"] == usual else body["stratum"],
        position=body.get("position"),
        candidates_sha256=body.get("candidates_sha256"),
        probabilities=body.get("probabilities"),
        factors=body.get("factors"),
    )
    return Entry(record.sequence, allocation, record.recorded_at, record.previous_hash, record.hash)
