"""Wilcoxon's signed ranks: the exact test with ties and zeros, and Hodges and Lehmann's estimate.

Zeros are ranked with the others and then dropped (Pratt 1959, JASA 54, 655-667), tied sizes share
the mean of their ranks. Given the sizes, every sign is a fair coin if nothing changed on the
whole: the distribution of the sum is counted, not approximated.
"""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

from datrial.models.two_arms.effects import Effect

FloatArray = NDArray[np.float64]

#: Above this many people the shares of two-sided p-values are normal to every printed digit.
EXACT_UP_TO = 200


def signed_rank_p(changes: FloatArray) -> float:
    """Return the exact two-sided p-value; 1 where nothing changed."""
    from scipy.stats import rankdata

    ranks = rankdata(np.abs(changes))[changes != 0]
    signs = np.sign(changes[changes != 0])
    if not len(ranks):
        return 1.0
    if len(ranks) > EXACT_UP_TO:
        from scipy.special import ndtr

        return float(2 * ndtr(-abs((signs * ranks).sum()) / np.sqrt((ranks**2).sum())))
    doubled = np.rint(2 * ranks).astype(np.int64)  # mean ranks are whole or half
    observed = abs(int((signs * doubled).sum()))
    chances = _coin_sums(doubled)
    sums = 2 * np.arange(len(chances)) - doubled.sum()
    return float(min(chances[np.abs(sums) >= observed].sum(), 1.0))


def hodges_lehmann(changes: FloatArray, level: float) -> Effect:
    """Return the median of the means of all pairs of changes, with the interval of the test.

    The limits are the order statistics that the distribution without ties picks; with ties the
    interval covers with at least the level (Noether 1967). Not numbers with too few people for
    any interval of this level (below six for 95%).
    """
    n = len(changes)
    rows, columns = np.triu_indices(n)
    walsh = np.sort((changes[rows] + changes[columns]) / 2)
    estimate = float(np.median(walsh))
    cumulated = np.cumsum(_coin_sums(np.arange(1, n + 1)))
    # The largest sum whose lower tail is still within a half of what may be missed.
    below = int(np.searchsorted(cumulated, (1 - level) / 2, side="right"))
    if below == 0:
        return Effect(estimate, nan, nan, "signed ranks: too few people for an interval")
    kept = 1 - 2 * float(cumulated[below - 1])
    method = f"signed ranks, exact, at least {100 * kept:.1f}%"
    return Effect(estimate, float(walsh[below - 1]), float(walsh[len(walsh) - below]), method)


def _coin_sums(weights: NDArray[np.int64]) -> FloatArray:
    """Return the chances of each sum of weights whose coins fall heads."""
    chances = np.zeros(int(weights.sum()) + 1)
    chances[0] = 1.0
    for weight in weights.tolist():
        heads = np.zeros_like(chances)
        heads[weight:] = chances[: len(chances) - weight]
        chances = (chances + heads) / 2
    return chances
