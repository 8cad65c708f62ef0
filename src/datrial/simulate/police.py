"""Incidents recorded by the police for the people the evaluation asked about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.allocation import Allocation
from datrial.simulate.days import PERIODS, day, follow_up
from datrial.simulate.people import People
from datrial.simulate.randomness import Array, choose, generator, pick


@dataclass(frozen=True)
class Force:
    """One force's published (site 3: chosen) numbers.

    Attributes
    ----------
    with_record
        People with at least one incident in the evaluation period, by arm.
    incidents
        Incidents in the evaluation period, by arm.
    outside
        Incidents more than six months before the index day.
    domestic_abuse
        Share of incidents in the evaluation period that are domestic abuse.
    crimed
        Share crimed of domestic abuse incidents and of others.
    rate_ratio
        Intervention against control after the index day. With equal rates before
        it, the published totals of both arms imply about this ratio.
    spread
        Exponent of the person's frailty: below 1, people are more alike.
    """

    start: dt.date
    with_record: dict[str, int]
    incidents: dict[str, int]
    outside: int
    domestic_abuse: float
    crimed: tuple[float, float]
    rate_ratio: float
    spread: float


FORCES = {
    "site_1": Force(dt.date(2015, 10, 1), {INTERVENTION: 155, CONTROL: 156},
                    {INTERVENTION: 1116, CONTROL: 1322}, 545, 0.63, (0.64, 0.93), 0.80, 1.0),
    "site_2": Force(dt.date(2015, 8, 1), {INTERVENTION: 149, CONTROL: 173},
                    {INTERVENTION: 2086, CONTROL: 4312}, 610, 2256 / 6398, (0.50, 0.33), 0.36, 1.0),
    "site_3": Force(dt.date(2015, 10, 1), {INTERVENTION: 132, CONTROL: 143},
                    {INTERVENTION: 1056, CONTROL: 1573}, 430, 0.50, (0.55, 0.45), 0.58, 0.9),
}  # fmt: skip
#: The list of people went to the forces when the last of them had been allocated.
REQUESTED_ON = dt.date(2018, 10, 31)
#: Controls' incidents per day relative to the six months before the index day. The
#: intervention arm has the same rate before it, and the force's rate ratio times it after.
CONTROL_RATE = {
    "before": 1.0, "during": 0.85, "after_0_6": 0.75, "after_6_12": 0.70, "after_12": 0.72
}  # fmt: skip
OFFENCES = {
    True: {"violence_with_injury": 0.2, "violence_without_injury": 0.24,
           "harassment_stalking": 0.12, "sexual_offence": 0.03, "criminal_damage": 0.08,
           "breach_of_order": 0.09, "verbal_argument": 0.22, "other": 0.02},
    False: {"violence_with_injury": 0.1, "violence_without_injury": 0.12, "criminal_damage": 0.1,
            "public_order": 0.2, "theft": 0.18, "burglary": 0.07, "drugs": 0.12,
            "sexual_offence": 0.01, "other": 0.1},
}  # fmt: skip
OUTCOMES = {"charged": 0.28, "cautioned": 0.07, "no_further_action": 0.5,
            "community_resolution": 0.05, "under_investigation": 0.04, "other": 0.06}  # fmt: skip


def requested(people: People, allocation: Allocation, seed: int) -> dict[str, Array]:
    """Return whom the police were asked about: the intervention arm and as many controls."""
    rng = generator(seed, "police request", people.site.key)
    intervention = np.flatnonzero(allocation.arm == INTERVENTION)
    controls = np.flatnonzero(allocation.arm == CONTROL)
    sample = np.sort(rng.choice(controls, size=len(intervention), replace=False))
    return {INTERVENTION: intervention, CONTROL: sample}


def incidents(
    people: People, allocation: Allocation, asked: dict[str, Array], seed: int, scale: int
) -> dict[str, Array]:
    """Return a force's incidents in our columns and codes, in the order of their dates."""
    force = FORCES[people.site.key]
    rng = generator(seed, "police", people.site.key)
    inside = [
        _in_evaluation(rng, people, allocation, asked[arm], arm, force, scale)
        for arm in (INTERVENTION, CONTROL)
    ]
    holders = np.unique(np.concatenate([person for person, _ in inside]))
    person, days = (np.concatenate(parts) for parts in zip(*inside, strict=True))
    domestic = _domestic(rng, people, person, round(force.domestic_abuse * len(person)))
    outer, outer_days = _before_evaluation(rng, people, holders, force, scale)
    outer_domestic = rng.random(len(outer)) < force.domestic_abuse
    person, days = np.concatenate([person, outer]), np.concatenate([days, outer_days])
    domestic = np.concatenate([domestic, outer_domestic])
    order = np.lexsort((rng.random(len(days)), days))
    return _records(rng, people, person[order], days[order], domestic[order], force)


def _in_evaluation(
    rng: np.random.Generator,
    people: People,
    allocation: Allocation,
    asked: Array,
    arm: str,
    force: Force,
    scale: int,
) -> tuple[Array, Array]:
    first, last = follow_up(people.index[asked], allocation.end[asked])
    first = np.maximum(first, day(force.start))
    length = np.maximum((last - first).astype(int) + 1, 0)
    rates = np.array([CONTROL_RATE[name] for name in PERIODS])
    if arm == INTERVENTION:
        rates[1:] *= force.rate_ratio
    intensity = (people.frailty[asked] ** force.spread)[:, None] * rates * length
    total = intensity.sum(axis=1) + 1e-12
    # Those with the earliest first incident have a record: the chance that a person
    # has one grows with his intensity.
    holders = pick(rng, total, scale * force.with_record[arm])
    further = scale * force.incidents[arm] - len(holders)
    number = 1 + rng.multinomial(further, total[holders] / total[holders].sum())
    row = np.repeat(holders, number)
    cumulated = np.cumsum(intensity[row] + 1e-12 * (length[row] > 0), axis=1)
    drawn = rng.random(len(row)) * cumulated[:, -1]
    period = (drawn[:, None] >= cumulated).sum(axis=1)
    days = first[row, period] + np.floor(rng.random(len(row)) * length[row, period]).astype(int)
    return asked[row], days


def _before_evaluation(
    rng: np.random.Generator, people: People, holders: Array, force: Force, scale: int
) -> tuple[Array, Array]:
    index = people.index[holders]
    first, _ = follow_up(index, index)
    length = np.maximum((first[:, 0] - day(force.start)).astype(int), 0)
    weights = (people.frailty[holders] + 0.05) * length
    number = rng.multinomial(scale * force.outside, weights / weights.sum())
    row = np.repeat(np.arange(len(holders)), number)
    days = day(force.start) + np.floor(rng.random(len(row)) * length[row]).astype(int)
    return holders[row], days


def _domestic(rng: np.random.Generator, people: People, person: Array, quota: int) -> Array:
    """Return which incidents are domestic abuse; people differ in their share."""
    leaning = rng.gamma(2.0, size=len(people.reference))[person]
    flags = np.zeros(len(person), dtype=bool)
    flags[pick(rng, leaning + 1e-6, quota)] = True
    return flags


def _records(
    rng: np.random.Generator,
    people: People,
    person: Array,
    days: Array,
    domestic: Array,
    force: Force,
) -> dict[str, Array]:
    n = len(person)
    crimed = np.zeros(n, dtype=bool)
    offence = np.empty(n, dtype=object)
    for kind, share in zip((True, False), force.crimed, strict=True):
        rows = domestic == kind
        offence[rows] = choose(rng, OFFENCES[kind], int(rows.sum()))
        may_be = (rows & (offence != "verbal_argument")).astype(float)
        crimed[pick(rng, may_be, round(share * int(rows.sum())))] = True
    outcome = np.where(crimed, choose(rng, OUTCOMES, n), "not_applicable")
    numbers = rng.choice(max(9_000_000, 10 * n), size=n, replace=False) + 1_000_000
    code = people.site.number
    return {
        "incident_id": np.array([f"C{code}/{number}" for number in numbers], dtype=object),
        "perpetrator_id": people.reference[person],
        "incident_date": days.astype(object),
        "offence": offence,
        "domestic_abuse": np.where(domestic, "yes", "no").astype(object),
        "crimed": np.where(crimed, "yes", "no").astype(object),
        "outcome": outcome.astype(object),
        "person": person,
    }
