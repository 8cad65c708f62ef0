"""Average adjusted predictions of every outcome level, and differences of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design, factor_values, with_factor_at_each
from datrial.models.errors import ModelUsageError
from datrial.models.result import normal_quantile, two_sided_p

FloatArray = NDArray[np.float64]

#: Means of the level probabilities (J,) over the rows of a design matrix with its intercept,
#: and their Jacobian (J, q) in the parameters.
Averaging = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class AveragePredictions:
    """Average probabilities of all levels at all values of one factor.

    Attributes
    ----------
    factor, values, levels
        The factor, its V values and the J outcome levels.
    probabilities
        Shape (V, J).
    jacobian
        Their derivatives in the parameters, shape (V, J, q).
    covariance
        Of the parameters, shape (q, q).
    """

    factor: str
    values: list[Any]
    levels: list[object]
    probabilities: FloatArray = field(repr=False)
    jacobian: FloatArray = field(repr=False)
    covariance: FloatArray = field(repr=False)

    @classmethod
    def of(
        cls,
        design: Design,
        factor: str,
        levels: list[object],
        averaging: Averaging,
        covariance: FloatArray,
    ) -> AveragePredictions:
        """Set every row's factor to each of its values in turn and average the predictions."""
        values = factor_values(design, factor)
        pairs = [averaging(matrix) for matrix in with_factor_at_each(design, factor, values)]
        probabilities, jacobian = (np.array(part) for part in zip(*pairs, strict=True))
        return cls(factor, values, levels, probabilities, jacobian, covariance)

    def table(self, level: float) -> pd.DataFrame:
        """Return `probability`, `bse`, `ci_low`, `ci_high` by factor value and level."""
        p, bse = self.probabilities, self._errors(self.jacobian)
        low, high = logit_interval(p, bse, normal_quantile(level))
        return self._frame(
            self.values, {"probability": p, "bse": bse, "ci_low": low, "ci_high": high}
        )

    def contrasts(self, reference: object, level: float) -> pd.DataFrame:
        """Return the differences from a reference value of the factor.

        Notes
        -----
        The interval is built from the two probabilities' own intervals and the correlation of
        their estimates (MOVER: Zou and Donner 2008, Statist. Med. 27, 1693-1702; for paired
        proportions Newcombe 1998, Statist. Med. 17, 2635-2650). Its half on either side is at
        most the sum of the distances of the two intervals' ends, so it stays inside -1..1.
        """
        at = self._position(reference)
        others = [v for v in range(len(self.values)) if v != at]
        p, p0 = self.probabilities[others], self.probabilities[at]
        change = self.jacobian[others] - self.jacobian[at]
        difference, bse = p - p0, self._errors(change)
        error, error0 = self._errors(self.jacobian[others]), self._errors(self.jacobian[at])
        shared = np.einsum(
            "vjq,qr,jr->vj", self.jacobian[others], self.covariance, self.jacobian[at]
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            correlation = np.clip(shared / (error * error0), -1.0, 1.0)
        quantile = normal_quantile(level)
        low, high = logit_interval(p, error, quantile)
        low0, high0 = logit_interval(p0, error0, quantile)
        below = _distance(p - low, high0 - p0, correlation)
        above = _distance(high - p, p0 - low0, correlation)
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = two_sided_p(difference / bse)
        return self._frame(
            [self.values[v] for v in others],
            {
                "difference": difference,
                "bse": bse,
                "p_value": p_value.reshape(difference.shape),
                "ci_low": difference - below,
                "ci_high": difference + above,
            },
        )

    def _position(self, reference: object) -> int:
        """Return the position of the reference among the values, by default the first."""
        if reference is None:
            return 0
        if reference not in self.values:
            raise ModelUsageError(
                f"The reference asked for is no value of '{self.factor}', which has "
                f"{len(self.values)} in the rows used."
            )
        return self.values.index(reference)

    def _errors(self, jacobian: FloatArray) -> FloatArray:
        """Return delta-method errors of what has this Jacobian (..., J, q)."""
        variance = np.einsum("...jq,qr,...jr->...j", jacobian, self.covariance, jacobian)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))

    def _frame(self, values: list[Any], columns: dict[str, FloatArray]) -> pd.DataFrame:
        index = pd.MultiIndex.from_product([values, self.levels], names=[self.factor, "level"])
        return pd.DataFrame({name: part.ravel() for name, part in columns.items()}, index=index)


def logit_interval(
    p: FloatArray, bse: FloatArray, quantile: float
) -> tuple[FloatArray, FloatArray]:
    """Return an interval for a probability, built on the logit scale: always inside 0..1."""
    from scipy.special import expit, logit

    with np.errstate(divide="ignore", invalid="ignore"):
        half = quantile * bse / (p * (1 - p))
        centre = logit(p)
    return np.asarray(expit(centre - half)), np.asarray(expit(centre + half))


def _distance(own: FloatArray, others: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return how far a limit of a difference lies from it."""
    square = own**2 + others**2 - 2 * correlation * own * others
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))
