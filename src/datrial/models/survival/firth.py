"""Firth's penalty on the partial likelihood: half the log-determinant of the information.

Firth (1993), Biometrika 80, 27-38; Heinze and Schemper (2001), Biometrics 57, 114-119: it
keeps hazard ratios finite where every event falls on one side. R: `coxphf`. The slope of the
penalty is half the trace of I^-1 dI/db: a sum of third central moments of x over the risk
sets, which falls apart into sums over rows and over event terms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datrial.models.newton import Maximum, maximise
from datrial.models.survival.partial_likelihood import CoxState, PartialLikelihood

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PENALTIES = (None, "firth", "auto")


@dataclass(frozen=True)
class CoxProblem:
    """The partial likelihood with or without its penalty, to be maximised."""

    likelihood: PartialLikelihood
    penalised: bool

    def objective(self, coefficients: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the value, gradient and Hessian; the penalty's own curvature is left out."""
        at = self.likelihood.evaluate(coefficients)
        if not self.penalised or not np.isfinite(at.value):
            return at.value, at.gradient, at.hessian
        value, slope = jeffreys_penalty(self.likelihood, at)
        return at.value + value, at.gradient + slope, at.hessian

    def fit(self, start: FloatArray, held: BoolArray | None = None) -> Maximum:
        """Maximise from a point; coefficients that are `held` stay where they start."""
        if held is None or not held.any():
            return maximise(self.objective, start)
        free = ~held

        def part(values: FloatArray) -> tuple[float, FloatArray, FloatArray]:
            value, gradient, hessian = self.objective(_filled(start, free, values))
            return value, gradient[free], hessian[np.ix_(free, free)]

        if not free.any():
            value, gradient, hessian = self.objective(start)
            return Maximum(start, value, gradient, hessian, True, 0)
        top = maximise(part, start[free])
        point = _filled(start, free, top.point)
        return Maximum(point, top.value, top.gradient, top.hessian, top.converged, top.iterations)


def jeffreys_penalty(likelihood: PartialLikelihood, at: CoxState) -> tuple[float, FloatArray]:
    """Return ln|I|/2 and its gradient (p,); the value is -inf where the information is singular."""
    p = likelihood.n_columns
    scale = np.sqrt(np.maximum(-np.diag(at.hessian), 1e-300))
    sign, logarithm = np.linalg.slogdet(-at.hessian / np.outer(scale, scale))
    if sign <= 0 or not np.isfinite(logarithm):
        return -np.inf, np.zeros(p)
    inverse = np.linalg.inv(-at.hessian / np.outer(scale, scale)) / np.outer(scale, scale)
    x, r, mean = likelihood.matrix, at.relative_risk, at.mean
    terms = likelihood.term_weight
    spread = np.einsum("ij,jk,ik->i", x, inverse, x)
    average = likelihood.term_means(at, spread)
    centre = np.einsum("ij,jk,ik->i", mean, inverse, mean)
    exposure = r * likelihood.exposed_hazard(at)
    within = (exposure * spread) @ x - (terms * average) @ mean
    along = np.einsum("ij,jk,ik->i", x, inverse, likelihood.exposed_mean(at))
    between = (r * along) @ x - (terms * centre) @ mean
    return float(0.5 * logarithm + np.log(scale).sum()), 0.5 * within - between


def _filled(start: FloatArray, free: BoolArray, values: FloatArray) -> FloatArray:
    """Return the coefficients with the free ones at these values."""
    point = start.copy()
    point[free] = values
    return point
