"""Step three for one categorical outcome: its distribution in each latent class.

The table n[t, y] of assigned class and outcome mixes the true classes: its expectation is
sum_s D[s, t] q[s, y], q the table of true class and outcome. `bch` solves that equation (Bolck,
Croon and Hagenaars 2004; weights as in Vermunt 2010) and may find negative numbers; `ml`
maximises the likelihood (Vermunt 2010), which is the same solution wherever that one lies
inside 0..1; `modal` takes the table as if nobody were assigned wrongly.

The likelihood separates: with q free up to its total, it is a Poisson likelihood for each
outcome level alone, concave in the K numbers q[:, y] >= 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.newton import ROUNDING

FloatArray = NDArray[np.float64]

MOST_STEPS = 500


@dataclass(frozen=True)
class Solution:
    """The outcome of each class.

    Attributes
    ----------
    people
        People of each true class with each outcome level, q, shape (K, L).
    probabilities
        Distribution of the outcome within each class, shape (K, L).
    influence
        Change of the probabilities for one more person in a cell of the table, shape
        (K, L, K, L): first the cell (assigned class, level), then the probability.
    """

    people: FloatArray
    probabilities: FloatArray
    influence: FloatArray


def solve_table(table: FloatArray, errors: FloatArray, inverse: FloatArray | None) -> FloatArray:
    """Return q, the table of true class and outcome, shape (K, L).

    Parameters
    ----------
    table
        n[t, y], shape (K, L).
    errors
        D[s, t]; the identity for modal assignment.
    inverse
        For BCH the inverse of D; None for maximum likelihood.
    """
    if inverse is not None:
        return np.asarray(inverse.T @ table)
    return np.column_stack([_unmix(column, errors) for column in table.T])


def probabilities_of(people: FloatArray) -> FloatArray:
    """Return the distribution of the outcome within each class; NaN in a class of nobody."""
    totals = people.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(totals != 0, people / totals, np.nan))


def solve_with_influence(
    table: FloatArray, errors: FloatArray, inverse: FloatArray | None
) -> Solution:
    """Solve the table and differentiate the solution by every cell of it."""
    people = solve_table(table, errors, inverse)
    n_classes, n_levels = people.shape
    moved = np.zeros((n_classes, n_levels, n_classes))  # of q[s, y], by one more in cell (t, y)
    for y in range(n_levels):
        if inverse is not None:
            moved[:, y, :] = inverse
        else:
            moved[:, y, :] = _unmix_influence(table[:, y], errors, people[:, y])
    probabilities = probabilities_of(people)
    from_level = np.eye(n_levels)[None, :, None, :] - probabilities[None, None, :, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        influence = (moved / people.sum(axis=1))[:, :, :, None] * from_level
    return Solution(people, probabilities, influence)


def _unmix(column: FloatArray, errors: FloatArray) -> FloatArray:
    """Maximise sum_t n_t log(sum_s D[s,t] q_s) - sum_s q_s over q >= 0: projected Newton."""
    q = np.full(len(errors), column.sum() / len(errors))
    if not column.any():
        return q
    seen = column > 0
    counts, mixing = column[seen], errors[:, seen]
    scale = counts.sum()
    value = _value(q, counts, mixing)
    for _ in range(MOST_STEPS):
        mean = q @ mixing
        gradient = mixing @ (counts / mean) - 1
        free = (q > 1e-12 * scale) | (gradient > 0)
        if np.abs(np.where(free, gradient * np.maximum(q, 1e-9 * scale), 0)).max() < 1e-12 * scale:
            break
        curvature = (mixing[free] * (counts / mean**2)) @ mixing[free].T
        ridge = 1e-12 * np.trace(curvature) * np.eye(int(free.sum()))
        direction = np.zeros(len(q))
        direction[free] = np.linalg.solve(curvature + ridge, gradient[free])
        rounding = ROUNDING * abs(value)
        step = 1.0
        while step > 1e-12:
            trial = np.maximum(q + step * direction, 0.0)
            trial_value = _value(trial, counts, mixing)
            if trial_value >= value + 1e-4 * float(gradient @ (trial - q)) - rounding:
                break
            step /= 2
        if step <= 1e-12:
            break
        q, value = trial, trial_value
    return q


def _value(q: FloatArray, counts: FloatArray, mixing: FloatArray) -> float:
    mean = q @ mixing
    return float(counts @ np.log(mean) - q.sum()) if (mean > 0).all() else -np.inf


def _unmix_influence(column: FloatArray, errors: FloatArray, q: FloatArray) -> FloatArray:
    """Return dq[s] by one more person assigned to t, shape (T, S); 0 for q on the boundary."""
    free = q > 1e-9 * max(column.sum(), 1e-300)
    moved = np.zeros((len(errors), len(q)))
    if not free.any():
        return moved
    mean = q @ errors
    seen = column > 0
    mixing = errors[free]
    curvature = (mixing[:, seen] * (column[seen] / mean[seen] ** 2)) @ mixing[:, seen].T
    slope = np.where(mean > 0, mixing / np.where(mean > 0, mean, 1.0), 0.0)
    moved[:, free] = (np.linalg.pinv(curvature) @ slope).T
    return moved
