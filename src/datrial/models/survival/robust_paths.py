"""Variance of a curve that is a sum over event times, from how much each person moves it.

With dN_k events among Y_k at risk at time k and factors q_k, person i moves the curve by
psi_i(t) = sum_{k <= t} q_k (dN_ik - Y_ik dN_k / Y_k), and the variance is sum_i psi_i(t)^2:
Lawless and Nadeau (1995), Technometrics 37, 158-168, with q = 1/Y for the mean number of
events; the infinitesimal jackknife, with q = 1/(Y - dN), for the logarithm of Kaplan-Meier.
It is carried from one event time to the next, so that no table of people by times is needed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datrial.models.sandwich import total_by
from datrial.models.survival.risk_sets import RiskSets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def path_variance(
    risk: RiskSets,
    events: FloatArray,
    weights: FloatArray,
    person: IntArray,
    order: IntArray,
    factor: FloatArray,
    hazard: FloatArray,
) -> FloatArray:
    """Return sum_i psi_i^2 after each event time (D,).

    Parameters
    ----------
    risk
        The risk sets; groups are strata.
    events, weights
        Events at the end of each row, and its weight (n,).
    person, order
        Whose each row is, and the order of rows by person and time.
    factor, hazard
        q_k and dN_k / Y_k of each event time (D,).
    """
    drift = np.concatenate([[0.0], np.cumsum(factor * hazard)])
    ends = np.flatnonzero(events > 0)
    at = risk.past[ends] - 1
    jump = np.zeros(len(events))
    jump[ends] = events[ends] * factor[at]
    moved = weights * (jump - (drift[risk.past] - drift[risk.first]))
    before = _sum_of_earlier(moved, person, order)
    # psi of a row just before time k is `level` - weight * drift[k].
    level = before + weights * drift[risk.first]
    squares = risk.totals(weights**2)
    standing = risk.totals(weights * level) - drift[:-1] * squares
    own = level[ends] - weights[ends] * drift[at]
    w, c, n = weights[ends], events[ends], risk.n_times
    crossed = total_by(at, n, own * w * c) - hazard * standing
    spread = total_by(at, n, (w * c) ** 2) - 2 * hazard * total_by(at, n, w**2 * c)
    steps = 2 * factor * crossed + factor**2 * (spread + hazard**2 * squares)
    return np.maximum(sum_within(steps, risk.stratum), 0.0)


def sum_within(steps: FloatArray, stratum: IntArray) -> FloatArray:
    """Return running sums (D,) that begin anew in each stratum."""
    total = np.empty(len(steps))
    bounds = [0, *(np.flatnonzero(np.diff(stratum)) + 1).tolist(), len(steps)]
    for begin, end in pairwise(bounds):
        total[begin:end] = steps[begin:end].cumsum()
    return total


def _sum_of_earlier(values: FloatArray, person: IntArray, order: IntArray) -> FloatArray:
    """Return for each row the sum over the same person's earlier rows."""
    sorted_values, sorted_person = values[order], person[order]
    running = np.cumsum(sorted_values) - sorted_values
    is_first = np.append(True, sorted_person[1:] != sorted_person[:-1])
    begin = np.flatnonzero(is_first)
    offset = np.repeat(running[begin], np.diff(np.append(begin, len(order))))
    earlier = np.empty(len(values))
    earlier[order] = running - offset
    return earlier
