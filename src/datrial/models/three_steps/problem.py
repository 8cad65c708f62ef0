"""One third step with covariates, ready to be solved on the people or on a draw of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.latent_class.classification import Classification
from datrial.models.newton import Maximum, maximise
from datrial.models.penalty import LogFPenalty
from datrial.models.sandwich import total_by
from datrial.models.three_steps.classification import FitRows, inverse_errors
from datrial.models.three_steps.likelihood import AssignedMixture, WeightedLevels

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class ThirdStep:
    """The arrays of a third step, rows with the same covariates and outcome taken together.

    Attributes
    ----------
    method
        ``ml``, ``bch`` or ``modal``.
    penalty
        None or ``log_f``.
    labels
        Classes in the order of the fit.
    order
        Positions of the classes in the order of the step, its reference first, shape (K,).
    rows
        All rows of the fit.
    used, group
        The rows of the fit that are complete for the step, and the group of each, shape (n,).
    class_matrix
        Predictors of the class in each of G groups, intercept first, shape (G, k).
    by_class
        Predictors of the outcome if the group were in each class, shape (K, G, k2).
    outcome, n_levels
        Outcome level of each group, shape (G,), and how many levels; 1 without an outcome.
    """

    method: str
    penalty: str | None
    labels: pd.Index
    order: IntArray
    rows: FitRows = field(repr=False)
    used: IntArray = field(repr=False)
    group: IntArray = field(repr=False)
    class_matrix: FloatArray = field(repr=False)
    by_class: FloatArray = field(repr=False)
    outcome: IntArray = field(repr=False)
    n_levels: int

    @property
    def with_class_model(self) -> bool:
        """Whether the class is regressed on the covariates; those parameters come first."""
        return self.n_levels == 1 or self.method == "ml"

    @property
    def n_class_params(self) -> int:
        """Parameters of the regression of the class."""
        size = (len(self.labels) - 1) * self.class_matrix.shape[1]
        return size if self.with_class_model else 0

    @property
    def n_outcome_params(self) -> int:
        """Parameters of the regression of the outcome."""
        return int((self.n_levels - 1) * self.by_class.shape[2])

    def maximum(
        self,
        weights: FloatArray,
        classification: Classification,
        start: FloatArray | None = None,
    ) -> Maximum:
        """Solve the step for rows of the fit weighted by `weights`.

        Parameters
        ----------
        start
            Where to begin; by default near the answer without correction.
        """
        cells = self._assigned(classification) * len(self.class_matrix) + self.group
        size = len(self.labels) * len(self.class_matrix)
        counts = total_by(cells, size, weights[self.used])
        held = np.flatnonzero(counts)
        assigned, group = np.divmod(held, len(self.class_matrix))
        if start is None:
            start = self._start(assigned, group, counts[held])
        objective = self._objective(classification, assigned, group, counts[held])
        if self.penalty is None:
            return maximise(objective, start)
        blocks = self._penalties(weights)

        def penalised(params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
            value, gradient, hessian = objective(params)
            for where, penalty in blocks:
                extra, slope, curvature = penalty(params[where])
                value += extra
                gradient[where] += slope
                hessian[where, where] += curvature
            return value, gradient, hessian

        return maximise(penalised, start)

    def scores_by_row(
        self, weights: FloatArray, classification: Classification, params: FloatArray
    ) -> FloatArray:
        """Return each used row's gradient, weights included, shape (n, q)."""
        assigned = self._assigned(classification)
        objective = self._objective(classification, assigned, self.group, weights[self.used])
        scores = objective.scores(params)
        if len(scores) > len(self.used):  # stacked class by class
            return np.asarray(scores.reshape(len(self.labels), len(self.used), -1).sum(axis=0))
        return scores

    def _assigned(self, classification: Classification) -> IntArray:
        return classification.modal[self.rows.pattern[self.used]]

    def _objective(
        self,
        classification: Classification,
        assigned: IntArray,
        group: IntArray,
        weights: FloatArray,
    ) -> WeightedLevels | AssignedMixture:
        """Return what is maximised, of rows by assigned class and group."""
        matrix, by_class, outcome = self._of(group)
        if self.method == "ml":
            inverse_errors(classification.errors, self.labels)
            at = classification.errors[self.order][:, assigned].T
            return AssignedMixture(matrix, at, weights, by_class, outcome, self.n_levels)
        share = np.eye(len(self.labels))
        if self.method == "bch":
            share = inverse_errors(classification.errors, self.labels)
        class_weights = weights[:, None] * share[assigned][:, self.order]
        if self.n_levels == 1:
            return WeightedLevels(matrix, class_weights)
        return _stacked(by_class, class_weights, np.eye(self.n_levels)[outcome])

    def _of(self, group: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
        return self.class_matrix[group], self.by_class[:, group], self.outcome[group]

    def _start(self, assigned: IntArray, group: IntArray, weights: FloatArray) -> FloatArray:
        """Return a few steps towards the answer without correction, kept finite."""
        matrix, by_class, outcome = self._of(group)
        members = weights[:, None] * np.eye(len(self.labels))[assigned][:, self.order]
        parts = []
        if self.with_class_model:
            # Half a person more in every class keeps the start finite.
            smoothed = WeightedLevels(matrix, members + 0.5 / len(members))
            parts.append(maximise(smoothed, np.zeros(self.n_class_params), max_steps=5))
        if self.n_levels > 1:
            chosen = np.eye(self.n_levels)[outcome] + 0.01
            stacked = _stacked(by_class, members, chosen)
            parts.append(maximise(stacked, np.zeros(self.n_outcome_params), max_steps=5))
        return np.concatenate([part.point for part in parts])

    def _penalties(self, weights: FloatArray) -> list[tuple[IntArray, LogFPenalty]]:
        """Return the penalty of each level's coefficients but the intercept, and where they are.

        The penalty is the same in every draw: its units are those of the people themselves.
        """
        here = total_by(self.group, len(self.outcome), self.rows.weights[self.used])
        blocks = []
        if self.with_class_model:
            blocks += _blocks(self.class_matrix, here, 0, self.n_class_params)
        if self.n_levels > 1:
            stacked, repeated = np.vstack(list(self.by_class)), np.tile(here, len(self.labels))
            blocks += _blocks(stacked, repeated, self.n_class_params, self.n_outcome_params)
        return blocks


def third_step(
    how: tuple[str, str | None],
    labels: pd.Index,
    order: IntArray,
    rows: FitRows,
    used: IntArray,
    *,
    class_matrix: FloatArray,
    by_class: FloatArray,
    outcome: IntArray,
    n_levels: int,
) -> ThirdStep:
    """Return the third step of these rows; `how` is its method and penalty."""
    first, group = group_rows(class_matrix, by_class, outcome)
    return ThirdStep(
        *how, labels, order, rows, used, group,
        class_matrix[first], by_class[:, first], outcome[first], n_levels,
    )  # fmt: skip


def group_rows(
    class_matrix: FloatArray, by_class: FloatArray, outcome: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the first row of each distinct one, shape (G,), and each row's group, shape (n,)."""
    whole = np.hstack([class_matrix, *by_class, outcome[:, None].astype(np.float64)])
    whole = np.ascontiguousarray(whole) + 0.0  # no negative zero, which has other bytes
    as_bytes = whole.view(np.dtype((np.void, whole.dtype.itemsize * whole.shape[1]))).ravel()
    _, first, group = np.unique(as_bytes, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.astype(np.int64).ravel()


def _stacked(by_class: FloatArray, members: FloatArray, chosen: FloatArray) -> WeightedLevels:
    """Return a logit of the outcome with every row once in every class, weighted by `members`."""
    weights = np.vstack([weight[:, None] * chosen for weight in members.T])
    return WeightedLevels(np.vstack(list(by_class)), weights)


def _blocks(
    matrix: FloatArray, weights: FloatArray, start: int, size: int
) -> list[tuple[IntArray, LogFPenalty]]:
    k = matrix.shape[1]
    moving = np.flatnonzero(matrix.min(axis=0) != matrix.max(axis=0))
    penalty = LogFPenalty(matrix[:, moving], weights)
    return [(first + moving, penalty) for first in range(start, start + size, k)]
