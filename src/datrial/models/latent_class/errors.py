"""Standard errors of class sizes and item probabilities, and intervals that stay in 0..1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datrial.models.latent_class.polish import BOUND, Polished
from datrial.models.newton import invert_information

FloatArray = NDArray[np.float64]


def standard_errors(best: Polished) -> tuple[FloatArray, FloatArray]:
    """Delta-method errors of sizes (K,) and item probabilities (K, J), classes unordered.

    From the observed information of the parameters that are not at a bound; NaN for those
    that are, for a zero class's items, and everywhere if the information is singular.
    """
    point = best.point
    n_classes, (n_free, n_items) = len(point.log_sizes), point.logits.shape
    at_edge = np.zeros(len(best.held), dtype=bool)
    at_edge[n_classes - 1 :] = np.abs(point.logits.ravel()) >= BOUND
    free = ~(best.held | at_edge)
    covariance = np.full((len(free), len(free)), np.nan)
    inverse = invert_information(best.hessian[np.ix_(free, free)])
    if not (np.diag(inverse) > 0).all():
        inverse = np.full_like(inverse, np.nan)
    covariance[np.ix_(free, free)] = inverse
    jacobian = np.delete(
        np.diag(point.sizes) - np.outer(point.sizes, point.sizes), best.reference, axis=1
    )
    kept = free[: n_classes - 1]
    part = jacobian[:, kept] @ covariance[: n_classes - 1, : n_classes - 1][np.ix_(kept, kept)]
    bse_sizes = np.sqrt((part * jacobian[:, kept]).sum(axis=1))
    if not free[: n_classes - 1].all():
        held_class = np.delete(np.arange(n_classes), best.reference)[~kept]
        bse_sizes[held_class] = np.nan
    p = point.probabilities[n_classes - n_free :]
    logit_bse = np.sqrt(np.diag(covariance)[n_classes - 1 :]).reshape(n_free, n_items)
    bse_p = np.full((n_classes, n_items), np.nan)
    bse_p[n_classes - n_free :] = p * (1 - p) * logit_bse
    return bse_sizes, bse_p


def logit_interval(
    share: ArrayLike, error: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of shares with these standard errors, built on the logit scale.

    Limits stay inside 0..1; NaN where the share is 0 or 1 or has no error.
    """
    from scipy.special import expit, logit
    from scipy.stats import norm

    p, bse = np.asarray(share, dtype=np.float64), np.asarray(error, dtype=np.float64)
    inside = (p > 0) & (p < 1) & np.isfinite(bse)
    p = np.where(inside, p, np.nan)
    reach = float(norm.ppf(0.5 + level / 2)) * bse / (p * (1 - p))
    return np.asarray(expit(logit(p) - reach)), np.asarray(expit(logit(p) + reach))
