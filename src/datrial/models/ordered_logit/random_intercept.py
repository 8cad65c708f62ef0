"""Ordered logit with a random intercept of each person."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.counts.random_effects_poisson import BoundaryTest
from datrial.models.design import ColumnOrArray, build_design
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.newton import Maximum, invert_information, maximise
from datrial.models.ordered_logit.checks import separation_notes
from datrial.models.ordered_logit.intercept_likelihood import InterceptLikelihood
from datrial.models.ordered_logit.intercept_result import RandomInterceptOrderedLogitResult
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood
from datrial.models.ordered_logit.rows import counts_by_level, drop_intercept, outcome_levels
from datrial.models.result import two_sided_p

FloatArray = NDArray[np.float64]

FEWEST_POINTS, MOST_POINTS = 3, 101
#: Below this standard deviation, or gain in log-likelihood, there is no random intercept.
SMALLEST_SIGMA, SMALLEST_GAIN = 1e-3, 1e-7
LARGE_QUADRATURE_ERROR = 1e-3
HUGE_SIGMA = 5.0


def fit_random_intercept_ordered_logit(
    formula: str,
    data: pd.DataFrame,
    *,
    group: ColumnOrArray,
    n_points: int = 25,
) -> RandomInterceptOrderedLogitResult:
    """Fit logit P(Y <= j | u) = cut_j - x'b - u with u normal, one for each group.

    By maximum likelihood with adaptive Gauss-Hermite quadrature. Stata: `meologit y x || id:`;
    R: `ordinal::clmm(y ~ x + (1 | id), nAGQ = 25)`.

    Parameters
    ----------
    formula
        As in `fit_ordered_logit`.
    data
        One row per person and time point. Rows with a missing answer are left out and counted;
        what remains of a person counts, so answers may be missing at random given the others.
    group
        Column name or array: whose repeated answers the rows are.
    n_points
        Nodes of the quadrature, 3 to 101.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: a number of nodes out of range, a single group, and everything
        `fit_ordered_logit` refuses.

    Notes
    -----
    Coefficients are those of one person (given u); `average_predictions` are of the population
    and can be set beside those of the pooled model. Where the answers of a person are no more
    alike than those of different people, the estimate is the boundary sigma = 0 and the
    estimates are the pooled ones, which a note says.
    """
    if isinstance(n_points, bool) or not FEWEST_POINTS <= n_points <= MOST_POINTS:
        raise ModelUsageError(
            f"The quadrature takes {FEWEST_POINTS} to {MOST_POINTS} nodes (n_points)."
        )
    design = build_design(formula, data, {"group": group})
    codes, levels = outcome_levels(design.outcome)
    matrix = drop_intercept(design.matrix, design.names)
    names = [name for name in design.names if name != "Intercept"]
    groups, labels_of = pd.factorize(design.extras["group"])
    n_groups = len(labels_of)
    if n_groups < 2:
        raise ModelDataError("A random intercept needs at least two groups; the rows hold one.")
    groups = groups.astype(np.int64)
    ones = np.ones(len(codes))
    counts = counts_by_level(codes, len(levels), ones)
    pooled_likelihood = OrderedLogitLikelihood(codes, matrix, ones, len(levels))
    pooled = maximise(pooled_likelihood.value_gradient_hessian, pooled_likelihood.start())
    likelihood = InterceptLikelihood(codes, matrix, groups, len(levels), n_points)
    # Given an intercept with sigma = 1 effects are about 1.16 times those of the population
    # (Zeger, Liang and Albert 1988, Biometrics 44, 1049-1060).
    top = maximise(likelihood.value_gradient_hessian, np.append(1.16 * pooled.point, 0.0))
    sigma = float(np.exp(top.point[-1]))
    at_boundary = top.value < pooled.value + SMALLEST_GAIN or sigma < SMALLEST_SIGMA
    finer = InterceptLikelihood(codes, matrix, groups, len(levels), 2 * n_points + 1)
    error = 0.0 if at_boundary else abs(finer.value_gradient_hessian(top.point)[0] - top.value)
    best = pooled if at_boundary else top
    covariance = _covariance(best, at_boundary)
    sigma_bse = float("nan") if at_boundary else sigma * float(np.sqrt(covariance[-1, -1]))
    labels = [*names, *(f"cut{j}" for j in range(1, len(levels)))]
    q = len(labels)
    params = pd.Series(best.point[:q], index=labels, name="params")
    notes = separation_notes(codes, matrix, names, params, levels, counts, None, advice="")
    notes += _notes(best, at_boundary, sigma, error, n_points, n_groups == len(codes))
    return RandomInterceptOrderedLogitResult(
        params=params,
        covariance=pd.DataFrame(covariance[:q, :q], index=labels, columns=labels),
        llf=best.value,
        n_params=q + 1,
        nobs=len(codes),
        n_left_out=design.n_left_out,
        converged=best.converged,
        n_clusters=None,
        covariance_note=(
            "Model-based: inverse of the observed information; no small-sample factor."
        ),
        notes=notes,
        sigma=0.0 if at_boundary else sigma,
        sigma_bse=sigma_bse,
        boundary_test=_boundary_test(best.value - pooled.value),
        pooled_llf=pooled.value,
        n_groups=n_groups,
        n_points=n_points,
        quadrature_error=error,
        levels=levels,
        level_counts=pd.Series(counts, index=pd.Index(levels, name="level"), name="rows"),
        full_covariance=covariance,
        design=design,
    )


def _covariance(best: Maximum, at_boundary: bool) -> FloatArray:
    """Return the covariance of the estimates and the log of sigma."""
    inverse = invert_information(best.hessian)
    if not at_boundary:
        return inverse
    size = len(inverse) + 1
    covariance = np.zeros((size, size))
    covariance[:-1, :-1] = inverse
    return covariance


def _boundary_test(gain: float) -> BoundaryTest:
    """Test sigma = 0, where the statistic is 0 half of the time (Self and Liang 1987)."""
    statistic = 2 * max(gain, 0.0)
    if statistic == 0:
        return BoundaryTest(0.0, 1.0)
    return BoundaryTest(statistic, float(two_sided_p(np.array([np.sqrt(statistic)]))[0] / 2))


def _notes(
    best: Maximum, at_boundary: bool, sigma: float, error: float, n_points: int, alone: bool
) -> tuple[str, ...]:
    """Return the sentences on the random intercept that a reader should know."""
    notes: tuple[str, ...] = ()
    if at_boundary:
        notes += (
            "No likeness of a group's answers beyond the predictors: sigma is estimated as 0 "
            "and the estimates are those of the pooled model.",
        )
    elif sigma > HUGE_SIGMA:
        notes += (
            f"sigma is huge (above {HUGE_SIGMA:g}): most groups answer alike throughout, and "
            "estimates given the intercept rest on the few that do not.",
        )
    if error > LARGE_QUADRATURE_ERROR:
        notes += (
            f"With twice as many nodes the log-likelihood changes by {error:.2g}: "
            f"{n_points} are too few.",
        )
    if alone:
        notes += ("Every group has one row: sigma rests on the logistic shape alone.",)
    if not best.converged:
        notes += (f"Newton's method did not converge in {best.iterations} steps.",)
    return notes
