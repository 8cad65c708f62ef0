"""The allocation at each meeting, by the project's own lottery, and when support ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import INTERVENTION, CapacityLottery
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser
from datrial.simulate.days import DATA_END, day
from datrial.simulate.people import People
from datrial.simulate.randomness import Array, generator, pick

#: Published: 10.5 months.
MEAN_DURATION_DAYS = 320
SHARE_OVER_13_MONTHS = 0.12
SHORTEST_DURATION_DAYS = 90
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
    """Return each person's arm, drawn by the project's scheme with the study's seed."""
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
    rng = generator(seed, "durations", site.key)
    intervention = np.flatnonzero(arm == INTERVENTION)
    stopped = pick(rng, np.ones(len(intervention)), scale * NOT_COMPLETED[site.key])
    completed = np.isin(np.arange(len(arm)), np.delete(intervention, stopped))
    end = people.index + MEAN_DURATION_DAYS
    end[completed] = people.index[completed] + _durations(rng, people.index[completed])
    start = people.index + rng.integers(0, DAYS_FROM_MEETING_TO_START + 1, size=len(arm))
    start[arm != INTERVENTION] = np.datetime64("NaT")
    return Allocation(arm, start, end, completed)


def _durations(rng: np.random.Generator, index: Array) -> Array:
    """Return durations in days, their mean exactly ``MEAN_DURATION_DAYS``.

    None ends after the data do.
    """
    n = len(index)
    longest = (day(DATA_END) - index).astype(int)
    days = np.round(rng.normal(308, 35, size=n)).astype(int)
    late = pick(rng, np.ones(n), round(SHARE_OVER_13_MONTHS * n))
    days[late] = rng.integers(396, 520, size=len(late))
    days = np.clip(days, SHORTEST_DURATION_DAYS, longest)
    while (missing := MEAN_DURATION_DAYS * n - int(days.sum())) != 0:
        step = int(np.sign(missing))
        can_move = days < longest if step > 0 else days > SHORTEST_DURATION_DAYS
        days[pick(rng, can_move.astype(float), abs(missing))] += step
    durations: Array = days
    return durations
