"""Solve a third step with covariates and describe its answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.latent_class.classification import Classification, classify
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.newton import Maximum, invert_information
from datrial.models.ordered_logit.fitting import whole
from datrial.models.sandwich import FEW_CLUSTERS, cluster_covariance, cluster_note
from datrial.models.three_steps.bootstrap import (
    ClassResamples,
    bootstrap_note,
    draw_covariance,
    resampling_note,
)
from datrial.models.three_steps.classification import pattern_posterior
from datrial.models.three_steps.problem import ThirdStep
from datrial.models.three_steps.regression_result import UNBOUNDED, ThreeStepRegression
from datrial.models.three_steps.result import (
    ASSIGNMENT_IGNORED,
    SANDWICH,
    TOO_SMALL,
    few_clusters,
)

FloatArray = NDArray[np.float64]


def solve_third_step(
    fit: LatentClassResult,
    step: ThirdStep,
    index: pd.MultiIndex,
    reference: object,
    n_left_out: int,
    resamples: ClassResamples | None,
) -> ThreeStepRegression:
    """Solve a third step and describe its answer."""
    classification = classify(pattern_posterior(fit), fit.patterns.counts)
    rows, first = step.rows, step.n_class_params if step.n_levels > 1 else 0
    top = step.maximum(rows.weights, classification)
    covariance, note = _third_step_covariance(step, classification, top)
    covariance = covariance[first:, first:]
    notes, draws = _notes(step, top), None
    params = pd.Series(top.point[first:], index=index, name="params")
    scale = _scale(step)
    lost = np.abs(params.to_numpy()) * scale > UNBOUNDED
    unbounded = tuple(name for name, run_off in zip(index, lost, strict=True) if run_off)
    if resamples is None:
        notes += (TOO_SMALL,)
    elif step.penalty is not None:
        covariance += _from_the_classes(step, top, resamples)[first:, first:]
        note += (
            f" Plus the variance of the estimates over {len(resamples)} draws of people, on which "
            "the latent class model was fitted again."
        )
    else:

        def again(weights: FloatArray, drawn: Classification) -> FloatArray:
            return step.maximum(weights, drawn, top.point).point[first:]

        estimates, failed = resamples.repeat(again, len(index))
        draws = pd.DataFrame(estimates, columns=index)
        run_off = ((np.abs(estimates) * scale > UNBOUNDED) & ~lost).any(axis=1)
        covariance = draw_covariance(estimates[~run_off])
        note = bootstrap_note(resamples, failed)
        notes += resampling_note(resamples, failed)
        if run_off.any():
            notes += (
                f"In {int(run_off.sum())} of {len(resamples)} bootstrap draws a coefficient ran "
                "off (separation); the errors leave them out and are too small: give "
                "penalty='log_f'.",
            )
    if unbounded:
        covariance[lost], covariance[:, lost] = np.nan, np.nan
        told = ", ".join(f"'{term}' of '{level}'" for level, term in unbounded)
        notes += (f"Separation: {told} has no finite estimate and no error.",)
    labels = fit.class_sizes.index
    return ThreeStepRegression(
        params=params,
        covariance=pd.DataFrame(covariance, index=index, columns=index),
        llf=top.value,
        n_params=len(top.point),
        nobs=whole(float(rows.weights[step.used].sum())),
        n_left_out=n_left_out,
        converged=top.converged,
        n_clusters=rows.n_clusters,
        covariance_note=note,
        notes=notes,
        method=step.method,
        reference=reference,
        classification=pd.DataFrame(classification.errors, index=labels, columns=labels),
        unbounded=unbounded,
        draws=draws,
    )


def _from_the_classes(step: ThirdStep, top: Maximum, resamples: ClassResamples) -> FloatArray:
    """Return the covariance that the errors of the class model alone give the estimates.

    The classes of each draw are applied to the people themselves (Bakk, Oberski and Vermunt
    2014 add the same term by derivatives).
    """

    def again(_: FloatArray, drawn: Classification) -> FloatArray:
        return step.maximum(step.rows.weights, drawn, top.point).point

    return draw_covariance(resamples.repeat(again, len(top.point))[0])


def _third_step_covariance(
    step: ThirdStep, classification: Classification, top: Maximum
) -> tuple[FloatArray, str]:
    """Covariance of the third step alone: robust, by rows or clusters; model-based if penalised."""
    rows = step.rows
    bread = invert_information(top.hessian)
    if step.penalty is not None:
        return bread, "Model-based: inverse of the third step's penalised information."
    weights = rows.weights[step.used]
    scores = step.scores_by_row(rows.weights, classification, top.point)
    if rows.cluster is None or rows.n_clusters is None:
        # A row of weight w is w people, each with the score of one.
        meat = (scores.T / weights) @ scores
        return bread @ meat @ bread, SANDWICH
    covariance = cluster_covariance(bread, scores, rows.cluster[step.used], rows.n_clusters)
    return covariance, cluster_note(rows.n_clusters)


def _notes(step: ThirdStep, top: Maximum) -> tuple[str, ...]:
    """Say what a reader of a third step should know."""
    notes: tuple[str, ...] = ()
    if step.method == "modal":
        notes += (ASSIGNMENT_IGNORED,)
    if not top.converged:
        notes += (
            "The maximiser did not converge"
            + (
                "; negative weights can leave the weighted likelihood without a maximum, "
                "method='ml' has one."
                if step.method == "bch"
                else "."
            ),
        )
    if step.rows.n_clusters is not None and step.rows.n_clusters < FEW_CLUSTERS:
        notes += (few_clusters(step.rows.n_clusters),)
    return notes


def _scale(step: ThirdStep) -> FloatArray:
    """Return by how much each parameter's column spreads: 1 for 0/1 columns and intercepts."""
    matrix = step.class_matrix if step.n_levels == 1 else np.vstack(list(step.by_class))
    yes_no = np.isin(matrix, (0.0, 1.0)).all(axis=0)
    scale = np.where(yes_no, 1.0, 2 * matrix.std(axis=0))
    n_levels = len(step.labels) if step.n_levels == 1 else step.n_levels
    return np.tile(scale, n_levels - 1)
