"""What a count regression can answer: rate ratios and average predicted counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.likelihood import CountData
from datrial.models.design import Design, factor_values, with_factor_at
from datrial.models.result import RegressionResult, normal_quantile

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CountResult(RegressionResult):
    """Estimates of a count regression with a log link; `params` are on the log scale."""

    design: Design = field(repr=False)  # holds rows, which no log may show
    counts: CountData = field(repr=False)

    def rate_ratios(self, level: float = 0.95) -> pd.DataFrame:
        """Rate ratios exp(b), the intercept left out.

        Columns `rate_ratio`, `bse` (delta method), `p_value`, `ci_low`, `ci_high` (built on
        the log scale). Stata: `, irr`.
        """
        names = [str(name) for name in self.params.index if name != "Intercept"]
        return self._exponentiated(names, "rate_ratio", level)

    def average_predictions(self, factor: str, level: float = 0.95) -> pd.DataFrame:
        """Average predicted count at each value of a factor.

        Each row's factor is set to the value, everything else (its exposure too) is left as
        observed, and predicted means are averaged over the rows and over the random effect.
        Errors by the delta method; the interval is built on the log scale. Stata:
        `margins factor`.

        Returns
        -------
        DataFrame
            Index: factor values; columns `mean_count`, `bse`, `ci_low`, `ci_high`.
        """
        coefficients = self.params.to_numpy(dtype=float)
        multiplier, extra_slope = self._population_multiplier()
        covariance = self._prediction_covariance()
        rows = []
        for value in factor_values(self.design, factor):
            matrix = with_factor_at(self.design, factor, value)
            mean = np.exp(self.counts.offset + matrix @ coefficients) * multiplier
            average = float(mean.mean())
            slope = (matrix.T @ mean) / len(mean) / average  # of the log of the average
            slope = np.append(slope, extra_slope)[: len(covariance)]
            bse = float(np.sqrt(slope @ covariance @ slope))
            half = normal_quantile(level) * bse
            rows.append(
                {
                    factor: value,
                    "mean_count": average,
                    "bse": average * bse,
                    "ci_low": average * np.exp(-half),
                    "ci_high": average * np.exp(half),
                }
            )
        return pd.DataFrame(rows).set_index(factor)

    def _population_multiplier(self) -> tuple[float, float]:
        """Return the mean of the random effect and the slope of its log by log dispersion."""
        return 1.0, 0.0

    def _prediction_covariance(self) -> FloatArray:
        """Return the covariance of the coefficients, and of the log dispersion if needed."""
        return self.covariance.to_numpy(dtype=float)


def overflow_notes(params: pd.Series, design: Design, counts: CountData) -> tuple[str, ...]:
    """Say which 0/1 predictor has a value without a single event."""
    notes = []
    for column, name in zip(design.matrix.T, design.names, strict=True):
        if name == "Intercept" or not ((column == 0) | (column == 1)).all():
            continue
        for side, rows in (("present", column == 1), ("absent", column == 0)):
            if rows.any() and not counts.y[rows].any():
                notes.append(
                    f"No events in the {int(rows.sum())} rows with '{name}' {side}: its "
                    "estimate runs to infinity and its error is not to be trusted."
                )
    return tuple(notes)
