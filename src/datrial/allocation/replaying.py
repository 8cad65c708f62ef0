"""Whether every allocation follows from the seed: the draws, made once more from the ledger alone.

A list that somebody else randomised cannot be replayed. A draw is replayed under the
settings that stood in the ledger when it was made, by the facts that were recorded with
it (corrections came later and change no draw).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.allocation.commitment import Seed
from datrial.allocation.digests import candidates_digest
from datrial.allocation.entries import Entry, Kind, Record, allocation_entry
from datrial.allocation.schemes import CONTROL, INTERVENTION, CapacityLottery
from datrial.allocation.sequential.chosen import SCHEMES
from datrial.allocation.sequential.replaying import replay_sequential
from datrial.allocation.settings import IMPORTED, Settings, settings_of

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study


@dataclass(frozen=True)
class Part:
    """Allocations of one scheme under one text of settings, in order, and all before them."""

    study: str
    settings: Settings
    entries: Sequence[Entry]
    earlier: Sequence[Entry]


#: A part and the seed -> entry's number -> arm.
Replay = Callable[[Part, int], dict[int, str]]


@dataclass(frozen=True)
class ReplayResult:
    """Which allocations follow from the seed.

    Attributes
    ----------
    drawn
        The allocations that the study drew by itself.
    follow
        Those that came out the same.
    first_fault
        The number of the first entry that did not.
    problem
        What is wrong, in words; empty if nothing is.
    """

    drawn: int
    follow: int
    first_fault: int | None = None
    problem: str = ""

    @property
    def valid(self) -> bool:
        """Return whether every draw came out the same."""
        return not self.problem


def replay(ledger: Ledger, study: Study, seed: Seed) -> ReplayResult:
    """Make every draw of a study once more and compare it with the ledger.

    Parameters
    ----------
    seed
        The revealed or public seed: see
        :func:`datrial.allocation.commitment.revealed_seed`.
    """
    entries: list[Entry] = []
    arms: dict[int, str] = {}
    for part in _parts(ledger.records(study.study), study):
        scheme = part.entries[0].allocation.scheme
        if scheme == IMPORTED:
            continue
        if scheme not in REPLAYS:
            return ReplayResult(
                0, 0, part.entries[0].sequence, "this version cannot replay the entry's scheme"
            )
        entries += part.entries
        arms |= REPLAYS[scheme](part, seed.number)
    faults = sorted(e.sequence for e in entries if arms.get(e.sequence) != e.allocation.arm)
    if not faults:
        return ReplayResult(len(entries), len(entries))
    library = next(e.allocation.library for e in entries if e.sequence == faults[0])
    problem = f"entry {faults[0]}, drawn by {library}, does not follow from the seed"
    return ReplayResult(len(entries), len(entries) - len(faults), faults[0], problem)


def replay_lottery(part: Part, seed: int) -> dict[int, str]:
    """Hold every meeting's lottery again, for as many places as were given."""
    arm_of = {arm["role"]: key for key, arm in part.settings.values["arms"].items()}
    meetings: dict[tuple[str, Any], list[Entry]] = {}
    for entry in part.entries:
        key = (entry.allocation.site, entry.allocation.meeting_date)
        meetings.setdefault(key, []).append(entry)
    scheme = CapacityLottery(seed)
    arms: dict[int, str] = {}
    for (site, day), drawn in meetings.items():
        number = {entry.allocation.person_id: entry.sequence for entry in drawn}
        places = sum(entry.allocation.arm == arm_of[INTERVENTION] for entry in drawn)
        told = {entry.allocation.candidates_sha256 for entry in drawn}
        if not told <= {None, candidates_digest(number)}:
            continue  # not everyone who was in the draw is here
        roles = scheme.draw(site, day, list(number), places)
        arms |= {
            number[person]: arm_of[INTERVENTION if role == INTERVENTION else CONTROL]
            for person, role in roles.items()
        }
    return arms


def replay_sequence(part: Part, seed: int) -> dict[int, str]:
    """Draw one after the other again, each after those who stand before him in the ledger."""
    return replay_sequential(part.entries, part.settings.values, seed, part.earlier)


#: By the scheme's name, as it stands in the entry.
REPLAYS: dict[str, Replay] = {
    CapacityLottery.name: replay_lottery,
    **dict.fromkeys(SCHEMES, replay_sequence),
}


def _parts(records: Sequence[Record], study: Study) -> list[Part]:
    """Return the allocations by scheme and by the settings in force, none of them empty.

    What was allocated before there was a lock is read by the first settings entered,
    or by the study file's.
    """
    locks = [record for record in records if record.kind in (Kind.SETTINGS, Kind.AMENDMENT)]
    settings = _settings(locks[0]) if locks else settings_of(study)
    earlier: list[Entry] = []
    under: dict[str, list[Entry]] = {}
    parts: list[Part] = []

    def close() -> None:
        parts.extend(Part(study.study, settings, own, tuple(earlier)) for own in under.values())
        for own in under.values():
            earlier.extend(own)
        under.clear()

    for record in records:
        if record.kind in (Kind.SETTINGS, Kind.AMENDMENT):
            close()
            settings = _settings(record)
        elif record.kind == Kind.ALLOCATION:
            entry = allocation_entry(record)
            under.setdefault(entry.allocation.scheme, []).append(entry)
    close()
    return parts


def _settings(record: Record) -> Settings:
    return Settings(str(record.body["text"]))
