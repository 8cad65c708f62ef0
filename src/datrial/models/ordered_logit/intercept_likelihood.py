"""Likelihood of the ordered logit with a normal intercept of each group.

    logit P(Y_it <= j | u_i) = cut_j - x_it'b - u_i,    u_i ~ N(0, sigma^2), sigma = e^s

Each group's integral over u_i is taken by adaptive Gauss-Hermite quadrature, nodes centred at
the mode and scaled by the curvature there (Liu and Pierce 1994, Biometrika 81, 624-629; Pinheiro
and Bates 1995, JCGS 4, 12-35). Given u_i the log-likelihood is log-concave, so the mode is the
only one. Derivatives follow from moments of u_i given the group's answers (Louis 1982, JRSS B
44, 226-233): the gradient is the mean of the score, the Hessian the mean of the Hessian plus
the variance of the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.ordered_logit.likelihood import RowTerms, weighted_gram

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Rows times nodes of one block of groups: bounds the memory.
BLOCK_CELLS = 400_000
LARGEST_LOG_SIGMA = 5.0


@dataclass(frozen=True)
class _Block:
    """Consecutive groups: their rows, where each group starts, and each row's group."""

    rows: slice
    groups: slice
    starts: IntArray
    group: IntArray


class InterceptLikelihood:
    """The likelihood of one data set.

    Parameters
    ----------
    codes, matrix
        Outcome level (n,), 0..J-1, and predictor columns without an intercept (n, k).
    group
        Group of each row, 0..G-1, each with a row.
    n_levels
        J.
    n_points
        Nodes of the quadrature.

    Notes
    -----
    Parameters: the k coefficients, the J-1 cutpoints, s.
    """

    def __init__(
        self, codes: IntArray, matrix: FloatArray, group: IntArray, n_levels: int, n_points: int
    ) -> None:
        order = np.argsort(group, kind="stable")
        self.codes, self.matrix = codes[order], np.ascontiguousarray(matrix[order])
        self.n_levels, self.k = n_levels, matrix.shape[1]
        self.size = self.k + n_levels
        nodes, weights = np.polynomial.hermite_e.hermegauss(n_points)
        self.nodes, self.log_weights = nodes, np.log(weights) + nodes**2 / 2
        group = group[order]
        self.n_groups = int(group[-1]) + 1
        first = np.searchsorted(group, np.arange(self.n_groups + 1))
        self.blocks = list(_blocks(group, first, max(1, BLOCK_CELLS // n_points)))
        self.modes = np.zeros(self.n_groups)  # the last ones: Newton's method starts there

    def value_gradient_hessian(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, its gradient (q,) and Hessian (q, q)."""
        size, k = self.size, self.k
        value, gradient, hessian = 0.0, np.zeros(size), np.zeros((size, size))
        if not (np.diff(params[k:-1]) > 0).all() or not params[-1] < LARGEST_LOG_SIGMA:
            return -np.inf, gradient, hessian
        for block in self.blocks:
            part = self._block(params, block)
            value, gradient, hessian = value + part[0], gradient + part[1], hessian + part[2]
        return value, gradient, hessian

    def _block(self, params: FloatArray, block: _Block) -> tuple[float, FloatArray, FloatArray]:
        """Return the share of some groups in value, gradient and Hessian."""
        k, s = self.k, float(params[-1])
        x, codes = self.matrix[block.rows], self.codes[block.rows]
        cuts = np.concatenate([[-np.inf], params[k:-1], [np.inf]])
        upper, lower, eta = cuts[codes + 1], cuts[codes], x @ params[:k]
        mode, scale = self._modes(upper, lower, eta, block, s)
        u = mode[:, None] + scale[:, None] * self.nodes
        terms = _terms(upper[:, None], lower[:, None], eta[:, None] + u[block.group])
        square = u**2 * np.exp(-2 * s)
        log_mass = _sums(terms.log_probability, block) - square / 2 + self.log_weights
        top = log_mass.max(axis=1, keepdims=True)
        mass = np.exp(log_mass - top)
        total = mass.sum(axis=1, keepdims=True)
        logs = np.log(total) + top + np.log(scale[:, None]) - 0.5 * np.log(2 * np.pi) - s
        chance = mass / total
        scores = self._scores(terms, x, codes, block, square - 1)
        means = np.einsum("qgm,gm->qg", scores, chance)
        centred = ((scores - means[:, :, None]) * np.sqrt(chance)).reshape(self.size, -1)
        hessian = self._mean_hessian(terms, x, codes, chance[block.group])
        hessian[-1, -1] -= 2 * float((chance * square).sum())
        return float(logs.sum()), means.sum(axis=1), hessian + centred @ centred.T

    def _scores(
        self, terms: RowTerms, x: FloatArray, codes: IntArray, block: _Block, last: FloatArray
    ) -> FloatArray:
        """Return each group's score at each node, shape (q, groups, nodes)."""
        scores = np.empty((self.size, *last.shape))
        for column in range(self.k):
            scores[column] = _sums(x[:, column, None] * terms.eta_score, block)
        for cut in range(self.n_levels - 1):
            of_cut = np.where((codes == cut)[:, None], terms.upper_score, 0.0)
            of_cut += np.where((codes == cut + 1)[:, None], terms.lower_score, 0.0)
            scores[self.k + cut] = _sums(of_cut, block)
        scores[-1] = last
        return scores

    def _mean_hessian(
        self, terms: RowTerms, x: FloatArray, codes: IntArray, chance: FloatArray
    ) -> FloatArray:
        """Return the mean over the nodes of the Hessian given u, without the part of s."""
        above, below, spread = (
            (part * chance).sum(axis=1)
            for part in (terms.upper_density, terms.lower_density, terms.spread)
        )
        k, hessian = self.k, np.zeros((self.size, self.size))
        hessian[:k, :k] = -weighted_gram(x, above + below)
        for cut in range(self.n_levels - 1):
            at, over, under = k + cut, codes == cut, codes == cut + 1
            density = np.where(over, above, 0.0) + np.where(under, below, 0.0)
            hessian[:k, at] = x.T @ density
            hessian[at, at] = -density.sum() - spread[over | under].sum()
            if cut:
                # A level between two cuts is held by both of them.
                hessian[at, at - 1] = hessian[at - 1, at] = spread[over].sum()
        hessian[k:, :k] = hessian[:k, k:].T
        return hessian

    def _modes(
        self, upper: FloatArray, lower: FloatArray, eta: FloatArray, block: _Block, s: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return where each group's integrand is highest and its width there."""
        precision = float(np.exp(-2 * s))
        u = self.modes[block.groups].copy()
        curvature = np.full(len(u), precision)
        for _ in range(60):
            terms = _terms(upper, lower, eta + u[block.group])
            slope = _sums(terms.eta_score, block) - precision * u
            curvature = _sums(terms.upper_density + terms.lower_density, block) + precision
            step = np.clip(slope / curvature, -3.0, 3.0)
            u += step
            if np.abs(step).max() < 1e-9:
                break
        self.modes[block.groups] = u
        return u, 1 / np.sqrt(curvature)


def _terms(upper: FloatArray, lower: FloatArray, eta: FloatArray) -> RowTerms:
    """Evaluate the per-row pieces; `upper` and `lower` are the cuts around each row's level."""
    from scipy.special import expit

    above, below = np.clip(upper - eta, -700.0, 700.0), np.clip(lower - eta, -700.0, 700.0)
    a, not_a, b, not_b = expit(above), expit(-above), expit(below), expit(-below)
    gap = -np.expm1(lower - upper)
    upper_score, lower_score = not_a / (not_b * gap), b / (a * gap)
    return RowTerms(
        log_probability=np.log(a) + np.log(not_b) + np.log(gap),
        eta_score=a - not_b,
        upper_score=upper_score,
        lower_score=-lower_score,
        upper_density=a * not_a,
        lower_density=b * not_b,
        spread=upper_score * lower_score,
    )


def _sums(values: FloatArray, block: _Block) -> FloatArray:
    """Sum rows within the groups of a block."""
    return np.asarray(np.add.reduceat(values, block.starts, axis=0))


def _blocks(group: IntArray, first: IntArray, most_rows: int) -> list[_Block]:
    """Cut the sorted rows into blocks of whole groups."""
    blocks, start = [], 0
    n_groups = len(first) - 1
    while start < n_groups:
        end = int(np.searchsorted(first, first[start] + most_rows, side="right")) - 1
        end = min(max(end, start + 1), n_groups)
        rows = slice(int(first[start]), int(first[end]))
        starts = first[start:end] - first[start]
        blocks.append(_Block(rows, slice(start, end), starts, group[rows] - start))
        start = end
    return blocks
