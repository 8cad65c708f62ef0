"""Firth's penalty: half the log-determinant of the information (Jeffreys' prior).

Firth (1993), Biometrika 80, 27-38: for a canonical link the penalised estimate removes the
first-order bias of maximum likelihood. Heinze and Schemper (2002), Statistics in Medicine 21,
2409-2419: it is finite under separation. For the multinomial logit: Kosmidis and Firth (2011),
Biometrika 98, 755-759. The estimate does not depend on the reference level, nor on the units
of the predictors.

With I the information, V = diag(p) - pp' of one row and h_ab = x' (I^-1)_ab x,

    d (ln|I| / 2) / dt_r           = tr(I^-1 I_r) / 2
    d2 (ln|I| / 2) / dt_r dt_s     = [tr(I^-1 I_rs) - tr(I^-1 I_r I^-1 I_s)] / 2

where tr(I^-1 I_r) and tr(I^-1 I_rs) are derivatives of sum_i n_i tr(V h) with h held.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.logit.likelihood import Evaluation, LogitLikelihood
from datrial.models.ordered_logit.likelihood import BLOCK

FloatArray = NDArray[np.float64]

#: Above so many patterns the penalty's own curvature is left out: it is then small beside the
#: information, and leaving it out costs Newton's method a few steps, not its aim.
EXACT_PATTERNS = 20_000


def jeffreys_penalty(
    likelihood: LogitLikelihood, at: Evaluation, *, exact: bool | None = None
) -> tuple[float, FloatArray, FloatArray]:
    """Return ln|I|/2, its gradient (q,) and its Hessian (q, q).

    Parameters
    ----------
    likelihood, at
        The likelihood and its value at the point in question.
    exact
        Whether the Hessian is computed (it is zero otherwise); by default up to
        `EXACT_PATTERNS` patterns.

    Notes
    -----
    The value is -inf where the information is singular.
    """
    size = likelihood.size
    nothing = np.zeros((size, size))
    scale = np.sqrt(np.maximum(np.diag(at.information), 1e-300))
    try:
        factor = np.linalg.cholesky(at.information / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return -np.inf, np.zeros(size), nothing
    root = np.linalg.solve(factor, np.diag(1 / scale))  # I^-1 = root' root
    value = float(np.log(np.diag(factor)).sum() + np.log(scale).sum())
    p, hat = at.probabilities, leverages(likelihood, root.T @ root)
    slope = np.einsum("maa->ma", hat) - 2 * np.einsum("mab,mb->ma", hat, p)
    centred = slope - (p * slope).sum(axis=1, keepdims=True)
    weighted = likelihood.totals[:, None] * p * centred
    gradient = 0.5 * (weighted.T @ likelihood.matrix).ravel()
    if exact is None:
        exact = len(likelihood.totals) <= EXACT_PATTERNS
    if not exact:
        return value, gradient, nothing
    shared = p[:, :, None] * p[:, None, :] * (centred[:, :, None] + centred[:, None, :])
    curvature = -shared - 2 * at.variance @ hat @ at.variance
    for a in range(p.shape[1]):
        curvature[:, a, a] += p[:, a] * centred[:, a]
    first = likelihood.gram(likelihood.totals[:, None, None] * curvature)
    change = root @ information_derivatives(likelihood, at) @ root.T
    flat = change.reshape(size, size * size)
    return value, gradient, 0.5 * (first - flat @ flat.T)


def leverages(likelihood: LogitLikelihood, inverse: FloatArray) -> FloatArray:
    """Return x' (I^-1)_ab x of each pattern, shape (m, J-1, J-1)."""
    x, k, size = likelihood.matrix, likelihood.n_columns, likelihood.n_equations
    hat = np.empty((len(x), size, size))
    for a in range(size):
        for b in range(a + 1):
            block = inverse[a * k : (a + 1) * k, b * k : (b + 1) * k]
            hat[:, a, b] = hat[:, b, a] = ((x @ block) * x).sum(axis=1)
    return hat


def information_derivatives(likelihood: LogitLikelihood, at: Evaluation) -> FloatArray:
    """Return dI/dt_r for every parameter r, shape (q, q, q)."""
    x, k, size = likelihood.matrix, likelihood.n_columns, likelihood.n_equations
    third = np.zeros((size, k, size, k, size, k))
    p, v = at.probabilities, at.variance
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        pairs = (x[rows][:, :, None] * x[rows][:, None, :]).reshape(-1, k * k)
        for a, b, c in np.ndindex(size, size, size):
            # The third cumulant of the level indicators: dV_bc / deta_a.
            cumulant = (b == c) * v[rows, a, b] - v[rows, a, b] * p[rows, c]
            cumulant = cumulant - p[rows, b] * v[rows, a, c]
            weighted = x[rows] * (likelihood.totals[rows] * cumulant)[:, None]
            third[a, :, b, :, c, :] += (weighted.T @ pairs).reshape(k, k, k)
    return third.reshape((likelihood.size,) * 3)
