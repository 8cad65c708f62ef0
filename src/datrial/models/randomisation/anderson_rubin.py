"""Anderson and Rubin's interval of a ratio of two effects, right however weak the second is.

It holds every effect b at which ``intention to treat - b x contact`` is not told from 0. With
one instrument this is Fieller's: the solution of a quadratic inequality, which is an interval
where contact clearly differs between arms, and otherwise two rays or every number.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Shape = Literal["interval", "two rays", "every number"]


@dataclass(frozen=True)
class AndersonRubin:
    """The effects that are not rejected.

    Attributes
    ----------
    shape
        ``interval``: from `ci_low` to `ci_high`; ``two rays``: all up to `ci_low` and all from
        `ci_high` on; ``every number``: from -inf to inf.
    """

    shape: Shape
    ci_low: float
    ci_high: float

    def holds(self, effect: float) -> bool:
        """Return whether an effect is among them."""
        if self.shape == "two rays":
            return effect <= self.ci_low or effect >= self.ci_high
        return self.ci_low <= effect <= self.ci_high


def anderson_rubin(
    outcome_effect: float,
    contact_effect: float,
    covariance: NDArray[np.float64],
    quantile: float,
) -> AndersonRubin:
    """Solve (r - b p)^2 <= quantile^2 (V_rr - 2 b V_rp + b^2 V_pp) for b.

    Parameters
    ----------
    outcome_effect, contact_effect
        The arm's effects r on the outcome and p on receiving.
    covariance
        Of both, shape (2, 2).
    """
    square = quantile**2
    a = contact_effect**2 - square * float(covariance[1, 1])
    half = outcome_effect * contact_effect - square * float(covariance[0, 1])
    c = outcome_effect**2 - square * float(covariance[0, 0])
    discriminant = half**2 - a * c
    if discriminant < 0 or a == 0:
        return AndersonRubin("every number", -inf, inf)
    low, high = sorted(((half - sqrt(discriminant)) / a, (half + sqrt(discriminant)) / a))
    return AndersonRubin("interval" if a > 0 else "two rays", low, high)
