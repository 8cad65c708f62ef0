"""What a set of mean cumulative functions can answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.result import normal_quantile, two_sided_p
from datrial.models.survival.histories import asked_times
from datrial.models.survival.intervals import log_limits

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MeanCurve:
    """The estimate of one group: a step function with a step at each event time."""

    label: object
    n_people: int
    n_events: int
    last_time: float
    times: FloatArray = field(repr=False)
    at_risk: FloatArray = field(repr=False)
    events: FloatArray = field(repr=False)
    mean: FloatArray = field(repr=False)
    bse: FloatArray = field(repr=False)

    def at(self, times: FloatArray, values: FloatArray) -> FloatArray:
        """Return values of the step function at times, 0 before its first event.

        NaN after the last time at which somebody of the group is under observation.
        """
        place = np.searchsorted(self.times, times, side="right")
        found = np.concatenate([[0.0], values])[place]
        return np.where(times > self.last_time, np.nan, found)


@dataclass(frozen=True)
class MeanCumulativeFunction:
    """Mean numbers of events by time, of one or more groups.

    Attributes
    ----------
    curves
        The groups' estimates, in order.
    n_left_out
        Rows left out for a missing answer.
    notes
        Plain sentences a reader of the curves should know.
    """

    curves: tuple[MeanCurve, ...]
    n_left_out: int
    notes: tuple[str, ...]

    @property
    def groups(self) -> list[object]:
        """Return the groups in order."""
        return [curve.label for curve in self.curves]

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return every step: at risk, events, mean, error and interval, by group and time."""
        tables = []
        for curve in self.curves:
            low, high = log_limits(curve.mean, curve.bse, normal_quantile(level))
            values = {"at_risk": curve.at_risk, "events": curve.events, "mean": curve.mean}
            values |= {"bse": curve.bse, "ci_low": low, "ci_high": high}
            index = pd.MultiIndex.from_product(
                [[curve.label], curve.times], names=["group", "time"]
            )
            tables.append(pd.DataFrame(values, index=index))
        return pd.concat(tables)

    def at(self, times: Sequence[float], level: float = 0.95) -> pd.DataFrame:
        """Return the mean number of events by given times, by group and time.

        Columns `mean`, `bse`, `ci_low`, `ci_high`: the interval is symmetric on the log scale
        and there is none at a mean of 0. NaN after the end of a group's observation.
        """
        asked = asked_times(times)
        tables = []
        for curve in self.curves:
            mean, bse = curve.at(asked, curve.mean), curve.at(asked, curve.bse)
            low, high = log_limits(mean, bse, normal_quantile(level))
            index = pd.MultiIndex.from_product([[curve.label], asked], names=["group", "time"])
            values = {"mean": mean, "bse": bse, "ci_low": low, "ci_high": high}
            tables.append(pd.DataFrame(values, index=index))
        return pd.concat(tables)

    def difference(self, times: Sequence[float], level: float = 0.95) -> pd.DataFrame:
        """Return the second group's mean minus the first's, and their ratio, at given times.

        Columns `difference`, `bse`, `p_value`, `ci_low`, `ci_high` (normal), `ratio`,
        `ratio_ci_low`, `ratio_ci_high` (on the log scale; NaN where a mean is 0). The groups
        are of different people, so that their variances add up.

        Raises
        ------
        ModelUsageError
            Unless there are two groups.
        """
        asked, z = asked_times(times), normal_quantile(level)
        if len(self.curves) != 2:
            raise ModelUsageError(f"A difference needs two groups; there are {len(self.curves)}.")
        (m1, e1), (m2, e2) = (
            (curve.at(asked, curve.mean), curve.at(asked, curve.bse)) for curve in self.curves
        )
        difference, bse = m2 - m1, np.hypot(e1, e2)
        with np.errstate(divide="ignore", invalid="ignore"):
            p_values = two_sided_p(np.where(bse > 0, difference / bse, np.nan))
            ratio = np.where((m1 > 0) & (m2 > 0), m2 / m1, np.nan)
            spread = np.exp(z * np.hypot(e1 / m1, e2 / m2))
        values = {"difference": difference, "bse": bse, "p_value": p_values}
        values |= {"ci_low": difference - z * bse, "ci_high": difference + z * bse}
        values |= {"ratio": ratio, "ratio_ci_low": ratio / spread, "ratio_ci_high": ratio * spread}
        return pd.DataFrame(values, index=pd.Index(asked, name="time"))
