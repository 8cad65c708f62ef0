"""The rows of a fitted latent class model, and its errors of assignment undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.sandwich import cluster_codes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

METHODS = ("ml", "bch", "modal")
#: Below this share of the largest, a singular value of D leaves two classes indistinguishable.
SMALLEST_SINGULAR = 1e-8


@dataclass(frozen=True)
class FitRows:
    """The rows of a fitted latent class model, as the third step needs them.

    Attributes
    ----------
    pattern
        Response pattern of each row, -1 where the row was left out of the fit, shape (n,).
    weights
        Frequency weights, shape (n,), 0 where the row was left out.
    cluster, n_clusters
        Number of each row's cluster, shape (n,), and how many there are; None without.
    """

    pattern: IntArray
    weights: FloatArray
    cluster: IntArray | None
    n_clusters: int | None


def rows_of(fit: LatentClassResult, cluster: ArrayLike | None) -> FitRows:
    """Return the fit's rows, with their clusters."""
    if not isinstance(fit, LatentClassResult):
        raise ModelUsageError("The first argument must be a fitted latent class model.")
    if len(fit.class_sizes) < 2:
        raise ModelUsageError("A third step needs a model with at least two classes.")
    pattern = fit.patterns.of_row
    weights = fit.patterns.row_weights
    in_fit = pattern >= 0
    held = np.where(in_fit, 1.0 if weights is None else weights, 0.0)
    if cluster is None:
        return FitRows(pattern, held, None, None)
    column = pd.Series(aligned(fit, cluster, "cluster"))
    missing = int(column.isna()[in_fit].sum())
    if missing:
        raise ModelDataError(f"The cluster is missing in {missing} rows of the fit.")
    codes, n_clusters = cluster_codes(column[in_fit])
    of_row = np.zeros(len(pattern), dtype=np.int64)
    of_row[in_fit] = codes
    return FitRows(pattern, held, of_row, n_clusters)


def pattern_posterior(fit: LatentClassResult) -> FloatArray:
    """Return the class probabilities of each response pattern, shape (P, K)."""
    of_row = fit.patterns.of_row
    posterior = np.empty((len(fit.patterns.counts), len(fit.class_sizes)))
    posterior[of_row[of_row >= 0]] = fit.posterior.to_numpy(dtype=np.float64)[of_row >= 0]
    return posterior


def aligned(fit: LatentClassResult, values: ArrayLike, what: str) -> NDArray[np.generic]:
    """Return per-row values in the order of the fit's rows; refuse any other rows."""
    n = len(fit.patterns.index)
    if np.ndim(values) != 1 or len(np.asarray(values)) != n:
        raise ModelUsageError(f"The {what} must have one value per row of the fit ({n}).")
    if isinstance(values, pd.Series):
        check_index(fit, values.index, what)
    return np.asarray(values)


def check_index(fit: LatentClassResult, index: pd.Index, what: str) -> None:
    """Refuse rows that are not those of the items, in their order."""
    if not index.equals(fit.patterns.index):
        raise ModelUsageError(
            f"The rows of the {what} are not those of the items that were fitted; bring them "
            "into the same order with .reindex(items.index)."
        )


def inverse_errors(errors: FloatArray, labels: pd.Index) -> FloatArray:
    """Return the inverse of D.

    Raises
    ------
    ModelDataError
        A class to which nobody is assigned, or two that cannot be told apart: the outcome
        of such a class cannot be recovered.
    """
    nobody = [str(label) for label in labels[errors.sum(axis=0) == 0]]
    if nobody:
        raise ModelDataError(
            f"Nobody's most likely class is {', '.join(nobody)}, so what its members do cannot "
            "be told from the others; use fewer classes, or method='modal' for the rest."
        )
    singular = np.linalg.svd(errors, compute_uv=False) if np.isfinite(errors).all() else [1.0, 0.0]
    if singular[-1] < SMALLEST_SINGULAR * singular[0]:
        raise ModelDataError(
            "The classes are classified too badly to be told apart (the matrix of "
            "classification errors is singular); use fewer classes."
        )
    return np.asarray(np.linalg.inv(errors))


def check_method(method: str) -> None:
    """Refuse a method that is none of ours."""
    if method not in METHODS:
        raise ModelUsageError(f"The method of a third step is one of {METHODS}.")
