"""The clients of one copy of the early intervention trial: who they are, who has which readings."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from datrial.simulate.randomness import Array, assign, generator
from datrial.simulate.services.early_intervention_readings import (
    MIDWAY,
    PAIRED,
    UNPAIRED_COMPLETED,
    UNPAIRED_DROPPED_OUT,
)
from datrial.simulate.services.early_intervention_referrals import (
    AGED,
    CHILD_PROTECTION,
    COMPLETED,
    DROPPED_OUT,
    ETHNICITY,
    ETHNICITY_UNKNOWN,
    PEOPLE,
    REFERRALS,
    SEX,
    Referral,
)

_MOST_CHILDREN = 4
#: Those who closed first, whom the report at 24 weeks compares at entry and exit.
_FIRST_CLOSED = 8


@dataclass(frozen=True)
class People:
    """The 32 people of a copy, person 1 first.

    Attributes
    ----------
    reference
        How the service calls each.
    months
        Age at the first referral.
    facts
        Column of the referral log -> code or number of each person.
    paired, unpaired, midway
        Referrals with abuse grids at intake and exit, at intake alone, and one between.
    scored, scored_once
        Referrals with needs matrices at intake and exit, and at intake alone.
    """

    reference: Array
    months: Array
    facts: dict[str, Array]
    paired: list[Referral]
    unpaired: list[Referral]
    midway: list[Referral]
    scored: list[Referral]
    scored_once: list[Referral]

    def first_referral(self, person: int) -> Referral:
        """Return a person's first referral, at which the age is told."""
        return next(referral for referral in REFERRALS if referral.person == person)


def make_people(references: Array, seed: int, copy: int) -> People:
    """Return the people of one copy, by its own draws."""
    rng = generator(seed, "early intervention", "people", str(copy))
    facts = {
        "sex": assign(rng, SEX),
        "ethnicity": _ethnicity(rng),
        "child_protection": assign(rng, CHILD_PROTECTION),
        "children_count": rng.integers(1, _MOST_CHILDREN + 1, size=PEOPLE).astype(object),
    }
    months = _months(rng)
    return People(references, months, facts, **_readings(rng))


def _months(rng: np.random.Generator) -> Array:
    """Return ages with the printed ends and, as the two in the middle, the printed median."""
    least, median, greatest = AGED
    half = PEOPLE // 2 - 2
    younger = rng.integers(least + 12, median, size=half)
    older = rng.integers(median + 1, greatest - 60, size=half)
    return rng.permutation([least, *younger, median, median, *older, greatest])


def _ethnicity(rng: np.random.Generator) -> Array:
    """Return ethnic groups: not known of people who never engaged only."""
    never = sorted(set(range(1, PEOPLE + 1)) - {each.person for each in REFERRALS if each.engaged})
    unknown = rng.permutation(never)[:ETHNICITY_UNKNOWN] - 1
    ethnicity = np.full(PEOPLE, "dont_know", dtype=object)
    ethnicity[np.setdiff1d(np.arange(PEOPLE), unknown)] = assign(rng, ETHNICITY)
    return ethnicity


def _readings(rng: np.random.Generator) -> dict[str, list[Referral]]:
    """Return which referrals have which readings."""
    completed = sorted(
        (each for each in REFERRALS if each.outcome == COMPLETED), key=lambda each: _closed(each)
    )
    dropped = [each for each in REFERRALS if each.outcome == DROPPED_OUT]
    others = _shuffled(rng, completed[_FIRST_CLOSED:])
    more = PAIRED - _FIRST_CLOSED
    paired = completed[:_FIRST_CLOSED] + others[:more]
    unpaired = others[more : more + UNPAIRED_COMPLETED]
    unpaired += _shuffled(rng, dropped)[:UNPAIRED_DROPPED_OUT]
    long_enough = [each for each in paired if each.weeks > _WEEKS_TO_MIDWAY]
    # One of the paired grids has no needs matrix at exit, and one of the others has.
    return {
        "paired": _shuffled(rng, paired),
        "unpaired": _shuffled(rng, unpaired),
        "midway": _shuffled(rng, long_enough)[:MIDWAY],
        "scored": _shuffled(rng, [*paired[:-1], unpaired[0]]),
        "scored_once": [paired[-1], *unpaired[1:]],
    }


_WEEKS_TO_MIDWAY = 6


def _closed(referral: Referral) -> dt.date:
    return referral.closed_on or dt.date.max


def _shuffled(rng: np.random.Generator, items: list[Any]) -> list[Any]:
    return [items[place] for place in rng.permutation(len(items))]
