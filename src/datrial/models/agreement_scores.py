"""Agreement of two raters on a score: their differences and the limits of agreement."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.paired.mean_change import deviation, mean_change, t_quantile
from datrial.models.paired.readings import paired_numbers
from datrial.models.paired.share import SingleProportion, single_proportion
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LimitsOfAgreement:
    """How far two raters' scores of the same cases lie apart; differences are first less second.

    Attributes
    ----------
    mean_first, mean_second
        Each rater's mean.
    bias
        The mean difference, with Student's interval.
    sd
        Of the differences.
    lower, upper
        Between which 95% of differences lie if they are normal, with exact intervals (Carkeet
        2015).
    lower_approximate, upper_approximate
        The same limits with Bland and Altman's (1999) approximate intervals.
    proportional_bias
        Slope of the difference on the mean of the two scores, with Student's interval: away from
        0, the raters differ more at one end of the scale.
    within, equal
        Shares of cases at most `points` apart, and with the same score.
    points
        As given.
    n, n_left_out
        Cases with both scores, and cases with one missing.
    notes
        What a reader of the limits should know.
    """

    mean_first: float
    mean_second: float
    bias: Effect
    sd: float
    lower: Effect
    upper: Effect
    lower_approximate: Effect
    upper_approximate: Effect
    proportional_bias: Effect
    within: SingleProportion
    equal: SingleProportion
    points: float
    n: int
    n_left_out: int
    notes: tuple[str, ...]


def limits_of_agreement(
    first: ArrayLike, second: ArrayLike, *, points: float = 1.0, level: float = 0.95
) -> LimitsOfAgreement:
    """Estimate the 95% limits of agreement of two raters.

    Bland and Altman (1986), Lancet 327, 307-310, and (1999), Statistical Methods in Medical
    Research 8, 135-160; exact intervals: Carkeet (2015), Optometry and Vision Science 92, e71-e80.
    R: `BlandAltmanLeh`, `MethComp`; Stata: `concord, loa`.

    Parameters
    ----------
    first, second
        Each rater's score of each case, in the same order; cases with one missing are left out
        and counted.
    points
        How far apart two scores may be that still count as near (`within`).
    level
        Of the intervals. The limits themselves are always the 95% limits.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but numbers, columns of unequal length or other cases, points below zero, or
        fewer than three complete cases.
    """
    if not (np.isfinite(points) and points >= 0):
        raise ModelUsageError("How far apart counts as near must be zero or more.")
    names = ("first rater's scores", "second rater's scores")
    x, y, left_out = paired_numbers(first, second, names, fewest=3)
    gap, n = np.round(x - y, 9) + 0.0, len(x)
    bias, _, _ = mean_change(gap, level)
    sd, reach = deviation(gap), normal_quantile(0.95)
    notes: tuple[str, ...] = ()
    if sd == 0:
        notes = ("All differences are alike: the limits have no interval.",)
    return LimitsOfAgreement(
        mean_first=float(x.mean()),
        mean_second=float(y.mean()),
        bias=bias,
        sd=sd,
        lower=_exact_limit(bias.estimate, sd, n, -reach, level),
        upper=_exact_limit(bias.estimate, sd, n, reach, level),
        lower_approximate=_near_limit(bias.estimate, sd, n, -reach, level),
        upper_approximate=_near_limit(bias.estimate, sd, n, reach, level),
        proportional_bias=_slope((x + y) / 2, gap, level),
        within=single_proportion(int((np.abs(gap) <= points + 1e-9).sum()), n, level=level),
        equal=single_proportion(int((gap == 0).sum()), n, level=level),
        points=points,
        n=n,
        n_left_out=left_out,
        notes=notes,
    )


def _exact_limit(bias: float, sd: float, n: int, reach: float, level: float) -> Effect:
    """Return bias + reach sd: (limit - bias) / sd times sqrt(n) is noncentral t."""
    from scipy.special import nctdtrit

    at, method = bias + reach * sd, "Carkeet 2015, exact"
    if sd == 0:
        return Effect(at, nan, nan, method)
    tails = ((1 - level) / 2, (1 + level) / 2)
    factors = [float(nctdtrit(n - 1, abs(reach) * sqrt(n), tail)) / sqrt(n) for tail in tails]
    if reach < 0:
        factors = [-factor for factor in reversed(factors)]
    return Effect(at, bias + factors[0] * sd, bias + factors[1] * sd, method)


def _near_limit(bias: float, sd: float, n: int, reach: float, level: float) -> Effect:
    at, method = bias + reach * sd, "Bland and Altman 1999, approximate"
    half = t_quantile(n - 1, level) * sd * sqrt(1 / n + reach**2 / (2 * (n - 1)))
    return Effect(at, at - half, at + half, method) if half else Effect(at, nan, nan, method)


def _slope(x: FloatArray, y: FloatArray, level: float) -> Effect:
    n, centred, method = len(x), x - x.mean(), "Student's t"
    square = float(centred @ centred)
    if square == 0:
        return Effect(nan, nan, nan, method)
    slope = float(centred @ y) / square
    left = y - y.mean() - slope * centred
    spread = float(left @ left)
    if spread < 1e-18 or n < 3:
        return Effect(slope, nan, nan, method)
    half = t_quantile(n - 2, level) * sqrt(spread / (n - 2) / square)
    return Effect(slope, slope - half, slope + half, method)
