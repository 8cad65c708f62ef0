"""The scheme that stands in the ledger, to be drawn again and again over those who were drawn.

For inference from the randomisation itself: what would the arms have been, had the lots
fallen otherwise? Nothing is allocated, and no seed of the study is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datrial.allocation.eligibility import MeetingKey
from datrial.allocation.entries import Entry, Kind
from datrial.allocation.replays.people import ToAllocate
from datrial.allocation.replays.schemes import Replays, replays_of
from datrial.allocation.schemes import CONTROL, INTERVENTION, CapacityLottery
from datrial.allocation.settings import IMPORTED, settings_in_force
from datrial.config.allocation import SITE
from datrial.config.allocation import Allocation as AllocationSettings
from datrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from datrial.allocation.ledger import Ledger
    from datrial.config.study import Study

Arms = NDArray[np.int8]
#: Generator and number of replays -> arms of everybody, shape (replays, people).
Draw = Callable[[np.random.Generator, int], Arms]

#: Drawn at each meeting for as many places as were given, whatever else changed.
_BY_MEETING = {IMPORTED, CapacityLottery.name}


@dataclass(frozen=True)
class RecordedScheme:
    """Who was drawn, within what, by which scheme; and its draw.

    Attributes
    ----------
    scheme
        Its name in the ledger.
    sentence
        What is replayed, in words.
    person_ids, strata, drawn
        Of everybody in the ledger's order: pseudonym, the stratum of the draw, and whether
        he was drawn for the intervention.
    people
        What the scheme goes by.
    study
        The study, with the settings of the draws.
    """

    scheme: str
    sentence: str
    person_ids: tuple[str, ...] = field(repr=False)
    strata: tuple[str, ...] = field(repr=False)
    drawn: tuple[bool, ...] = field(repr=False)
    people: ToAllocate = field(repr=False)
    study: Study = field(repr=False)

    def replay(self, rng: np.random.Generator, n: int) -> Arms:
        """Return n replays of everybody's arm, 1 for the intervention, shape (n, people).

        Every replay is drawn by itself, person by person, all replays at once.
        """
        scheme = replays_of(self.study, self.people, n)
        roles: dict[str, str] = {key: arm.role for key, arm in self.study.arms.items()}
        first = [roles[arm] for arm in scheme.arms].index(INTERVENTION)
        drawn = np.empty((len(self.person_ids), n), dtype=np.int8)
        for person in range(len(drawn)):
            arms = _arms(scheme, person, rng, n)
            scheme.enter(person, arms)
            drawn[person] = arms == first
        return drawn.T

    def over(self, person_ids: Sequence[str]) -> Draw:
        """Return the draw over some people, in the order in which they are given.

        The others are drawn too: a scheme goes by all of them.

        Raises
        ------
        DataError
            If somebody is not in the ledger.
        """
        place = {person: i for i, person in enumerate(self.person_ids)}
        unknown = sum(person not in place for person in person_ids)
        if unknown:
            raise DataError(
                f"{unknown} of {len(person_ids)} people stand in no allocation of study "
                f"{self.study.study}: their arm cannot be drawn again."
            )
        columns = [place[person] for person in person_ids]
        return lambda rng, n: self.replay(rng, n)[:, columns]


def _arms(scheme: Replays, person: int, rng: np.random.Generator, n: int) -> NDArray[Any]:
    ends = scheme.chances(person, rng).cumsum(axis=1)[:, :-1]
    arms: NDArray[Any] = (rng.random(n)[:, None] >= ends).sum(axis=1)
    return arms


def recorded_scheme(ledger: Ledger, study: Study) -> RecordedScheme:
    """Return the scheme by which a study's people were drawn, as the ledger tells it.

    A lottery is held again at every meeting for as many places as were given. An imported
    list does not tell how it was drawn: it is taken for such a lottery, and the sentence says
    so. Facts are those by which the draws were made; corrections came later.

    Raises
    ------
    UsageError
        If nobody was allocated, there are other than two arms, or several schemes or settings
        follow upon each other.
    DataError
        If an entry lacks a factor of the scheme.
    """
    _check_arms(study)
    entries = ledger.entries(study.study)
    if not entries:
        raise UsageError(f"Study {study.study} has allocated nobody: there is nothing to replay.")
    schemes = {entry.allocation.scheme for entry in entries}
    arms = {key for key, arm in study.arms.items() if arm.role == INTERVENTION}
    if schemes <= _BY_MEETING:
        return _by_meeting(entries, study, arms, imported=IMPORTED in schemes)
    amended = len(ledger.records(study.study, Kind.SETTINGS, Kind.AMENDMENT)) > 1
    if len(schemes) > 1 or amended:
        raise UsageError(
            f"Study {study.study} was allocated by several schemes or settings, one after the "
            "other: such draws cannot be replayed as one. Compare within strata instead."
        )
    return _by_sequence(ledger, entries, study, arms)


def _by_meeting(
    entries: Sequence[Entry], study: Study, arms: set[str], *, imported: bool
) -> RecordedScheme:
    meetings = [MeetingKey(e.allocation.site, e.allocation.meeting_date) for e in entries]
    drawn = [entry.allocation.arm in arms for entry in entries]
    places = dict.fromkeys(meetings, 0)
    for meeting, taken in zip(meetings, drawn, strict=True):
        places[meeting] += taken
    sentence = (
        "As many as were at each site and MARAC meeting are drawn for the intervention again, "
        "with equal chances."
    )
    if imported:
        sentence += (
            " The list came from elsewhere and does not tell how it was drawn: that it was so is "
            "taken for granted."
        )
    settings = study.randomisation.model_copy(update={"method": CapacityLottery.name})
    return RecordedScheme(
        scheme=IMPORTED if imported else CapacityLottery.name,
        sentence=sentence,
        person_ids=tuple(entry.allocation.person_id for entry in entries),
        strata=tuple(f"{key.site}|{key.meeting_date.isoformat()}" for key in meetings),
        drawn=tuple(drawn),
        people=ToAllocate(tuple({SITE: key.site} for key in meetings), tuple(meetings), places),
        study=study.model_copy(update={"allocation": settings}),
    )


def _by_sequence(
    ledger: Ledger, entries: Sequence[Entry], study: Study, arms: set[str]
) -> RecordedScheme:
    locked = settings_in_force(ledger, study.study)
    settings = (
        AllocationSettings.model_validate(locked.values["allocation"])
        if locked
        else study.randomisation
    )
    own = [entry.allocation for entry in entries]
    levels = tuple({SITE: each.site, **(each.factors or {})} for each in own)
    missing = sum(not set(settings.factors) <= set(each) for each in levels)
    if missing:
        raise DataError(
            f"{missing} of {len(own)} allocations of study {study.study} do not tell a factor that "
            "the scheme goes by: their draws cannot be replayed."
        )
    name = own[0].scheme.replace("_", " ")
    return RecordedScheme(
        scheme=own[0].scheme,
        sentence=f"Everybody is drawn again in the order of the ledger by the study's {name}.",
        person_ids=tuple(each.person_id for each in own),
        strata=tuple(each.stratum for each in own),
        drawn=tuple(each.arm in arms for each in own),
        people=ToAllocate(levels, tuple(MeetingKey(each.site, each.meeting_date) for each in own)),
        study=study.model_copy(update={"allocation": settings}),
    )


def _check_arms(study: Study) -> None:
    roles = sorted(arm.role for arm in study.arms.values())
    if roles != sorted((INTERVENTION, CONTROL)):
        raise UsageError(
            f"Study {study.study} has {len(roles)} arms: draws are replayed for one arm with the "
            "role intervention and one with the role control."
        )
