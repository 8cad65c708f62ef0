"""Is a latent class model any good: residual associations, separation, classification.

Everything is computed from a fit; nothing here holds a person's row. Which optima the starts
ended in is `LatentClassResult.local_optima`; empty and identical classes are in its `notes`.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.latent_class.classification import classify
from datrial.models.latent_class.likelihood import posterior_of
from datrial.models.latent_class.result import LatentClassResult

FloatArray = NDArray[np.float64]

#: An item separates two classes if its odds ratio between them lies outside 1/5 to 5
#: (Masyn 2013, Oxford Handbook of Quantitative Methods 2, 551-611).
SEPARATING_ODDS_RATIO = 5.0
MOST_ITEMS_ENUMERATED = 16


def bivariate_residuals(fit: LatentClassResult) -> pd.DataFrame:
    """Return what the classes leave unexplained of the association of each pair of items.

    Vermunt and Magidson (2005), Technical Guide for Latent GOLD 4.0: Pearson's chi-square of
    the observed against the expected 2 x 2 table of the two items, divided by its one degree
    of freedom. Observed are the people who answered both. Expected is the model's table for
    as many people with the class shares of those who answered both, so that answers missing
    at random of the others do no harm. Under the model a residual is near 1 or below;
    it has no exact chi-square distribution (Oberski, van Kollenburg and Vermunt 2013,
    Advances in Data Analysis and Classification 7, 267-279), 4 is the customary flag.

    Returns
    -------
    DataFrame
        One row per pair in the order of the items: `item_a`, `item_b`, `n` (people who
        answered both), `both_observed`, `both_expected` (people with a yes to both),
        `residual` (NaN where nobody answered both).
    """
    patterns = fit.patterns
    r = posterior_of(*_parameters(fit), patterns)
    p = fit.item_probabilities.to_numpy(dtype=np.float64)
    answers = {1: patterns.yes, 0: patterns.no}
    answered = patterns.yes + patterns.no
    rows = []
    for a, b in itertools.combinations(range(p.shape[1]), 2):
        people = patterns.counts * answered[:, a] * answered[:, b]
        of_class = people @ r
        observed, expected = np.zeros((2, 2)), np.zeros((2, 2))
        for x, y in itertools.product((0, 1), repeat=2):
            observed[x, y] = people @ (answers[x][:, a] * answers[y][:, b])
            chance = np.where(x, p[:, a], 1 - p[:, a]) * np.where(y, p[:, b], 1 - p[:, b])
            expected[x, y] = of_class @ chance
        rows.append(
            {
                "item_a": fit.item_probabilities.columns[a],
                "item_b": fit.item_probabilities.columns[b],
                "n": float(people.sum()),
                "both_observed": observed[1, 1],
                "both_expected": expected[1, 1],
                "residual": _pearson(observed, expected),
            }
        )
    return pd.DataFrame(
        rows, columns=["item_a", "item_b", "n", "both_observed", "both_expected", "residual"]
    )


def class_separation(fit: LatentClassResult) -> pd.DataFrame:
    """Return how far apart each pair of classes is.

    Returns
    -------
    DataFrame
        One row per pair: `class_a`, `class_b`; `separating_items`, the number of items whose
        odds ratio between the classes lies outside 1/5 to 5 (Masyn 2013);
        `mean_difference` and `largest_difference` of the item probabilities;
        `total_variation`, the largest difference that the two classes' probabilities of any
        set of answers have: 0 for identical classes, 1 for classes that share no answer
        (NaN above 16 items).
    """
    p = fit.item_probabilities.to_numpy(dtype=np.float64)
    densities = _full_densities(p) if p.shape[1] <= MOST_ITEMS_ENUMERATED else None
    labels = list(fit.item_probabilities.index)
    rows = []
    for a, b in itertools.combinations(range(len(p)), 2):
        difference = np.abs(p[a] - p[b])
        rows.append(
            {
                "class_a": labels[a],
                "class_b": labels[b],
                "separating_items": int(_separates(p[a], p[b]).sum()),
                "mean_difference": float(difference.mean()),
                "largest_difference": float(difference.max()),
                "total_variation": (
                    float("nan")
                    if densities is None
                    else float(np.abs(densities[a] - densities[b]).sum() / 2)
                ),
            }
        )
    return pd.DataFrame(
        rows,
        columns=[
            "class_a", "class_b", "separating_items", "mean_difference", "largest_difference",
            "total_variation",
        ],
    )  # fmt: skip


def classification_table(fit: LatentClassResult) -> pd.DataFrame:
    """Return the average class probabilities of the people assigned to each class.

    Returns
    -------
    DataFrame
        Rows: the most likely class; columns: `n` (people assigned to it) and the classes. The
        diagonal is near 1 for a clear classification; .8 is customary (Nagin 2005). A class
        that is nobody's most likely class has NaN.
    """
    counts, r = fit.patterns.counts, posterior_of(*_parameters(fit), fit.patterns)
    assigned = np.eye(r.shape[1])[r.argmax(axis=1)]
    n = counts @ assigned
    with np.errstate(divide="ignore", invalid="ignore"):
        average = (assigned.T * counts) @ r / n[:, None]
    average[n == 0] = np.nan
    labels = fit.class_sizes.index
    table = pd.DataFrame(average, index=labels.rename("assigned"), columns=list(labels))
    table.insert(0, "n", n)
    return table


def classification_errors(fit: LatentClassResult) -> pd.DataFrame:
    """Return the probability of being assigned to each class, given the true class.

    Bolck, Croon and Hagenaars (2004), Political Analysis 12, 3-27: D[s, t] = P(assigned to t |
    class s), what three-step estimators correct for. Rows sum to 1; an empty class has NaN.
    """
    r = posterior_of(*_parameters(fit), fit.patterns)
    errors = classify(r, fit.patterns.counts).errors
    labels = fit.class_sizes.index
    return pd.DataFrame(errors, index=labels, columns=list(labels))


def _parameters(fit: LatentClassResult) -> tuple[FloatArray, FloatArray]:
    return (
        fit.class_sizes.to_numpy(dtype=np.float64),
        fit.item_probabilities.to_numpy(dtype=np.float64),
    )


def _pearson(observed: FloatArray, expected: FloatArray) -> float:
    """Return Pearson's chi-square; a cell expected to be empty adds nothing if it is."""
    if observed.sum() == 0:
        return float("nan")
    possible = expected > 1e-9
    if (observed[~possible] > 0).any():
        return float("inf")
    return float(((observed - expected)[possible] ** 2 / expected[possible]).sum())


def _separates(one: FloatArray, two: FloatArray) -> NDArray[np.bool_]:
    """Tell which items' odds ratio between two classes lies outside 1/5 to 5."""
    ahead, behind = one * (1 - two), two * (1 - one)
    wide = np.maximum(ahead, behind) > SEPARATING_ODDS_RATIO * np.minimum(ahead, behind)
    return np.asarray(wide & (one != two))


def _full_densities(p: FloatArray) -> FloatArray:
    """Return each class's probability of each of the 2^J full answers, shape (K, 2^J)."""
    density = np.ones((len(p), 1))
    for j in range(p.shape[1]):
        step = np.stack([1 - p[:, j], p[:, j]], axis=1)
        density = (density[:, :, None] * step[:, None, :]).reshape(len(p), -1)
    return density
