"""Two arms' shares compared: difference, ratio, odds ratio and Cohen's h, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, sqrt
from typing import Literal

from datrial.models.contingency import independence_test
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect, whole_counts, wilson_interval
from datrial.models.two_arms.score_intervals import (
    Shares,
    difference_limits,
    odds_ratio_limits,
    ratio_limits,
)

_SCORE = "Miettinen and Nurminen 1985, score"


@dataclass(frozen=True)
class ProportionComparison:
    """Two independent groups' shares compared.

    Attributes
    ----------
    reference, compared
        Each group's share, with Wilson's interval.
    difference, difference_newcombe
        Share compared minus reference: the score interval, and Newcombe's (1998, Statistics in
        Medicine 17, 873-890, method 10) made of the two Wilson intervals.
    ratio, odds_ratio
        Compared over reference, with score intervals; infinite or not a number where the
        reference has no events.
    cohens_h
        2 asin sqrt(compared) - 2 asin sqrt(reference), between -pi and pi (Cohen 1988).
    method, p_value
        Of `independence_test`: exact where an expected count is below five, else Pearson's.
    """

    reference: Effect
    compared: Effect
    difference: Effect
    difference_newcombe: Effect
    ratio: Effect
    odds_ratio: Effect
    cohens_h: Effect
    method: Literal["exact", "chi_square"] | None
    p_value: float
    n: int


def compare_proportions(
    events: Sequence[int], totals: Sequence[int], *, level: float = 0.95
) -> ProportionComparison:
    """Compare the shares of two independent groups.

    Stata: `csi`, `rdci`; R: `ratesci::scoreci(skew = FALSE)`.

    Parameters
    ----------
    events, totals
        People with the event and all people: the reference group first.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but two counts of each, more events than people, or an empty group.

    Notes
    -----
    Where all or none have the event there is nothing to test: `p_value` is 1, `method` None.
    """
    if len(events) != 2 or len(totals) != 2:
        raise ModelUsageError("Two shares are compared: two counts of events, two of people.")
    y, x = whole_counts(events, "The events")
    m, n = whole_counts(totals, "The people")
    if y > m or x > n:
        raise ModelUsageError("A group has more events than people.")
    if min(n, m) == 0:
        raise ModelDataError("One of the two groups is empty.")
    quantile = normal_quantile(level)
    shares, p, q = Shares(x, n, y, m), x / n, y / m
    one, two = wilson_interval(x, n, quantile), wilson_interval(y, m, quantile)
    below = sqrt((p - one[0]) ** 2 + (two[1] - q) ** 2)
    above = sqrt((one[1] - p) ** 2 + (q - two[0]) ** 2)
    h, half = 2 * (asin(sqrt(p)) - asin(sqrt(q))), quantile * sqrt(1 / n + 1 / m)
    method, p_value = _test(x, n, y, m)
    return ProportionComparison(
        reference=Effect(q, *two, "Wilson 1927"),
        compared=Effect(p, *one, "Wilson 1927"),
        difference=Effect(p - q, *difference_limits(shares, quantile), _SCORE),
        difference_newcombe=Effect(p - q, p - q - below, p - q + above, "Newcombe 1998, method 10"),
        ratio=Effect(_over(p, q), *ratio_limits(shares, quantile), _SCORE),
        odds_ratio=Effect(
            _over(x * (m - y), y * (n - x)), *odds_ratio_limits(shares, quantile), _SCORE
        ),
        cohens_h=Effect(h, h - half, h + half, "arcsine"),
        method=method,
        p_value=p_value,
        n=n + m,
    )


def _test(x: int, n: int, y: int, m: int) -> tuple[Literal["exact", "chi_square"] | None, float]:
    if x + y in (0, n + m):
        return None, 1.0
    test = independence_test([[x, n - x], [y, m - y]])
    return test.method, test.p_value


def _over(one: float, two: float) -> float:
    if two:
        return one / two
    return float("inf") if one else float("nan")
