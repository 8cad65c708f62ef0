"""Third steps with covariates: what predicts the class, and an outcome given class and more."""

from __future__ import annotations

import numpy as np
import pandas as pd

from datrial.models.design import ColumnOrArray
from datrial.models.errors import ModelUsageError
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.three_steps.bootstrap import ClassResamples, interpret
from datrial.models.three_steps.classification import check_method, rows_of
from datrial.models.three_steps.design import (
    CLASS,
    class_design,
    cluster_values,
    expanded_design,
    outcome_levels,
    reference_first,
)
from datrial.models.three_steps.problem import third_step
from datrial.models.three_steps.regression_result import ThreeStepRegression
from datrial.models.three_steps.solve import solve_third_step


def three_step_covariates(
    fit: LatentClassResult,
    data: pd.DataFrame,
    formula: str,
    *,
    method: str = "ml",
    reference: str | None = None,
    penalty: str | None = None,
    cluster: ColumnOrArray | None = None,
    bootstrap: int | ClassResamples = 0,
    seed: int | np.random.Generator = 0,
) -> ThreeStepRegression:
    """Regress the latent class on covariates: a multinomial logit, errors of assignment removed.

    Vermunt (2010), Political Analysis 18, 450-469. Mplus: `AUXILIARY = x (R3STEP)`; Latent
    GOLD: step3 with covariates.

    Parameters
    ----------
    fit
        From `fit_latent_classes`; its frequency weights are used here too.
    data
        The rows of the items, in their order (same index), with the covariates.
    formula
        ``"~ age + site"``: the predictors, with an intercept.
    method
        ``ml``, ``bch`` or ``modal`` (the multinomial logit of the most likely class).
    reference
        Class that the others are compared with; by default the first.
    penalty
        None, or ``"log_f"``: a log-F(1,1) penalty on every coefficient but the intercept, for
        covariates that separate the classes, as in `fit_multinomial_logit`; not with
        ``bch``. Errors are then model-based, and draws add what the classes' own errors do
        to them: in draws of people a cell of nobody would stay one.
    cluster
        Column name or array: whose rows belong together.
    bootstrap, seed
        As for `three_step`.

    Returns
    -------
    ThreeStepRegression
        `params` is indexed by (class, term).
    """
    _check(method, penalty)
    rows = rows_of(fit, cluster_values(data, cluster))
    labels = fit.class_sizes.index
    order = reference_first(labels, reference)
    design = class_design(fit, data, formula)
    n = len(design.matrix)
    used = design.extras["row"].to_numpy(dtype=np.int64)
    step = third_step(
        (method, penalty), labels, order, rows, used,
        class_matrix=design.matrix, by_class=np.zeros((len(labels), n, 0)),
        outcome=np.zeros(n, dtype=np.int64), n_levels=1,
    )  # fmt: skip
    index = pd.MultiIndex.from_product([labels[order][1:], design.names], names=["class", "term"])
    resamples = interpret(fit, bootstrap, cluster_values(data, cluster), seed)
    return solve_third_step(fit, step, index, labels[order[0]], design.n_left_out, resamples)


def three_step_outcome(
    fit: LatentClassResult,
    data: pd.DataFrame,
    formula: str,
    *,
    method: str = "ml",
    reference: object = None,
    penalty: str | None = None,
    cluster: ColumnOrArray | None = None,
    bootstrap: int | ClassResamples = 0,
    seed: int | np.random.Generator = 0,
) -> ThreeStepRegression:
    """Regress a categorical outcome on the latent class and covariates (a multinomial logit).

    With ``ml`` the class is itself regressed on the covariates of the formula, so that
    covariates which go with the class do not bias its effect; ``bch`` needs no such model.
    Bakk, Tekle and Vermunt (2013), Sociological Methodology 43, 272-311.

    Parameters
    ----------
    fit
        From `fit_latent_classes`; its frequency weights are used here too.
    data
        The rows of the items, in their order (same index).
    formula
        ``"behaviour ~ latent_class + age"``; `latent_class` stands for the class, the first
        one being its reference, and may be part of an interaction. The outcome is a
        categorical, numbers, booleans or strings, of two or more levels.
    reference
        Outcome level that the others are compared with; by default the first.
    method, penalty, cluster, bootstrap, seed
        As for `three_step_covariates`.

    Returns
    -------
    ThreeStepRegression
        `params` is indexed by (outcome level, term).
    """
    _check(method, penalty)
    rows = rows_of(fit, cluster_values(data, cluster))
    labels = fit.class_sizes.index
    design, n_left_out = expanded_design(fit, data, formula)
    n = len(design.matrix) // len(labels)
    codes, levels = outcome_levels(design.outcome.iloc[:n], reference)
    matrix = design.matrix.reshape(len(labels), n, -1)
    own = [j for j, name in enumerate(design.names) if CLASS not in name and name != "Intercept"]
    used = design.extras["row"].to_numpy(dtype=np.int64)[:n]
    step = third_step(
        (method, penalty), labels, np.arange(len(labels)), rows, used,
        class_matrix=np.column_stack([np.ones(n), matrix[0][:, own]]), by_class=matrix,
        outcome=codes, n_levels=len(levels),
    )  # fmt: skip
    index = pd.MultiIndex.from_product([levels[1:], design.names], names=["level", "term"])
    resamples = interpret(fit, bootstrap, cluster_values(data, cluster), seed)
    return solve_third_step(fit, step, index, levels[0], n_left_out, resamples)


def _check(method: str, penalty: str | None) -> None:
    check_method(method)
    if penalty not in (None, "log_f"):
        raise ModelUsageError("The penalty of a third step is None or 'log_f'.")
    if penalty is not None and method == "bch":
        raise ModelUsageError("A penalty goes with method='ml' or 'modal', not with weighting.")
