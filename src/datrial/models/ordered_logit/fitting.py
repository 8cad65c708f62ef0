"""Ordered (proportional-odds) logit, pooled over repeated measures of the same people."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, Design, build_design, positive_column
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.newton import invert_information, maximise
from datrial.models.ordered_logit.checks import separation_notes
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood
from datrial.models.ordered_logit.result import OrderedLogitResult, drop_intercept
from datrial.models.penalty import LogFPenalty
from datrial.models.sandwich import (
    FEW_CLUSTERS,
    cluster_codes,
    cluster_covariance,
    cluster_note,
    total_by,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
        are then from the penalised information; `cluster` only counts clusters.

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
    if penalty not in (None, "log_f"):
        raise ModelUsageError("The penalty of an ordered logit is None or 'log_f'.")
    design = build_design(formula, data, {"cluster": cluster, "weights": weights})
    codes, levels = outcome_levels(design.outcome)
    matrix = drop_intercept(design.matrix, design.names)
    names = [name for name in design.names if name != "Intercept"]
    row_weights = (
        positive_column(design.extras["weights"], "weights", zero_allowed=True)
        if weights is not None
        else np.ones(len(codes))
    )
    counts = total_by(codes, len(levels), row_weights)
    if not (counts > 0).all():
        raise ModelDataError("An outcome level has no weight; remove it or merge levels.")
    likelihood = OrderedLogitLikelihood(codes, matrix, row_weights, len(levels))
    penalise = LogFPenalty(matrix, row_weights) if penalty == "log_f" else None

    def objective(params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        value, gradient, hessian = likelihood.value_gradient_hessian(params)
        if penalise is None:
            return value, gradient, hessian
        extra, slope, curvature = penalise(params[: len(names)])
        gradient[: len(names)] += slope
        hessian[np.arange(len(names)), np.arange(len(names))] += curvature
        return value + extra, gradient, hessian

    top = maximise(objective, likelihood.start())
    covariance, n_clusters, note = _covariance(design, likelihood, top.point, top.hessian, penalty)
    labels = [*names, *(f"cut{j}" for j in range(1, len(levels)))]
    params = pd.Series(top.point, index=labels, name="params")
    level_counts = pd.Series(counts, index=pd.Index(levels, name="level"), name="rows")
    notes = separation_notes(codes, matrix, names, params, levels, counts, penalty)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS and penalty is None:
        notes += (f"Only {n_clusters} clusters: robust errors are too small with so few.",)
    if not top.converged:
        notes += (f"Newton's method did not converge in {top.iterations} steps.",)
    return OrderedLogitResult(
        params=params,
        covariance=pd.DataFrame(covariance, index=labels, columns=labels),
        llf=float(likelihood.value_gradient_hessian(top.point)[0]),
        n_params=len(labels),
        nobs=whole(float(row_weights.sum())),
        n_left_out=design.n_left_out,
        converged=top.converged,
        n_clusters=n_clusters,
        covariance_note=note,
        notes=notes,
        levels=levels,
        level_counts=level_counts,
        coefficient_names=names,
        penalised_llf=top.value,
        design=design,
        weights=row_weights,
    )


def outcome_levels(outcome: pd.Series) -> tuple[IntArray, list[object]]:
    """Return the level of each row, 0..J-1, and the level labels, lowest first."""
    if isinstance(outcome.dtype, pd.CategoricalDtype):
        if not outcome.cat.ordered:
            raise ModelUsageError(
                f"The outcome '{outcome.name}' is an unordered categorical; give its levels an "
                "order (cat.as_ordered())."
            )
        codes = outcome.cat.codes.to_numpy().astype(np.int64)
        levels: list[object] = list(outcome.cat.categories)
    elif pd.api.types.is_numeric_dtype(outcome.dtype):
        distinct, inverse = np.unique(outcome.to_numpy(), return_inverse=True)
        codes, levels = inverse.astype(np.int64), distinct.tolist()
    else:
        raise ModelUsageError(
            f"The outcome '{outcome.name}' must be an ordered categorical or a number."
        )
    if len(levels) > 50:
        raise ModelUsageError(
            f"The outcome '{outcome.name}' has {len(levels)} levels; an ordered logit takes at "
            "most 50."
        )
    empty = [
        str(v)
        for v, n in zip(levels, np.bincount(codes, minlength=len(levels)), strict=True)
        if n == 0
    ]
    if empty:
        raise ModelDataError(
            f"No complete row has level {', '.join(map(repr, empty))} of the outcome "
            f"'{outcome.name}'; merge levels or remove unused ones "
            "(cat.remove_unused_categories())."
        )
    if len(levels) < 2:
        raise ModelDataError(f"The outcome '{outcome.name}' has a single level in these rows.")
    return codes, levels


def whole(total: float) -> float:
    """Return a sum of weights as an int when it is a whole number."""
    return int(total) if float(total).is_integer() else total


def _covariance(
    design: Design,
    likelihood: OrderedLogitLikelihood,
    params: FloatArray,
    hessian: FloatArray,
    penalty: str | None,
) -> tuple[FloatArray, int | None, str]:
    """Return the covariance, the number of clusters and the sentence that describes both."""
    bread = invert_information(hessian)
    if "cluster" not in design.extras:
        source = "penalised information" if penalty else "observed information"
        return bread, None, f"Model-based: inverse of the {source}; no small-sample factor."
    codes, n_clusters = cluster_codes(design.extras["cluster"])
    if penalty:
        return (
            bread,
            n_clusters,
            (
                "Model-based: inverse of the penalised information. The cluster sandwich is not "
                "used under a penalty, because it collapses in empty cells; repeated answers of "
                f"the {n_clusters} clusters are treated as independent."
            ),
        )
    covariance = cluster_covariance(
        bread, likelihood.scores(params), codes[likelihood.order], n_clusters
    )
    return covariance, n_clusters, cluster_note(n_clusters)
