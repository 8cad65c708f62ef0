"""Levels of needs on the needs form (report's Table A7.1).

A level is asked where a need was answered with yes or no. A need that is there has
one of four levels (mental health: poor or fair), a need that is not there has none,
or nobody knows its level: the report counts don't know among the noes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, repeat

import numpy as np

from datrial.simulate.randomness import Array, counts_of, generator

#: At midpoint: level of a need that is there, and of one that is not -> how often (Table A7.1).
AT_MIDPOINT: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "housing": (
        {"homeless": 20, "transitory": 18, "unstable": 36, "temporary": 53},
        {"dont_know": 204, "stable": 141},
    ),
    "alcohol_misuse": (
        {"excessive": 19, "high": 39, "moderate": 26, "low": 45},
        {"dont_know": 298, "none": 40},
    ),
    "mental_health": (
        {"poor": 61, "fair": 46},
        {"dont_know": 295, "good": 46, "very_good": 14, "excellent": 5},
    ),
    "drugs_misuse": (
        {"excessive": 14, "high": 35, "moderate": 17, "low": 15},
        {"dont_know": 291, "none": 95},
    ),
}
#: Nothing is printed of the other needs: they are as alcohol and drugs misuse together.
LIKE_OTHERS = ("alcohol_misuse", "drugs_misuse")


def level_shares(need: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return how often each level of a need is printed, of needs that are there and are not."""
    if need in AT_MIDPOINT:
        return AT_MIDPOINT[need]
    first, second = (AT_MIDPOINT[other] for other in LIKE_OTHERS)
    there, absent = (
        {level: counts[level] + more[level] for level in counts}
        for counts, more in zip(first, second, strict=True)
    )
    return there, absent


def levels_of(
    answers: Mapping[str, Array], needs: Sequence[str], seed: int, scale: int
) -> dict[str, Array]:
    """Return time point -> people x needs: the level, or None where nothing was answered.

    Parameters
    ----------
    answers
        Time point -> people x needs: yes, no, dont_know or None.
    """
    levels = {}
    for time_point, given in answers.items():
        result = np.full(given.shape, None, dtype=object)
        for column, need in enumerate(needs):
            rng = generator(seed, "cms", "need levels", time_point, need)
            exact = scale if time_point == "midpoint" and need in AT_MIDPOINT else None
            result[:, column] = _levels(rng, given[:, column], need, exact)
        levels[time_point] = result
    return levels


def _levels(rng: np.random.Generator, answers: Array, need: str, scale: int | None) -> Array:
    """Return the level of each answer; with a scale exactly the printed counts, times it."""
    yes, no = (np.flatnonzero(answers == answer) for answer in ("yes", "no"))
    there, absent = level_shares(need)
    labels: list[str | None]
    if scale is None:
        labels = [*_apportioned(there, len(yes)), *_apportioned(absent, len(no))]
    else:
        labels = _printed(there, absent, len(yes) + len(no), scale)
    result = np.full(len(answers), None, dtype=object)
    for people, given in ((yes, labels[: len(yes)]), (no, labels[len(yes) :])):
        result[rng.permutation(people)] = np.array(given, dtype=object)
    return result


def _apportioned(counts: Mapping[str, int], total: int) -> list[str]:
    numbers = counts_of(list(counts.values()), total)
    return list(chain.from_iterable(map(repeat, counts, numbers.tolist())))


def _printed(
    there: Mapping[str, int], absent: Mapping[str, int], answered: int, scale: int
) -> list[str | None]:
    """Return the printed levels in the order in which those with the need get them.

    The table does not have as many needs that are there as Table A2.1 has yeses. What
    is over on either side falls where it contradicts least: a need too many has no
    level, or one that nobody knows; a level too many is the mildest.
    """
    of_need, of_none = (
        list(chain.from_iterable(repeat(level, scale * n) for level, n in counts.items()))
        for counts in (there, absent)
    )
    unanswered = [None] * max(answered - len(of_need) - len(of_none), 0)
    return [*of_need, *unanswered, *of_none]
