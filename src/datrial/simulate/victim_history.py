"""What intake forms tell of a victim-survivor's life before (report's Tables 4 and 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from datrial.allocation.schemes import CONTROL, INTERVENTION
from datrial.simulate.randomness import Array, assign, generator

#: Table 4. Its counts of the arms add up to 195 and 605: of one and of five nothing is told.
SEXUAL_ORIENTATION: dict[str, dict[str | None, int]] = {
    INTERVENTION: {"heterosexual": 191, "lesbian_gay_bisexual": 2, "prefer_not_to_say": 2,
                   None: 1},
    CONTROL: {"heterosexual": 585, "lesbian_gay_bisexual": 10, "prefer_not_to_say": 10, None: 5},
}  # fmt: skip
#: Table 4: no, one, two, three or more needs. Its counts add up to 197 (91 without a need)
#: and 609 (243 without one); of all without a need there are 334, as here.
NUMBER_OF_NEEDS: dict[str, tuple[int, ...]] = {
    INTERVENTION: (90, 49, 24, 33),
    CONTROL: (244, 174, 79, 113),
}
#: Need -> how often it is among a person's needs, against the others. Nothing is printed of it.
NEEDS = {
    "need_mental_health": 5.0,
    "need_self_harm": 1.5,
    "need_alcohol_misuse": 2.0,
    "need_drugs_misuse": 1.5,
    "need_financial": 2.5,
}
#: Of three or more needs: how many have three, four and five.
THREE_OR_MORE = (0.6, 0.3, 0.1)
DONT_KNOW = 0.02


@dataclass(frozen=True)
class Times:
    """How often something was done in the 12 months before, by arm.

    Attributes
    ----------
    means
        Arm -> mean. Table 9 prints them rounded; the digits that it does not print are
        such that Student's test gives the printed p-value.
    sd
        In both arms; not printed.
    """

    means: Mapping[str, float]
    sd: float


#: Table 9.
SELF_MOBILISED = {
    "attempts_to_leave": Times({INTERVENTION: 2.70, CONTROL: 2.15}, 2.65),
    "ae_attendances": Times({INTERVENTION: 0.26, CONTROL: 0.30}, 0.75),
    "police_calls": Times({INTERVENTION: 2.20, CONTROL: 2.15}, 3.00),
    "gp_attendances": Times({INTERVENTION: 3.15, CONTROL: 3.00}, 4.13),
    "specialist_support": Times({INTERVENTION: 0.11, CONTROL: 0.19}, 0.53),
}


def history(arms: Array, seed: int, scale: int) -> dict[str, Array]:
    """Return sexual orientation, needs and what was done before, of every intake form.

    Parameters
    ----------
    arms
        The arm of each form.
    """
    n = len(arms)
    columns = {name: np.full(n, None, dtype=object)
               for name in ("sexual_orientation", *NEEDS, *SELF_MOBILISED)}  # fmt: skip
    for arm in (INTERVENTION, CONTROL):
        members = np.flatnonzero(arms == arm)
        rng = generator(seed, "insights", "sexual orientation", arm)
        counts = {code: scale * number for code, number in SEXUAL_ORIENTATION[arm].items()}
        columns["sexual_orientation"][members] = assign(rng, counts)
        rng = generator(seed, "insights", "needs", arm)
        answers = _needs(rng, [scale * number for number in NUMBER_OF_NEEDS[arm]])
        for number, need in enumerate(NEEDS):
            columns[need][members] = answers[:, number]
        for name, times in SELF_MOBILISED.items():
            rng = generator(seed, "insights", name, arm)
            counts_of_times = quantiles(times.means[arm], times.sd, len(members))
            columns[name][members] = rng.permutation(counts_of_times).astype(object)
    return columns


def _needs(rng: np.random.Generator, counts: list[int]) -> Array:
    """Return people x needs as yes, no or dont_know; so many people have 0, 1, 2, 3+ yeses."""
    n = sum(counts)
    number = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    three = number == len(counts) - 1
    number[three] += rng.choice(len(THREE_OR_MORE), p=THREE_OR_MORE, size=int(three.sum()))
    # Without replacement, by weight: the needs whose exponential clocks ring first.
    clocks = rng.exponential(size=(n, len(NEEDS))) / np.array(list(NEEDS.values()))
    place = clocks.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    answers = np.where(rng.random((n, len(NEEDS))) < DONT_KNOW, "dont_know", "no").astype(object)
    answers[place < number[:, None]] = "yes"
    return answers


def quantiles(mean: float, sd: float, n: int) -> Array:
    """Return ``n`` counts, evenly spaced quantiles of a negative binomial, in order.

    So the mean and the standard deviation are the same at every seed. The total is made
    that of the mean by moving the counts next to the middle by one.
    """
    from scipy.stats import nbinom

    size = mean**2 / (sd**2 - mean)
    found = nbinom.ppf((np.arange(n) + 0.5) / n, size, size / (size + mean)).astype(int)
    over = int(found.sum()) - round(mean * n)
    movable = np.flatnonzero(found > 0) if over > 0 else np.arange(n)
    nearest = movable[np.argsort(np.abs(movable - n / 2), kind="stable")][: abs(over)]
    found[nearest] -= np.sign(over)
    return np.sort(found)
