"""Bring one latent class solution to its maximum: Newton on the logit scale, with bounds.

EM is linear in speed and leaves the last digits; Newton is quadratic. Item probabilities
that run to 0 or 1 stop at a bound, are then set to the boundary, and the rest is finished
around them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datrial.models.latent_class.likelihood import ClassParameters, derivatives, log_likelihood
from datrial.models.latent_class.patterns import Patterns
from datrial.models.newton import ROUNDING, ascent_direction

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

BOUND = 14.0  # |logit| here is a probability within 1e-6 of 0 or 1
BOUNDARY = 36.0  # and here it is 0 or 1 to double precision
SMALLEST_LOG_SIZE = -25.0


@dataclass(frozen=True)
class Polished:
    """A maximum: the point, its value, gradient, Hessian and the parameters held at bounds.

    `held` (q,) marks parameters at the boundary; gradient and Hessian are in the order of
    `datrial.models.latent_class.likelihood.derivatives` with class `reference` as the reference.
    """

    point: ClassParameters
    value: float
    gradient: FloatArray
    hessian: FloatArray
    held: BoolArray
    reference: int
    converged: bool


def polish(
    point: ClassParameters, patterns: Patterns, *, tolerance: float = 1e-9, max_steps: int = 200
) -> Polished:
    """Climb from a point to the maximum near it."""
    reference = int(np.argmax(point.log_sizes))
    reached = _climb(point, patterns, reference, BOUND, tolerance, max_steps)
    outer = np.abs(reached.point.logits) >= BOUND
    if not outer.any():
        return reached
    snapped = replace(
        reached.point,
        logits=np.where(outer, np.sign(reached.point.logits) * BOUNDARY, reached.point.logits),
    )
    if log_likelihood(snapped, patterns) < reached.value - 1e-9:
        return reached
    return _climb(snapped, patterns, reference, BOUNDARY, tolerance, max_steps)


def _climb(
    point: ClassParameters,
    patterns: Patterns,
    reference: int,
    bound: float,
    tolerance: float,
    max_steps: int,
) -> Polished:
    """Projected Newton with step-halving inside |logit| <= bound."""
    n_sizes = len(point.log_sizes) - 1
    vector = _to_vector(point, reference)
    low, high = np.full(len(vector), -bound), np.full(len(vector), bound)
    low[:n_sizes], high[:n_sizes] = SMALLEST_LOG_SIZE, -SMALLEST_LOG_SIZE
    value, gradient, hessian = derivatives(point, patterns, reference)
    converged = False
    held = np.zeros(len(vector), dtype=bool)
    for _ in range(max_steps):
        held = ((vector <= low) & (gradient <= 0)) | ((vector >= high) & (gradient >= 0))
        free = ~held
        direction = np.zeros(len(vector))
        direction[free] = ascent_direction(gradient[free], hessian[np.ix_(free, free)])
        # A flat direction asks for steps of any length; a few units of logit are enough.
        direction *= min(1.0, 4.0 / max(float(np.abs(direction).max()), 1e-300))
        gain = float(gradient @ direction)
        rounding = ROUNDING / 10 * abs(value)
        if gain < max(tolerance, rounding):
            converged = True
            break
        step, moved = 1.0, False
        while step > 1e-8:
            trial = np.clip(vector + step * direction, low, high)
            trial_point = _from_vector(trial, point, reference)
            trial_value = log_likelihood(trial_point, patterns)
            wanted = value + 1e-4 * float(gradient @ (trial - vector)) - rounding
            if trial_value > wanted:
                moved = True
                break
            step /= 2
        if not moved:
            converged = gain < 1e-6
            break
        vector = trial
        value, gradient, hessian = derivatives(trial_point, patterns, reference)
    final = _from_vector(vector, point, reference)
    return Polished(final, value, gradient, hessian, held, reference, converged)


def _to_vector(point: ClassParameters, reference: int) -> FloatArray:
    relative = np.delete(point.log_sizes, reference) - point.log_sizes[reference]
    return np.concatenate([np.maximum(relative, SMALLEST_LOG_SIZE), point.logits.ravel()])


def _from_vector(vector: FloatArray, like: ClassParameters, reference: int) -> ClassParameters:
    n_sizes = len(like.log_sizes) - 1
    relative = np.insert(vector[:n_sizes], reference, 0.0)
    top = relative.max()
    log_sizes = relative - (top + np.log(np.exp(relative - top).sum()))
    return ClassParameters(log_sizes, vector[n_sizes:].reshape(like.logits.shape), like.zero_class)
