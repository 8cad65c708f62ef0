"""One binary logit of being above each cut, with the joint covariance of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datrial.models.newton import Maximum, invert_information, maximise
from datrial.models.ordered_logit.checks import few_in_a_cell
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood, level_probabilities
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood
from datrial.models.ordered_logit.separation import find_cumulative_separation
from datrial.models.penalty import LogFPenalty
from datrial.models.sandwich import sum_by

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class CutLogits:
    """Separate logits of C cuts.

    Attributes
    ----------
    coefficients
        Shape (C, k).
    covariance
        Of coefficients and cutpoints of all cuts, cut after cut: (C (k + 1), C (k + 1)).
    tested
        Which of the k columns are estimated well enough to be compared.
    converged
        Whether all of them did.
    """

    coefficients: FloatArray = field(repr=False)
    covariance: FloatArray = field(repr=False)
    tested: BoolArray
    converged: bool

    def positions(self) -> IntArray:
        """Return where the tested coefficients stand in the covariance, by cut."""
        cuts, k = self.coefficients.shape
        return np.asarray(np.arange(cuts)[:, None] * (k + 1) + np.flatnonzero(self.tested))


def fit_cut_logits(
    codes: IntArray,
    matrix: FloatArray,
    weights: FloatArray,
    cuts: tuple[int, ...],
    clusters: tuple[IntArray, int] | None,
) -> CutLogits:
    """Fit the logit of being above each cut.

    Parameters
    ----------
    codes, matrix, weights
        Outcome level, predictor columns and weight (above zero) of each row.
    cuts
        Which cuts, 1..J-1.
    clusters
        Each row's cluster and their number, for the robust joint covariance.
    """
    splits = [(codes >= cut).astype(np.int64) for cut in cuts]
    tested = ~few_in_a_cell(matrix, splits, weights, every=True)
    while True:
        tops = [_fit(split, matrix, weights, ~tested) for split in splits]
        found = np.zeros_like(tested)
        for split, top in zip(splits, tops, strict=True):
            found |= _separating(split, matrix, weights, top)
        if not (found & tested).any():
            break
        tested = tested & ~found
    if clusters is None:
        covariance = _model_based(matrix, weights, tops)
    else:
        covariance = _robust(splits, matrix, weights, tops, *clusters)
    return CutLogits(
        np.array([top.point[:-1] for top in tops]),
        covariance,
        tested,
        all(top.converged for top in tops),
    )


def _fit(split: IntArray, matrix: FloatArray, weights: FloatArray, held: BoolArray) -> Maximum:
    """Maximise one logit, the columns in `held` under a log-F penalty."""
    likelihood = OrderedLogitLikelihood(split, matrix, weights, 2)
    if not held.any():
        return maximise(likelihood.value_gradient_hessian, likelihood.start())
    penalise, at = LogFPenalty(matrix[:, held], weights), np.flatnonzero(held)

    def objective(params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        value, gradient, hessian = likelihood.value_gradient_hessian(params)
        extra, slope, curvature = penalise(params[at])
        gradient[at] += slope
        hessian[at, at] += curvature
        return value + extra, gradient, hessian

    return maximise(objective, likelihood.start())


def _separating(
    split: IntArray, matrix: FloatArray, weights: FloatArray, top: Maximum
) -> BoolArray:
    """Return which columns have no finite estimate in one logit."""
    nothing = np.zeros((len(split), 0))
    likelihood = PartialLikelihood(split, matrix, nothing, weights, 2)
    found = np.zeros(matrix.shape[1], dtype=bool)
    separation = find_cumulative_separation(likelihood, top.point)
    found[[c for c in separation.unbounded if c < matrix.shape[1]]] = True
    return found


def _model_based(matrix: FloatArray, weights: FloatArray, tops: list[Maximum]) -> FloatArray:
    """Return Brant's covariance: cov(Y > c, Y > d) = P(Y > d) (1 - P(Y > c)) for c < d."""
    above = [1 - level_probabilities(top.point, matrix, 2)[0][:, 0] for top in tops]
    columns = np.column_stack([matrix, -np.ones(len(matrix))])
    bread = [invert_information(top.hessian) for top in tops]
    size = columns.shape[1]
    covariance = np.zeros((len(tops) * size,) * 2)
    for c in range(len(tops)):
        for d in range(c, len(tops)):
            shared = weights * above[d] * (1 - above[c])
            block = bread[c] @ ((columns.T * shared) @ columns) @ bread[d]
            one, other = (slice(part * size, (part + 1) * size) for part in (c, d))
            covariance[one, other] = block
            covariance[other, one] = block.T
    return covariance


def _robust(
    splits: list[IntArray],
    matrix: FloatArray,
    weights: FloatArray,
    tops: list[Maximum],
    clusters: IntArray,
    n_clusters: int,
) -> FloatArray:
    """Return G/(G-1) times the sandwich of the stacked logits, scores summed by cluster."""
    parts = []
    for split, top in zip(splits, tops, strict=True):
        likelihood = OrderedLogitLikelihood(split, matrix, weights, 2)
        totals = sum_by(clusters[likelihood.order], n_clusters, likelihood.scores(top.point))
        parts.append(totals @ invert_information(top.hessian))
    influence = np.hstack(parts)
    return np.asarray(n_clusters / (n_clusters - 1) * influence.T @ influence)
