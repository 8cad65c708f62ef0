"""Cluster-robust covariance of maximum-likelihood estimates.

Liang and Zeger (1986), Biometrika 73, 13-22; the small-sample factor is Stata's for
maximum-likelihood commands, G/(G-1), G the number of clusters (`vce(cluster id)`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FEW_CLUSTERS = 20


def cluster_codes(cluster: pd.Series) -> tuple[IntArray, int]:
    """Return each row's cluster as 0..G-1, and G; at least two are needed."""
    codes, labels = pd.factorize(cluster)
    if len(labels) < 2:
        raise ModelDataError("Clustered errors need at least two clusters; the rows hold one.")
    return codes.astype(np.int64), len(labels)


def total_by(codes: IntArray, n_groups: int, values: FloatArray) -> FloatArray:
    """Sum `values` (n,) within groups: shape (n_groups,)."""
    return np.asarray(np.bincount(codes, weights=values, minlength=n_groups), dtype=np.float64)


def sum_by(codes: IntArray, n_groups: int, values: FloatArray) -> FloatArray:
    """Sum the rows of `values` (n, q) within groups: shape (n_groups, q)."""
    return np.column_stack([total_by(codes, n_groups, column) for column in values.T])


def cluster_covariance(
    bread: FloatArray, scores: FloatArray, codes: IntArray, n_groups: int
) -> FloatArray:
    """Return G/(G-1) * bread (sum_g s_g s_g') bread.

    Parameters
    ----------
    bread
        Inverse of minus the Hessian, shape (q, q).
    scores
        Each row's gradient of the log-likelihood, weights included, shape (n, q).
    codes, n_groups
        Cluster number of each row, and how many clusters there are.
    """
    totals = sum_by(codes, n_groups, scores)
    return np.asarray(n_groups / (n_groups - 1) * bread @ (totals.T @ totals) @ bread)


def cluster_note(n_groups: int, what: str = "clusters") -> str:
    """Say which covariance this is and which small-sample factor it carries."""
    return (
        f"Robust sandwich over {n_groups} {what} with the small-sample factor G/(G-1) = "
        f"{n_groups / (n_groups - 1):.6f}, as Stata's maximum-likelihood commands use; "
        "p-values and intervals from the normal distribution."
    )
