"""Rows with equal predictors collapsed to one pattern with counts of each outcome level.

A logit's likelihood depends on the rows only through these counts. Twelve yes/no predictors
have at most 4,096 patterns, however many people there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Collapsing is given up once there are more patterns than this share of the rows.
WORTHWHILE = 0.5
#: So many rows are looked at first: a measured predictor shows itself there.
FIRST_LOOK = 1_000


@dataclass(frozen=True)
class Patterns:
    """Distinct predictor rows and what was observed at each.

    Attributes
    ----------
    matrix
        Distinct predictor rows, shape (m, k), in the order of their first appearance.
    counts
        Summed weights at each outcome level, shape (m, J).
    index
        The pattern of each row used, shape (n,).
    """

    matrix: FloatArray
    counts: FloatArray
    index: IntArray


def collapse(matrix: FloatArray, codes: IntArray, weights: FloatArray, n_levels: int) -> Patterns:
    """Return the patterns of the rows; rows that hardly repeat stay as they are."""
    n = len(matrix)
    index, m = _pattern_of(matrix[:FIRST_LOOK])
    if n > FIRST_LOOK:
        index, m = (np.arange(n), n) if m == FIRST_LOOK else _pattern_of(matrix)
    cell = index * n_levels + codes
    counts = np.asarray(np.bincount(cell, weights, m * n_levels), dtype=np.float64)
    if m == len(matrix):
        distinct = matrix
    else:
        first = np.full(m, len(index), dtype=np.int64)
        np.minimum.at(first, index, np.arange(len(index)))
        distinct = np.ascontiguousarray(matrix[first])
    return Patterns(distinct, counts.reshape(m, n_levels), index)


def _pattern_of(matrix: FloatArray) -> tuple[IntArray, int]:
    """Return the pattern number of each row, in order of appearance, and how many there are."""
    n = len(matrix)
    index, m = np.zeros(n, dtype=np.int64), 1
    for column in matrix.T:
        codes, values = pd.factorize(column)
        if len(values) == 1:
            continue
        joined, keys = pd.factorize(index * len(values) + codes)
        index, m = joined.astype(np.int64), len(keys)
        if m > WORTHWHILE * n:
            return np.arange(n), n
    return index, m
