"""Damped Newton ascent with step-halving, shared by the regressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# Relative rounding error of a sum of up to millions of log-likelihoods: differences below
# it say nothing, and a line search that believed them would never end.
ROUNDING = 1e-12

Objective = Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]


@dataclass(frozen=True)
class Maximum:
    """Where the ascent ended.

    Attributes
    ----------
    point, value, gradient, hessian
        The last parameters (q,), the objective there, its gradient (q,) and Hessian (q, q).
    converged
        Whether the Newton decrement (twice the expected gain of one more step) fell below
        the tolerance; it does not depend on the units of the predictors.
    iterations
        Newton steps taken.
    """

    point: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    converged: bool
    iterations: int


def maximise(
    objective: Objective, start: FloatArray, *, tolerance: float = 1e-10, max_steps: int = 100
) -> Maximum:
    """Maximise a smooth function from its value, gradient and Hessian.

    Parameters
    ----------
    objective
        Returns (value, gradient, Hessian) at a point; a value of -inf marks a point outside
        the domain and makes the step shorter.
    start
        A point inside the domain.
    tolerance
        On the Newton decrement g' (-H)^-1 g, in units of the objective (log-likelihood).
    max_steps
        Newton steps before giving up (`converged` is then False).
    """
    point = np.asarray(start, dtype=np.float64)
    value, gradient, hessian = objective(point)
    for step_number in range(max_steps):
        direction = ascent_direction(gradient, hessian)
        decrement = float(gradient @ direction)
        rounding = ROUNDING * max(1.0, abs(value))
        if decrement < max(tolerance, rounding):
            # Newton's method is quadratic: one more step is worth the digits it adds.
            last = (point + direction, *objective(point + direction))
            if last[1] >= value - rounding:
                return Maximum(*last, True, step_number + 1)
            return Maximum(point, value, gradient, hessian, True, step_number)
        step = 1.0
        while True:
            trial = point + step * direction
            trial_value, trial_gradient, trial_hessian = objective(trial)
            wanted = value + 1e-4 * step * decrement - rounding
            if np.isfinite(trial_value) and trial_value >= wanted:
                break
            step /= 2
            if step < 1e-10:
                # Nothing to gain along a direction of ascent: the end of the arithmetic.
                flat = decrement < 1e-8 * max(1.0, abs(value))
                return Maximum(point, value, gradient, hessian, flat, step_number)
        point, value, gradient, hessian = trial, trial_value, trial_gradient, trial_hessian
    return Maximum(point, value, gradient, hessian, False, max_steps)


def ascent_direction(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Solve -H d = g, with a ridge added where H is not negative definite."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    curvature = -hessian / np.outer(scale, scale)
    ridge = 0.0
    for _ in range(40):
        try:
            factor = np.linalg.cholesky(curvature + ridge * np.eye(len(gradient)))
        except np.linalg.LinAlgError:
            ridge = max(4 * ridge, 1e-10)
            continue
        half = np.linalg.solve(factor, gradient / scale)
        return np.asarray(np.linalg.solve(factor.T, half) / scale)
    return np.asarray(gradient / scale**2)


def invert_information(hessian: FloatArray) -> FloatArray:
    """Return (-H)^-1, or NaN everywhere when H is singular."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    try:
        inverse = np.linalg.inv(-hessian / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return np.full_like(hessian, np.nan)
    return np.asarray(inverse / np.outer(scale, scale))
