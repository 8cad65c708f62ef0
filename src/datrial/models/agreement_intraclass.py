"""Agreement of two raters or more on a score: intraclass correlations."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.paired.readings import numbers
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class IntraclassCorrelation:
    """Intraclass correlations of single ratings, every case rated by the same raters.

    Attributes
    ----------
    agreement
        ICC(A,1), also ICC(2,1): raters who differ by a constant do not agree.
    consistency
        ICC(C,1), also ICC(3,1): such a constant does not count.
    mean_square_cases, mean_square_raters, mean_square_error
        Of the two-way analysis of variance.
    n, n_raters, n_left_out
        Cases rated by all, raters, and cases with a rating missing.
    """

    agreement: Effect
    consistency: Effect
    mean_square_cases: float
    mean_square_raters: float
    mean_square_error: float
    n: int
    n_raters: int
    n_left_out: int


def intraclass_correlation(ratings: ArrayLike, *, level: float = 0.95) -> IntraclassCorrelation:
    """Estimate the intraclass correlations of single ratings.

    Shrout and Fleiss (1979), Psychological Bulletin 86, 420-428; McGraw and Wong (1996),
    Psychological Methods 1, 30-46. Stata: `icc`; R: `psych::ICC`, `irr::icc(model = "twoway")`.

    Parameters
    ----------
    ratings
        Cases x raters. Cases with a rating missing are left out and counted.
    level
        Of the intervals, which are from F distributions.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but a table of numbers with two raters or more, or fewer than three complete
        cases.

    Notes
    -----
    Not numbers where all ratings are alike; no interval where raters agree in full or contradict
    each other throughout. With two raters and few cases this is the interval to
    put beside quadratic weighted kappa, which ICC(A,1) nearly equals (Fleiss and Cohen 1973):
    kappa's own is of large samples.
    """
    normal_quantile(level)  # refuses a level outside 0..1
    table = np.asarray(ratings)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ModelUsageError("The ratings make a table, cases by two raters or more.")
    scores = np.column_stack([numbers(column, "ratings") for column in table.T])
    complete = ~np.isnan(scores).any(axis=1)
    left_out, scores = int((~complete).sum()), scores[complete]
    n, k = scores.shape
    if n < 3:
        raise ModelDataError(f"{n} cases have every rating; three are needed at least.")
    rows, raters = scores.mean(axis=1), scores.mean(axis=0)
    rest = scores - rows[:, None] - raters[None, :] + scores.mean()
    bms = k * float(((rows - scores.mean()) ** 2).sum()) / (n - 1)
    jms = n * float(((raters - scores.mean()) ** 2).sum()) / (k - 1)
    ems = float((rest**2).sum()) / ((n - 1) * (k - 1))
    ems = 0.0 if ems < 1e-12 * (bms + jms) else ems
    return IntraclassCorrelation(
        agreement=_agreement(bms, jms, ems, n, k, level),
        consistency=_consistency(bms, ems, n, k, level),
        mean_square_cases=bms,
        mean_square_raters=jms,
        mean_square_error=ems,
        n=n,
        n_raters=k,
        n_left_out=left_out,
    )


def _consistency(bms: float, ems: float, n: int, k: int, level: float) -> Effect:
    from scipy.special import fdtri

    method = "Shrout and Fleiss 1979, F"
    if bms + ems == 0:
        return Effect(nan, nan, nan, method)
    estimate = (bms - ems) / (bms + (k - 1) * ems)
    if ems == 0 or bms == 0:
        return Effect(estimate, nan, nan, method)
    f, df = bms / ems, ((n - 1), (n - 1) * (k - 1))
    low = f / float(fdtri(*df, (1 + level) / 2))
    high = f * float(fdtri(*reversed(df), (1 + level) / 2))
    return Effect(estimate, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1), method)


def _agreement(bms: float, jms: float, ems: float, n: int, k: int, level: float) -> Effect:
    from scipy.special import fdtri

    method = "McGraw and Wong 1996, F"
    total = bms + (k - 1) * ems + k * (jms - ems) / n
    if total == 0:
        return Effect(nan, nan, nan, method)
    icc = (bms - ems) / total
    if ems == 0 or bms == 0:
        return Effect(icc, nan, nan, method)
    a, b = k * icc / (n * (1 - icc)), 1 + k * icc * (n - 1) / (n * (1 - icc))
    df = (a * jms + b * ems) ** 2 / (
        (a * jms) ** 2 / (k - 1) + (b * ems) ** 2 / ((n - 1) * (k - 1))
    )
    f_low = float(fdtri(n - 1, df, (1 + level) / 2))
    f_high = float(fdtri(df, n - 1, (1 + level) / 2))
    rest = k * jms + (k * n - k - n) * ems
    low = n * (bms - f_low * ems) / (f_low * rest + n * bms)
    high = n * (f_high * bms - ems) / (rest + n * f_high * bms)
    return Effect(icc, low, high, method) if low <= icc <= high else Effect(icc, nan, nan, method)
