"""Two numbers of every person, in one order: reading and refusing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatArray = NDArray[np.float64]


def paired_numbers(
    first: ArrayLike, second: ArrayLike, names: tuple[str, str], fewest: int = 1
) -> tuple[FloatArray, FloatArray, int]:
    """Return the complete pairs of two columns, and how many pairs were left out.

    Raises
    ------
    ModelUsageError, ModelDataError
        For columns of unequal length or of other people, for anything but finite numbers and
        missing ones, and for fewer complete pairs than `fewest`.
    """
    import pandas as pd

    if len(np.asarray(first)) != len(np.asarray(second)):
        raise ModelUsageError(f"The {names[0]} and the {names[1]} must be one each for everybody.")
    if (
        isinstance(first, pd.Series)
        and isinstance(second, pd.Series)
        and not first.index.equals(second.index)
    ):
        raise ModelUsageError(
            f"The {names[0]} and the {names[1]} have different indexes; put the people in one "
            "order."
        )
    x, y = numbers(first, names[0]), numbers(second, names[1])
    complete = ~(np.isnan(x) | np.isnan(y))
    if complete.sum() < fewest:
        raise ModelDataError(
            f"{int(complete.sum())} of {len(x)} pairs have both the {names[0]} and the {names[1]}; "
            f"{fewest} are needed at least."
        )
    return x[complete], y[complete], int((~complete).sum())


def numbers(column: ArrayLike, name: str) -> FloatArray:
    """Return a column as numbers, missing ones as not a number."""
    import pandas as pd

    try:
        series = pd.to_numeric(pd.Series(column)).astype("Float64")
    except (TypeError, ValueError):
        raise ModelUsageError(f"The {name} must be numbers.") from None
    found: FloatArray = np.asarray(
        series.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64
    )
    if np.isinf(found).any():
        raise ModelDataError(f"The {name} must be finite; {int(np.isinf(found).sum())} are not.")
    return found
