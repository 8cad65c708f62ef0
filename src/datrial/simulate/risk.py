"""Drive-DASH forms: 20 items at three time points (report's Table A3.2, Figures 22-23)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.simulate.needs import TIME_POINTS
from datrial.simulate.randomness import Array, generator, pick
from datrial.simulate.service_users import ServiceUsers

ITEMS = 20
#: Service users with forms at all three time points, and with at least one usable form.
PEOPLE, PEOPLE_USABLE = 503, 469
#: A form is usable with at most this many answers not known or not applicable.
MOST_NOT_KNOWN = 10
#: Forms with more than that, per cent of 503.
SHARE_UNUSABLE = {"intake": 0.23, "midpoint": 0.14, "closure": 0.12}
MEAN_AT_INTAKE = 8.0
RATE_RATIOS = {
    "midpoint": 0.91, "closure": 0.82, "site_2": 0.95, "site_3": 1.07
}  # fmt: skip
#: Variance of the gamma person effect (mean 1).
ALPHA = 0.13
SHARE_NOT_KNOWN = 0.22
SHARE_NOT_APPLICABLE_AMONG_THESE = 0.35
#: Forms whose recorded total is one more than the items answered yes.
SHARE_ADDED_UP_WRONGLY = 0.01


@dataclass
class RiskForms:
    """Answers, time point -> people x items; people are positions among those who completed."""

    people: Array
    answers: dict[str, Array]
    score: dict[str, Array]
    usable: dict[str, Array]


def risk_forms(users: ServiceUsers, seed: int, scale: int) -> RiskForms:
    """Return the Drive-DASH forms of the service users who have them."""
    rng = generator(seed, "cms", "drive-dash")
    members = users.in_analysis
    people = np.sort(rng.choice(len(members), size=scale * PEOPLE, replace=False))
    site = users.site[members][people]
    effect = _person_effects(rng, site)
    usable = _usable(rng, len(people), scale)
    liking = np.linspace(1.4, -1.4, ITEMS)[rng.permutation(ITEMS)]
    answers, scores = {}, {}
    for time_point in TIME_POINTS:
        mean = MEAN_AT_INTAKE * RATE_RATIOS.get(time_point, 1.0) * effect
        mean = mean * np.array([RATE_RATIOS.get(key, 1.0) for key in site])
        score = _truncated_poisson(rng, mean)
        answers[time_point], scores[time_point] = _answers(rng, score, usable[time_point], liking)
    return RiskForms(people, answers, scores, usable)


def _person_effects(rng: np.random.Generator, site: Array) -> Array:
    """Return gamma effects whose mean is 1 at every site, so that sites differ as stated."""
    effect = rng.gamma(1 / ALPHA, ALPHA, size=len(site))
    for key in np.unique(site):
        effect[site == key] /= effect[site == key].mean()
    return effect


def added_up(answers: Array, seed: int, time_point: str) -> Array:
    """Return the totals that case managers write below the items: some add up wrongly."""
    rng = generator(seed, "drive-dash totals", time_point)
    slips = rng.random(len(answers)) < SHARE_ADDED_UP_WRONGLY
    return np.array([int(n) for n in (answers == "yes").sum(axis=1) + slips], dtype=object)


def _truncated_poisson(rng: np.random.Generator, mean: Array) -> Array:
    score = rng.poisson(mean)
    while (beyond := score > ITEMS).any():
        score[beyond] = rng.poisson(mean[beyond])
    return score


def _usable(rng: np.random.Generator, n: int, scale: int) -> dict[str, Array]:
    """Return which forms are usable; as many people as published have none."""
    never = np.zeros(n, dtype=bool)
    never[pick(rng, np.ones(n), n - scale * PEOPLE_USABLE)] = True
    usable = {}
    unusable_so_far = np.ones(n, dtype=bool)
    for time_point, share in SHARE_UNUSABLE.items():
        further = round(share * n) - int(never.sum())
        # At the last time point only those with a usable form before can lose theirs.
        last = time_point == TIME_POINTS[-1]
        pool = ~never & ~unusable_so_far if last else ~never
        lost = never.copy()
        lost[pick(rng, pool.astype(float), further)] = True
        unusable_so_far &= lost
        usable[time_point] = ~lost
    return usable


def _answers(
    rng: np.random.Generator, score: Array, usable: Array, liking: Array
) -> tuple[Array, Array]:
    """Return answers with this many yes, and the score that the form then has.

    On an unusable form the items not known leave less room for yes.
    """
    n = len(score)
    not_known = np.minimum(rng.binomial(ITEMS, SHARE_NOT_KNOWN, size=n), ITEMS - score)
    not_known = np.minimum(not_known, MOST_NOT_KNOWN)
    many = rng.integers(MOST_NOT_KNOWN + 1, ITEMS + 1, size=n)
    not_known = np.where(usable, not_known, many)
    score = np.minimum(score, ITEMS - not_known)
    # Rank the items person by person: the first are yes, the next not known, the rest no.
    rank = np.argsort(np.argsort(-(liking + rng.gumbel(size=(n, ITEMS))), axis=1), axis=1)
    answers = np.full((n, ITEMS), "no", dtype=object)
    open_items = (rank >= score[:, None]) & (rank < (score + not_known)[:, None])
    answers[rank < score[:, None]] = "yes"
    kind = rng.random((n, ITEMS)) < SHARE_NOT_APPLICABLE_AMONG_THESE
    answers[open_items] = np.where(kind[open_items], "not_applicable", "dont_know")
    return answers, score
