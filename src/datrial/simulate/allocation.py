"""The allocation at each meeting, by the project's own lottery, and when support ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import INTERVENTION, CapacityLottery
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser
from datrial.simulate.durations import MEAN_DAYS, Cases, closures
from datrial.simulate.people import People
from datrial.simulate.randomness import Array, generator, pick

DAYS_FROM_MEETING_TO_START = 14
#: Published: 506 of 509 completed, all 184 of site 2 among them.
NOT_COMPLETED = {"site_1": 2, "site_2": 0, "site_3": 1}


@dataclass
class Allocation:
    """Arms and ends of the intervention of one site's people, one array entry each.

    Attributes
    ----------
    arm
        Empty for those never allocated.
    start, end
        First day and end of the intervention. Controls, and service users who
        did not complete, have the index day plus the mean duration as their end.
    completed
        Service users whose case was closed.
    """

    arm: Array
    start: Array
    end: Array
    completed: Array


def allocate(people: People, study_seed: int, seed: int, scale: int) -> Allocation:
    """Return each person's arm, drawn by the project's scheme with the study's seed.

    Nobody's case is closed yet: see :func:`close`.
    """
    pseudonymiser = Pseudonymiser(DEMONSTRATION_KEY)
    lottery = CapacityLottery(study_seed)
    site = people.site
    arm = np.full(len(people.reference), "", dtype=object)
    for meeting in np.flatnonzero(site.heard_first):
        on = site.meetings[meeting]
        members = np.flatnonzero(people.index == on)
        names = [
            pseudonymiser.pseudonym("perpetrator", reference)
            for reference in people.reference[members]
        ]
        drawn = lottery.draw(site.key, on.item(), names, int(site.places[meeting]))
        arm[members] = [drawn[name] for name in names]
    rng = generator(seed, "intervention", site.key)
    intervention = np.flatnonzero(arm == INTERVENTION)
    stopped = pick(rng, np.ones(len(intervention)), scale * NOT_COMPLETED[site.key])
    completed = np.isin(np.arange(len(arm)), np.delete(intervention, stopped))
    start = people.index + rng.integers(0, DAYS_FROM_MEETING_TO_START + 1, size=len(arm))
    start[arm != INTERVENTION] = np.datetime64("NaT")
    return Allocation(arm, start, people.index + MEAN_DAYS, completed)


def close(sites: Sequence[tuple[People, Allocation]], seed: int, scale: int) -> None:
    """Set the end of those who completed: the day on which the case was closed."""
    cases = Cases(
        np.concatenate([people.index[allocated.completed] for people, allocated in sites]),
        np.concatenate([allocated.start[allocated.completed] for _, allocated in sites]),
    )
    closed = closures(cases, seed, scale)
    for _, allocated in sites:
        number = int(allocated.completed.sum())
        allocated.end[allocated.completed], closed = closed[:number], closed[number:]
