"""The exact conditional test of a trend of Poisson counts.

Given how many events there were, each fell into a month with a chance proportional to the month's
exposure if there is no trend. The sum of the events' times is then a sum of that many independent
draws: its distribution is counted by convolution, and tilted by exp(slope x time) under a trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: Above this many events times steps the sum is as good as normal, and is not counted.
MOST_STATES = 20_000


@dataclass(frozen=True)
class ExactTrend:
    """The exact test given the number of events.

    Attributes
    ----------
    p_value, p_mid
        Two-sided: twice the smaller tail, and its mid-p version.
    ci_low, ci_high
        Limits of the rate ratio of a step: those whose tail is a half of what may be missed. 0 and
        infinite where every event fell into the first or the last month.
    """

    p_value: float
    p_mid: float
    ci_low: float
    ci_high: float


def exact_trend(
    y: FloatArray, t: FloatArray, exposure: FloatArray, level: float
) -> ExactTrend | None:
    """Return the exact test; None for times that are no whole steps, or too many events.

    Too many are also so many in so steep a trend that their chance is below every number.
    """
    gaps = np.diff(np.unique(t))
    step = float(gaps.min())
    places = (t - t.min()) / step
    whole = np.rint(places).astype(np.int64)
    events = int(y.sum())
    if np.abs(places - whole).max() > 1e-9 or events * int(whole.max()) > MOST_STATES:
        return None
    month = np.zeros(int(whole.max()) + 1)
    np.add.at(month, whole, exposure / exposure.sum())
    law = _power(month, events)
    sums, found = np.arange(len(law)), int(y @ whole)
    if not law[found]:
        return None
    below, above, here = law[: found + 1].sum(), law[found:].sum(), law[found]
    with np.errstate(divide="ignore"):
        logs = np.log(law)
    tail = (1 - level) / 2

    def limit(side: int) -> float:
        """Solve for the slope under which the tail away from it is just `tail`."""
        from scipy.optimize import brentq

        def gap(slope: float) -> float:
            weights = logs + slope * sums
            chances = np.exp(weights - weights[np.isfinite(weights)].max())
            part = chances[found:].sum() if side < 0 else chances[: found + 1].sum()
            return float(part / chances.sum()) - tail

        reach = 1.0
        while gap(side * reach) > 0:
            reach *= 2
        centre = 0.0
        while gap(centre) < 0:
            centre -= side * max(1.0, abs(centre))
        return exp(float(brentq(gap, centre, side * reach, xtol=1e-12)) / step)

    least, most = (np.flatnonzero(law)[end] for end in (0, -1))
    return ExactTrend(
        p_value=float(min(1.0, 2 * min(below, above))),
        p_mid=float(min(1.0, 2 * (min(below, above) - here / 2))),
        ci_low=0.0 if found == least else limit(-1),
        ci_high=inf if found == most else limit(1),
    )


def _power(law: FloatArray, times: int) -> FloatArray:
    """Return the distribution of a sum of that many independent draws, by repeated squaring."""
    found = np.ones(1)
    while times:
        if times % 2:
            found = np.convolve(found, law)
        times //= 2
        if times:
            law = np.convolve(law, law)
    return found
