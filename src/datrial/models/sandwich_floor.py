"""Where a cluster sandwich collapses under a penalty, and what stands there in its place.

A penalty keeps estimates finite in empty and sparse cells, but there residuals are near 0 and so
is the sandwich: of an odds ratio that rests on an empty cell its nominal 95% interval holds the
truth in about 85 of 100 trials of this size. The model-based variance does not collapse; alone
it treats a person's answers as independent, which makes errors too small for what differs
between people (85 to 90 of 100) and too large for what changes in a person. So the sandwich
stands, and the model-based variance only where few clusters carry an estimate and it is larger.
tests/numeric/test_cluster_penalty.py simulates all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.design import quoted
from datrial.models.sandwich import FEW_CLUSTERS, sum_by, total_by
from datrial.models.sparse_data import SPARSE_CELL

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Carried:
    """How few clusters carry the effects on one yes-or-no split of the outcome.

    Attributes
    ----------
    sparse
        0/1 columns with fewer than 5 clusters in a cell with the split, shape (k,).
    rare
        Whether fewer than 20 clusters stand on one side of it: then all its effects rest on few.
    """

    sparse: BoolArray
    rare: bool

    @property
    def few(self) -> BoolArray:
        """Which columns rest on few clusters, shape (k,)."""
        return self.sparse | self.rare


def carried_by(matrix: FloatArray, split: BoolArray, codes: IntArray, n_clusters: int) -> Carried:
    """Count the clusters on both sides of a split and in its cells with the 0/1 columns.

    Parameters
    ----------
    matrix
        Predictor columns, shape (n, k); a constant is never sparse.
    split, codes
        Side and cluster number of each row.
    """
    varies = matrix.max(axis=0) > matrix.min(axis=0)
    binary = ((matrix == 0) | (matrix == 1)).all(axis=0) & varies
    smallest, fewest = np.full(matrix.shape[1], np.inf), np.inf
    for side in (split, ~split):
        rows, ones = codes[side], matrix[side][:, binary]
        everyone = total_by(rows, n_clusters, np.ones(len(rows)))
        fewest = min(fewest, int((everyone > 0).sum()))
        if ones.shape[1]:
            with_one = sum_by(rows, n_clusters, ones)
            for cell in (with_one, everyone[:, None] - with_one):
                smallest[binary] = np.minimum(smallest[binary], (cell > 0).sum(axis=0))
    return Carried(smallest < SPARSE_CELL, fewest < FEW_CLUSTERS)


def floored(robust: FloatArray, model_based: FloatArray, few: BoolArray) -> FloatArray:
    """Raise the variances of some estimates to the model-based ones where those are larger.

    What is added keeps the model-based correlation of those estimates: neighbouring cutpoints
    go together almost wholly, and a probability between two of them rests on their difference.
    As the sum of two covariances the matrix stays one.
    """
    raised = robust.copy()
    at = np.flatnonzero(few)
    own = model_based[np.ix_(at, at)]
    short = np.diag(own) - np.diag(robust)[at]
    added = np.sqrt(np.divide(short, np.diag(own), out=np.zeros(len(at)), where=short > 0))
    raised[np.ix_(at, at)] += np.where(np.outer(added, added) > 0, own, 0) * np.outer(added, added)
    # A variance that is not a number makes the sandwich none either.
    unknown = at[np.isnan(short)]
    raised[unknown, unknown] = np.nan
    return raised


def floor_note(labels: Sequence[str], few: BoolArray) -> str:
    """Say of which estimates the variance may be the model-based one; nothing if of none."""
    if not few.any():
        return ""
    named = [label for label, chosen in zip(labels, few, strict=True) if chosen]
    of = "all parameters" if few.all() else quoted(named)
    return (
        f" For {of}, which few clusters carry (fewer than {SPARSE_CELL} in a cell with the "
        f"outcome, fewer than {FEW_CLUSTERS} on a side of it, or no finite estimate without the "
        "penalty) and where the sandwich collapses, the model-based variance stands wherever it "
        "is the larger."
    )
