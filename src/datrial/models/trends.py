"""The straight line through a few monthly figures: the trend line of a report, with its error."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.paired.mean_change import t_p_value, t_quantile
from datrial.models.paired.readings import numbers
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LinearTrend:
    """A least-squares line through figures in order of time.

    Attributes
    ----------
    slope
        Change per step of time, with Student's interval.
    p_value
        Student's, of a slope of 0.
    start, end
        The line at the first and at the last time, each with its interval: a report's "from 16 to
        21 per month".
    line
        By time: `observed`, `fitted`, the interval of the line (`ci_low`, `ci_high`) and that of a
        single new figure (`prediction_low`, `prediction_high`).
    residual_sd, df
        Of the figures about the line.
    lag_one
        Correlation of neighbouring residuals. Far above 0 the interval is too narrow; with nine
        months anything within about 0.65 of 0 may be chance.
    n_left_out
        Times without a figure.
    notes
        What a reader of the line should know.
    """

    slope: Effect
    p_value: float
    start: Effect
    end: Effect
    line: pd.DataFrame = field(repr=False)
    residual_sd: float
    df: int
    lag_one: float
    n_left_out: int
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Figures that the line goes through."""
        return self.df + 2


def linear_trend(
    values: ArrayLike, *, times: ArrayLike | None = None, level: float = 0.95
) -> LinearTrend:
    """Fit the straight line that a spreadsheet draws through monthly figures.

    Stata: `regress y month`, `predict, stdp` and `stdf`; R: `predict(lm(y ~ month), interval =
    "prediction")`. For counts `count_trend` is the honest model; this line reproduces print.

    Parameters
    ----------
    values
        One figure per month, in order; a missing one is left out and counted, and keeps its place.
    times
        When each was; 0, 1, 2 ... without.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but numbers, times of another length, missing or all alike, or fewer than
        three figures.
    """
    normal_quantile(level)  # refuses a level outside 0..1
    y, t, left_out = in_time(values, times, fewest=3)
    n, centred = len(y), t - t.mean()
    square = float(centred @ centred)
    slope = float(centred @ y) / square
    fitted = y.mean() + slope * centred
    left = y - fitted
    sd = float(np.sqrt(left @ left / (n - 2)))
    straight = sd <= 1e-9 * max(float(np.abs(y).max()), 1e-300)
    reach = nan if straight else t_quantile(n - 2, level) * sd
    # How many residual variances the line and a new figure have at each time.
    of_line = 1 / n + centred**2 / square
    half, wide = reach * np.sqrt(of_line), reach * np.sqrt(1 + of_line)
    method, error = "Student's t", sd / np.sqrt(square)
    ends = [
        Effect(float(middle), float(middle - reaches), float(middle + reaches), method)
        for middle, reaches in ((fitted[0], half[0]), (fitted[-1], half[-1]))
    ]
    return LinearTrend(
        slope=Effect(
            slope,
            slope - reach / float(np.sqrt(square)),
            slope + reach / float(np.sqrt(square)),
            method,
        ),
        p_value=nan if straight else t_p_value(float(slope / error), n - 2),
        start=ends[0],
        end=ends[1],
        line=_line(t, y, fitted, half, wide),
        residual_sd=sd,
        df=n - 2,
        lag_one=nan if straight else float(left[1:] @ left[:-1] / (left @ left)),
        n_left_out=left_out,
        notes=("The figures lie on a straight line: there is no spread to judge its error by.",)
        if straight
        else (),
    )


def in_time(
    values: ArrayLike, times: ArrayLike | None, fewest: int
) -> tuple[FloatArray, FloatArray, int]:
    """Return the figures that are there with their times, in order, and how many are missing."""
    y = numbers(values, "figures")
    t = np.arange(len(y), dtype=np.float64) if times is None else numbers(times, "times")
    if len(t) != len(y):
        raise ModelUsageError("The figures and the times must be one each for every month.")
    if np.isnan(t).any():
        raise ModelUsageError("A month without its time cannot be placed.")
    there = ~np.isnan(y)
    if there.sum() < fewest or np.ptp(t[there]) == 0:
        raise ModelDataError(
            f"{int(there.sum())} figures are there; a trend takes {fewest} at different times."
        )
    order = np.argsort(t[there], kind="stable")
    return y[there][order], t[there][order], int((~there).sum())


def _line(
    t: FloatArray, y: FloatArray, fitted: FloatArray, half: FloatArray, wide: FloatArray
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "observed": y,
            "fitted": fitted,
            "ci_low": fitted - half,
            "ci_high": fitted + half,
            "prediction_low": fitted - wide,
            "prediction_high": fitted + wide,
        },
        index=pd.Index(t, name="time"),
    )
