"""Log-likelihood, score and Hessian of the proportional-odds model, in closed form.

With A = P(Y <= y) and B = P(Y <= y-1) = P(Y <= cut below), eta = x'b and logistic F:

    l          = ln(A - B)
    dl/deta    = A + B - 1
    d2l/deta2  = -[A(1-A) + B(1-B)]

The log-likelihood is concave in (b, cuts) (Pratt 1981, JASA 76, 103-106), so Newton's
method finds its only maximum. Differences of two probabilities near 0 or 1 are taken as
products, so that no row underflows before its own probability does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


BLOCK = 4_096


@dataclass(frozen=True)
class RowTerms:
    """Per-row pieces of the likelihood, each of shape (n,).

    `eta_score` is dl/deta; `upper_score` and `lower_score` are dl/dcut for the cutpoint
    above and below the row's level (0 where there is none); `upper_density` and
    `lower_density` are A(1-A) and B(1-B); `spread` is (dA/dcut)(dB/dcut)/(A-B)^2.
    """

    log_probability: FloatArray
    eta_score: FloatArray
    upper_score: FloatArray
    lower_score: FloatArray
    upper_density: FloatArray
    lower_density: FloatArray
    spread: FloatArray


class OrderedLogitLikelihood:
    """The likelihood of one data set.

    Parameters
    ----------
    codes
        Outcome level of each row, 0..J-1, shape (n,).
    matrix
        Predictor columns without an intercept, shape (n, k).
    weights
        Frequency weights, shape (n,).
    n_levels
        J; the parameters are the k coefficients, then J-1 increasing cutpoints.
    """

    def __init__(
        self, codes: IntArray, matrix: FloatArray, weights: FloatArray, n_levels: int
    ) -> None:
        # Rows in order of their level: each level is then a slice, and sums over a level
        # are sums over a slice.
        # Few levels: a short integer makes the stable sort a count.
        self.order = np.argsort(codes.astype(np.int16), kind="stable")
        self.matrix = np.ascontiguousarray(matrix.take(self.order, axis=0))
        self.weights = weights[self.order]
        self.n_levels = n_levels
        self.n_coefficients = matrix.shape[1]
        edges = np.searchsorted(codes[self.order], np.arange(n_levels + 1))
        self.slices = [slice(edges[j], edges[j + 1]) for j in range(n_levels)]

    def start(self) -> FloatArray:
        """No effect of any predictor; cutpoints at the observed cumulative shares."""
        totals = np.array([self.weights[s].sum() for s in self.slices])
        shares = np.cumsum(totals)[:-1] / totals.sum()
        return np.concatenate([np.zeros(self.n_coefficients), np.log(shares / (1 - shares))])

    def terms(self, params: FloatArray) -> RowTerms:
        """Evaluate the per-row pieces, rows sorted by level."""
        eta = self.matrix @ params[: self.n_coefficients]
        cuts = np.concatenate([[-np.inf], params[self.n_coefficients :], [np.inf]])
        terms = RowTerms(*np.empty((7, len(eta))))
        for j, rows in enumerate(self.slices):
            a, not_a = _both_tails(cuts[j + 1], eta[rows])
            b, not_b = _both_tails(cuts[j], eta[rows])
            gap = -np.expm1(cuts[j] - cuts[j + 1])
            above, below = terms.upper_score[rows], terms.lower_score[rows]
            np.divide(not_a, not_b * gap, out=above)
            np.divide(b, a * gap, out=below)
            # Only one of the two can be small.
            terms.log_probability[rows] = np.log(a * not_b) + np.log(gap)
            np.subtract(a, not_b, out=terms.eta_score[rows])
            np.multiply(a, not_a, out=terms.upper_density[rows])
            np.multiply(b, not_b, out=terms.lower_density[rows])
            np.multiply(above, below, out=terms.spread[rows])
            np.negative(below, out=below)
        return terms

    def value_gradient_hessian(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, its gradient (q,) and Hessian (q, q).

        The value is -inf where the cutpoints do not increase.
        """
        k, q = self.n_coefficients, len(params)
        if not (np.diff(params[k:]) > 0).all():
            return -np.inf, np.zeros(q), np.zeros((q, q))
        t, w, x = self.terms(params), self.weights, self.matrix
        gradient, hessian = np.zeros(q), np.zeros((q, q))
        gradient[:k] = x.T @ (w * t.eta_score)
        hessian[:k, :k] = -weighted_gram(x, w * (t.upper_density + t.lower_density))
        for j, rows in enumerate(self.slices):
            wj, xj = w[rows], x[rows]
            spread = float(wj @ t.spread[rows])
            if j < self.n_levels - 1:
                upper = k + j
                gradient[upper] += wj @ t.upper_score[rows]
                hessian[upper, upper] -= wj @ t.upper_density[rows] + spread
                hessian[:k, upper] += xj.T @ (wj * t.upper_density[rows])
            if j > 0:
                lower = k + j - 1
                gradient[lower] += wj @ t.lower_score[rows]
                hessian[lower, lower] -= wj @ t.lower_density[rows] + spread
                hessian[:k, lower] += xj.T @ (wj * t.lower_density[rows])
            if 0 < j < self.n_levels - 1:
                hessian[k + j, k + j - 1] += spread
                hessian[k + j - 1, k + j] += spread
        hessian[k:, :k] = hessian[:k, k:].T
        return float(w @ t.log_probability), gradient, hessian

    def scores(self, params: FloatArray) -> FloatArray:
        """Return each row's weighted gradient, shape (n, q), rows in the order `order`."""
        k = self.n_coefficients
        t = self.terms(params)
        scores = np.zeros((len(self.weights), len(params)))
        np.multiply(self.matrix, (self.weights * t.eta_score)[:, None], out=scores[:, :k])
        for j, rows in enumerate(self.slices):
            if j < self.n_levels - 1:
                scores[rows, k + j] = self.weights[rows] * t.upper_score[rows]
            if j > 0:
                scores[rows, k + j - 1] = self.weights[rows] * t.lower_score[rows]
        return scores

    def totals_by(self, params: FloatArray, groups: IntArray, n_groups: int) -> FloatArray:
        """Sum the rows' gradients within groups, shape (n_groups, q).

        Parameters
        ----------
        groups
            Group of each row, 0..n_groups - 1, rows as they were given.
        """
        from scipy.sparse import csr_array

        k, n = self.n_coefficients, len(self.weights)
        t, groups = self.terms(params), groups[self.order]
        totals = np.zeros((n_groups, len(params)))
        rows = (groups, np.arange(n))
        totals[:, :k] = csr_array((self.weights * t.eta_score, rows), (n_groups, n)) @ self.matrix
        for j, rows_of in enumerate(self.slices):
            own = groups[rows_of]
            for cut, score in ((j, t.upper_score[rows_of]), (j - 1, t.lower_score[rows_of])):
                if 0 <= cut < self.n_levels - 1:
                    weighted = self.weights[rows_of] * score
                    totals[:, k + cut] += np.bincount(own, weighted, n_groups)
        return totals


def level_probabilities(
    params: FloatArray, matrix: FloatArray, n_levels: int
) -> tuple[FloatArray, FloatArray]:
    """Return P(Y = j) and the densities f(cut - eta) at all J+1 cutpoints (ends are 0).

    Shapes (n, J) and (n, J+1).
    """
    k = matrix.shape[1]
    eta = matrix @ params[:k]
    cumulative = np.ones((len(eta), n_levels + 1))
    cumulative[:, 0] = 0.0
    cumulative[:, 1:n_levels] = _sigmoid(params[k:][None, :] - eta[:, None])
    return np.diff(cumulative, axis=1), cumulative * (1 - cumulative)


def weighted_gram(x: FloatArray, w: FloatArray) -> FloatArray:
    """Return x' diag(w) x, a block of rows at a time so that it stays in cache."""
    gram = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(w), BLOCK):
        rows = slice(start, start + BLOCK)
        gram += (x[rows].T * w[rows]) @ x[rows]
    return gram


def _both_tails(cut: float, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return F(cut - eta) and 1 - F(cut - eta), each to full relative precision."""
    if np.isinf(cut):
        ones = np.ones(len(eta))
        return (ones, np.zeros(len(eta))) if cut > 0 else (np.zeros(len(eta)), ones)
    # Beyond 700 the smaller tail underflows. One exponential gives both tails their digits.
    odds_against = np.exp(np.clip(eta - cut, -700.0, 700.0))
    below = 1.0 / (1.0 + odds_against)
    return below, odds_against * below


def _sigmoid(x: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(x))
