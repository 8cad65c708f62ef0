"""The rows of a third step with covariates: formulas in which the latent class takes part."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datrial.models.design import ColumnOrArray, Design, build_design
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.three_steps.classification import check_index

IntArray = NDArray[np.int64]

CLASS = "latent_class"
MOST_LEVELS = 50


def class_design(fit: LatentClassResult, data: pd.DataFrame, formula: str) -> Design:
    """Return the predictors of the class; `extras["row"]` are the rows of the fit."""
    if "~" in formula and formula.split("~")[0].strip():
        raise ModelUsageError("The latent class is the outcome: write '~ x', nothing on the left.")
    described = _described(fit, data)
    described[CLASS] = fit.modal_class.to_numpy()
    whole = f"{CLASS} ~ {formula.split('~')[-1]}"
    return build_design(whole, described, {"row": np.arange(len(data))})


def _described(fit: LatentClassResult, data: pd.DataFrame) -> pd.DataFrame:
    """Return the data, checked to be the rows of the fit, with room for the class."""
    if not isinstance(data, pd.DataFrame):
        raise ModelUsageError("The data must be a pandas DataFrame.")
    if len(data) != len(fit.patterns.index):
        raise ModelUsageError(
            f"The data must have one row per row of the fit ({len(fit.patterns.index)})."
        )
    check_index(fit, data.index, "data")
    if CLASS in data.columns:
        raise ModelUsageError(f"The data have a column '{CLASS}', which stands for the class here.")
    return data.copy(deep=False)


def expanded_design(fit: LatentClassResult, data: pd.DataFrame, formula: str) -> tuple[Design, int]:
    """Return the design with every row in every class in turn, and the rows left out."""
    described = _described(fit, data)
    labels = fit.class_sizes.index
    copies = []
    for position in range(len(labels)):
        codes = np.where(fit.patterns.of_row >= 0, position, -1)
        copies.append(described.assign(**{CLASS: pd.Categorical.from_codes(codes, labels)}))
    stacked = pd.concat(copies, ignore_index=True)
    design = build_design(formula, stacked, {"row": np.tile(np.arange(len(data)), len(labels))})
    if CLASS not in design.frame.columns:
        raise ModelUsageError(f"The formula must hold the latent class, as in 'y ~ {CLASS} + x'.")
    return design, design.n_left_out // len(labels)


def reference_first(labels: pd.Index, reference: str | None) -> IntArray:
    """Return the classes' positions, the reference first."""
    if reference is None:
        return np.arange(len(labels))
    if reference not in labels:
        raise ModelUsageError(f"The reference must be one of the classes: {', '.join(labels)}.")
    first = list(labels).index(reference)
    return np.array([first, *(k for k in range(len(labels)) if k != first)])


def outcome_levels(outcome: pd.Series, reference: object) -> tuple[IntArray, list[object]]:
    """Return each row's outcome level and the levels, the reference first."""
    if isinstance(outcome.dtype, pd.CategoricalDtype):
        outcome = outcome.cat.remove_unused_categories()
    codes, levels = outcome_codes(outcome.to_numpy(), outcome)
    if len(levels) < 2:
        raise ModelDataError(f"The outcome '{outcome.name}' has a single level in these rows.")
    if reference is None:
        return codes, levels
    if reference not in levels:
        raise ModelUsageError(f"The reference is no level of the outcome '{outcome.name}'.")
    first = levels.index(reference)
    order = [first, *(k for k in range(len(levels)) if k != first)]
    return np.argsort(order)[codes], [levels[k] for k in order]


def cluster_values(data: pd.DataFrame, cluster: ColumnOrArray | None) -> ArrayLike | None:
    """Return the clusters of the rows, given as a column name or an array."""
    if not isinstance(cluster, str):
        return cluster
    if not isinstance(data, pd.DataFrame) or cluster not in data.columns:
        raise ModelUsageError(f"The data have no column '{cluster}' (asked for as cluster).")
    return data[cluster]


def outcome_codes(values: NDArray[np.generic], outcome: object) -> tuple[IntArray, list[object]]:
    """Return each row's level as 0..L-1, -1 where missing, and the levels in order."""
    dtype = getattr(outcome, "dtype", None)
    if isinstance(dtype, pd.CategoricalDtype):
        codes = pd.Categorical(np.asarray(values), dtype=dtype).codes
        levels: list[object] = list(dtype.categories)
    else:
        try:
            codes, found = pd.factorize(pd.Series(values), sort=True)
        except TypeError:
            raise ModelUsageError("The outcome mixes types; give it one.") from None
        levels = list(found)
    if len(levels) > MOST_LEVELS:
        raise ModelUsageError(
            f"The outcome has {len(levels)} levels; a third step takes at most {MOST_LEVELS}."
        )
    return np.asarray(codes, dtype=np.int64), levels
