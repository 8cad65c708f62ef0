"""Profile-likelihood intervals of single log hazard ratios."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.newton import Maximum
from datrial.models.result import normal_quantile
from datrial.models.survival.firth import CoxProblem

FloatArray = NDArray[np.float64]

#: Doublings of the step that looks for the end of an interval, before it is called infinite.
DOUBLINGS = 8


def profile_ends(
    problem: CoxProblem, top: Maximum, place: int, error: float, level: float
) -> tuple[float, float]:
    """Return both ends of the profile interval of one coefficient.

    Parameters
    ----------
    problem, top
        The model and its maximum.
    place
        Of the coefficient.
    error
        Its standard error, as a first guess of half the interval.
    """
    quantile = normal_quantile(level)
    # A monotone likelihood has errors without meaning: then 2 on the scale of the log ratio.
    longest = 2.0 / max(float(np.ptp(problem.likelihood.matrix[:, place])), 1e-300)
    step = error if 0 < error < longest else longest
    low, high = (_end(problem, top, place, sign * step, quantile) for sign in (-1, 1))
    return low, high


def profile_p(problem: CoxProblem, top: Maximum, place: int) -> float:
    """Return the p-value of the likelihood-ratio test that the coefficient is 0."""
    from scipy.special import chdtrc

    return float(chdtrc(1, _fall(problem, top, place, 0.0)))


def _fall(problem: CoxProblem, top: Maximum, place: int, value: float) -> float:
    """Return twice the fall of the log-likelihood where the coefficient is held at a value."""
    held = np.zeros(len(top.point), dtype=bool)
    held[place] = True
    start = top.point.copy()
    start[place] = value
    return max(2 * (top.value - problem.fit(start, held).value), 0.0)


def _end(problem: CoxProblem, top: Maximum, place: int, step: float, quantile: float) -> float:
    """Return the end of the interval on the side of `step`, infinite where there is none."""
    from scipy.optimize import brentq

    centre = float(top.point[place])

    def excess(distance: float) -> float:
        if distance == 0:
            return -quantile
        return float(np.sqrt(_fall(problem, top, place, centre + distance))) - quantile

    inside, outside = 0.0, step * quantile
    for _ in range(DOUBLINGS):
        if excess(outside) > 0:
            break
        inside, outside = outside, 2 * outside
    else:
        return float(np.copysign(np.inf, step))
    return centre + float(brentq(excess, inside, outside, xtol=1e-6 * abs(step), rtol=1e-9))
