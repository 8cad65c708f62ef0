"""What a third step with covariates maximises.

Two forms. Weighted: sum_i sum_l w_il log P(level l | x_i), a multinomial logit whose weights may
be negative (BCH: Bolck, Croon and Hagenaars 2004; Vermunt 2010; with 0/1 weights: modal).
Mixture (ML, Vermunt 2010; Bakk, Tekle and Vermunt 2013):

    sum_i w_i log sum_s P(X=s | x_i) D[s, W_i] P(Y_i | X=s, x_i)

with D fixed from the second step; the last factor is there only when there is an outcome. Its
Hessian is Louis's (1982), as in `datrial.models.latent_class.likelihood`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 20_000
FURTHEST = 1e6  # no coefficient is looked for beyond


def level_log_probabilities(matrix: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return log P of each level, shape (n, L); the first of the L levels is the reference.

    Parameters
    ----------
    matrix
        Shape (n, k).
    coefficients
        Of the levels after the first, shape (L-1, k).
    """
    linear = np.column_stack([np.zeros(len(matrix)), matrix @ coefficients.T])
    return np.asarray(linear - _log_total(linear))


def _log_total(logs: FloatArray) -> FloatArray:
    """Return the logarithm of each row's sum of exponentials, shape (n, 1)."""
    top = logs.max(axis=1, keepdims=True)
    return np.asarray(top + np.log(np.exp(logs - top).sum(axis=1, keepdims=True)))


def level_curvature(matrix: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Return sum_i w_i (diag p_i - p_i p_i') x (m_i m_i') over the levels after the first."""
    n_free, k = p.shape[1] - 1, matrix.shape[1]
    curvature = np.empty((n_free, k, n_free, k))
    for a in range(n_free):
        for b in range(n_free):
            share = weights * p[:, a + 1] * ((a == b) - p[:, b + 1])
            curvature[a, :, b, :] = (matrix.T * share) @ matrix
    return curvature.reshape(n_free * k, n_free * k)


@dataclass(frozen=True)
class WeightedLevels:
    """A multinomial logit with a weight for each row and level.

    Attributes
    ----------
    matrix
        Predictors, shape (n, k).
    weights
        Weight of each level in each row, shape (n, L); may be negative.
    """

    matrix: FloatArray = field(repr=False)
    weights: FloatArray = field(repr=False)

    def __call__(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the weighted log-likelihood, its gradient and Hessian."""
        q = len(params)
        if not (np.abs(params) < FURTHEST).all():
            return -np.inf, np.zeros(q), np.zeros((q, q))
        log_p = self._log_p(params)
        p, total = np.exp(log_p), self.weights.sum(axis=1)
        residual = self.weights - total[:, None] * p
        gradient = (residual[:, 1:].T @ self.matrix).ravel()
        value = float((self.weights * log_p).sum())
        return value, gradient, -level_curvature(self.matrix, p, total)

    def scores(self, params: FloatArray) -> FloatArray:
        """Return each row's gradient, weights included, shape (n, q)."""
        p, total = np.exp(self._log_p(params)), self.weights.sum(axis=1)
        residual = (self.weights - total[:, None] * p)[:, 1:]
        return np.asarray((residual[:, :, None] * self.matrix[:, None, :]).reshape(len(p), -1))

    def _log_p(self, params: FloatArray) -> FloatArray:
        return level_log_probabilities(self.matrix, params.reshape(-1, self.matrix.shape[1]))


@dataclass(frozen=True)
class AssignedMixture:
    """The likelihood of the assigned class, and of an outcome if there is one.

    Attributes
    ----------
    matrix
        Predictors of the class, shape (n, k).
    assigned
        D[s, W_i] for each row and class, shape (n, K).
    weights
        Frequency weights, shape (n,).
    by_class
        Predictors of the outcome if the row were in each class, shape (K, n, k2); K x n x 0
        without an outcome.
    outcome, n_levels
        Outcome level of each row, shape (n,), and how many levels there are; 1 without.
    """

    matrix: FloatArray = field(repr=False)
    assigned: FloatArray = field(repr=False)
    weights: FloatArray = field(repr=False)
    by_class: FloatArray = field(repr=False)
    outcome: IntArray = field(repr=False)
    n_levels: int

    @property
    def n_class_params(self) -> int:
        """Parameters of the class part, which come first."""
        return int((self.assigned.shape[1] - 1) * self.matrix.shape[1])

    def __call__(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-likelihood, its gradient and Hessian."""
        q = len(params)
        value, gradient, hessian = 0.0, np.zeros(q), np.zeros((q, q))
        if not (np.abs(params) < FURTHEST).all():
            return -np.inf, gradient, hessian
        for block in self._blocks():
            value += block._add(params, gradient, hessian)
        return value, gradient, hessian

    def scores(self, params: FloatArray) -> FloatArray:
        """Return each row's gradient, weights included, shape (n, q)."""
        return np.vstack([block._mean_scores(params)[0] for block in self._blocks()])

    def _blocks(self) -> list[AssignedMixture]:
        n = len(self.weights)
        parts = [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]
        return [
            AssignedMixture(
                self.matrix[rows],
                self.assigned[rows],
                self.weights[rows],
                self.by_class[:, rows],
                self.outcome[rows],
                self.n_levels,
            )
            for rows in parts
        ]

    def _outcome_probabilities(self, params: FloatArray) -> FloatArray:
        """Return log P of each level in each class, shape (K, n, L)."""
        coefficients = params[self.n_class_params :].reshape(self.n_levels - 1, -1)
        return np.stack([level_log_probabilities(each, coefficients) for each in self.by_class])

    def _add(self, params: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
        weighted, value, posterior, by_class = self._mean_scores(params)
        gradient += weighted.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            plain = np.where(self.weights[:, None] > 0, weighted / self.weights[:, None], 0.0)
        hessian -= plain.T @ weighted
        for k, scores in enumerate(by_class):
            hessian += (scores.T * (self.weights * posterior[:, k])) @ scores
        m = self.n_class_params
        p = np.exp(level_log_probabilities(self.matrix, self._class_coefficients(params)))
        hessian[:m, :m] -= level_curvature(self.matrix, p, self.weights)
        if self.n_levels > 1:
            levels = np.exp(self._outcome_probabilities(params))
            for k, matrix in enumerate(self.by_class):
                share = self.weights * posterior[:, k]
                hessian[m:, m:] -= level_curvature(matrix, levels[k], share)
        return value

    def _class_coefficients(self, params: FloatArray) -> FloatArray:
        return params[: self.n_class_params].reshape(-1, self.matrix.shape[1])

    def _mean_scores(
        self, params: FloatArray
    ) -> tuple[FloatArray, float, FloatArray, list[FloatArray]]:
        """Return weighted scores (n, q), the value, posteriors (n, K), and scores by class."""
        n_classes = self.assigned.shape[1]
        log_class = level_log_probabilities(self.matrix, self._class_coefficients(params))
        with np.errstate(divide="ignore"):
            joint = log_class + np.log(self.assigned)
        if self.n_levels > 1:
            log_levels = self._outcome_probabilities(params)
            joint = joint + log_levels[:, np.arange(len(self.outcome)), self.outcome].T
        total = _log_total(joint)
        posterior = np.exp(joint - total)
        p = np.exp(log_class)
        by_class = []
        for k in range(n_classes):
            residual = -p[:, 1:]
            if k:
                residual = residual.copy()
                residual[:, k - 1] += 1
            scores = [residual[:, :, None] * self.matrix[:, None, :]]
            if self.n_levels > 1:
                chosen = np.eye(self.n_levels)[self.outcome] - np.exp(log_levels[k])
                scores.append(chosen[:, 1:, None] * self.by_class[k][:, None, :])
            by_class.append(np.hstack([s.reshape(len(p), -1) for s in scores]))
        mean = np.zeros_like(by_class[0])
        for k, each in enumerate(by_class):
            mean += posterior[:, [k]] * each
        value = float(self.weights @ total[:, 0])
        return mean * self.weights[:, None], value, posterior, by_class
