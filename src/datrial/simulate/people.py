"""Perpetrators heard at MARAC: who they are, where, and when first considered.

Everything here lies before the allocation and knows nothing of the arms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.config.study import Study
from datrial.simulate.days import age_on, day, meeting_days
from datrial.simulate.randomness import Array, generator, pick

#: Published numbers of allocated perpetrators, site by site: intervention, control.
ALLOCATED = {"site_1": (169, 490), "site_2": (184, 1139), "site_3": (156, 456)}
#: Of the meetings in the recruitment window, those at which the team was full.
SHARE_OF_FULL_MEETINGS = 0.28
#: Never allocated, as shares of the allocated, by the reason why.
NEVER_ALLOCATED = {"under_age": 0.02, "outside_recruitment": 0.12, "no_places": 0.10}
#: Age at the index meeting: 17 years + gamma, at most 81 (mean 32, SD 13.8 in Table 3).
AGE = {"youngest": 17.0, "oldest": 81.0, "shape": 1.2, "scale": 13.3}
SHARE_OF_MEN = 0.935
#: People differ in how often they come to notice: gamma with mean 1 and this shape.
FRAILTY_SHAPE = 0.55
#: Earlier hearings (at meetings without places) per allocated perpetrator.
EARLIER_HEARINGS = 0.45
#: Two or more victims by the end of the index meeting.
SERIAL_BEFORE_ALLOCATION = 0.13
VICTIMS_KNOWN = 3
REASONS = tuple(NEVER_ALLOCATED)


@dataclass
class Site:
    """One site's meetings: days, and intervention places where in the window."""

    key: str
    number: int
    meetings: Array
    in_window: Array
    places: Array
    heard_first: Array


@dataclass
class People:
    """The perpetrators of one site, one array entry each.

    Attributes
    ----------
    victims
        Three references each, of which the first is the primary victim-survivor.
    index
        The first meeting at which he was eligible (NaT for those never allocated).
    reason
        Why he was never allocated; empty for the allocated.
    closeness
        Where the relationship with the primary victim-survivor lies between
        partner (0) and stranger (1); each agency records it with some noise.
    """

    site: Site
    reference: Array
    victims: Array
    born: Array
    male: Array
    frailty: Array
    index: Array
    reason: Array
    closeness: Array
    serial_before: Array


@dataclass
class Hearings:
    """Cases heard: position of the perpetrator, day, and which of his victims."""

    person: Array
    day: Array
    victim: Array

    @staticmethod
    def join(parts: list[Hearings]) -> Hearings:
        """Return several sets of hearings as one."""
        return Hearings(
            np.concatenate([part.person for part in parts]),
            np.concatenate([part.day for part in parts]),
            np.concatenate([part.victim for part in parts]),
        )


def plan_meetings(study: Study, key: str, number: int, seed: int, scale: int) -> Site:
    """Return a site's meetings with the places and the eligible people of each.

    At a meeting with places there is always at least one more eligible person
    than places, so that both arms can be drawn.
    """
    rng = generator(seed, "meetings", key)
    window = study.sites[key]
    meetings = meeting_days(number)
    inside = (meetings >= day(window.recruitment_start)) & (meetings <= day(window.recruitment_end))
    held = np.flatnonzero(inside)
    full = 1 + pick(rng, np.ones(len(held) - 1), round(SHARE_OF_FULL_MEETINGS * len(held)))
    open_meetings = np.delete(held, full)
    intervention, control = (scale * number for number in ALLOCATED[key])
    n_open = len(open_meetings)
    weights = rng.gamma(12.0, size=n_open)
    heard = 2 + rng.multinomial(intervention + control - 2 * n_open, weights / weights.sum())
    places = 1 + rng.multivariate_hypergeometric(heard - 2, intervention - n_open)
    none = np.zeros(len(meetings), dtype=int)
    site = Site(key, number, meetings, inside, places=none, heard_first=none.copy())
    site.places[open_meetings], site.heard_first[open_meetings] = places, heard
    return site


def make_people(site: Site, seed: int) -> People:
    """Return a site's perpetrators: those to be allocated first, then those never allocated."""
    rng = generator(seed, "people", site.key)
    allocated = int(site.heard_first.sum())
    numbers = [round(share * allocated) for share in NEVER_ALLOCATED.values()]
    n = allocated + sum(numbers)
    index = np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")
    index[:allocated] = np.repeat(site.meetings, site.heard_first)
    serial = np.zeros(n, dtype=bool)
    serial[pick(rng, np.ones(allocated), round(SERIAL_BEFORE_ALLOCATION * allocated))] = True
    people = People(
        site=site,
        reference=draw_references(rng, f"S{site.number}-P", n),
        victims=draw_references(rng, f"S{site.number}-V", n * VICTIMS_KNOWN).reshape(
            n, VICTIMS_KNOWN
        ),
        born=np.full(n, day(site.meetings[0].item())),
        male=rng.random(n) < SHARE_OF_MEN,
        frailty=rng.gamma(FRAILTY_SHAPE, 1 / FRAILTY_SHAPE, size=n),
        index=index,
        reason=np.repeat(np.array(["", *REASONS], dtype=object), [allocated, *numbers]),
        closeness=rng.random(n),
        serial_before=serial,
    )
    first_heard = np.where(np.isnat(index), site.meetings[0], index)
    people.born = first_heard - np.round(_ages(rng, people.reason) * 365.25).astype(int)
    return people


def _ages(rng: np.random.Generator, reason: Array) -> Array:
    ages = np.minimum(
        AGE["youngest"] + 0.1 + rng.gamma(AGE["shape"], AGE["scale"], size=len(reason)),
        AGE["oldest"],
    )
    # Counted from the first meeting of all: still under 16 when heard, up to three years later.
    young: Array = np.where(reason == "under_age", rng.uniform(11.0, 12.5, len(reason)), ages)
    return young


def draw_references(rng: np.random.Generator, prefix: str, n: int) -> Array:
    """Return so many different references: the prefix and a number."""
    numbers = rng.choice(max(900_000, 10 * n), size=n, replace=False, shuffle=True) + 100_000
    return np.array([f"{prefix}{number}" for number in numbers], dtype=object)


def hearings_up_to_index(people: People, seed: int) -> Hearings:
    """Return the index hearings, and earlier ones at meetings that could not allocate."""
    rng = generator(seed, "earlier hearings", people.site.key)
    allocated = np.flatnonzero(~np.isnat(people.index))
    site = people.site
    full = site.meetings[site.in_window & (site.places == 0)]
    before_window = site.meetings[site.meetings < site.meetings[site.in_window][0]]
    could_not = np.concatenate([before_window, full])
    gap = (people.index[allocated][:, None] - could_not[None, :]).astype(int)
    # Hearings come in bursts: the shorter ago, the likelier.
    weights = np.where(gap > 0, np.exp(-gap / 150.0), 0.0)
    weights *= np.sqrt(people.frailty[allocated])[:, None]
    chosen = pick(rng, weights.ravel(), round(EARLIER_HEARINGS * len(allocated)))
    who, when = np.divmod(chosen, len(could_not))
    earlier = Hearings(allocated[who], could_not[when], np.zeros(len(who), dtype=int))
    # A second victim is heard at the latest earlier meeting, or else on the index day itself.
    order = np.lexsort((earlier.day, earlier.person))
    last_of = {int(earlier.person[row]): int(row) for row in order}
    same_day = []
    for person in np.flatnonzero(people.serial_before):
        if int(person) in last_of and rng.random() < 0.6:
            earlier.victim[last_of[int(person)]] = 1
        else:
            same_day.append(person)
    extra = np.array(same_day, dtype=int)
    index = Hearings(allocated, people.index[allocated], np.zeros(len(allocated), dtype=int))
    second = Hearings(extra, people.index[extra], np.ones(len(extra), dtype=int))
    return Hearings.join([earlier, index, second])


def hearings_never_allocated(people: People, seed: int) -> Hearings:
    """Return the hearings of those who are never allocated, each for his one reason."""
    rng = generator(seed, "never allocated", people.site.key)
    site = people.site
    where = {
        "under_age": site.meetings[site.in_window & (site.places > 0)],
        "outside_recruitment": site.meetings[~site.in_window],
        "no_places": site.meetings[site.in_window & (site.places == 0)],
    }
    persons, days = [], []
    for reason, meetings in where.items():
        for number in np.flatnonzero(people.reason == reason):
            times = 1 + int(rng.random() < 0.2)
            persons += [number] * times
            days.append(rng.choice(meetings, size=times, replace=False))
    person = np.array(persons, dtype=int)
    hearings = Hearings(person, np.concatenate(days), np.zeros(len(person), dtype=int))
    young = people.reason[person] == "under_age"
    if (age_on(people.born[person], hearings.day)[young] >= 16).any():
        raise AssertionError("a perpetrator meant to be under age is of age")
    return hearings
