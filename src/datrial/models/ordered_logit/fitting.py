"""Ordered (proportional-odds) logit, pooled over repeated measures of the same people."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.errors import ModelUsageError
from datrial.models.newton import Maximum, invert_information, maximise
from datrial.models.ordered_logit.checks import separation_notes
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood
from datrial.models.ordered_logit.result import OrderedLogitResult
from datrial.models.ordered_logit.rows import (
    counts_by_level,
    drop_intercept,
    outcome_levels,
    row_weights,
    whole,
)
from datrial.models.ordered_logit.signs import choose_penalty, read_signs
from datrial.models.penalty import LogFPenalty
from datrial.models.sandwich import (
    FEW_CLUSTERS,
    cluster_codes,
    cluster_note,
)
from datrial.models.sandwich_floor import carried_by, floor_note, floored

__all__ = ["fit_ordered_logit", "whole"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

PENALTIES = (None, "log_f", "auto")


def fit_ordered_logit(
    formula: str,
    data: pd.DataFrame,
    *,
    cluster: ColumnOrArray | None = None,
    weights: ColumnOrArray | None = None,
    penalty: str | None = None,
) -> OrderedLogitResult:
    """Fit logit P(Y <= j) = cut_j - x'b by maximum likelihood.

    McCullagh (1980), JRSS B 42, 109-142. Stata: `ologit y x, vce(cluster id)`; R:
    `MASS::polr`.

    Parameters
    ----------
    formula
        ``"outcome ~ predictors"``; the outcome is an ordered categorical, a number or a
        boolean. The intercept of the formula is taken up by the cutpoints.
    data
        One row per person and time point. Rows with a missing answer in the outcome, a
        predictor, the cluster or the weights are left out and counted in `n_left_out`.
    cluster
        Column name or array: whose repeated answers the rows are. Gives the robust sandwich
        with factor G/(G-1); without it errors come from the observed information.
    weights
        Column name or array of frequency weights: a row of weight w counts as w rows. For
        sampling weights give `cluster` too, so that the errors are robust.
    penalty
        None, or ``"log_f"``: a log-F(1,1) penalty on every coefficient (Greenland and
        Mansournia 2015, Statist. Med. 34, 3133-3143), for separated or very rare levels.
        0/1 columns are penalised as they are, others per two standard deviations. Errors
        are then from the penalised information; with `cluster` from the sandwich around it,
        but no smaller than from the information for what few clusters carry, where a sandwich
        collapses (`covariance_note` names it).
        ``"auto"``: that penalty if the outcome is separated (decided by linear programming),
        if one of its levels has fewer than 10 rows, or if a 0/1 predictor has fewer than 5 rows
        in a cell with every cut of the levels, and none otherwise. The choice and its reason
        stand in `penalty` and `notes`.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: an unreadable formula, an unordered or single-level outcome, a
        level without rows, a factor with one value, collinear columns, no complete row.

    Examples
    --------
    >>> fit = fit_ordered_logit("level ~ timepoint + age", forms, cluster="person_id")
    >>> fit.odds_ratios()                          # doctest: +SKIP
    """
    if penalty not in PENALTIES:
        raise ModelUsageError("The penalty of an ordered logit is None, 'log_f' or 'auto'.")
    design = build_design(formula, data, {"cluster": cluster, "weights": weights})
    codes, levels = outcome_levels(design.outcome)
    matrix = drop_intercept(design.matrix, design.names)
    names = [name for name in design.names if name != "Intercept"]
    weight = row_weights(design)
    counts = counts_by_level(codes, len(levels), weight)
    likelihood = OrderedLogitLikelihood(codes, matrix, weight, len(levels))
    top, chosen = _fit(likelihood, None if penalty == "auto" else penalty, len(names)), penalty
    labels = [*names, *(f"cut{j}" for j in range(1, len(levels)))]
    notes: tuple[str, ...] = ()
    unbounded: list[str] = []
    if penalty == "auto" or (penalty and cluster is not None):
        plain = top if penalty == "auto" else _fit(likelihood, None, len(names))
        signs = read_signs(codes, matrix, weight, levels, labels, plain.point)
        unbounded = signs.unbounded
        if penalty == "auto":
            chosen, notes = choose_penalty(signs)
            top = _fit(likelihood, chosen, len(names)) if chosen else top
    covariance, n_clusters, note = _covariance(design, likelihood, top, chosen)
    if n_clusters is not None and chosen:
        few = _carried_by_few(design, codes, matrix, weight, len(levels))
        few |= np.isin(labels, unbounded)
        covariance = floored(covariance, invert_information(top.hessian), few)
        note += floor_note(labels, few)
    params = pd.Series(top.point, index=labels, name="params")
    level_counts = pd.Series(counts, index=pd.Index(levels, name="level"), name="rows")
    notes += separation_notes(codes, matrix, names, params, levels, counts, chosen)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes += (f"Only {n_clusters} clusters: robust errors are too small with so few.",)
    if not top.converged:
        notes += (f"Newton's method did not converge in {top.iterations} steps.",)
    return OrderedLogitResult(
        params=params,
        covariance=pd.DataFrame(covariance, index=labels, columns=labels),
        llf=float(likelihood.value_gradient_hessian(top.point)[0]),
        n_params=len(labels),
        nobs=whole(float(weight.sum())),
        n_left_out=design.n_left_out,
        converged=top.converged,
        n_clusters=n_clusters,
        covariance_note=note,
        notes=notes,
        levels=levels,
        level_counts=level_counts,
        coefficient_names=names,
        penalised_llf=top.value,
        penalty=chosen,
        design=design,
        weights=weight,
    )


def _fit(likelihood: OrderedLogitLikelihood, penalty: str | None, k: int) -> Maximum:
    """Maximise the likelihood, with or without a penalty on the k coefficients."""
    if penalty is None:
        return maximise(likelihood.value_gradient_hessian, likelihood.start())
    penalise, at = LogFPenalty(likelihood.matrix, likelihood.weights), np.arange(k)

    def objective(params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        value, gradient, hessian = likelihood.value_gradient_hessian(params)
        extra, slope, curvature = penalise(params[:k])
        gradient[:k] += slope
        hessian[at, at] += curvature
        return value + extra, gradient, hessian

    return maximise(objective, likelihood.start())


def _covariance(
    design: Design,
    likelihood: OrderedLogitLikelihood,
    top: Maximum,
    penalty: str | None,
) -> tuple[FloatArray, int | None, str]:
    """Return the covariance, the number of clusters and the sentence that describes both."""
    bread = invert_information(top.hessian)
    if "cluster" not in design.extras:
        source = "penalised information" if penalty else "observed information"
        return bread, None, f"Model-based: inverse of the {source}; no small-sample factor."
    codes, n_clusters = cluster_codes(design.extras["cluster"])
    totals = likelihood.totals_by(top.point, codes, n_clusters)
    robust = np.asarray(n_clusters / (n_clusters - 1) * bread @ (totals.T @ totals) @ bread)
    said = cluster_note(n_clusters)
    if penalty:
        said += " Its bread is the inverse of the penalised information."
    return robust, n_clusters, said


def _carried_by_few(
    design: Design, codes: IntArray, matrix: FloatArray, weights: FloatArray, n_levels: int
) -> BoolArray:
    """Return which parameters few clusters carry, shape (q,).

    An effect is shared by all cuts: it rests on few if no cut has more. A cutpoint rests on the
    clusters on its two sides.
    """
    used = weights > 0
    clusters, n_clusters = cluster_codes(design.extras["cluster"][used])
    cuts = [
        carried_by(matrix[used], codes[used] >= cut, clusters, n_clusters)
        for cut in range(1, n_levels)
    ]
    effects = np.logical_and.reduce([cut.few for cut in cuts])
    return np.concatenate([effects, [cut.rare for cut in cuts]])
