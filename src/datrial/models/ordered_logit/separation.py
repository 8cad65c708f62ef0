"""Separation of an ordered outcome by its predictors, decided by linear programming.

Along a direction d of the coefficients and cutpoints every row's own level becomes no less
likely if the cutpoint above it rises at least as fast as the row's x'b, and the cutpoint below
it no faster. The maximum-likelihood estimate is finite if and only if no direction does so
while it makes some row's level more likely (Albert and Anderson 1984, Biometrika 71, 1-10, for
the logit; the log-likelihood here is concave too: Pratt 1981, JASA 76, 103-106).

A single split of the levels may be separated while the proportional-odds model is not: one
split with overlap is enough to hold a common coefficient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.logit.separation import Separation, separation_along
from datrial.models.ordered_logit.likelihood import BLOCK
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood

FloatArray = NDArray[np.float64]


def find_cumulative_separation(likelihood: PartialLikelihood, params: FloatArray) -> Separation:
    """Decide whether the outcome is separated, and by which parameters.

    Parameters
    ----------
    likelihood
        The rows; those without weight must have been left out.
    params
        A point near the maximum, if there is one: there a certificate that no direction
        separates is often at hand, and no linear programme is needed.
    """
    rows, strength = _comparisons(likelihood, params)
    scaled = rows / np.abs(rows).max(axis=0)
    if _overlap_is_certain(scaled, strength):
        return Separation("none")
    return separation_along(np.unique(scaled, axis=0))


def _comparisons(
    likelihood: PartialLikelihood, params: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the rows z with z'd >= 0, shape (r, q), and each one's share in the gradient (r,).

    The gradient at `params` is the sum of the rows times their shares, which are above zero.
    """
    terms = likelihood.terms(params)
    parts, shares = [], []
    for j, rows in enumerate(likelihood.slices):
        weight = likelihood.weights[rows]
        for cut, sign, score in (
            (j, 1.0, terms.upper_score[rows]),
            (j - 1, -1.0, -terms.lower_score[rows]),
        ):
            if 0 <= cut < likelihood.n_levels - 1:
                parts.append(sign * likelihood.predictor_rows(rows, cut))
                shares.append(weight * score)
    return np.concatenate(parts), np.concatenate(shares)


def _overlap_is_certain(rows: FloatArray, strength: FloatArray) -> bool:
    """Tell whether the point itself proves that nothing separates.

    The gradient g is the sum of the rows z times l > 0. A separating d of length 1 would have
    g'd >= min(l) * |Zd| >= min(l) * s, s the smallest singular value of Z: a gradient shorter
    than that leaves no room for one.
    """
    gram = np.zeros((rows.shape[1],) * 2)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        gram += block.T @ block
    singular = np.sqrt(max(float(np.linalg.eigvalsh(gram)[0]), 0.0))
    gradient = np.linalg.norm(strength @ rows)
    # Rounding of the gradient's own sum is far below this share of the bound.
    return bool(gradient < 0.1 * float(strength.min()) * singular)
