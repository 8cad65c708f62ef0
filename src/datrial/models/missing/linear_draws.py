"""Draws of missing numbers from one column's linear regression on the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError
from datrial.models.missing.regression import Memory, Regression, normal_noise

FloatArray = NDArray[np.float64]


def draw_normal(
    regression: Regression, n_levels: int, memory: Memory, rng: np.random.Generator
) -> FloatArray:
    """Draw numbers from a normal linear regression (mice: `norm`)."""
    _, drawn, sigma = _linear_draw(regression, rng)
    return regression.missing @ drawn + sigma * rng.standard_normal(len(regression.missing))


def draw_matches(
    regression: Regression, n_levels: int, memory: Memory, rng: np.random.Generator
) -> FloatArray:
    """Draw numbers by predictive mean matching with five donors (mice: `pmm`).

    A donor is one of the five rows whose fitted mean is nearest to the mean under drawn
    parameters of the row in question (Little 1988, JBES 6, 287-296; type 1 matching). Drawn
    numbers are numbers that somebody gave.
    """
    estimates, drawn, _ = _linear_draw(regression, rng)
    # Shuffled first, so that among equal means nobody is always the donor.
    shuffled = rng.permutation(len(regression.answers))
    fitted = (regression.observed @ estimates)[shuffled]
    order = np.argsort(fitted, kind="stable")
    fitted, donors = fitted[order], shuffled[order]
    wanted = regression.missing @ drawn
    n_donors = min(5, len(donors))
    place = np.searchsorted(fitted, wanted)
    window = place[:, None] + np.arange(-n_donors, n_donors)
    inside = (window >= 0) & (window < len(donors))
    window = np.clip(window, 0, len(donors) - 1)
    distance = np.where(inside, np.abs(fitted[window] - wanted[:, None]), np.inf)
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :n_donors]
    one = nearest[np.arange(len(wanted)), rng.integers(0, n_donors, len(wanted))]
    return np.asarray(regression.answers[donors[window[np.arange(len(wanted)), one]]])


def _linear_draw(
    regression: Regression, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Return the least-squares estimates, a draw of them, and a draw of sigma."""
    x, y = regression.observed, regression.answers
    spare = len(y) - x.shape[1]
    if spare < 1:
        raise ModelDataError(
            f"A column of numbers has {len(y)} answers for {x.shape[1]} predictors; impute with "
            "fewer columns (columns=)."
        )
    gram = x.T @ x
    estimates = np.asarray(np.linalg.solve(gram, x.T @ y), dtype=np.float64)
    residual = y - x @ estimates
    sigma = float(np.sqrt(residual @ residual / rng.chisquare(spare)))
    return estimates, estimates + sigma * normal_noise(gram, rng), sigma
