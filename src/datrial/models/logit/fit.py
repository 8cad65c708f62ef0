"""The steps that the binary and the multinomial logit share, from rows to estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import (
    ColumnOrArray,
    Design,
    build_design,
    check_levels,
    positive_column,
)
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.logit.checks import choose_penalty, rare_levels, rest_notes, sparse_predictors
from datrial.models.logit.likelihood import LogitLikelihood, level_shares, row_scores
from datrial.models.logit.patterns import Patterns, collapse
from datrial.models.logit.problem import LogitProblem
from datrial.models.logit.separation import Separation, find_separation
from datrial.models.newton import Maximum
from datrial.models.ordered_logit.fitting import whole
from datrial.models.sandwich import (
    FEW_CLUSTERS,
    cluster_codes,
    cluster_covariance,
    cluster_note,
    total_by,
)
from datrial.models.sandwich_floor import carried_by, floor_note, floored

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

PENALTIES = (None, "firth", "log_f", "auto")
MOST_LEVELS = 50


@dataclass(frozen=True)
class Rows:
    """The rows of a logit: design, level of each row (0 is the reference), weights."""

    design: Design
    codes: IntArray
    levels: list[object]
    weights: FloatArray

    @property
    def counts(self) -> FloatArray:
        """Return the sum of the weights at each level."""
        return total_by(self.codes, len(self.levels), self.weights)


def read_rows(
    formula: str,
    data: pd.DataFrame,
    cluster: ColumnOrArray | None,
    weights: ColumnOrArray | None,
    penalty: str | None,
) -> Rows:
    """Return the complete rows of a logit, or say why it cannot be fitted to them."""
    if penalty not in PENALTIES:
        raise ModelUsageError("The penalty of a logit is None, 'firth', 'log_f' or 'auto'.")
    design = build_design(formula, data, {"cluster": cluster, "weights": weights})
    if design.names[:1] != ["Intercept"]:
        raise ModelUsageError("A logit takes a formula with its intercept (no '- 1' or '0 +').")
    codes, levels = _outcome_levels(design.outcome)
    row_weights = np.ones(len(codes))
    if weights is not None:
        row_weights = positive_column(design.extras["weights"], "weights", zero_allowed=True)
    rows = Rows(design, codes, levels, row_weights)
    if not (rows.counts > 0).all():
        raise ModelDataError("An outcome level has no weight; remove it or merge levels.")
    return rows


def fit_rows(rows: Rows, penalty: str | None, labels: Sequence[str]) -> dict[str, Any]:
    """Fit the model and return what every logit result holds.

    Parameters
    ----------
    labels
        The parameters in words, in their order, for the notes.
    """
    design, counts = rows.design, rows.counts
    used = rows.weights > 0
    patterns = collapse(design.matrix, rows.codes, rows.weights, len(rows.levels))
    seen = patterns.counts.sum(axis=1) > 0
    if seen.all():
        likelihood = LogitLikelihood(patterns.matrix, patterns.counts)
    else:
        likelihood = LogitLikelihood(patterns.matrix[seen], patterns.counts[seen])
    plain = LogitProblem.of(likelihood, None)
    top = plain.fit(likelihood.start())
    separation = find_separation(likelihood, top.point)
    rare = rare_levels(rows.levels, counts)
    sparse = sparse_predictors(likelihood, design.names)
    chosen, notes = choose_penalty(penalty, separation, rare, sparse)
    problem = LogitProblem.of(likelihood, chosen)
    if chosen:
        top = problem.fit(likelihood.start())
    covariance, n_clusters, said = _covariance(rows, patterns, problem, top, separation, labels)
    notes += rest_notes(separation, labels, rare, chosen)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes += (f"Only {n_clusters} clusters: robust errors are too small with so few.",)
    if not top.converged:
        notes += (f"Newton's method did not converge in {top.iterations} steps.",)
    share = counts / counts.sum()
    return {
        "point": top.point,
        "covariance": covariance,
        "llf": likelihood.evaluate(top.point).value,
        "llf_null": float(counts @ np.log(share)),
        "penalised_llf": top.value,
        "n_params": likelihood.size,
        "nobs": whole(float(rows.weights[used].sum())),
        "n_left_out": design.n_left_out,
        "converged": top.converged,
        "n_clusters": n_clusters,
        "covariance_note": said,
        "notes": notes,
        "levels": rows.levels,
        "level_counts": pd.Series(counts, index=pd.Index(rows.levels, name="level"), name="rows"),
        "penalty": chosen,
        "separation": separation,
        "sparse": sparse,
        "design": design,
        "weights": rows.weights,
        "problem": problem,
        "top": top,
    }


def _outcome_levels(outcome: pd.Series) -> tuple[IntArray, list[object]]:
    """Return the level of each row and the level labels, in order or sorted."""
    if isinstance(outcome.dtype, pd.CategoricalDtype):
        codes = outcome.cat.codes.to_numpy().astype(np.int64)
        levels: list[object] = list(outcome.cat.categories)
    else:
        numbers, distinct = pd.factorize(outcome, sort=True)
        codes, levels = numbers.astype(np.int64), list(distinct)
    check_levels(outcome, codes, levels, most=MOST_LEVELS, model="a logit")
    return codes, levels


def _covariance(
    rows: Rows,
    patterns: Patterns,
    problem: LogitProblem,
    top: Maximum,
    separation: Separation,
    labels: Sequence[str],
) -> tuple[FloatArray, int | None, str]:
    """Return the covariance, the number of clusters and the sentence that describes both."""
    bread = problem.covariance(top)
    source = {
        None: "observed information",
        "log_f": "penalised information",
        "firth": "information at the penalised estimates",
    }[problem.penalty]
    if "cluster" not in rows.design.extras:
        return bread, None, f"Model-based: inverse of the {source}; no small-sample factor."
    codes, n_clusters = cluster_codes(rows.design.extras["cluster"])
    p = level_shares(problem.likelihood.predictor(top.point))[0]
    place = np.cumsum(patterns.counts.sum(axis=1) > 0) - 1
    of_row = p[np.maximum(place[patterns.index], 0)]
    scores = row_scores(of_row, rows.codes, rows.weights, rows.design.matrix)
    robust = cluster_covariance(bread, scores, codes, n_clusters)
    said = cluster_note(n_clusters)
    if problem.penalty is None:
        return robust, n_clusters, said
    few = _carried_by_few(rows, codes, n_clusters)
    few[list(separation.unbounded)] = True
    said += f" Its bread is the inverse of the {source}." + floor_note(labels, few)
    return floored(robust, bread, few), n_clusters, said


def _carried_by_few(rows: Rows, clusters: IntArray, n_clusters: int) -> BoolArray:
    """Return which parameters few clusters carry: each level against the reference, (q,)."""
    parts = []
    for level in range(1, len(rows.levels)):
        used = (rows.weights > 0) & ((rows.codes == level) | (rows.codes == 0))
        split = rows.codes[used] == level
        parts.append(carried_by(rows.design.matrix[used], split, clusters[used], n_clusters).few)
    return np.concatenate(parts)
