"""What a logit maximises: the likelihood, plain or penalised, with some parameters held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from datrial.models.logit.firth import jeffreys_penalty
from datrial.models.logit.likelihood import LogitLikelihood
from datrial.models.newton import Maximum, invert_information, maximise
from datrial.models.penalty import LogFPenalty

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class LogitProblem:
    """One data set with one penalty.

    Attributes
    ----------
    likelihood
        The collapsed rows.
    penalty
        None, ``"firth"`` or ``"log_f"``.
    log_f
        The log-F penalty of the columns after the intercept, where that is the penalty.
    """

    likelihood: LogitLikelihood = field(repr=False)
    penalty: str | None
    log_f: LogFPenalty | None = field(repr=False)

    @classmethod
    def of(cls, likelihood: LogitLikelihood, penalty: str | None) -> LogitProblem:
        """Return the problem; the first column of the matrix is the intercept."""
        if penalty != "log_f":
            return cls(likelihood, penalty, None)
        return cls(likelihood, penalty, LogFPenalty(likelihood.matrix[:, 1:], likelihood.totals))

    def __call__(self, params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the (penalised) log-likelihood, its gradient and its Hessian."""
        if not (np.abs(params) < 1e150).all():
            return -np.inf, np.zeros(len(params)), np.zeros((len(params),) * 2)
        at = self.likelihood.evaluate(params)
        if self.penalty == "firth":
            extra, slope, curvature = jeffreys_penalty(self.likelihood, at)
            return at.value + extra, at.gradient + slope, curvature - at.information
        if self.log_f is not None:
            extra, slope, bend = self._of_equations(self.log_f, params)
            return at.value + extra, at.gradient + slope, np.diag(bend) - at.information
        return at.value, at.gradient, -at.information

    def fit(self, start: FloatArray, held: BoolArray | None = None) -> Maximum:
        """Maximise from `start`; parameters marked in `held` (q,) stay where they are.

        The maximum's gradient and Hessian are then those of the others.
        """
        if held is None:
            return maximise(self, start)
        free, point = ~held, np.array(start, dtype=np.float64)
        if not free.any():
            return Maximum(point, *self(point), True, 0)

        def objective(moving: FloatArray) -> tuple[float, FloatArray, FloatArray]:
            point[free] = moving
            value, gradient, hessian = self(point)
            return value, gradient[free], hessian[np.ix_(free, free)]

        top = maximise(objective, point[free].copy())
        point[free] = top.point
        return replace(top, point=point)

    def covariance(self, top: Maximum) -> FloatArray:
        """Return the model-based covariance at the maximum.

        The inverse of the information; under log-F of the penalised information, under Firth's
        penalty of the information itself (Heinze and Schemper 2002).
        """
        if self.penalty == "firth":
            return invert_information(-self.likelihood.evaluate(top.point).information)
        return invert_information(top.hessian)

    def _of_equations(
        self, log_f: LogFPenalty, params: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the log-F penalty of every equation's coefficients, intercepts left alone."""
        shape = (self.likelihood.n_equations, self.likelihood.n_columns)
        slope, bend, value = np.zeros(shape), np.zeros(shape), 0.0
        for equation, coefficients in enumerate(params.reshape(shape)):
            extra, slope[equation, 1:], bend[equation, 1:] = log_f(coefficients[1:])
            value += extra
        return value, slope.ravel(), bend.ravel()
