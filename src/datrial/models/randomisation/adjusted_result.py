"""What an adjusted difference of two arms can answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd


class MeanDifference(NamedTuple):
    """A difference of means, its error, test and interval from a t distribution.

    `errors` says which error: ``HC2``, ``HC3``, ``CR2``, ``CR3`` or ``within strata``.
    """

    estimate: float
    bse: float
    df: float
    t: float
    p_value: float
    ci_low: float
    ci_high: float
    errors: str


@dataclass(frozen=True, kw_only=True)
class AdjustedDifference:
    """The difference of two arms (compared minus reference), plain and adjusted.

    Attributes
    ----------
    reference, compared
        The two arms.
    unadjusted, adjusted
        Without and with covariates, from the same people with the same weights.
    adjusted_hc3
        The adjusted difference with the larger HC3 (CR3) error, as a sensitivity.
    adjusted_within_strata
        The adjusted difference with Neyman's error within strata, which counts what drawing
        within them gains; from the normal distribution. None with one stratum, with clusters,
        or where no stratum tells an error.
    params, covariance
        All coefficients: intercept, arm, centred covariates, and the arm times these.
    means
        Both arms' means at everybody's mean covariates: `mean`, `bse`, `df`, `ci_low`,
        `ci_high`.
    n, n_compared, n_reference
        Rows used, and of each arm.
    n_left_out
        Rows with a missing answer.
    n_filled
        People of whom a covariate was filled.
    n_clusters
        Clusters behind the errors, None without.
    n_strata, n_strata_one_arm, n_people_one_arm
        Strata with both arms; strata with one, and the people in those.
    weighted
        Whether the ratio of the arms differs between strata, so that weights matter.
    covariance_note
        Which error this is.
    notes
        Plain sentences a reader should know.
    """

    reference: object
    compared: object
    unadjusted: MeanDifference
    adjusted: MeanDifference
    adjusted_hc3: MeanDifference
    adjusted_within_strata: MeanDifference | None
    params: pd.Series
    covariance: pd.DataFrame
    means: pd.DataFrame
    n: int
    n_compared: int
    n_reference: int
    n_left_out: int
    n_filled: int
    n_clusters: int | None
    n_strata: int
    n_strata_one_arm: int
    n_people_one_arm: int
    weighted: bool
    level: float
    covariance_note: str
    notes: tuple[str, ...]

    @property
    def bse(self) -> pd.Series:
        """Standard errors of `params`."""
        errors = np.sqrt(np.diag(self.covariance.to_numpy(dtype=float)))
        return pd.Series(errors, index=self.params.index, name="bse")

    def cov_params(self) -> pd.DataFrame:
        """Covariance matrix of `params`."""
        return self.covariance.copy()

    @property
    def variance_ratio(self) -> float:
        """Return the adjusted variance over the unadjusted: 0.8 is worth a quarter more people."""
        return (self.adjusted.bse / self.unadjusted.bse) ** 2

    def table(self) -> pd.DataFrame:
        """Return the differences that there are as rows, for a table."""
        names = ("unadjusted", "adjusted", "adjusted_hc3", "adjusted_within_strata")
        found = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return pd.DataFrame(list(found.values()), index=list(found))
