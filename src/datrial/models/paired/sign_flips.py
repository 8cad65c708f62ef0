"""The sign-flip permutation test of a mean change, and the interval that it implies.

If nothing changed on the whole, each person's change might as well have had the other sign
(Fisher 1935, The Design of Experiments, section 21). Up to 30 people every pattern of signs is
counted, by meeting in the middle: the sums of one half of the people against those of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log10, nan

import numpy as np
from numpy.typing import NDArray

from datrial.models.two_arms.effects import Effect

FloatArray = NDArray[np.float64]

#: With more people than this the signs are drawn.
EXACT_UP_TO = 30

DRAWS, SEED = 19_999, 20_161_101


def sign_flip_p(changes: FloatArray) -> float:
    """Return the two-sided p-value of a mean change of 0; 1 where nothing changed."""
    moved = changes[changes != 0]
    if not len(moved):
        return 1.0
    edge = 1e-9 * float(np.abs(moved).sum())
    observed = abs(float(moved.sum())) - edge
    if len(moved) <= EXACT_UP_TO:
        # A pattern's sum is the total less twice the flipped ones: small subsets are extreme.
        small = _subsets_up_to(np.abs(moved), (float(np.abs(moved).sum()) - observed) / 2)
        return min(1.0, 2 * small / 2.0 ** len(moved))
    rng = np.random.default_rng(SEED)
    signs = rng.choice((-1.0, 1.0), size=(DRAWS, len(moved)))
    return float((1 + (np.abs(signs @ moved) >= observed).sum()) / (1 + DRAWS))


def sign_flip_interval(changes: FloatArray, level: float) -> Effect:
    """Return the mean change with the shifts that the sign-flip test does not reject.

    The limits are means of subsets of the changes (Hartigan 1969, JASA 64, 1303-1317). Not
    numbers with too few people for any interval of this level, or too many to count (above 30).
    """
    mean, n = float(changes.mean()), len(changes)
    tail = (1 - level) / 2
    if 2.0**-n > tail or n > EXACT_UP_TO:
        few = "too few people for an interval" if n <= EXACT_UP_TO else "not counted above 30"
        return Effect(mean, nan, nan, f"sign flips: {few}")
    low = _first_passing(lambda at: _share_not_above(changes - at) > tail, changes)
    high = -_first_passing(lambda at: _share_not_above(-changes - at) > tail, -changes)
    return Effect(mean, low, high, "sign flips, every pattern")


def _share_not_above(shifted: FloatArray) -> float:
    """Return the share of subsets, the empty one with them, whose sum is 0 or less."""
    edge = 1e-12 * max(float(np.abs(shifted).sum()), 1e-300)
    return _subsets_up_to(shifted, edge) / 2.0 ** len(shifted)


def _first_passing(passes: Callable[[float], bool], changes: FloatArray) -> float:
    """Return the least shift that passes, between the least and the greatest change."""
    low, high = float(changes.min()), float(changes.max())
    if passes(low):
        return low
    wide = high - low
    while high - low > 1e-12 * wide:
        middle = (low + high) / 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    # A mean of whole points is met exactly: a limit just beyond it would leave it out.
    return round(high, 10 - ceil(log10(wide)))


def _subsets_up_to(values: FloatArray, most: float) -> int:
    """Return how many subsets sum to `most` or less."""
    half = len(values) // 2
    one, two = np.sort(_sums(values[:half])), np.sort(_sums(values[half:]))
    return int(np.searchsorted(one, most - two, side="right").sum())


def _sums(values: FloatArray) -> FloatArray:
    sums = np.zeros(1)
    for value in values.tolist():
        sums = np.concatenate([sums, sums + value])
    return sums
