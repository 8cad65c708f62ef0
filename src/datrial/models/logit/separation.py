"""Separation of an outcome by its predictors, decided by linear programming.

Albert and Anderson (1984), Biometrika 71, 1-10: the maximum-likelihood estimate of a logit
exists, finite and unique, if and only if no direction d of the parameters makes every row's
own level at least as likely and some row's more likely. Konis (2007), Linear programming
algorithms for detecting separated data in binary logistic regression models, DPhil thesis,
Oxford: such a direction is the solution of a linear programme. A coefficient has no finite
estimate if and only if some such direction moves it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.logit.likelihood import LogitLikelihood, level_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: The solver's own feasibility tolerance, and the least gain that is not its noise.
FEASIBLE, GAIN = 1e-7, 1e-6
#: Rows of a linear programme at first; those that its solution breaks are added.
FIRST_ROWS = 400


@dataclass(frozen=True)
class Separation:
    """Whether and where the outcome is separated.

    Attributes
    ----------
    kind
        ``none``; ``complete``: every row's level is predicted; ``quasi``: some rows' are.
    unbounded
        Positions of the parameters without a finite maximum-likelihood estimate.
    signs
        Where each of them runs: +1, -1, or 0 if either way.
    """

    kind: str
    unbounded: tuple[int, ...] = ()
    signs: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return self.kind != "none"


def find_separation(likelihood: LogitLikelihood, params: FloatArray) -> Separation:
    """Decide whether the outcome is separated, and by which parameters.

    Parameters
    ----------
    likelihood
        The collapsed rows.
    params
        A point near the maximum, if there is one: there a certificate that no direction
        separates is often at hand, and no linear programme is needed.
    """
    if overlap_is_certain(likelihood, params):
        return Separation("none")
    wanted = comparisons(likelihood)
    # Columns of one scale: the signs of d do not depend on the units.
    return separation_along(wanted / np.abs(wanted).max(axis=0))


def separation_along(scaled: FloatArray) -> Separation:
    """Decide whether some d other than 0 has rows @ d >= 0, and which parameters it moves.

    Parameters
    ----------
    scaled
        One row for each comparison that d must not lose, shape (r, q), columns of one scale.
    """
    if _best(scaled, scaled.sum(axis=0)) is None:
        return Separation("none")
    unbounded, signs = [], []
    for column in range(scaled.shape[1]):
        ends = [_best(scaled, s * np.eye(scaled.shape[1])[column]) is not None for s in (1, -1)]
        if any(ends):
            unbounded.append(column)
            signs.append(int(ends[0]) - int(ends[1]))
    kind = "complete" if _is_complete(scaled) else "quasi"
    return Separation(kind, tuple(unbounded), tuple(signs))


def comparisons(likelihood: LogitLikelihood) -> FloatArray:
    """Return the rows z for which z'd >= 0 says that d favours an observed level over another.

    One for each pattern, each level observed at it, and each other level: shape (r, q).
    """
    counts, x = likelihood.counts, likelihood.matrix
    size, k = likelihood.n_equations, likelihood.n_columns
    parts = []
    for level in range(size + 1):
        rows = x[counts[:, level] > 0]
        for other in range(size + 1):
            if other == level or not len(rows):
                continue
            part = np.zeros((len(rows), size, k))
            if level:
                part[:, level - 1] = rows
            if other:
                part[:, other - 1] = -rows
            parts.append(part.reshape(len(rows), size * k))
    return np.concatenate(parts)


def overlap_is_certain(likelihood: LogitLikelihood, params: FloatArray) -> bool:
    """Tell whether the point itself proves that nothing separates.

    The gradient g is the sum of the comparisons z weighted by l = n p(other level) > 0. A
    separating d of length 1 would have g'd >= min(l) * |Zd| >= min(l) * s, s the smallest
    singular value of Z: a gradient shorter than that leaves no room for one.
    """
    eta = likelihood.predictor(params)
    if not np.isfinite(eta).all():
        return False
    counts, size = likelihood.counts, likelihood.n_equations
    p, others, log_sum = level_shares(eta)
    shares = np.column_stack([others if size == 1 else np.exp(-log_sum), p])
    gradient = ((counts[:, 1:] - likelihood.totals[:, None] * p).T @ likelihood.matrix).ravel()
    seen, smallest = counts > 0, np.inf
    for level in range(size + 1):
        rest = shares[:, [c for c in range(size + 1) if c != level]].min(axis=1)
        of_level = np.where(seen[:, level], counts[:, level] * rest, np.inf)
        smallest = min(smallest, float(of_level.min()))
    outer = np.array([_outer_comparisons(level, size).ravel() for level in range(size + 1)])
    edges = (seen.astype(np.float64) @ outer).reshape(-1, size, size)
    # Columns of one scale, so that the answer does not depend on units.
    scale = np.tile(np.abs(likelihood.matrix).max(axis=0), size)
    gram = likelihood.gram(edges) / np.outer(scale, scale)
    singular = np.sqrt(max(float(np.linalg.eigvalsh(gram)[0]), 0.0))
    # Rounding of the gradient's own sum is far below this share of the bound.
    return bool(np.linalg.norm(gradient / scale) < 0.1 * smallest * singular)


def _outer_comparisons(level: int, size: int) -> FloatArray:
    """Return the sum over other levels c of (e_level - e_c)(e_level - e_c)', e_0 = 0."""
    unit = np.vstack([np.zeros(size), np.eye(size)])
    gaps = unit[level] - np.delete(unit, level, axis=0)
    return np.asarray(gaps.T @ gaps)


def _best(rows: FloatArray, objective: FloatArray) -> FloatArray | None:
    """Return the d in the box [-1, 1] that maximises objective'd with rows @ d >= 0.

    None if no such d gains anything. A true d can be lengthened until it meets the box; one
    that only lives on the solver's tolerance is tiny. Only rows that matter are put to it.
    """
    from scipy.optimize import linprog

    length = np.abs(objective).max() or 1.0
    chosen = np.unique(np.linspace(0, len(rows) - 1, FIRST_ROWS).astype(np.int64))
    while True:
        done = linprog(
            -objective / length, A_ub=-rows[chosen], b_ub=np.zeros(len(chosen)),
            bounds=(-1, 1), method="highs",
        )  # fmt: skip
        if done.x is None or np.abs(done.x).max() < 0.5 or -done.fun * length < GAIN:
            return None
        met = rows @ done.x
        broken = np.setdiff1d(np.flatnonzero(met < -FEASIBLE), chosen)
        if not len(broken):
            return np.asarray(done.x)
        worst = broken[np.argsort(met[broken], kind="stable")[:FIRST_ROWS]]
        chosen = np.union1d(chosen, worst)


def _is_complete(rows: FloatArray) -> bool:
    """Tell whether some d has rows @ d > 0 throughout: maximise the smallest."""
    with_margin = np.column_stack([rows, -np.ones(len(rows))])
    objective = np.zeros(rows.shape[1] + 1)
    objective[-1] = 1.0
    return _best(with_margin, objective) is not None
