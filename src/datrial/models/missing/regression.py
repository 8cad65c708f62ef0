"""What one draw of missing answers is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Regression(NamedTuple):
    """What one draw is made from: answers and predictors, and predictors of the missing.

    `observed` and `missing` have an intercept first; `weights` are those of the answers.
    """

    answers: FloatArray
    observed: FloatArray
    missing: FloatArray
    weights: FloatArray


@dataclass
class Memory:
    """What a chain remembers of a column from one iteration to the next.

    Attributes
    ----------
    point
        The last estimates, where the next ascent starts.
    kept
        The predictor columns they belong to.
    augmented
        Whether perfect prediction has been met, and is held off by pseudo-rows since.
    """

    point: FloatArray | None = None
    kept: IntArray | None = None
    augmented: bool = False


#: From the regression, the number of levels and the chain's memory to the drawn answers.
Draw = Callable[[Regression, int, Memory, np.random.Generator], FloatArray]


def normal_noise(information: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw from a normal distribution with mean 0 and the inverse of `information`."""
    z = rng.standard_normal(len(information))
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(scale, scale)
    ridge = 0.0
    while True:
        try:
            root = np.linalg.cholesky(scaled + ridge * np.eye(len(z)))
        except np.linalg.LinAlgError:
            ridge = max(10 * ridge, 1e-8)
            if ridge > 1:
                raise ModelDataError("its regression has no finite information.") from None
            continue
        return np.asarray(np.linalg.solve(root.T, z) / scale)
