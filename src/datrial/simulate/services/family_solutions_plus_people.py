"""Family Solutions Plus: who the clients are, with the printed shares of each strand.

The report prints shares of "clients" and not how many these are. Here they hold both of everyone
whom a caseload list names and of those who were taken on.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from datrial.simulate.people import draw_references
from datrial.simulate.randomness import Array, assign, counts_of
from datrial.simulate.services.family_solutions_plus_cases import Cases
from datrial.simulate.services.family_solutions_plus_days import nudged
from datrial.simulate.services.family_solutions_plus_margins import Strand

Counts = dict[Any, int]
#: Strand -> of those taken on, of the others. Printed: 98% women, 93% men.
SEX: Final[dict[str, tuple[Counts, Counts]]] = {
    "victim_survivor": ({"female": 141, "male": 3}, {"female": 90, "male": 2}),
    "perpetrator": ({"male": 121, "female": 9}, {"male": 47, "female": 4}),
}
#: Bands by their first age. Printed: 22-29 (18% and 9%), 40-49 (30% and 37.5%); the largest is
#: 30-39. None: not recorded.
AGES: Final[dict[str, tuple[Counts, Counts]]] = {
    "victim_survivor": (
        {18: 5, 22: 26, 30: 58, 40: 43, 50: 12}, {18: 3, 22: 17, 30: 36, 40: 28, 50: 8},
    ),
    "perpetrator": (
        {22: 12, 30: 53, 40: 48, 50: 15, None: 2}, {22: 3, 30: 17, 40: 15, 50: 5, None: 11},
    ),
}  # fmt: skip
LAST_AGE: Final = {18: 21, 22: 29, 30: 39, 40: 49, 50: 64}
MEAN_AGE: Final = {"victim_survivor": 36.0, "perpetrator": 39.0}
#: Printed: 79% and 71% white British (of those known); the other groups are invented.
ETHNICITY: Final[dict[str, tuple[Counts, Counts]]] = {
    "victim_survivor": (
        {"white_british": 109, "white_other": 9, "asian": 8, "black": 5, "mixed": 4, "other": 3,
         None: 6},
        {"white_british": 70, "white_other": 7, "asian": 5, "black": 3, "mixed": 2, "other": 2,
         None: 3},
    ),
    "perpetrator": (
        {"white_british": 89, "white_other": 10, "asian": 9, "black": 7, "mixed": 5, "other": 5,
         None: 5},
        {"white_british": 34, "white_other": 5, "asian": 4, "black": 3, "mixed": 2, None: 3},
    ),
}  # fmt: skip
#: Printed is the order: Banbury, Witney, Bicester of perpetrators; Banbury, Wantage of victims.
AREAS: Final[dict[str, dict[str, float]]] = {
    "victim_survivor": {
        "banbury": 58, "wantage": 37, "oxford": 31, "bicester": 24, "didcot": 20, "witney": 20,
        "abingdon": 18, "kidlington": 12, "other_town": 9,
    },
    "perpetrator": {
        "banbury": 46, "witney": 30, "bicester": 25, "oxford": 21, "didcot": 17, "abingdon": 14,
        "wantage": 11, "kidlington": 7, "other_town": 7,
    },
}  # fmt: skip


def people(rng: np.random.Generator, strand: Strand, cases: Cases) -> dict[str, Array]:
    """Return the clients of the cases, one each, in our columns and codes."""
    n = len(cases.requested)
    taken = ~np.isnat(cases.accepted)
    facts = {
        "sex": _assigned(rng, SEX[strand.key], taken),
        "age": _ages(rng, strand.key, taken),
        "ethnicity": _assigned(rng, ETHNICITY[strand.key], taken),
        "area": np.full(n, None, dtype=object),
    }
    shares = AREAS[strand.key]
    for group in (taken, ~taken):
        counts = counts_of(list(shares.values()), int(group.sum()))
        facts["area"][group] = assign(rng, dict(zip(shares, counts, strict=True)))
    facts["client_id"] = draw_references(rng, strand.prefix, n)
    facts["date_of_birth"] = _born(rng, facts["age"], cases.requested)
    return facts


def _assigned(rng: np.random.Generator, counts: tuple[Counts, Counts], taken: Array) -> Array:
    values = np.full(len(taken), None, dtype=object)
    for group, of_group in zip((taken, ~taken), counts, strict=True):
        values[group] = assign(rng, of_group)
    return values


def _ages(rng: np.random.Generator, strand: str, taken: Array) -> Array:
    """Return completed years whose mean is the printed one, among those known of both groups."""
    bands = _assigned(rng, AGES[strand], taken)
    ages = np.full(len(taken), None, dtype=object)
    known = np.array([band is not None for band in bands])
    for group in (known & taken, known & ~taken):
        least = bands[group].astype(int)
        most = np.array([LAST_AGE[band] for band in least])
        # Ages over 50 thin out.
        drawn = least + ((most - least + 1) * rng.beta(1, 1.4, len(least))).astype(int)
        ages[group] = nudged(rng, drawn, MEAN_AGE[strand], least, most).astype(object)
    return ages


def _born(rng: np.random.Generator, ages: Array, on: Array) -> Array:
    """Return dates of birth that make people so old on a day; of those without an age none."""
    days = rng.integers(5, 355, len(ages))
    return np.array(
        [
            None if age is None else (day - int(age * 365.25) - int(more)).item()
            for age, day, more in zip(ages, on, days, strict=True)
        ],
        dtype=object,
    )
