"""Regression of event counts over observed time: Poisson and negative binomial rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.likelihood import CountData, GroupedCounts, vanishes
from datrial.models.counts.random_effects import gamma_effect
from datrial.models.counts.result import CountResult, overflow_notes
from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.errors import ModelUsageError
from datrial.models.newton import Maximum, invert_information
from datrial.models.sandwich import (
    FEW_CLUSTERS,
    cluster_codes,
    cluster_covariance,
    cluster_note,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FAMILIES = ("poisson", "negative_binomial")


@dataclass(frozen=True, kw_only=True)
class RateResult(CountResult):
    """Estimates of a rate regression.

    Attributes
    ----------
    family
        ``poisson`` or ``negative_binomial``.
    alpha, alpha_bse
        NB2 dispersion, variance = mean + alpha mean^2, and its error; None for Poisson.
    """

    family: str
    alpha: float | None
    alpha_bse: float | None


def fit_rate(
    formula: str,
    data: pd.DataFrame,
    *,
    exposure: ColumnOrArray | None = None,
    family: str = "poisson",
    cluster: ColumnOrArray | None = None,
) -> RateResult:
    """Fit a regression of counts per unit of exposure, with robust errors.

    Stata: `poisson y x, exposure(t) vce(cluster id)` and `nbreg y x, exposure(t)
    vce(cluster id)`; R: `glm(..., family = poisson)` with `sandwich::vcovCL`, `MASS::glm.nb`.
    The Poisson estimates need only the mean to be right (Gourieroux, Monfort and Trognon
    1984, Econometrica 52, 701-720); the robust errors then hold under overdispersion.

    Parameters
    ----------
    formula
        ``"count ~ predictors"``.
    data
        One row per person and period. Rows with a missing answer are left out and counted.
    exposure
        Column name or array, above zero (person-time); its log is the offset.
    family
        ``poisson``, or ``negative_binomial`` (NB2, Cameron and Trivedi 1986).
    cluster
        Column name or array: whose rows they are. Errors are the sandwich with factor
        G/(G-1); without it every row is its own cluster, factor n/(n-1).

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unknown family, an outcome that is not a count or always
        zero, an exposure that is not above zero, and everything `build_design` refuses.
    """
    if family not in FAMILIES:
        raise ModelUsageError(f"The family of a rate regression is one of {', '.join(FAMILIES)}.")
    design = build_design(formula, data, {"exposure": exposure, "cluster": cluster})
    counts = CountData.from_design(design)
    poisson = counts.fit_poisson()
    best, scores, alpha = poisson, counts.scores(poisson.point), None
    notes: tuple[str, ...] = ()
    if family == "negative_binomial":
        rows = GroupedCounts(counts, np.arange(len(counts.y)), len(counts.y), gamma_effect)
        top = rows.fit(poisson)
        if not vanishes(top, poisson, float(top.point[-1])):
            best, scores = top, rows.row_scores(top.point)
            alpha = float(np.exp(top.point[-1]))
        else:
            alpha = 0.0
            notes = ("No overdispersion: alpha is 0 and the estimates are those of Poisson.",)
    covariance, n_clusters, note = _robust(design, best, scores)
    k = len(design.names)
    params = pd.Series(best.point[:k], index=design.names, name="params")
    notes += overflow_notes(params, design, counts)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes += (f"Only {n_clusters} clusters: robust errors are too small with so few.",)
    if not best.converged:
        notes += (f"Newton's method did not converge in {best.iterations} steps.",)
    return RateResult(
        params=params,
        covariance=pd.DataFrame(covariance[:k, :k], index=design.names, columns=design.names),
        llf=best.value,
        n_params=k + (family == "negative_binomial"),
        nobs=len(counts.y),
        n_left_out=design.n_left_out,
        converged=best.converged,
        n_clusters=n_clusters,
        covariance_note=note,
        notes=notes,
        design=design,
        counts=counts,
        family=family,
        alpha=alpha,
        alpha_bse=_alpha_error(alpha, covariance),
    )


def _robust(
    design: Design, best: Maximum, scores: FloatArray
) -> tuple[FloatArray, int | None, str]:
    """Return the sandwich, the number of clusters and the sentence that describes both."""
    bread = invert_information(best.hessian)
    if "cluster" in design.extras:
        codes, n_clusters = cluster_codes(design.extras["cluster"])
        covariance = cluster_covariance(bread, scores, codes, n_clusters)
        return covariance, n_clusters, cluster_note(n_clusters)
    n = len(scores)
    return cluster_covariance(bread, scores, np.arange(n), n), None, cluster_note(n, "rows")


def _alpha_error(alpha: float | None, covariance: FloatArray) -> float | None:
    """Return the error of alpha from that of its logarithm, NaN at the boundary."""
    if alpha is None:
        return None
    return float("nan") if alpha == 0 else alpha * float(np.sqrt(covariance[-1, -1]))
