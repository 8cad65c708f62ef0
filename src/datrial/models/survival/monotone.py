"""Monotone likelihood: hazard ratios that run to zero or infinity.

It happens where some combination d of the predictors is, at every event time, at least as
large for those with the event as for everybody at risk: no event in one arm is the commonest
case. The partial likelihood then rises for ever along d (Bryson and Johnson 1981,
Technometrics 23, 381-383; Heinze and Schemper 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.newton import Maximum, ascent_direction
from datrial.models.survival.partial_likelihood import PartialLikelihood

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FEASIBLE = 1e-7
GAIN = 1e-6
COMPARED_AT_ONCE = 60
MOST_ROUNDS = 300


@dataclass(frozen=True)
class Monotone:
    """Predictor columns without a finite estimate, and where they run: 1, -1, 0 if both ways."""

    columns: tuple[int, ...] = ()
    signs: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether the likelihood is monotone."""
        return bool(self.columns)


def find_monotone(likelihood: PartialLikelihood, top: Maximum) -> Monotone:
    """Decide whether the likelihood is monotone, and in which columns.

    Parameters
    ----------
    likelihood
        The partial likelihood; its information at 0 has full rank.
    top
        Where an ascent ended: there a certificate that the maximum is finite is often at hand.
    """
    ranges = np.ptp(likelihood.matrix, axis=0)
    if _finite_for_certain(top, ranges):
        return Monotone()
    search = _Search(likelihood, ranges)
    p = likelihood.n_columns
    if search.best(search.ascent) is None:
        return Monotone()
    columns, signs = [], []
    for column in range(p):
        ends = [search.best(sign * np.eye(p)[column]) is not None for sign in (1, -1)]
        if any(ends):
            columns.append(column)
            signs.append(int(ends[0]) - int(ends[1]))
    return Monotone(tuple(columns), tuple(signs))


def _finite_for_certain(top: Maximum, ranges: FloatArray) -> bool:
    """Tell whether the point itself proves that the maximum is finite.

    Along a direction d in which the likelihood is monotone x'd of the events leads by Z >= 0
    over the risk sets; the slope is the sum of E Z and the curvature the sum of Var Z, which is
    at most range(x'd) E Z. So slope^2 / curvature, at most the Newton decrement, is at least
    curvature / range^2: with more curvature than that in every direction there is no such d.
    """
    if not top.converged or not np.isfinite(top.hessian).all():
        return False
    decrement = float(top.gradient @ ascent_direction(top.gradient, top.hessian))
    smallest = float(np.linalg.eigvalsh(-top.hessian / np.outer(ranges, ranges))[0])
    # The range of x'd, columns of range 1, is at most |d|_1 <= sqrt(p) |d|_2.
    return smallest > 10 * len(ranges) * max(decrement, 1e-12)


class _Search:
    """Looks for directions that no comparison of an event with its risk set forbids."""

    def __init__(self, likelihood: PartialLikelihood, ranges: FloatArray) -> None:
        self.likelihood, self.risk = likelihood, likelihood.risk
        self.scaled = likelihood.matrix / ranges
        start = likelihood.evaluate(np.zeros(likelihood.n_columns))
        self.ascent = start.gradient / ranges
        self.pool = np.zeros((0, likelihood.n_columns))

    def best(self, objective: FloatArray) -> FloatArray | None:
        """Return the allowed d in the box [-1, 1] with the largest objective, None if none gains.

        Comparisons are put to the linear programme only as its answers break them.
        """
        from scipy.optimize import linprog

        length = np.abs(objective).max() or 1.0
        for _ in range(MOST_ROUNDS):
            done = linprog(
                -objective / length, A_ub=-self.pool if len(self.pool) else None,
                b_ub=np.zeros(len(self.pool)) if len(self.pool) else None,
                bounds=(-1, 1), method="highs",
            )  # fmt: skip
            if done.x is None or np.abs(done.x).max() < 0.5 or -done.fun < GAIN:
                return None
            broken = self._broken(np.asarray(done.x))
            if not len(broken):
                return np.asarray(done.x)
            self.pool = np.concatenate([self.pool, broken])
        return None

    def _broken(self, direction: FloatArray) -> FloatArray:
        """Return the comparisons, event minus the leader of its risk set, that d loses most."""
        lead = self.scaled @ direction
        rows, times = self.likelihood.with_event, self.likelihood.at_time
        short = self.risk.maxima(lead)[times] - lead[rows]
        worst = np.argsort(-short, kind="stable")[:COMPARED_AT_ONCE]
        found = []
        for event in worst[short[worst] > FEASIBLE].tolist():
            time = times[event]
            at_risk = np.flatnonzero((self.risk.first <= time) & (time < self.risk.past))
            leader = at_risk[np.argmax(lead[at_risk])]
            found.append(self.scaled[rows[event]] - self.scaled[leader])
        return np.unique(np.array(found).reshape(-1, len(direction)), axis=0)
