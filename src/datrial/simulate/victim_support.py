"""Support that IDVAs mobilised, and how lasting the change is (report's Figures 45 and 47)."""

from __future__ import annotations

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.randomness import Array, choose, counts_of, generator

#: Of 457 exit forms, how many have each support. Of the first four the report prints the
#: per cent (95, 61, 52, 47); of the others nothing: they make up the printed means.
SUPPORTS = {
    "support_safety_planning": 434,
    "support_marac": 279,
    "support_health_wellbeing": 238,
    "support_criminal_court": 215,
    "support_police": 248,
    "support_housing": 198,
    "support_children": 180,
    "support_civil_court": 150,
    "support_finance": 128,
    "support_specialist_service": 116,
}
#: Mean and SD of the number of supports; the forms and the supports of an arm in all.
NUMBER_OF_SUPPORTS = {INTERVENTION: (5.4, 1.7), CONTROL: (4.6, 1.8)}
TOTALS = {INTERVENTION: (104, 562), CONTROL: (353, 1624)}
#: Figure 47: forms with a view of how lasting the change is.
SUSTAINABILITY_KNOWN = {INTERVENTION: 89, CONTROL: 274}
#: Not printed, but that more of the intervention's risk was permanently eliminated.
SUSTAINABILITY = {
    INTERVENTION: {"permanently_eliminated": 0.28, "long_term": 0.27, "medium_term": 0.25,
                   "short_term": 0.20},
    CONTROL: {"permanently_eliminated": 0.16, "long_term": 0.26, "medium_term": 0.30,
              "short_term": 0.28},
}  # fmt: skip
_ROUNDS = 60


def supports(arms: Array, seed: int, scale: int) -> dict[str, Array]:
    """Return every support as yes or no, with exactly the totals by type and by arm.

    Parameters
    ----------
    arms
        The arm of each exit form.
    """
    rng = generator(seed, "insights", "supports")
    numbers = np.zeros(len(arms), dtype=int)
    for arm, (_, total) in TOTALS.items():
        members = np.flatnonzero(arms == arm)
        numbers[members] = rng.permutation(_numbers(arm, len(members), scale * total))
    of_type = scale * np.array(list(SUPPORTS.values()))
    given = _shuffled(rng, _filled(numbers, of_type))
    answers = np.where(given, "yes", "no").astype(object)
    return {name: answers[:, column] for column, name in enumerate(SUPPORTS)}


def _numbers(arm: str, n: int, total: int) -> Array:
    """Return ``n`` numbers of supports with the printed mean and SD, in order."""
    from scipy.stats import norm

    mean, sd = NUMBER_OF_SUPPORTS[arm]
    found = np.rint(norm.ppf((np.arange(n) + 0.5) / n, mean, sd)).astype(int)
    found = np.clip(found, 1, len(SUPPORTS))
    over = int(found.sum()) - total
    middle = np.argsort(np.abs(np.arange(n) - n / 2), kind="stable")[: abs(over)]
    found[middle] -= np.sign(over)
    return np.sort(found)


def _filled(numbers: Array, of_type: Array) -> Array:
    """Return people x types with these sums of rows and columns, if there is such a table.

    Who has most supports chooses first, the types of which most are left (Gale and Ryser).
    """
    given = np.zeros((len(numbers), len(of_type)), dtype=bool)
    left = of_type.copy()
    for person in np.argsort(-numbers, kind="stable"):
        chosen = np.argsort(-left, kind="stable")[: numbers[person]]
        given[person, chosen] = True
        left[chosen] -= 1
    return given


def _shuffled(rng: np.random.Generator, given: Array) -> Array:
    """Return the table after random trades of supports between pairs of people.

    A pair shares out again what only one of the two has, each as many as before: sums of
    rows and columns stay.
    """
    half = len(given) // 2
    for _ in range(_ROUNDS):
        order = rng.permutation(len(given))
        first, second = order[:half], order[half : 2 * half]
        one, other = given[first], given[second]
        only_one = one ^ other
        keys = np.where(only_one, rng.random(only_one.shape), np.inf)
        place = keys.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
        keeps = (one & ~other).sum(axis=1, keepdims=True)
        mine = only_one & (place < keeps)
        given[first] = (one & other) | mine
        given[second] = (one & other) | (only_one & ~mine)
    return given


def sustainability(arms: Array, risk_change: Array, seed: int, scale: int) -> Array:
    """Return the IDVA's view of how lasting the change in risk is.

    Asked of a reduction first; where the forms with one are too few for the printed
    number, the rest are of forms without a known change, then of the others.
    """
    result = np.full(len(arms), None, dtype=object)
    for arm in (INTERVENTION, CONTROL):
        rng = generator(seed, "insights", "sustainability", arm)
        members = rng.permutation(np.flatnonzero(arms == arm))
        rank = np.array([_rank(change) for change in risk_change[members]])
        members = members[np.argsort(rank, kind="stable")]
        known = scale * SUSTAINABILITY_KNOWN[arm]
        shares = SUSTAINABILITY[arm]
        numbers = counts_of(list(shares.values()), known)
        views = np.repeat(np.array(list(shares), dtype=object), numbers)
        result[members[:known]] = rng.permutation(views)
        rest = members[known:]
        result[rest] = choose(rng, {"dont_know": 0.5, "": 0.5}, len(rest))
    result[result == ""] = None
    return result


def _rank(change: str | None) -> int:
    if change is None or change == "dont_know":
        return 1
    return 0 if change.endswith("_reduction") else 2
