"""What inverse-probability weights can answer: their spread and the balance they reach."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class InverseProbabilityWeights:
    """Weights of those who were observed, and what a reader should know of them.

    Attributes
    ----------
    weights
        One per row of the data and indexed as it; NaN for those not observed or without a
        predictor, whom a regression then leaves out.
    probability
        Fitted probability of being observed, of everybody with all predictors.
    params
        Coefficients of the model of being observed, named as in the formula.
    balance
        Per predictor column, see `covariate_balance`.
    n, n_observed, n_left_out
        Rows with all predictors, those of them observed, and rows left out.
    minimum, maximum, mean, standard_deviation
        Of the weights of those observed. Stabilised weights should average about 1.
    effective_sample_size
        Kish's (sum w)^2 / sum w^2: as many equal weights would give the same precision.
    largest_before_truncation, share_truncated
        What truncation did.
    stabilised_by
        The numerator of the weights in words.
    notes
        Plain sentences a reader should know.
    """

    weights: pd.Series = field(repr=False)
    probability: pd.Series = field(repr=False)
    params: pd.Series
    balance: pd.DataFrame
    n: int
    n_observed: int
    n_left_out: int
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    effective_sample_size: float
    largest_before_truncation: float
    share_truncated: float
    stabilised_by: str
    notes: tuple[str, ...]

    def spread(self) -> pd.Series:
        """Return the weights' spread as one column of numbers, for a table."""
        names = (
            "n_observed",
            "minimum",
            "maximum",
            "mean",
            "standard_deviation",
            "effective_sample_size",
            "largest_before_truncation",
            "share_truncated",
        )
        return pd.Series({name: float(getattr(self, name)) for name in names}, name="spread")


def effective_sample_size(weights: FloatArray) -> float:
    """Return Kish's (1965) effective sample size, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def covariate_balance(design: Design, seen: BoolArray, weights: FloatArray) -> pd.DataFrame:
    """Compare those observed with everybody, before and after weighting.

    Returns
    -------
    DataFrame
        Per predictor column `mean_all`, `mean_observed`, `mean_weighted`, and the differences
        `smd_before` and `smd_after` from everybody's mean in standard deviations of everybody.
    """
    x = design.matrix[:, 1:]
    w = weights[seen]
    everybody, observed = x.mean(axis=0), x[seen].mean(axis=0)
    weighted = (w @ x[seen]) / w.sum()
    scale = x.std(axis=0, ddof=1)
    return pd.DataFrame(
        {
            "mean_all": everybody,
            "mean_observed": observed,
            "mean_weighted": weighted,
            "smd_before": (observed - everybody) / scale,
            "smd_after": (weighted - everybody) / scale,
        },
        index=pd.Index(design.names[1:], name="term"),
    )
