"""Abusive behaviours in four levels: a cumulative logit with a person effect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datrial.simulate.randomness import Array, balanced_uniforms

LEVELS = ("none", "standard", "moderate", "high")
BEHAVIOURS = ("physical", "sexual", "harassment_stalking", "jealous_controlling")


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


def draw_levels(rng: np.random.Generator, cuts: Array, predictor: Array) -> Array:
    """Return each person's level."""
    below = logistic(cuts[None, :] - predictor[:, None])
    level = (balanced_uniforms(rng, predictor)[:, None] >= below).sum(axis=1)
    levels: Array = np.array(LEVELS, dtype=object)[level]
    return levels
