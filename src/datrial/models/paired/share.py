"""One share of one small group, with intervals that are right at n = 8 to 30."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

from datrial.models.errors import ModelUsageError
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect, exact_interval, whole_counts, wilson_interval

ShareInterval = Literal["wilson", "exact", "jeffreys"]


@dataclass(frozen=True)
class SingleProportion:
    """A share with three intervals.

    Attributes
    ----------
    count, n
        People with the answer, and all people.
    wilson
        Wilson's (1927) score interval, the one to report: its coverage is near the level on
        average over all true shares, from n = 5 on (Brown, Cai and DasGupta 2001).
    exact
        Clopper and Pearson's (1934): covers with at least the level whatever the true share, and
        is wider for it.
    jeffreys
        The equal-tailed interval of Jeffreys's prior; 0 and 1 are its ends at none and at all.
    method
        Which of them `share` is.

    Notes
    -----
    With nobody asked (`n` of 0) the share is not a number and every interval is 0 to 1: that is a
    state of the table, not a fault.
    """

    count: int
    n: int
    wilson: Effect
    exact: Effect
    jeffreys: Effect
    method: ShareInterval

    @property
    def share(self) -> Effect:
        """The share with the interval of `method`."""
        intervals = {"wilson": self.wilson, "exact": self.exact, "jeffreys": self.jeffreys}
        return intervals[self.method]

    @property
    def estimate(self) -> float:
        """The share itself; not a number with nobody asked."""
        return self.wilson.estimate


def single_proportion(
    count: int, n: int, *, method: ShareInterval = "wilson", level: float = 0.95
) -> SingleProportion:
    """Estimate one share with its interval.

    Wilson (1927), JASA 22, 209-212; Clopper and Pearson (1934), Biometrika 26, 404-413; Brown, Cai
    and DasGupta (2001), Statistical Science 16, 101-133. Stata: `cii proportions n count, wilson`
    (`exact`, `jeffreys`); R: `prop.test(correct = FALSE)`, `binom.test`.

    Parameters
    ----------
    count, n
        People with the answer, of how many. None at all (`n` of 0) is allowed.
    method
        Which interval `share` shows; all three are in the result.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError
        For anything but two counts, a count above `n`, or an unknown method.
    """
    if method not in ("wilson", "exact", "jeffreys"):
        raise ModelUsageError("The interval of a share is wilson, exact or jeffreys.")
    count, n = whole_counts([count, n], "The people with the answer and all people")
    if count > n:
        raise ModelUsageError("More people have the answer than there are.")
    quantile = normal_quantile(level)
    share = count / n if n else nan
    limits = {
        "Wilson 1927": wilson_interval(count, n, quantile) if n else (0.0, 1.0),
        "Clopper and Pearson 1934": exact_interval(count, n, level) if n else (0.0, 1.0),
        "Jeffreys's prior": _jeffreys(count, n, level) if n else (0.0, 1.0),
    }
    wilson, exact, jeffreys = (Effect(share, *ends, name) for name, ends in limits.items())
    return SingleProportion(count, n, wilson, exact, jeffreys, method)


def _jeffreys(count: int, n: int, level: float) -> tuple[float, float]:
    """Return the interval of Beta(count + 1/2, n - count + 1/2), its ends set at none and all."""
    from scipy.special import betaincinv

    tail, a, b = (1 - level) / 2, count + 0.5, n - count + 0.5
    low = 0.0 if count == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if count == n else float(betaincinv(a, b, 1 - tail))
    return low, high
