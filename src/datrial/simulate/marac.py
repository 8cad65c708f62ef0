"""Hearings at MARAC after the index meeting, by arm and period, and the case lists."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.allocation import Allocation
from datrial.simulate.days import PERIODS, age_on, follow_up
from datrial.simulate.people import Hearings, People
from datrial.simulate.randomness import Array, choose, generator, pick, spread

#: Cases heard per perpetrator from this day on, the index case among them (published, site 2).
COUNTED_FROM = np.datetime64("2016-02-01")
MEAN_HEARINGS = {INTERVENTION: 2.7, CONTROL: 3.3}
#: Perpetrators heard again, by period: as published for site 2, controls a little more.
HEARD_AGAIN = {
    INTERVENTION: {"during": 46 / 184, "after_0_6": 15 / 184, "after_6_12": 12 / 184,
                   "after_12": 20 / 184},
    CONTROL: {"during": 0.30, "after_0_6": 0.125, "after_6_12": 0.115, "after_12": 0.17},
}  # fmt: skip
#: Two or more victims over all hearings, and of these the share heard again by period.
SERIAL = {INTERVENTION: 42 / 184, CONTROL: 343 / 1139}
SERIAL_HEARD_AGAIN = {
    INTERVENTION: {"during": 0.50, "after_0_6": 0.17, "after_6_12": 0.10, "after_12": 0.12},
    CONTROL: {"during": 0.35, "after_0_6": 0.16, "after_6_12": 0.15, "after_12": 0.22},
}
#: How the further hearings of a period lean to one period: few are heard often after the end.
BURST = {
    INTERVENTION: {"during": 1.0, "after_0_6": 0.12, "after_6_12": 0.2, "after_12": 0.3},
    CONTROL: {"during": 1.0, "after_0_6": 0.5, "after_6_12": 0.5, "after_12": 0.6},
}
SAME_DAY_SECOND_VICTIM = 0.3
LATER = PERIODS[1:]
REFERRED_BY = {"police": 0.62, "idva": 0.12, "childrens_services": 0.07, "probation": 0.04,
               "health": 0.05, "housing": 0.03, "education": 0.02, "voluntary_sector": 0.03,
               "other": 0.02}  # fmt: skip


def hearings_after_index(
    people: People, allocation: Allocation, earlier: Hearings, seed: int
) -> Hearings:
    """Return the hearings after the index meeting, of both arms of one site."""
    parts = []
    for arm in (INTERVENTION, CONTROL):
        rng = generator(seed, "marac follow-up", people.site.key, arm)
        members = np.flatnonzero(allocation.arm == arm)
        counted = earlier.day >= COUNTED_FROM
        so_far = int(np.isin(earlier.person[counted], members).sum())
        further = round(MEAN_HEARINGS[arm] * len(members)) - so_far
        parts.append(_arm(rng, people, allocation, members, arm, further))
    return Hearings.join(parts)


def _arm(
    rng: np.random.Generator,
    people: People,
    allocation: Allocation,
    members: Array,
    arm: str,
    hearings: int,
) -> Hearings:
    first, last = follow_up(people.index[members], allocation.end[members])
    meetings = people.site.meetings
    starts = np.searchsorted(meetings, first[:, 1:], "left")
    available = np.maximum(np.searchsorted(meetings, last[:, 1:], "right") - starts, 0)
    frailty = np.sqrt(people.frailty[members])
    before = people.serial_before[members]
    heard, new_serial = _who_is_heard_again(rng, available, frailty, before, arm)
    serial = before | new_serial
    slots = np.argwhere(heard)
    who, period = slots[:, 0], slots[:, 1]
    lean = np.array([BURST[arm][name] for name in LATER])[period]
    # Nobody is heard at more than every third meeting.
    room = available[who, period] // 3
    weights = lean * frailty[who] * rng.gamma(2.0, size=len(slots)) + 1e-9
    times = 1 + spread(rng, hearings - len(slots), weights, room)
    persons = np.repeat(members[who], times)
    days = np.concatenate(
        [
            meetings[starts[i, p] + np.sort(rng.choice(available[i, p], size=k, replace=False))]
            for i, p, k in zip(who, period, times, strict=True)
        ]
    )
    victims = _victims(rng, persons, np.repeat(serial[who], times), members[new_serial])
    result = Hearings(persons, days, victims)
    _second_victims_on_the_same_day(rng, result, np.repeat(np.arange(len(slots)), times))
    return result


def _who_is_heard_again(
    rng: np.random.Generator, available: Array, frailty: Array, before: Array, arm: str
) -> tuple[Array, Array]:
    """Return heard (people x periods) and who becomes serial after the index meeting."""
    n = len(before)
    n_serial = round(SERIAL[arm] * n)
    quota = _numbers(HEARD_AGAIN[arm], n)
    serial_quota = np.minimum(_numbers(SERIAL_HEARD_AGAIN[arm], n_serial), quota)
    n_new = max(n_serial - int(before.sum()), 0)
    new = np.zeros(n, dtype=bool)
    new[pick(rng, np.where(before, 0.0, frailty * available.sum(axis=1)), n_new)] = True
    heard = np.zeros(available.shape, dtype=bool)
    # Whoever becomes serial is heard at least once: from the last period, the hardest
    # to be observed in, to the first, which everyone has.
    for period in reversed(range(len(LATER))):
        waiting = new & ~heard.any(axis=1)
        share = round(n_new * serial_quota[period] / serial_quota.sum())
        number = share if period else int(waiting.sum())
        heard[pick(rng, np.where(waiting, available[:, period], 0.0), number), period] = True
    groups = ((before | new, serial_quota), (~(before | new), quota - serial_quota))
    for group, numbers in groups:
        for period, number in enumerate(numbers):
            weights = frailty * available[:, period] * (group & ~heard[:, period])
            already = int(heard[group, period].sum())
            heard[pick(rng, weights, max(number - already, 0)), period] = True
    return heard, new


def _numbers(shares: Mapping[str, float], n: int) -> Array:
    return np.array([round(shares[name] * n) for name in LATER])


def _victims(
    rng: np.random.Generator, persons: Array, serial: Array, must_have_second: Array
) -> Array:
    victims = np.where(serial, rng.choice(3, size=len(persons), p=[0.5, 0.4, 0.1]), 0)
    everyone, first_row = np.unique(persons, return_index=True)
    has_second = np.isin(everyone, persons[victims > 0])
    victims[first_row[np.isin(everyone, must_have_second) & ~has_second]] = 1
    return victims


def _second_victims_on_the_same_day(
    rng: np.random.Generator, hearings: Hearings, slot: Array
) -> None:
    """Move some hearings of another victim to the day of the person's hearing before it.

    Only within a period (``slot``), so that who is heard when stays as drawn.
    """
    for row in range(1, len(hearings.person)):
        pair = slice(row - 1, row + 1)
        if slot[row - 1] != slot[row]:
            continue
        first, second = hearings.victim[pair]
        apart = (hearings.day[row] - hearings.day[row - 1]).astype(int)
        alone = row < 2 or hearings.day[row - 2] != hearings.day[row - 1]
        close = 0 < apart < 120 and alone
        if first != second and close and rng.random() < SAME_DAY_SECOND_VICTIM:
            hearings.day[row] = hearings.day[row - 1]


def case_list(people: People, hearings: Hearings, seed: int) -> dict[str, Array]:
    """Return a site's case list in our columns and codes, in the order of the meetings."""
    rng = generator(seed, "case list", people.site.key)
    order = np.lexsort((rng.random(len(hearings.day)), hearings.day))
    person, days = hearings.person[order], hearings.day[order]
    victim = people.victims[person, hearings.victim[order]]
    n = len(order)
    age = age_on(people.born[person], days).astype(object)
    unknown = rng.random(n) < 0.06
    # Left blank for nobody who would be refused for his age: without it he would be eligible.
    age[unknown & (people.reason[person] != "under_age")] = None
    repeat = _heard_within_a_year(person, victim, days)
    repeat[rng.random(n) < 0.03] = "dont_know"
    return {
        "perpetrator_id": people.reference[person],
        "victim_id": victim,
        "hearing_date": days.astype(object),
        "perpetrator_age": age,
        "referral_agency": choose(rng, REFERRED_BY, n),
        "repeat_case": repeat,
        "children_count": rng.poisson(1.3, size=n).astype(object),
        "date_of_birth": people.born[person].astype(object),
        "person": person,
    }


def _heard_within_a_year(person: Array, victim: Array, days: Array) -> Array:
    seen: dict[tuple[int, str], np.datetime64] = {}
    result = np.full(len(days), "no", dtype=object)
    for row, (who, whom, on) in enumerate(zip(person, victim, days, strict=True)):
        before = seen.get((who, whom))
        if before is not None and on - before <= np.timedelta64(365, "D"):
            result[row] = "yes"
        seen[(who, whom)] = on
    return result
