"""Likelihood of the ordered logit with some predictors' effects free at every cut.

    logit P(Y <= j) = cut_j - x'b - z'g_j

With u and v the right-hand sides of the cuts above and below a row's level, A = F(u), B = F(v)
and logistic F, l = ln(A - B) is concave in (u, v), which are linear in the parameters, so
Newton's method finds the only maximum, where there is one. It is -inf where u <= v in some row:
with free effects the lines of two cuts can cross.

Parameters in their order: b (k), then for each cut the cutpoint and g_j (m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.ordered_logit.likelihood import RowTerms, weighted_gram

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class PartialLikelihood:
    """The likelihood of one data set.

    Parameters
    ----------
    codes
        Outcome level of each row, 0..J-1, shape (n,).
    parallel, free
        Columns with one effect, shape (n, k), and with an effect at each cut, shape (n, m).
    weights
        Frequency weights, shape (n,).
    n_levels
        J.
    """

    def __init__(
        self,
        codes: IntArray,
        parallel: FloatArray,
        free: FloatArray,
        weights: FloatArray,
        n_levels: int,
    ) -> None:
        self.order = np.argsort(codes, kind="stable")
        self.parallel = np.ascontiguousarray(parallel[self.order])
        ones = np.ones((len(codes), 1))
        self.shifts = np.hstack([ones, -free[self.order]])
        self.weights = weights[self.order]
        self.n_levels = n_levels
        self.n_parallel, self.width = parallel.shape[1], 1 + free.shape[1]
        self.size = self.n_parallel + self.width * (n_levels - 1)
        edges = np.searchsorted(codes[self.order], np.arange(n_levels + 1))
        self.slices = [slice(edges[j], edges[j + 1]) for j in range(n_levels)]

    def block(self, cut: int) -> slice:
        """Return where the parameters of a cut stand."""
        start = self.n_parallel + cut * self.width
        return slice(start, start + self.width)

    def cutpoints(self) -> IntArray:
        """Return the positions of the cutpoints."""
        return np.asarray(self.n_parallel + self.width * np.arange(self.n_levels - 1))

    def predictor_rows(self, rows: slice, cut: int) -> FloatArray:
        """Return the derivatives of a cut's right-hand side in the parameters, (rows, q)."""
        full = np.zeros((rows.stop - rows.start, self.size))
        full[:, : self.n_parallel] = -self.parallel[rows]
        full[:, self.block(cut)] = self.shifts[rows]
        return full

    def terms(self, params: FloatArray) -> RowTerms:
        """Evaluate the per-row pieces, rows sorted by level."""
        eta = self.parallel @ params[: self.n_parallel]
        pieces = []
        for j, rows in enumerate(self.slices):
            a, not_a, u = self._tails(params, j, rows, eta[rows])
            b, not_b, v = self._tails(params, j - 1, rows, eta[rows])
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                gap = -np.expm1(v - u)
                above, below = not_a / (not_b * gap), b / (a * gap)
                log_p = np.log(a) + np.log(not_b) + np.log(gap)
            pieces.append((log_p, a - not_b, above, -below, a * not_a, b * not_b, above * below))
        return RowTerms(*(np.concatenate(column) for column in zip(*pieces, strict=True)))

    def value_gradient_hessian(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, its gradient (q,) and Hessian (q, q)."""
        nowhere = (-np.inf, np.zeros(self.size), np.zeros((self.size,) * 2))
        if not (np.abs(params) < 1e150).all():
            return nowhere
        t, w, x, k = self.terms(params), self.weights, self.parallel, self.n_parallel
        if not np.isfinite(t.log_probability).all():
            return nowhere
        gradient, hessian = np.zeros(self.size), np.zeros((self.size,) * 2)
        gradient[:k] = x.T @ (w * t.eta_score)
        hessian[:k, :k] = -weighted_gram(x, w * (t.upper_density + t.lower_density))
        for j, rows in enumerate(self.slices):
            wj, xj, zj = w[rows], x[rows], self.shifts[rows]
            spread = t.spread[rows]
            sides = (
                (j, t.upper_score[rows], t.upper_density[rows]),
                (j - 1, t.lower_score[rows], t.lower_density[rows]),
            )
            for cut, score, density in sides:
                if 0 <= cut < self.n_levels - 1:
                    at = self.block(cut)
                    gradient[at] += zj.T @ (wj * score)
                    hessian[at, at] -= weighted_gram(zj, wj * (density + spread))
                    hessian[:k, at] += (xj.T * (wj * density)) @ zj
            if 0 < j < self.n_levels - 1:
                shared = weighted_gram(zj, wj * spread)
                hessian[self.block(j), self.block(j - 1)] += shared
                hessian[self.block(j - 1), self.block(j)] += shared
        hessian[k:, :k] = hessian[:k, k:].T
        return float(w @ t.log_probability), gradient, hessian

    def scores(self, params: FloatArray) -> FloatArray:
        """Return each row's weighted gradient, shape (n, q), rows in the order `order`."""
        t, k = self.terms(params), self.n_parallel
        scores = np.zeros((len(self.weights), self.size))
        scores[:, :k] = self.parallel * (self.weights * t.eta_score)[:, None]
        for j, rows in enumerate(self.slices):
            for cut, score in ((j, t.upper_score[rows]), (j - 1, t.lower_score[rows])):
                if 0 <= cut < self.n_levels - 1:
                    scores[rows, self.block(cut)] = (
                        self.shifts[rows] * (self.weights[rows] * score)[:, None]
                    )
        return scores

    def _tails(
        self, params: FloatArray, cut: int, rows: slice, eta: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return F, 1 - F and the right-hand side of a cut; the outer ones are at infinity."""
        from scipy.special import expit

        ones = np.ones(len(eta))
        if cut < 0:
            return 0 * ones, ones, -np.inf * ones
        if cut == self.n_levels - 1:
            return ones, 0 * ones, np.inf * ones
        side = np.clip(self.shifts[rows] @ params[self.block(cut)] - eta, -700.0, 700.0)
        return np.asarray(expit(side)), np.asarray(expit(-side)), side
