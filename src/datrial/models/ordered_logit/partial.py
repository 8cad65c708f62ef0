"""Ordered logit with some predictors' effects free at every cut (partial proportional odds)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.newton import Maximum, invert_information, maximise
from datrial.models.ordered_logit.brant import brant_test
from datrial.models.ordered_logit.checks import separation_notes
from datrial.models.ordered_logit.partial_columns import (
    PartialRows,
    columns_of,
    cutpoints_of,
    labels_of,
    start_of,
)
from datrial.models.ordered_logit.partial_likelihood import PartialLikelihood
from datrial.models.ordered_logit.partial_result import PartialProportionalOddsResult
from datrial.models.ordered_logit.rows import (
    counts_by_level,
    drop_intercept,
    outcome_levels,
    row_weights,
    whole,
)
from datrial.models.ordered_logit.separation import find_cumulative_separation
from datrial.models.sandwich import (
    FEW_CLUSTERS,
    cluster_codes,
    cluster_covariance,
    cluster_note,
)

FloatArray = NDArray[np.float64]

AUTO_LEVEL = 0.05


def fit_partial_proportional_odds(
    formula: str,
    data: pd.DataFrame,
    *,
    nonparallel: Sequence[str] | str = "auto",
    cluster: ColumnOrArray | None = None,
    weights: ColumnOrArray | None = None,
) -> PartialProportionalOddsResult:
    """Fit logit P(Y <= j) = cut_j - x'b - z'g_j by maximum likelihood.

    Peterson and Harrell (1990), Applied Statistics 39, 205-217; Williams (2006), Stata Journal
    6, 58-82. Stata: `gologit2 y x z, npl(z)` and `autofit`; R: `ordinal::clm(nominal = ~ z)`.

    Parameters
    ----------
    formula, data, cluster, weights
        As in `fit_ordered_logit`.
    nonparallel
        Predictors whose effect is free at every cut: columns of the data (all of their terms
        are then free) or single columns of the model; ``"auto"``: the columns for which
        Brant's test, robust if clustered, rejects proportional odds at .05, without a
        correction for their number, as `autofit` does.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: a `nonparallel` that is no predictor, and everything
        `fit_ordered_logit` refuses.

    Notes
    -----
    A predictor that separates the levels at a cut has no finite free effect there: it falls
    back to one effect, which `notes` say. So do all of them when the maximum lies where
    predicted probabilities of observed rows turn to zero. Rows with a negative predicted
    probability of some other level are counted in `n_negative`.
    """
    design = build_design(formula, data, {"cluster": cluster, "weights": weights})
    codes, levels = outcome_levels(design.outcome)
    matrix = drop_intercept(design.matrix, design.names)
    weight = row_weights(design)
    counts = counts_by_level(codes, len(levels), weight)
    names = [name for name in design.names if name != "Intercept"]
    used = weight > 0
    rows = PartialRows(codes[used], matrix[used], weight[used], len(levels), names)
    free, notes = _chosen(nonparallel, design, levels, weight, names)
    common = rows.likelihood(())
    start = np.zeros(common.size)
    start[common.cutpoints()] = cutpoints_of(rows)
    parallel = maximise(common.value_gradient_hessian, start)
    free, top, why = _fit(rows, parallel, free)
    likelihood = rows.likelihood(free)
    order, labels = labels_of(likelihood, names, free)
    covariance, n_clusters, said = _covariance(design, likelihood, top, used)
    params = pd.Series(top.point[order], index=labels, name="params")
    notes += why
    if not free:
        notes += separation_notes(
            rows.codes, rows.matrix, names, params, levels, counts, None, advice=""
        )
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes += (f"Only {n_clusters} clusters: robust errors are too small with so few.",)
    if not top.converged:
        notes += (f"Newton's method did not converge in {top.iterations} steps.",)
    result = PartialProportionalOddsResult(
        params=params,
        covariance=pd.DataFrame(covariance[np.ix_(order, order)], index=labels, columns=labels),
        llf=top.value,
        n_params=len(labels),
        nobs=whole(float(weight.sum())),
        n_left_out=design.n_left_out,
        converged=top.converged,
        n_clusters=n_clusters,
        covariance_note=said,
        notes=notes,
        levels=levels,
        level_counts=pd.Series(counts, index=pd.Index(levels, name="level"), name="rows"),
        nonparallel=free,
        proportional_llf=parallel.value,
        n_negative=0,
        design=design,
        weights=weight,
    )
    return _with_negatives(result)


def _chosen(
    asked: Sequence[str] | str,
    design: Design,
    levels: list[object],
    weights: FloatArray,
    names: list[str],
) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns that are to be free, and what is said of the choice."""
    if asked != "auto":
        wanted = [asked] if isinstance(asked, str) else list(asked)
        return columns_of(wanted, design, names), ()
    if len(levels) == 2:
        return [], ("The outcome has two levels: there is a single cut.",)
    test = brant_test(design, levels, weights)
    free = test.rejected(AUTO_LEVEL)
    said = (
        f"Brant's test rejects proportional odds at {AUTO_LEVEL:g} for "
        f"{', '.join(map(repr, free))}: free at every cut."
        if free
        else f"Brant's test rejects proportional odds for no predictor at {AUTO_LEVEL:g}."
    )
    # The last note of the test names its covariance.
    return free, (said, *(test.notes if test.table.empty else test.notes[:-1]))


def _fit(
    rows: PartialRows, parallel: Maximum, free: list[str]
) -> tuple[list[str], Maximum, tuple[str, ...]]:
    """Fit with as many of the asked columns free as the rows can carry; say which are not."""
    notes: tuple[str, ...] = ()
    while free:
        likelihood = rows.likelihood(free)
        top = maximise(
            likelihood.value_gradient_hessian, start_of(likelihood, rows, parallel, free)
        )
        separation = find_cumulative_separation(likelihood, top.point)
        held = {
            free[(position - likelihood.n_parallel) % likelihood.width - 1]
            for position in separation.unbounded
            if position >= likelihood.n_parallel
            and (position - likelihood.n_parallel) % likelihood.width
        }
        if held:
            said = ", ".join(repr(name) for name in free if name in held)
            notes += (f"The effect of {said} has no finite estimate at some cut: held the same.",)
            free = [name for name in free if name not in held]
            continue
        if top.converged or separation:
            return free, top, notes
        notes += (
            "With free effects the maximum lies where predicted probabilities of observed rows "
            "turn to zero: proportional odds are fitted instead.",
        )
        break
    return [], parallel, notes


def _covariance(
    design: Design, likelihood: PartialLikelihood, top: Maximum, used: NDArray[np.bool_]
) -> tuple[FloatArray, int | None, str]:
    """Return the covariance, the number of clusters and the sentence that describes both."""
    bread = invert_information(top.hessian)
    if "cluster" not in design.extras:
        said = "Model-based: inverse of the observed information; no small-sample factor."
        return bread, None, said
    codes, n_clusters = cluster_codes(design.extras["cluster"])
    scores = likelihood.scores(top.point)
    clusters = codes[used][likelihood.order]
    covariance = cluster_covariance(bread, scores, clusters, n_clusters)
    return covariance, n_clusters, cluster_note(n_clusters)


def _with_negatives(result: PartialProportionalOddsResult) -> PartialProportionalOddsResult:
    """Count the rows with a negative predicted probability and say so."""
    matrix = drop_intercept(result.design.matrix, result.design.names)
    negative = int((result.probabilities(matrix)[0] < 0).any(axis=1).sum())
    if not negative:
        return result
    said = (
        f"{negative} rows have a negative predicted probability of some level: the lines of two "
        "cuts cross there, and average predictions rest on it."
    )
    return replace(result, n_negative=negative, notes=(*result.notes, said))
