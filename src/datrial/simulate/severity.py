"""Abusive behaviours in four levels: a cumulative logit with a person effect.

Case managers and IDVAs write down the same life. Both reports of a perpetrator have his
person effect, and on one occasion what happened moves both: the uniform number from which
a level is drawn is correlated between them. Each report by itself still follows its own
cumulative logit, with its own margins and odds ratios for one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datrial.simulate.randomness import Array, balanced_uniforms, generator

LEVELS = ("none", "standard", "moderate", "high")
BEHAVIOURS = ("physical", "sexual", "harassment_stalking", "jealous_controlling")
#: Occasions on which somebody reports; IDVA exit forms are about the closure's.
OCCASIONS = ("intake", "midpoint", "closure")
#: Correlation of two reports of one occasion, of one person. Nothing is printed of it; with
#: the person effect it makes a moderate agreement (weighted kappa .3 to .5 at intake).
REPORTS_CORRELATION = 0.65


@dataclass(frozen=True)
class TrueSeverity:
    """What there was to report of each perpetrator, in standard normal numbers.

    Attributes
    ----------
    reference
        The perpetrators, in order.
    person
        How severe he is compared with others, always.
    occasion
        Behaviour and occasion -> how much more severe he was just then.
    """

    reference: Array
    person: Array
    occasion: dict[tuple[str, str], Array]

    def of(self, references: Array) -> TrueSeverity:
        """Return the severity of these perpetrators, in their order."""
        place = {reference: row for row, reference in enumerate(self.reference)}
        rows = np.array([place[reference] for reference in references], dtype=int)
        occasion = {key: values[rows] for key, values in self.occasion.items()}
        return TrueSeverity(self.reference[rows], self.person[rows], occasion)

    def heard(self, rng: np.random.Generator, behaviour: str, occasion: str) -> Array:
        """Return how severe a reporter takes an occasion to be: partly as it was."""
        was = self.occasion[behaviour, occasion]
        noise = rng.normal(size=len(was))
        heard: Array = np.sqrt(REPORTS_CORRELATION) * was + np.sqrt(1 - REPORTS_CORRELATION) * noise
        return heard


def true_severity(references: Array, seed: int) -> TrueSeverity:
    """Return what there was to report of each of these perpetrators."""
    rng = generator(seed, "severity")
    n = len(references)
    person = rng.normal(size=n)
    occasion = {
        (behaviour, name): rng.normal(size=n) for behaviour in BEHAVIOURS for name in OCCASIONS
    }
    return TrueSeverity(references, person, occasion)


def cut_points(shares: Sequence[float], predictor: Array) -> Array:
    """Return the cut points at which the average person has these level shares.

    Parameters
    ----------
    shares
        Shares of the levels from none to high, which add up to 1.
    predictor
        Each person's linear predictor at the first time point.
    """
    return np.array([_solve(total, predictor) for total in np.cumsum(shares)[:-1]])


def time_effect(share_none: float, cut: float, predictor: Array) -> float:
    """Return the shift of the linear predictor at which this share has level none."""
    return cut - _solve(share_none, predictor)


def _solve(target: float, predictor: Array) -> float:
    """Return the cut point with average probability ``target`` below it, by halving."""
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        if logistic(middle - predictor).mean() < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def logistic(value: Array) -> Array:
    """Return the logistic function."""
    result: Array = 1 / (1 + np.exp(-value))
    return result


def draw_levels(rng: np.random.Generator, cuts: Array, predictor: Array, heard: Array) -> Array:
    """Return each person's level, the higher the more severe the reporter took it to be."""
    below = logistic(cuts[None, :] - predictor[:, None])
    uniforms = balanced_uniforms(rng, predictor, heard)
    level = (uniforms[:, None] >= below).sum(axis=1)
    levels: Array = np.array(LEVELS, dtype=object)[level]
    return levels
