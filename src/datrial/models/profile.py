"""Profile-likelihood intervals and tests of single parameters.

The interval holds every value b for which twice the fall of the (penalised) log-likelihood,
all other parameters re-estimated, stays below the chi-squared quantile with one degree of
freedom. Under Firth's penalty these are the intervals that Heinze and Schemper (2002)
recommend in place of Wald's; R: `logistf` with ``pl = TRUE``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datrial.models.newton import Maximum

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Doublings of the step that looks for the end of an interval, before it is called infinite.
DOUBLINGS = 9


class Problem(Protocol):
    """A (penalised) likelihood that can be maximised with some parameters held."""

    def fit(self, start: FloatArray, held: BoolArray | None = None) -> Maximum:
        """Maximise from `start`; parameters marked in `held` stay where they are."""


def profile_limits(
    problem: Problem,
    top: Maximum,
    position: int,
    error: float,
    quantile: float,
    *,
    longest: float,
) -> tuple[float, float]:
    """Return both ends of the profile interval of one parameter.

    Parameters
    ----------
    problem, top
        The model and its maximum.
    position
        Of the parameter among the parameters.
    error
        Its standard error, as a first guess of half the interval.
    quantile
        Standard normal quantile of the level, 1.96 for 95%.
    longest
        The first guess where the error has no meaning: without a finite estimate it is huge.

    Notes
    -----
    An end is infinite where the likelihood never falls far enough: under separation without
    a penalty.
    """
    step = error if 0 < error < longest else longest
    low, high = (_limit(problem, top, position, side * step, quantile) for side in (-1, 1))
    return low, high


def profile_p_value(problem: Problem, top: Maximum, position: int) -> float:
    """Return the p-value of the (penalised) likelihood-ratio test that the parameter is 0."""
    from scipy.special import chdtrc

    held = np.zeros(len(top.point), dtype=bool)
    held[position] = True
    start = top.point.copy()
    start[position] = 0.0
    fall = 2 * (top.value - problem.fit(start, held).value)
    return float(chdtrc(1, max(fall, 0.0)))


def _limit(problem: Problem, top: Maximum, position: int, step: float, quantile: float) -> float:
    """Return the end of the interval on the side of `step`."""
    from scipy.optimize import brentq

    held = np.zeros(len(top.point), dtype=bool)
    held[position] = True
    centre = float(top.point[position])
    known = {0.0: top.point}

    def excess(distance: float) -> float:
        # The root of twice the fall is nearly a straight line: few steps are needed.
        if distance == 0:
            return -quantile
        start = _between(known, distance)
        start[position] = centre + distance
        inner = problem.fit(start, held)
        known[distance] = inner.point
        return float(np.sqrt(max(2 * (top.value - inner.value), 0.0))) - quantile

    inside, outside = 0.0, step * quantile
    for _ in range(DOUBLINGS):
        if excess(outside) > 0:
            break
        inside, outside = outside, 2 * outside
    else:
        return float(np.copysign(np.inf, step))
    found = brentq(excess, inside, outside, xtol=1e-7 * abs(step), rtol=1e-10)
    return centre + float(found)


def _between(known: dict[float, FloatArray], distance: float) -> FloatArray:
    """Guess where the other parameters are at a distance, from the two nearest that are known."""
    near, *others = sorted(known, key=lambda d: abs(d - distance))
    if not others:
        return known[near].copy()
    share = (distance - near) / (others[0] - near)
    return known[near] + share * (known[others[0]] - known[near])
