"""Needs of service users at three time points (report's Tables A2.1 and A7.1, Figure 4).

At midpoint the twelve answers are drawn from six latent classes, independent of
each other within a class; intake and closure follow from the midpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.simulate.need_levels import levels_of
from datrial.simulate.randomness import Array, counts_of, generator, is_blank, pick

NEEDS = (
    "housing", "employment", "alcohol_misuse", "relationship_with_children",
    "parenting_capacity", "mental_health", "drugs_misuse", "relationship_with_family",
    "financial", "social_community_ties", "physical_health", "other_addictions",
)  # fmt: skip
TIME_POINTS = ("intake", "midpoint", "closure")
#: Forms present, and of these without any answer (footnotes 6 to 8). Footnote 6 has 34
#: at intake, but 468 of 501 with an answer: 33.
FORMS = {"intake": (501, 33), "midpoint": (499, 12), "closure": (502, 5)}
#: Answered, and per cent yes, need by need (Table A2.1).
ANSWERED = {
    "intake": (456, 435, 447, 452, 436, 447, 448, 433, 437, 435, 435, 460),
    "midpoint": (472, 461, 467, 472, 459, 469, 467, 463, 463, 464, 465, 485),
    "closure": (483, 469, 477, 484, 468, 480, 477, 478, 477, 474, 477, 495),
}
PER_CENT_YES = {
    "intake": (22, 19, 18, 17, 16, 15, 14, 14, 6, 7, 5, 1),
    "midpoint": (27, 27, 28, 18, 18, 23, 17, 18, 16, 14, 11, 2),
    "closure": (24, 31, 29, 15, 17, 23, 16, 16, 17, 12, 12, 2),
}
#: Class sizes of Figure 4. The printed ones add up to .99.
CLASS_SIZES = {
    "no_needs": 0.347,
    "children_and_parenting": 0.100,
    "multiple_children_and_family": 0.080,
    "housing_and_unemployment": 0.090,
    "multiple_alcohol_and_drugs": 0.095,
    "low_needs": 0.288,
}
#: Item probabilities, in the order of NEEDS; those of the class low_needs follow
#: from the published margins (see item_probabilities).
ITEM_PROBABILITIES = {
    "no_needs": (0.0,) * 12,
    "children_and_parenting": (.08, .06, .10, .85, .90, .08, .05, .08, .02, .02, .01, .01),
    "multiple_children_and_family": (.45, .65, .65, .45, .40, .80, .50, .85, .60, .75, .60, .08),
    "housing_and_unemployment": (.85, .80, .10, .04, .04, .08, .06, .08, .12, .06, .03, .01),
    "multiple_alcohol_and_drugs": (.75, .70, .90, .08, .06, .65, .80, .20, .55, .15, .15, .08),
}  # fmt: skip
#: Of those with a need at intake or closure, the share who have it at midpoint too.
PERSISTING = 0.8
DONT_KNOW_AMONG_UNANSWERED = 0.5


@dataclass
class Needs:
    """True classes and needs of those in the analysis, and the answers given.

    Attributes
    ----------
    latent_class
        The true class, by person.
    answers
        Time point -> people x needs: yes, no, dont_know or None.
    levels
        Time point -> people x needs: the level recorded, or None.
    present
        Time point -> positions of the people with a form.
    """

    latent_class: Array
    answers: dict[str, Array]
    levels: dict[str, Array]
    present: dict[str, Array]


def item_probabilities() -> dict[str, tuple[float, ...]]:
    """Return every class's item probabilities, those of low_needs from the margins."""
    others = np.zeros(len(NEEDS))
    for name, items in ITEM_PROBABILITIES.items():
        others += CLASS_SIZES[name] * np.array(items)
    low = (np.array(PER_CENT_YES["midpoint"]) / 100 - others) / CLASS_SIZES["low_needs"]
    return {**ITEM_PROBABILITIES, "low_needs": tuple(float(p) for p in low.round(4))}


def needs_of(n: int, seed: int, scale: int) -> Needs:
    """Return the needs of the ``n`` service users who completed."""
    rng = generator(seed, "cms", "needs")
    any_answer, present = _forms(rng, n, scale)
    latent = np.full(n, "", dtype=object)
    midpoint = np.zeros((n, len(NEEDS)), dtype=bool)
    # Those with answers at midpoint, and the few others, each by the class sizes.
    for group in (any_answer["midpoint"], ~any_answer["midpoint"]):
        members = rng.permutation(np.flatnonzero(group))
        sizes = counts_of(list(CLASS_SIZES.values()), len(members))
        latent[members] = np.repeat(np.array(list(CLASS_SIZES), dtype=object), sizes)
    for name, items in item_probabilities().items():
        members = np.flatnonzero(latent == name)
        for need, probability in enumerate(items):
            yes = _round_at_random(rng, probability * len(members))
            midpoint[rng.permutation(members)[:yes], need] = True
    state = {"midpoint": midpoint}
    for time_point in ("intake", "closure"):
        state[time_point] = _at_another_time(rng, midpoint, latent, time_point)
    answers = {
        time_point: _answers(rng, state[time_point], any_answer[time_point], time_point, scale)
        for time_point in TIME_POINTS
    }
    return Needs(latent, answers, levels_of(answers, NEEDS, seed, scale), present)


def _round_at_random(rng: np.random.Generator, value: float) -> int:
    return int(value) + int(rng.random() < value - int(value))


def _forms(
    rng: np.random.Generator, n: int, scale: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return who has any answer (flags) and who has a form (positions), by time point."""
    hard_to_reach = rng.gamma(0.5, size=n) + 0.02
    any_answer, present = {}, {}
    for time_point, (forms, empty) in FORMS.items():
        absent = pick(rng, np.ones(n), n - scale * forms)
        has_form = ~np.isin(np.arange(n), absent)
        without = pick(rng, hard_to_reach * has_form, scale * empty)
        any_answer[time_point] = has_form & ~np.isin(np.arange(n), without)
        present[time_point] = np.flatnonzero(has_form)
    return any_answer, present


def _at_another_time(
    rng: np.random.Generator, midpoint: Array, latent: Array, time_point: str
) -> Array:
    """Return needs at intake or closure: most of them last, some come and go."""
    n = len(midpoint)
    result = np.zeros_like(midpoint)
    inclined = np.where(latent == "no_needs", 0.15, 1.0)
    for need, per_cent in enumerate(PER_CENT_YES[time_point]):
        wanted = round(per_cent / 100 * n)
        has = midpoint[:, need]
        lasting = min(round(PERSISTING * wanted), int(has.sum()))
        result[pick(rng, has.astype(float), lasting), need] = True
        result[pick(rng, np.where(has, 0.0, inclined), wanted - lasting), need] = True
    return result


def _answers(
    rng: np.random.Generator, state: Array, any_answer: Array, time_point: str, scale: int
) -> Array:
    """Return answers with as many unanswered, and as many yes, as published."""
    n = len(state)
    answers = np.where(state, "yes", "no").astype(object)
    silent = rng.gamma(1.0, size=n) + 0.1
    answers[~any_answer] = None
    for need in reversed(range(len(NEEDS))):
        answered = scale * ANSWERED[time_point][need]
        yes = round(answered * PER_CENT_YES[time_point][need] / 100)
        # Nobody in `any_answer` may end without an answer: whoever did not answer the
        # last need (other addictions, hardly ever left open) answers all the others.
        talks = any_answer & ~is_blank(answers[:, -1])
        pool = any_answer if need == len(NEEDS) - 1 else talks
        for answer, number in (("yes", yes), ("no", answered - yes)):
            rows = answers[:, need] == answer
            surplus = int((rows & any_answer).sum()) - number
            answers[pick(rng, silent * (rows & pool), max(surplus, 0)), need] = None
        _correct(rng, answers, need, any_answer, yes, answered)
    unknown = is_blank(answers) & (rng.random(answers.shape) < DONT_KNOW_AMONG_UNANSWERED)
    answers[unknown] = "dont_know"
    return answers


def _correct(
    rng: np.random.Generator, answers: Array, need: int, any_answer: Array, yes: int, answered: int
) -> None:
    """Move single answers between yes, no and unanswered until the counts are the published."""
    column = answers[:, need]
    for answer, wanted in (("yes", yes), ("no", answered - yes)):
        short = wanted - int((column == answer).sum())
        unanswered = any_answer & is_blank(column)
        column[pick(rng, unanswered.astype(float), max(short, 0))] = answer
