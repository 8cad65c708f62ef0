"""What a set of survival curves can answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.result import two_sided_p
from datrial.models.survival.group_curve import GroupCurve
from datrial.models.survival.histories import asked_times
from datrial.models.survival.intervals import survival_limits

FloatArray = NDArray[np.float64]

#: Survival this near to a share is equal to it, but for rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class SurvivalCurves:
    """Kaplan-Meier estimates of one or more groups.

    Attributes
    ----------
    curves
        The groups' estimates, in order.
    level, interval
        Of the intervals: their level, and ``log_log`` or ``arcsine``.
    n_left_out
        People left out for a missing answer.
    notes
        Plain sentences a reader of the curves should know.
    """

    curves: tuple[GroupCurve, ...]
    level: float
    interval: str
    n_left_out: int
    quantile_of_level: float = field(repr=False)
    notes: tuple[str, ...]

    @property
    def groups(self) -> list[object]:
        """Return the groups in order."""
        return [curve.label for curve in self.curves]

    @property
    def last_times(self) -> pd.Series:
        """Return the end of the longest follow-up of each group."""
        return self._by_group("last_time", lambda curve: {"last_time": curve.last_time})[
            "last_time"
        ]

    def table(self) -> pd.DataFrame:
        """Return every step: at risk, events, survival, error and interval, by group and time."""
        tables = []
        for curve in self.curves:
            limits = self._limits(curve)
            shares = {"survival": curve.survival, "bse": _error(curve), **limits}
            numbers = {"at_risk": curve.at_risk, "events": curve.deaths}
            index = pd.MultiIndex.from_product(
                [[curve.label], curve.times], names=["group", "time"]
            )
            tables.append(pd.DataFrame({**numbers, **shares}, index=index))
        return pd.concat(tables)

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Return survival with its interval at given times, by group and time.

        NaN after a group's last follow-up; before its first event survival is 1 with no interval.
        """
        asked = asked_times(times)
        tables = []
        for curve in self.curves:
            values = {"survival": (curve.survival, 1.0), "bse": (_error(curve), 0.0)}
            limits = self._limits(curve)
            values |= {name: (ends, np.nan) for name, ends in limits.items()}
            index = pd.MultiIndex.from_product([[curve.label], asked], names=["group", "time"])
            found = {name: curve.at(asked, *pair) for name, pair in values.items()}
            tables.append(pd.DataFrame(found, index=index))
        return pd.concat(tables)

    def risk_table(self, times: Sequence[float]) -> pd.DataFrame:
        """Return numbers at risk just before times, and with the event or censored until then."""
        asked = asked_times(times)
        tables = []
        for curve in self.curves:
            index = pd.MultiIndex.from_product([[curve.label], asked], names=["group", "time"])
            tables.append(pd.DataFrame(curve.numbers(asked), index=index))
        return pd.concat(tables)

    def quantile(self, share: float = 0.5) -> pd.DataFrame:
        """Return when the share with the event reaches `share`, the median by default.

        The first time at which survival is 1 - share or less. The interval holds the times at
        which the interval of survival does (Brookmeyer and Crowley 1982, Biometrics 38, 29-41);
        NaN where follow-up ends before.
        """
        if not 0 < share < 1:
            raise ModelUsageError("A quantile lies between 0 and 1, as 0.5 for the median.")
        wanted = 1 - share + ROUNDING

        def row(curve: GroupCurve) -> dict[str, float]:
            limits = self._limits(curve)
            ends = {"ci_low": limits["ci_low"], "ci_high": limits["ci_high"]}
            found = {"time": _first(curve.times, curve.survival <= wanted)}
            return found | {k: _first(curve.times, v <= wanted) for k, v in ends.items()}

        return self._by_group("group", row)

    def median(self) -> pd.DataFrame:
        """Return the median time to the event with its interval, by group."""
        return self.quantile(0.5)

    def restricted_mean(self, until: float) -> pd.DataFrame:
        """Return the mean time without the event up to a time, by group.

        The area under the curve (Royston and Parmar 2011, Statistics in Medicine 30, 2409-2421);
        the interval is normal, cut at 0 and `until`.

        Raises
        ------
        ModelDataError
            Where a group's follow-up ends before `until`; see `last_times`.
        """
        z = self._until(until)

        def row(curve: GroupCurve) -> dict[str, float]:
            mean, variance = curve.area(until)
            half = z * float(np.sqrt(variance))
            if not len(curve.times):
                return {"mean": mean, "bse": 0.0, "ci_low": np.nan, "ci_high": np.nan}
            low, high = max(mean - half, 0.0), min(mean + half, until)
            return {"mean": mean, "bse": float(np.sqrt(variance)), "ci_low": low, "ci_high": high}

        return self._by_group("group", row)

    def difference(self, times: Sequence[float]) -> pd.DataFrame:
        """Return the second of two groups' survival minus the first's at given times.

        Columns `difference`, `bse`, `p_value`, `ci_low`, `ci_high`, from the normal
        distribution; NaN after either's last follow-up, and no error where a curve is at 0.
        """
        first, second = self._pair()
        asked, z = asked_times(times), self.quantile_of_level
        difference = second.at(asked, second.survival, 1.0) - first.at(asked, first.survival, 1.0)
        bse = np.hypot(*(curve.at(asked, _error(curve), 0.0) for curve in (first, second)))
        with np.errstate(divide="ignore", invalid="ignore"):
            p_values = two_sided_p(np.where(bse > 0, difference / bse, np.nan))
        values = {"difference": difference, "bse": bse, "p_value": p_values}
        values |= {"ci_low": difference - z * bse, "ci_high": difference + z * bse}
        return pd.DataFrame(values, index=pd.Index(asked, name="time"))

    def restricted_mean_difference(self, until: float) -> pd.Series:
        """Return the second of two groups' restricted mean minus the first's.

        Entries `difference`, `bse`, `p_value`, `ci_low`, `ci_high`, from the normal distribution.
        """
        z = self._until(until)
        (first, v1), (second, v2) = (curve.area(until) for curve in self._pair())
        difference, bse = second - first, float(np.sqrt(v1 + v2))
        p_value = float(two_sided_p(np.array([difference / bse]))[0]) if bse else float("nan")
        return pd.Series(
            {
                "difference": difference,
                "bse": bse,
                "p_value": p_value,
                "ci_low": difference - z * bse,
                "ci_high": difference + z * bse,
            }
        )

    def _limits(self, curve: GroupCurve) -> dict[str, FloatArray]:
        low, high = survival_limits(
            curve.survival, curve.log_variance, self.quantile_of_level, self.interval
        )
        return {"ci_low": low, "ci_high": high}

    def _pair(self) -> tuple[GroupCurve, GroupCurve]:
        if len(self.curves) != 2:
            raise ModelUsageError(f"A difference needs two groups; there are {len(self.curves)}.")
        return self.curves[0], self.curves[1]

    def _until(self, until: float) -> float:
        if not (np.isfinite(until) and until > 0):
            raise ModelUsageError("The time that a mean is restricted to must be above zero.")
        return self.quantile_of_level

    def _by_group(self, name: str, row: Callable[[GroupCurve], dict[str, float]]) -> pd.DataFrame:
        index = pd.Index(self.groups, name="group")
        return pd.DataFrame([row(curve) for curve in self.curves], index=index)


def _error(curve: GroupCurve) -> FloatArray:
    """Return the standard error of survival."""
    return np.asarray(curve.survival * np.sqrt(curve.log_variance))


def _first(times: FloatArray, reached: NDArray[np.bool_]) -> float:
    """Return the first time at which something is so, NaN if never."""
    return float(times[np.argmax(reached)]) if reached.any() else float("nan")
