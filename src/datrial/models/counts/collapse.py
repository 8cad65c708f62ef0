"""Collapse equal rows and equal groups of a count regression to cells with frequencies.

Rows with the same predictors and exposure have the same expected count, and groups with the same
such rows and the same total the same likelihood: a model of time points and sites has a few
thousand different groups, however many people there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
HashArray = NDArray[np.uint64]

#: Collapse only where it leaves at most this share of the rows: else it is not worth its time.
WORTH = 0.5
_SEED = 20160401


@dataclass(frozen=True)
class Rows:
    """The different rows of a regression.

    Attributes
    ----------
    matrix, offset
        Predictors (m, k) and log exposure (m,) of each different row.
    frequency
        How many rows are like it.
    codes
        The different row of each row (n,).
    """

    matrix: FloatArray
    offset: FloatArray
    frequency: FloatArray
    codes: IntArray


@dataclass(frozen=True)
class Cells:
    """The different groups of a regression.

    Attributes
    ----------
    rows
        Different row of each row of each profile (r,); a profile is what the rows of a group
        are, in any order.
    profiles
        Profile that each of these rows belongs to (r,).
    n_profiles
        Number of profiles.
    profile, total, frequency
        Of each cell (c,): its profile, its total count, and how many groups are like it.
    """

    rows: IntArray
    profiles: IntArray
    n_profiles: int
    profile: IntArray
    total: FloatArray
    frequency: FloatArray


def collapse_rows(matrix: FloatArray, offset: FloatArray) -> Rows:
    """Return the different rows, or all of them where most differ."""
    n, k = matrix.shape
    draws = np.random.default_rng(_SEED).normal(size=k + 1)
    # Column by column, so that equal rows have equal keys to the last digit.
    key = offset * draws[k]
    for column, draw in zip(matrix.T, draws, strict=False):
        key = key + column * draw
    codes, different = pd.factorize(key)
    if len(different) <= WORTH * n:
        codes = np.asarray(codes, dtype=np.int64)
        first = _first(codes, len(different))
        same = np.array_equal(offset[first][codes], offset) and all(
            np.array_equal(column[first][codes], column) for column in matrix.T
        )
        if same:  # the keys of different rows differ
            frequency = np.bincount(codes).astype(np.float64)
            return Rows(np.ascontiguousarray(matrix[first]), offset[first], frequency, codes)
    return Rows(matrix, offset, np.ones(n), np.arange(n))


def collapse_groups(rows: Rows, groups: IntArray, n_groups: int, total: FloatArray) -> Cells:
    """Return the different groups.

    Parameters
    ----------
    groups
        Group of each row (n,), 0..G-1.
    total
        Total count of each group (G,).
    """
    profile, first = _profiles(rows, groups, n_groups)
    chosen = np.zeros(n_groups, dtype=bool)
    chosen[first] = True
    kept = np.flatnonzero(chosen[groups])
    found, totals = pd.factorize(total)
    cell, keys = pd.factorize(profile * len(totals) + found)
    keys = np.asarray(keys, dtype=np.int64)
    return Cells(
        rows=rows.codes[kept],
        profiles=profile[groups[kept]],
        n_profiles=len(first),
        profile=keys // len(totals),
        total=np.asarray(totals)[keys % len(totals)],
        frequency=np.bincount(cell, minlength=len(keys)).astype(np.float64),
    )


def _profiles(rows: Rows, groups: IntArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """Return the profile of each group and the first group of each profile."""
    everyone = np.arange(n_groups)
    if len(rows.frequency) == len(groups):
        return everyone, everyone  # no two rows are alike
    rng = np.random.default_rng(_SEED)
    # A group's key is a sum, whatever the order of its rows, of 64 random bits for each different
    # row; a second key, and the count of rows, prove that groups with equal keys are alike.
    keys = [_sums(rng, rows, groups, n_groups) for _ in range(2)]
    found, different = pd.factorize(keys[0])
    profile = np.asarray(found, dtype=np.int64)
    first = _first(profile, len(different))
    size = np.bincount(groups, minlength=n_groups)
    proofs = (keys[1], size)
    if all(np.array_equal(proof[first][profile], proof) for proof in proofs):
        return profile, first
    return everyone, everyone


def _sums(rng: np.random.Generator, rows: Rows, groups: IntArray, n_groups: int) -> HashArray:
    """Return the sum of random 64-bit numbers of each group's rows, modulo 2^64."""
    draws = rng.integers(0, 2**64, size=len(rows.frequency), dtype=np.uint64)
    sums = np.zeros(n_groups, dtype=np.uint64)
    np.add.at(sums, groups, draws[rows.codes])
    return sums


def _first(codes: IntArray, n: int) -> IntArray:
    """Return where each of the codes 0..n-1 stands first."""
    first = np.empty(n, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first
