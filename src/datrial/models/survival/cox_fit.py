"""From the checked rows of a Cox regression to its result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design, positive_column
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.newton import Maximum, invert_information
from datrial.models.sandwich import (
    FEW_CLUSTERS,
    cluster_codes,
    cluster_covariance,
    cluster_note,
)
from datrial.models.sparse_data import RARE_LEVEL
from datrial.models.survival.cox_result import CoxResult
from datrial.models.survival.firth import PENALTIES, CoxProblem
from datrial.models.survival.histories import group_codes
from datrial.models.survival.monotone import Monotone, find_monotone
from datrial.models.survival.partial_likelihood import TIES, CoxState, PartialLikelihood
from datrial.models.survival.risk_sets import build_risk_sets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: A column with less variance than this share of its squared range within risk sets is constant.
NO_VARIANCE = 1e-11


@dataclass(frozen=True)
class CoxRows:
    """The complete rows of a Cox regression.

    Attributes
    ----------
    start
        None where every row is at risk from the beginning.
    cluster
        Whose rows they are, None without clusters.
    """

    design: Design
    start: FloatArray | None
    stop: FloatArray
    events: FloatArray
    weights: FloatArray
    strata: pd.Series | None
    cluster: pd.Series | None


def cox_rows(
    design: Design, start: FloatArray | None, stop: FloatArray, events: FloatArray
) -> CoxRows:
    """Collect the rows of a regression whose times and events have been checked."""
    weights = np.ones(len(stop))
    if "weights" in design.extras:
        weights = positive_column(design.extras["weights"], "weights", zero_allowed=True)
    if not (events * weights).any():
        raise ModelDataError(
            f"No event in the {len(stop)} complete rows: every follow-up ends without one, and "
            "no hazard can be compared."
        )
    extras = design.extras
    return CoxRows(
        design, start, stop, events, weights, extras.get("strata"), extras.get("cluster")
    )


def fit_cox_rows(rows: CoxRows, ties: str, penalty: str | None) -> CoxResult:
    """Fit the regression to checked rows and describe it."""
    if ties not in TIES:
        raise ModelUsageError(f"Ties are treated by {' or '.join(TIES)}.")
    if penalty not in PENALTIES:
        raise ModelUsageError("The penalty of a Cox regression is None, 'firth' or 'auto'.")
    stratum, labels = group_codes(rows.strata, len(rows.stop))
    weighed = rows.weights > 0
    risk = build_risk_sets(
        rows.stop, (rows.events > 0) & weighed, start=rows.start, stratum=stratum
    )
    # Rows that are at risk at no event time say nothing.
    used = weighed & (risk.past > risk.first)
    likelihood = PartialLikelihood(
        rows.design.matrix[used, 1:], rows.events[used], rows.weights[used], risk.only(used), ties
    )
    names = rows.design.names[1:]
    null = likelihood.evaluate(np.zeros(len(names)))
    _check_variation(null.hessian, likelihood, names)
    plain = CoxProblem(likelihood, penalised=False)
    top = plain.fit(np.zeros(len(names)))
    monotone = find_monotone(likelihood, top)
    chosen = "firth" if penalty == "firth" or (penalty == "auto" and monotone) else None
    problem = plain
    if chosen:
        problem = CoxProblem(likelihood, penalised=True)
        top = problem.fit(np.zeros(len(names)))
    clusters = _clusters(rows, used)
    what = "rows" if rows.cluster is None else "clusters"
    at = likelihood.evaluate(top.point)
    covariance, said = _covariance(likelihood, at, clusters, chosen, what)
    params = pd.Series(top.point, index=names, name="params")
    n_events = int(rows.events[weighed].sum())
    n_clusters = None if clusters is None or rows.cluster is None else clusters[1]
    return CoxResult(
        params=params,
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        llf=at.value,
        n_params=len(names),
        nobs=int(weighed.sum()),
        n_left_out=rows.design.n_left_out,
        converged=top.converged,
        n_clusters=n_clusters,
        covariance_note=said,
        notes=_notes(names, monotone, chosen, top, n_events, n_clusters),
        n_events=n_events,
        llf_null=null.value,
        penalised_llf=top.value,
        ties=ties,
        penalty=chosen,
        monotone=monotone,
        strata=None if rows.strata is None else labels,
        design=rows.design,
        problem=problem,
        top=top,
        clusters=clusters,
    )


def _check_variation(hessian: FloatArray, likelihood: PartialLikelihood, names: list[str]) -> None:
    """Refuse columns that do not vary, or not by themselves, among those at risk together."""
    ranges = np.ptp(likelihood.matrix, axis=0)
    events = float(likelihood.term_weight.sum())
    scale = np.where(ranges > 0, ranges, 1.0) * np.sqrt(events)
    gram = -hessian / np.outer(scale, scale)
    for j, name in enumerate(names):
        if not gram[j, j] > NO_VARIANCE:
            raise ModelDataError(
                f"The predictor column '{name}' is the same for everybody at risk at each event "
                "time, or a linear combination of other columns there; leave it out, or do not "
                "stratify by what it says."
            )
        rest = slice(j + 1, None)
        gram[rest, rest] -= np.outer(gram[rest, j], gram[j, rest]) / gram[j, j]


def _clusters(rows: CoxRows, used: NDArray[np.bool_]) -> tuple[IntArray, int] | None:
    """Return the cluster of each row used, and how many there are in all rows.

    Weights that do not count people make every row its own cluster: the information would take
    them for people.
    """
    if rows.cluster is not None:
        codes, n_clusters = cluster_codes(rows.cluster)
        return codes[used], n_clusters
    if (rows.weights == np.rint(rows.weights)).all():
        return None
    return np.arange(int(used.sum())), int((rows.weights > 0).sum())


def _covariance(
    likelihood: PartialLikelihood,
    at: CoxState,
    clusters: tuple[IntArray, int] | None,
    penalty: str | None,
    what: str,
) -> tuple[FloatArray, str]:
    """Return the covariance and the sentence that describes it."""
    bread = invert_information(at.hessian)
    source = "information at the penalised estimates" if penalty else "observed information"
    said = f"Model-based: inverse of the {source}"
    if clusters is None:
        return bread, f"{said}; no small-sample factor."
    codes, n_clusters = clusters
    if penalty:
        return bread, (
            f"{said}. The cluster sandwich is not used under a penalty, because it collapses where "
            f"a group has no event; repeated events of the {n_clusters} {what} are treated as "
            "independent."
        )
    scores = likelihood.score_rows(at)
    return cluster_covariance(bread, scores, codes, n_clusters), cluster_note(n_clusters, what)


def _notes(
    names: list[str],
    monotone: Monotone,
    penalty: str | None,
    top: Maximum,
    n_events: int,
    n_clusters: int | None,
) -> tuple[str, ...]:
    """Say what a reader of the estimates should know."""
    notes: tuple[str, ...] = ()
    where = {1: "infinity", -1: "zero", 0: "zero or infinity"}
    for column, sign in zip(monotone.columns, monotone.signs, strict=True):
        notes += (
            f"The hazard ratio of '{names[column]}' runs to {where[sign]}: at every event time "
            "the events lie on one side of those at risk (monotone likelihood).",
        )
    if monotone and penalty is None:
        notes += ("Fit with penalty='firth' for finite estimates.",)
    if penalty == "firth":
        notes += ("Firth's penalty is used; its profile intervals are better than Wald's.",)
    if n_events < RARE_LEVEL:
        notes += (f"Only {n_events} events: the estimates rest on little.",)
    if n_clusters is not None and n_clusters < FEW_CLUSTERS and penalty is None:
        notes += (f"Only {n_clusters} clusters: robust errors are too small with so few.",)
    if not top.converged:
        notes += (f"Newton's method did not converge in {top.iterations} steps.",)
    return notes
