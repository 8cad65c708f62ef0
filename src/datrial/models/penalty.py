"""The log-F(1,1) penalty on regression coefficients.

Greenland and Mansournia (2015), Statistics in Medicine 34, 3133-3143: adding
b/2 - ln(1 + e^b) to the log-likelihood for each coefficient b is the same as a log-F(1,1)
prior, whose 95% range for an odds ratio is 1/648 to 648. It keeps estimates finite under
separation and hardly moves well-identified ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class LogFPenalty:
    """Penalty on k coefficients of the predictor columns `matrix` (n, k).

    A 0/1 column is penalised as it is; any other column per two of its standard deviations
    (Gelman 2008, Statist. Med. 27, 2865-2873), so that a change of units changes nothing.
    """

    def __init__(self, matrix: FloatArray, weights: FloatArray) -> None:
        binary = ((matrix == 0) | (matrix == 1)).all(axis=0)
        share = weights / weights.sum()
        spread = np.sqrt(share @ (matrix - share @ matrix) ** 2)
        self.units = np.where(binary, 1.0, 2 * spread)

    def __call__(self, coefficients: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the penalty, its gradient (k,) and the diagonal of its Hessian (k,)."""
        scaled = coefficients * self.units
        value = float((scaled / 2 - np.logaddexp(0.0, scaled)).sum())
        p = 0.5 * (1 + np.tanh(scaled / 2))
        return value, (0.5 - p) * self.units, -p * (1 - p) * self.units**2
