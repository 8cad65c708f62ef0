"""The trend of counts over a few months: a rate ratio with the interval of so few months."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datrial.models.count_trends_exact import ExactTrend, exact_trend
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.paired.mean_change import t_p_value, t_quantile
from datrial.models.paired.readings import numbers
from datrial.models.result import normal_quantile
from datrial.models.trends import in_time
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

FloatArray = NDArray[np.float64]

#: Steps of Newton's method; it needs fewer than ten, unless there is no maximum.
STEPS = 100


@dataclass(frozen=True)
class CountTrend:
    """A log-linear trend of counts per unit of exposure.

    Attributes
    ----------
    rate_ratio
        By which the rate is multiplied with each step of time; quasi-Poisson, Student's t with the
        months' degrees of freedom, and an error never smaller than Poisson's. The one to report.
    p_value
        Of the same, that there is no trend.
    exact
        The exact conditional test and interval of the same rate ratio. It holds for Poisson counts
        alone, so not where `dispersion` is well above 1; None where the times are not equally
        spaced steps.
    dispersion, p_dispersion
        Pearson's chi-square over its degrees of freedom, 1 for Poisson counts, and the chance of
        one so large from Poisson counts.
    start, end
        Expected count of the first and last month with their own exposure, each with its interval.
    line
        By time: `observed`, `exposure`, `fitted`, `ci_low`, `ci_high`.
    params, bse
        Intercept and slope on the log scale at time 0 per unit of exposure, and their errors.
    total, df, n_left_out
        Events, degrees of freedom and months without a count.
    notes
        What a reader of the trend should know.
    """

    rate_ratio: Effect
    p_value: float
    exact: ExactTrend | None
    dispersion: float
    p_dispersion: float
    start: Effect
    end: Effect
    line: pd.DataFrame = field(repr=False)
    params: tuple[float, float]
    bse: tuple[float, float]
    total: int
    df: int
    n_left_out: int
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Months with a count."""
        return self.df + 2


def count_trend(
    counts: ArrayLike,
    *,
    exposure: ArrayLike | None = None,
    times: ArrayLike | None = None,
    level: float = 0.95,
) -> CountTrend:
    """Estimate the trend of monthly counts.

    McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 6.2; the exact test is
    of Cox and Lewis (1966), The Statistical Analysis of Series of Events, section 3.3. Stata:
    `glm y month, family(poisson) exposure(days) scale(x2)`; R: `glm(y ~ month + offset(log(days)),
    family = quasipoisson)`.

    Parameters
    ----------
    counts
        One per month, in order; a missing one is left out and counted, and keeps its place.
    exposure
        Days (or working days) of each month, above zero; all alike without.
    times
        When each was; 0, 1, 2 ... without.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but whole counts, exposures that are not above zero, columns of unequal
        length, fewer than three months, or no event at all.
    """
    normal_quantile(level)  # refuses a level outside 0..1
    y, t, left_out = in_time(counts, times, fewest=3)
    if (y < 0).any() or (y % 1).any():
        raise ModelUsageError("Counts are whole numbers from 0.")
    if not y.any():
        raise ModelDataError("There is no event in any month: no rate has a trend.")
    e = _exposure(exposure, counts, times)
    centre = float(t.mean())
    beta, information, mu = _fit(y, t - centre, e)
    df, ends = len(y) - 2, t[y > 0]
    pearson = float(((y - mu) ** 2 / mu).sum()) if np.isfinite(beta[1]) else nan
    dispersion = pearson / df
    one_end = np.ptp(ends) == 0 and ends[0] in (t[0], t[-1])
    exact = exact_trend(y, t, e, level)
    if one_end or not np.isfinite(beta[1]):
        return _at_the_edge(y, t, e, exact, left_out)
    spread = np.linalg.inv(information) * max(dispersion, 1.0)
    error, reach = sqrt(spread[1, 1]), t_quantile(df, level)
    away = np.column_stack([np.ones(len(t)), t - centre])
    half = reach * np.sqrt(np.einsum("ij,jk,ik->i", away, spread, away))
    line = _line(t, y, e, mu, mu * np.exp(-half), mu * np.exp(half))
    at_zero = np.array([1.0, -centre])
    method = "quasi-Poisson, Student's t"
    first, last = (
        Effect(
            float(mu[at]), float(line["ci_low"].iloc[at]), float(line["ci_high"].iloc[at]), method
        )
        for at in (0, -1)
    )
    return CountTrend(
        rate_ratio=Effect(
            exp(beta[1]), exp(beta[1] - reach * error), exp(beta[1] + reach * error), method
        ),
        p_value=t_p_value(beta[1] / error, df),
        exact=exact,
        dispersion=dispersion,
        p_dispersion=_upper_tail(pearson, df),
        start=first,
        end=last,
        line=line,
        params=(float(at_zero @ beta), float(beta[1])),
        bse=(sqrt(float(at_zero @ spread @ at_zero)), error),
        total=int(y.sum()),
        df=df,
        n_left_out=left_out,
        notes=_notes(dispersion, df, exact is not None),
    )


def _exposure(exposure: ArrayLike | None, counts: ArrayLike, times: ArrayLike | None) -> FloatArray:
    """Return the exposure of the months with a count, in their order."""
    there = ~np.isnan(numbers(counts, "counts"))
    if exposure is None:
        return np.ones(int(there.sum()))
    e = numbers(exposure, "exposures")
    if len(e) != len(there):
        raise ModelUsageError("The counts and the exposures must be one each for every month.")
    if not (e[there] > 0).all():
        raise ModelDataError("An exposure must be above zero, in every month with a count.")
    if times is None:
        return e[there]
    return e[there][np.argsort(numbers(times, "times")[there], kind="stable")]


def _fit(y: FloatArray, t: FloatArray, e: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the Poisson maximum (a slope that is not a number without one), information, means."""
    x, beta = np.column_stack([np.ones(len(t)), t]), np.array([np.log(y.sum() / e.sum()), 0.0])
    scale = max(float(np.abs(t).max()), 1e-300)
    for _ in range(STEPS):
        mu = e * np.exp(x @ beta)
        information = x.T @ (mu[:, None] * x)
        step = np.linalg.lstsq(information, x.T @ (y - mu), rcond=None)[0]
        step /= max(1.0, float(np.abs(step).max() * max(scale, 1.0)) / 5)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-12:
            return beta, information, mu
        if abs(beta[1]) * scale > 200:
            break
    return np.array([nan, nan]), information, mu


def _at_the_edge(
    y: FloatArray, t: FloatArray, e: FloatArray, exact: ExactTrend | None, left_out: int
) -> CountTrend:
    """Return what can be said where every event fell into the first or the last month."""
    nothing = Effect(nan, nan, nan, "none: every event in one month at the end")
    missing = np.full(len(y), nan)
    return CountTrend(
        nothing, nan, exact, nan, nan, nothing, nothing,
        _line(t, y, e, missing, missing, missing), (nan, nan), (nan, nan),
        int(y.sum()), len(y) - 2, left_out,
        ("Every event fell into the first or the last month: the trend has no end, and only the "
         "exact test can judge it.",),
    )  # fmt: skip


def _line(t: FloatArray, y: FloatArray, e: FloatArray, *fitted: FloatArray) -> pd.DataFrame:
    import pandas as pd

    named = dict(zip(("fitted", "ci_low", "ci_high"), fitted, strict=True))
    columns = {"observed": y, "exposure": e, **named}
    return pd.DataFrame(columns, index=pd.Index(t, name="time"))


def _upper_tail(pearson: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, pearson))


def _notes(dispersion: float, df: int, exact: bool) -> tuple[str, ...]:
    found: tuple[str, ...] = (
        f"{df + 2} months leave {df} degrees of freedom: a slow trend cannot be seen.",
    )
    if dispersion > 1.5 and exact:
        found += (
            "The counts vary more than Poisson counts do: the exact test is too sure of itself.",
        )
    return found
