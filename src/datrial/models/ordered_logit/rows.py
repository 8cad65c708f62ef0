"""The rows of an ordered logit: levels, predictor columns and weights, or why there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import Design, check_levels, positive_column
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.sandwich import total_by

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


MOST_LEVELS = 50


def row_weights(design: Design) -> FloatArray:
    """Return the frequency weight of each row, 1 where none were given."""
    if "weights" not in design.extras:
        return np.ones(len(design.outcome))
    return positive_column(design.extras["weights"], "weights", zero_allowed=True)


def counts_by_level(codes: IntArray, n_levels: int, weights: FloatArray) -> FloatArray:
    """Return the sum of the weights at each outcome level, none of which may be zero."""
    counts = total_by(codes, n_levels, weights)
    if not (counts > 0).all():
        raise ModelDataError("An outcome level has no weight; remove it or merge levels.")
    return counts


def drop_intercept(matrix: FloatArray, names: list[str]) -> FloatArray:
    """Return the columns other than the intercept, which the cutpoints replace."""
    if "Intercept" not in names:
        raise ModelUsageError(
            "An ordered logit takes a formula with its intercept (no '- 1' or '0 +'): the "
            "cutpoints stand in its place."
        )
    return np.delete(matrix, names.index("Intercept"), axis=1)


def outcome_levels(outcome: pd.Series) -> tuple[IntArray, list[object]]:
    """Return the level of each row, 0..J-1, and the level labels, lowest first."""
    if isinstance(outcome.dtype, pd.CategoricalDtype):
        if not outcome.cat.ordered:
            raise ModelUsageError(
                f"The outcome '{outcome.name}' is an unordered categorical; give its levels an "
                "order (cat.as_ordered())."
            )
        codes = outcome.cat.codes.to_numpy().astype(np.int64)
        levels: list[object] = list(outcome.cat.categories)
    elif pd.api.types.is_numeric_dtype(outcome.dtype):
        distinct, inverse = np.unique(outcome.to_numpy(), return_inverse=True)
        codes, levels = inverse.astype(np.int64), distinct.tolist()
    else:
        raise ModelUsageError(
            f"The outcome '{outcome.name}' must be an ordered categorical or a number."
        )
    check_levels(outcome, codes, levels, most=MOST_LEVELS, model="an ordered logit")
    return codes, levels


def whole(total: float) -> float:
    """Return a sum of weights as an int when it is a whole number."""
    return int(total) if float(total).is_integer() else total
