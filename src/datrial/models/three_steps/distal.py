"""Relate a categorical outcome to latent classes in three steps, errors of assignment removed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError
from datrial.models.latent_class.classification import Classification, classify
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.sandwich import FEW_CLUSTERS, cluster_covariance, cluster_note
from datrial.models.three_steps.bootstrap import (
    ClassResamples,
    bootstrap_note,
    draw_covariance,
    interpret,
    resampling_note,
)
from datrial.models.three_steps.classification import (
    FitRows,
    aligned,
    check_method,
    inverse_errors,
    pattern_posterior,
    rows_of,
)
from datrial.models.three_steps.design import outcome_codes
from datrial.models.three_steps.result import (
    ASSIGNMENT_IGNORED,
    SANDWICH,
    TOO_SMALL,
    ThreeStepResult,
    few_clusters,
    table_likelihood_ratio,
    wald_tests,
)
from datrial.models.three_steps.table import (
    Solution,
    probabilities_of,
    solve_table,
    solve_with_influence,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def three_step(
    fit: LatentClassResult,
    outcome: ArrayLike,
    *,
    method: str = "ml",
    cluster: ArrayLike | None = None,
    bootstrap: int | ClassResamples = 0,
    seed: int | np.random.Generator = 0,
) -> ThreeStepResult:
    """Estimate the distribution of a categorical outcome within each latent class.

    The classes are fitted without the outcome (step one), everybody is assigned to the most
    likely class (two), and the outcome is related to the assigned class (three). Taken at
    face value, that mixes the classes and makes them look alike; ``ml`` and ``bch`` undo the
    mixing by the known probabilities of assignment. Both assume that the outcome depends on
    the answers to the items through the class alone, and that it is missing at random.

    Bolck, Croon and Hagenaars (2004), Political Analysis 12, 3-27; Vermunt (2010), Political
    Analysis 18, 450-469; Bakk, Tekle and Vermunt (2013), Sociological Methodology 43,
    272-311; Asparouhov and Muthen (2014), Structural Equation Modeling 21, 329-341. Mplus:
    `AUXILIARY = y (DCATEGORICAL)` is another estimator, `(BCH)` the same for 0/1 outcomes;
    Latent GOLD: `step3 ... ml` and `bch`; R: `tidySEM::BCH`.

    Parameters
    ----------
    fit
        From `fit_latent_classes`; its frequency weights are used here too.
    outcome
        One value per row of the items, a Series with their index or an array; a
        categorical, numbers, booleans or strings with two or more levels. Rows with a
        missing outcome are left out and counted; the errors of assignment are still those
        of everybody classified.
    method
        ``ml``: maximum likelihood. ``bch``: weighting; the same for a single outcome
        unless that gives probabilities outside 0..1. ``modal``: no correction.
    cluster
        Whose rows belong together, for robust errors with the factor G/(G-1).
    bootstrap
        Number of draws in which all three steps are repeated, or the draws made by
        `resample_classes`; `bse` and `test` then come from them. 0: the third step's
        sandwich.
    seed
        Seed or generator of the draws.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: rows that are not those of the fit, an outcome with a single
        level, classes that nobody is assigned to.

    Examples
    --------
    >>> step = three_step(fit, behaviour, bootstrap=200)   # doctest: +SKIP
    >>> step.probabilities, step.test                      # doctest: +SKIP
    """
    check_method(method)
    rows = rows_of(fit, cluster)
    codes, levels = outcome_codes(aligned(fit, outcome, "outcome"), outcome)
    labels = fit.class_sizes.index
    classification = classify(pattern_posterior(fit), fit.patterns.counts)
    if method != "modal":
        inverse_errors(classification.errors, labels)
    table = cell_table(rows, rows.weights, codes, classification, len(levels))
    kept = table.sum(axis=0) > 0
    if kept.sum() < 2:
        raise ModelDataError(
            "The outcome has fewer than two levels among the classified rows where it is known."
        )
    unused = [str(v) for v, used in zip(levels, kept, strict=True) if not used]
    codes = np.where(codes >= 0, (np.cumsum(kept) - 1)[codes], -1)
    table = table[:, kept]
    index = pd.Index([v for v, used in zip(levels, kept, strict=True) if used], name="level")
    solution = solve_with_influence(table, *_matrices(method, classification, labels))
    covariance, note = _sandwich(rows, codes, classification, solution)
    notes = _notes(method, solution, table, labels, unused)
    flat = pd.MultiIndex.from_product([labels, index])
    draws = None
    resamples = interpret(fit, bootstrap, cluster, seed)
    if resamples is None:
        notes += (TOO_SMALL,)
    else:

        def again(weights: FloatArray, drawn: Classification) -> FloatArray:
            cells = cell_table(rows, weights, codes, drawn, len(index))
            people = solve_table(cells, *_matrices(method, drawn, labels))
            return probabilities_of(people).ravel()

        estimates, failed = resamples.repeat(again, len(flat))
        covariance, draws = draw_covariance(estimates), pd.DataFrame(estimates, columns=flat)
        note = bootstrap_note(resamples, failed)
        notes += resampling_note(resamples, failed)
    if rows.n_clusters is not None and rows.n_clusters < FEW_CLUSTERS:
        notes += (few_clusters(rows.n_clusters),)
    probabilities = pd.DataFrame(solution.probabilities, index=labels, columns=index)
    used = (codes >= 0) & (rows.weights > 0)
    return ThreeStepResult(
        method=method,
        probabilities=probabilities,
        bse=_errors(probabilities, covariance),
        covariance=pd.DataFrame(covariance, index=flat, columns=flat),
        people=pd.Series(solution.people.sum(axis=1), index=labels, name="people"),
        test=wald_tests(probabilities, covariance),
        likelihood_ratio=table_likelihood_ratio(table),
        classification=pd.DataFrame(classification.errors, index=labels, columns=labels),
        nobs=float(rows.weights[used].sum()),
        n_left_out=int(((codes < 0) & (rows.weights > 0)).sum()),
        n_unclassified=int((rows.weights <= 0).sum()),
        n_clusters=rows.n_clusters,
        draws=draws,
        covariance_note=note,
        notes=notes,
    )


def cell_table(
    rows: FitRows,
    weights: FloatArray,
    codes: IntArray,
    classification: Classification,
    n_levels: int,
) -> FloatArray:
    """Count people by assigned class and outcome, shape (K, L); missing outcomes left out."""
    used = (rows.pattern >= 0) & (codes >= 0)
    cells = classification.modal[rows.pattern[used]] * n_levels + codes[used]
    n_classes = len(classification.errors)
    counts = np.bincount(cells, weights=weights[used], minlength=n_classes * n_levels)
    return np.asarray(counts, dtype=np.float64).reshape(n_classes, n_levels)


def _matrices(
    method: str, classification: Classification, labels: pd.Index
) -> tuple[FloatArray, FloatArray | None]:
    """Return D and, for weighting, its inverse."""
    if method == "modal":
        identity = np.eye(len(labels))
        return identity, identity
    inverse = inverse_errors(classification.errors, labels)
    return classification.errors, inverse if method == "bch" else None


def _sandwich(
    rows: FitRows, codes: IntArray, classification: Classification, solution: Solution
) -> tuple[FloatArray, str]:
    """Covariance of the probabilities from the influence of each row or cluster."""
    n_classes, n_levels = solution.probabilities.shape
    used = (rows.pattern >= 0) & (codes >= 0) & (rows.weights > 0)
    cells = classification.modal[rows.pattern[used]] * n_levels + codes[used]
    by_cell = solution.influence.reshape(n_classes * n_levels, -1)
    weights = rows.weights[used]
    if rows.cluster is None or rows.n_clusters is None:
        counts = np.bincount(cells, weights=weights, minlength=len(by_cell))
        here = counts > 0
        covariance = (by_cell[here].T * counts[here]) @ by_cell[here]
        return np.asarray(covariance), SANDWICH
    scores = weights[:, None] * by_cell[cells]
    covariance = cluster_covariance(
        np.eye(scores.shape[1]), scores, rows.cluster[used], rows.n_clusters
    )
    return covariance, cluster_note(rows.n_clusters)


def _errors(probabilities: pd.DataFrame, covariance: FloatArray) -> pd.DataFrame:
    """Return standard errors; a variance of nothing is no error but a boundary."""
    variance = np.diag(covariance).reshape(probabilities.shape)
    with np.errstate(invalid="ignore"):
        bse = np.where(variance > 1e-20, np.sqrt(variance), np.nan)
    return pd.DataFrame(bse, index=probabilities.index, columns=probabilities.columns)


def _notes(
    method: str, solution: Solution, table: FloatArray, labels: pd.Index, unused: list[str]
) -> tuple[str, ...]:
    """Say what is degenerate about a third step."""
    notes = []
    p = solution.probabilities
    if unused:
        notes.append(f"Levels that no row has were left out: {', '.join(unused)}.")
    nobody = [str(label) for label, n in zip(labels, table.sum(axis=1), strict=True) if n == 0]
    if nobody:
        notes.append(f"Nobody with a known outcome is assigned to {', '.join(nobody)}.")
    outside = int(((p < 0) | (p > 1)).sum())
    if outside:
        notes.append(
            f"Weighting gave {outside} of {p.size} probabilities outside 0..1 (negative weights "
            "in small or badly separated classes); method='ml' keeps them inside."
        )
    at_edge = int(((p == 0) | (p == 1)).sum())
    if at_edge:
        notes.append(
            f"{at_edge} of {p.size} probabilities are 0 or 1, where a normal interval and a "
            "Wald test do not apply; see likelihood_ratio."
        )
    if method == "modal":
        notes.append(ASSIGNMENT_IGNORED)
    return tuple(notes)
