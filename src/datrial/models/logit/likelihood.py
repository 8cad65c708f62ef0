"""Log-likelihood, score and information of the binary and the multinomial logit.

With levels 0..J-1, the first the reference, and eta_a = x'b_a (eta_0 = 0), level a has
probability p_a = exp(eta_a) / sum exp(eta). Per row of weight n with counts y_a

    dl/deta_a         = y_a - n p_a
    d2l/deta_a deta_b = -n (p_a 1[a=b] - p_a p_b)

The link is canonical: observed and expected information are the same. The parameters are
the k coefficients of level 1, then those of level 2, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.ordered_logit.likelihood import weighted_gram

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Evaluation:
    """The likelihood at one point.

    Attributes
    ----------
    value, gradient, information
        Log-likelihood, its gradient (q,) and minus its Hessian (q, q).
    probabilities
        Of the levels other than the reference, shape (m, J-1).
    variance
        Covariance of the level indicators of one observation, shape (m, J-1, J-1).
    """

    value: float
    gradient: FloatArray
    information: FloatArray
    probabilities: FloatArray
    variance: FloatArray


class LogitLikelihood:
    """The likelihood of one data set.

    Parameters
    ----------
    matrix
        Predictor columns of each pattern (or row), intercept included, shape (m, k).
    counts
        Weight of the rows of each pattern at each level, shape (m, J), the reference first.
    """

    def __init__(self, matrix: FloatArray, counts: FloatArray) -> None:
        self.matrix = matrix
        self.counts = counts
        self.totals = counts.sum(axis=1)
        self.n_equations = counts.shape[1] - 1
        self.n_columns = matrix.shape[1]
        self.size = self.n_equations * self.n_columns

    def start(self) -> FloatArray:
        """No effect of any predictor; the first column, the intercept, at the shares."""
        share = self.counts.sum(axis=0) / self.totals.sum()
        point = np.zeros((self.n_equations, self.n_columns))
        point[:, 0] = np.log(share[1:] / share[0])
        return point.ravel()

    def predictor(self, params: FloatArray) -> FloatArray:
        """Return eta of the levels other than the reference, shape (m, J-1)."""
        return linear_predictors(params, self.matrix)

    def evaluate(self, params: FloatArray) -> Evaluation:
        """Return value, gradient and information at a point."""
        eta = self.predictor(params)
        p, others, log_sum = level_shares(eta)
        value = float((self.counts[:, 1:] * eta).sum() - self.totals @ log_sum)
        gradient = (self.counts[:, 1:] - self.totals[:, None] * p).T @ self.matrix
        variance = level_variance(p, others)
        weights = self.totals[:, None, None] * variance
        return Evaluation(value, gradient.ravel(), self.gram(weights), p, variance)

    def gram(self, weights: FloatArray) -> FloatArray:
        """Return sum over rows of W (x) xx', W symmetric of shape (m, J-1, J-1)."""
        k = self.n_columns
        out = np.zeros((self.size, self.size))
        for a in range(self.n_equations):
            for b in range(a + 1):
                block = weighted_gram(self.matrix, np.ascontiguousarray(weights[:, a, b]))
                out[a * k : (a + 1) * k, b * k : (b + 1) * k] = block
                out[b * k : (b + 1) * k, a * k : (a + 1) * k] = block.T
        return out


def linear_predictors(params: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return eta (n, J-1) of the stacked parameters."""
    return np.asarray(matrix @ params.reshape(-1, matrix.shape[1]).T)


def level_shares(eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return p (m, J-1), 1 - p to full precision, and ln sum exp(eta), reference included."""
    if eta.shape[1] == 1:
        p, other = _both_tails(eta[:, 0])
        return p[:, None], other[:, None], np.logaddexp(0.0, eta[:, 0])
    top = np.maximum(eta.max(axis=1), 0.0)
    raised = np.exp(eta - top[:, None])
    reference = np.exp(-top)
    total = reference + raised.sum(axis=1)
    p = raised / total[:, None]
    rest = [reference + np.delete(raised, a, axis=1).sum(axis=1) for a in range(eta.shape[1])]
    return p, np.column_stack(rest) / total[:, None], top + np.log(total)


def level_variance(p: FloatArray, others: FloatArray) -> FloatArray:
    """Return diag(p) - pp' for each row, its diagonal as p (1 - p) to full precision."""
    variance = -p[:, :, None] * p[:, None, :]
    for a in range(p.shape[1]):
        variance[:, a, a] = p[:, a] * others[:, a]
    return variance


def row_scores(
    p: FloatArray, codes: IntArray, weights: FloatArray, matrix: FloatArray
) -> FloatArray:
    """Return each row's weighted gradient (n, q) from its own p (n, J-1) and level (n,)."""
    k = matrix.shape[1]
    scores = np.empty((len(codes), p.shape[1] * k))
    for a in range(p.shape[1]):
        residual = weights * ((codes == a + 1) - p[:, a])
        np.multiply(matrix, residual[:, None], out=scores[:, a * k : (a + 1) * k])
    return scores


def _both_tails(eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return F(eta) and 1 - F(eta), each to full relative precision."""
    from scipy.special import expit

    return np.asarray(expit(eta)), np.asarray(expit(-eta))
