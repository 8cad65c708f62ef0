"""The survival curve of one group."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class GroupCurve:
    """The estimate of one group: a step function with a step at each event time.

    Attributes
    ----------
    label
        The group.
    times, at_risk, deaths, survival, log_variance
        Event times, numbers at risk and with the event, the share without it from then on,
        and the variance of that share's logarithm.
    start, stop, events, weights
        The group's people.
    """

    label: object
    start: FloatArray | None = field(repr=False)
    stop: FloatArray = field(repr=False)
    events: FloatArray = field(repr=False)
    weights: FloatArray = field(repr=False)
    times: FloatArray = field(repr=False)
    at_risk: FloatArray = field(repr=False)
    deaths: FloatArray = field(repr=False)
    survival: FloatArray = field(repr=False)
    log_variance: FloatArray = field(repr=False)

    @property
    def last_time(self) -> float:
        """Return the end of the longest follow-up."""
        return float(self.stop.max())

    @property
    def exhausted_early(self) -> bool:
        """Tell whether the curve reaches 0 before the last person comes under observation."""
        if self.start is None or not len(self.times):
            return False
        gone = self.times[self.survival <= 0]
        return bool(len(gone) and (self.start >= gone[0]).any())

    def at(self, times: FloatArray, values: FloatArray, before: float) -> FloatArray:
        """Return a step function's values at times, NaN after the last follow-up."""
        place = np.searchsorted(self.times, times, side="right")
        found = np.concatenate([[before], values])[place]
        settled = len(self.survival) > 0 and self.survival[-1] <= 0
        return np.where((times > self.last_time) & (not settled), np.nan, found)

    def numbers(self, times: FloatArray) -> dict[str, FloatArray]:
        """Return numbers at risk just before times, and with the event and censored until then."""
        w, early = self.weights, self.start
        at_risk, had, lost = [], [], []
        for time in times.tolist():
            here = self.stop >= time
            if early is not None:
                here &= (early < time) | ((early == time) & (time <= early.min()))
            at_risk.append(w[here].sum())
            had.append((w * self.events)[self.stop <= time].sum())
            lost.append((w * (1 - self.events))[self.stop <= time].sum())
        return {"at_risk": np.array(at_risk), "events": np.array(had), "censored": np.array(lost)}

    def area(self, until: float) -> tuple[float, float]:
        """Return the area under the curve up to a time, and its variance."""
        if until > self.last_time and not (len(self.survival) and self.survival[-1] <= 0):
            raise ModelDataError(
                f"Not all the time up to {until:g} is covered by the follow-up of group "
                f"'{self.label}'; restrict the mean to a time within `last_times`."
            )
        inside = self.times < until
        times, survival = self.times[inside], self.survival[inside]
        widths = np.diff(np.concatenate([[0.0], times, [until]]))
        pieces = widths * np.concatenate([[1.0], survival])
        # What is left of the area after each event time.
        after = pieces[:0:-1].cumsum()[::-1]
        log_steps = np.diff(np.nan_to_num(self.log_variance[inside]), prepend=0.0)
        variance = float((after**2 * np.maximum(log_steps, 0.0)).sum())
        return float(pieces.sum()), variance
