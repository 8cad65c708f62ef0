"""Least squares with errors that small and uneven arms do not make too small.

HC2 and HC3 (MacKinnon and White 1985) and their kin for clusters, CR2 and CR3 (Bell and
McCaffrey 2002, Survey Methodology 28, 169-181; Pustejovsky and Tipton 2018, Journal of Business
and Economic Statistics 36, 672-683), with Satterthwaite's degrees of freedom. A person is a
cluster of one: HC2 is CR2. With weights, everything is that of the rows times the root of
their weight, as in R's `estimatr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Errors = Literal["HC2", "HC3"]

#: A row whose leverage is one but for this alone decides a coefficient; its residual is 0.
_CERTAIN = 1e-9


@dataclass(frozen=True)
class LeastSquares:
    """One design fitted to one outcome or several.

    Attributes
    ----------
    matrix, residuals
        Rows of the design (n, k) and residuals (n, m), times the root of the weights.
    coefficients
        Shape (k, m).
    bread
        The inverse of the design's cross product, shape (k, k).
    groups
        Each row's cluster, 0..G-1; None where every row is its own.
    """

    matrix: FloatArray = field(repr=False)
    residuals: FloatArray = field(repr=False)
    coefficients: FloatArray
    bread: FloatArray = field(repr=False)
    groups: IntArray | None = field(repr=False)

    def influence(self, contrast: FloatArray, errors: Errors) -> FloatArray:
        """Return what each row's residual is multiplied by in the error of a contrast, (n,)."""
        power = -0.5 if errors == "HC2" else -1.0
        plain = self.matrix @ (self.bread @ contrast)
        if self.groups is None:
            room = 1 - np.einsum("ij,jk,ik->i", self.matrix, self.bread, self.matrix)
            kept = room > _CERTAIN
            return np.where(kept, plain * np.where(kept, room, 1.0) ** power, 0.0)
        found = np.empty_like(plain)
        for rows in _same_size(self.groups):
            block = self.matrix[rows]
            inside = np.eye(rows.shape[1]) - block @ self.bread @ block.transpose(0, 2, 1)
            values, vectors = np.linalg.eigh(inside)
            kept = values > _CERTAIN
            scaled = np.where(kept, np.where(kept, values, 1.0) ** power, 0.0)
            along = np.einsum("gij,gi->gj", vectors, plain[rows])
            found[rows] = np.einsum("gij,gj->gi", vectors, scaled * along)
        return found

    def covariance(self, contrast: FloatArray, errors: Errors = "HC2") -> FloatArray:
        """Return the covariance of a contrast of the coefficients over the outcomes, (m, m)."""
        scores = self.influence(contrast, errors)[:, None] * self.residuals
        if self.groups is not None:
            scores = _sum_by(self.groups, scores)
        return np.asarray(scores.T @ scores)

    def covariance_of(self, outcome: int = 0, errors: Errors = "HC2") -> FloatArray:
        """Return the covariance of all coefficients of one outcome, shape (k, k)."""
        columns = np.column_stack(
            [self.influence(each, errors) for each in np.eye(len(self.bread))]
        )
        scores = columns * self.residuals[:, [outcome]]
        if self.groups is not None:
            scores = _sum_by(self.groups, scores)
        return np.asarray(scores.T @ scores)

    def degrees_of_freedom(self, contrast: FloatArray, errors: Errors = "HC2") -> float:
        """Return Satterthwaite's degrees of freedom of a contrast's variance.

        Those of a multiple of chi-squared with the same mean and variance, were the (weighted)
        errors alike and independent.
        """
        influence = self.influence(contrast, errors)
        root = np.linalg.cholesky(self.bread)
        through = (self.matrix @ root) * influence[:, None]
        own = influence**2
        if self.groups is not None:
            through = _sum_by(self.groups, through)
            own = _sum_by(self.groups, own[:, None])[:, 0]
        within = (through**2).sum(axis=1)
        mean = (own - within).sum()
        crossed = through.T @ through
        square = ((own - within) ** 2).sum() - (within**2).sum() + (crossed**2).sum()
        return float(mean**2 / square) if square > 0 else float("nan")

    def certain_rows(self) -> int:
        """Count the rows that alone decide a coefficient: their own error cannot be told."""
        leverage = np.einsum("ij,jk,ik->i", self.matrix, self.bread, self.matrix)
        return int((leverage > 1 - _CERTAIN).sum())


def least_squares(
    matrix: FloatArray,
    outcomes: FloatArray,
    weights: FloatArray | None = None,
    groups: IntArray | None = None,
) -> LeastSquares:
    """Fit outcomes (n, m) by a design (n, k) of full rank."""
    if weights is not None:
        root = np.sqrt(weights)[:, None]
        matrix, outcomes = matrix * root, outcomes * root
    bread = np.asarray(np.linalg.inv(matrix.T @ matrix), dtype=np.float64)
    coefficients = np.asarray(np.linalg.lstsq(matrix, outcomes, rcond=None)[0], dtype=np.float64)
    return LeastSquares(matrix, outcomes - matrix @ coefficients, coefficients, bread, groups)


def contrast(fit: LeastSquares, *columns: int) -> FloatArray:
    """Return the contrast that adds up some coefficients."""
    found = np.zeros(len(fit.bread))
    found[list(columns)] = 1
    return found


def first_dependent(matrix: FloatArray, tolerance: float = 1e-9) -> int | None:
    """Return the first column that the columns before it make up, or None."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    gram = (
        matrix.T @ matrix / np.outer(np.where(scale > 0, scale, 1), np.where(scale > 0, scale, 1))
    )
    for j in range(len(gram)):
        if gram[j, j] < tolerance:
            return j
        rest = slice(j + 1, None)
        gram[rest, rest] -= np.outer(gram[rest, j], gram[j, rest]) / gram[j, j]
    return None


def _same_size(groups: IntArray) -> list[IntArray]:
    """Return the rows of all clusters of one size as an array (clusters, size), for each size."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return [
        order[starts[sizes == size][:, None] + np.arange(size)]
        for size in np.unique(sizes).tolist()
    ]


def _sum_by(groups: IntArray, values: FloatArray) -> FloatArray:
    return np.column_stack([np.bincount(groups, column) for column in values.T])
