"""Within what people were allocated: one column or array, or several together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.design import ColumnOrArray, quoted
from datrial.models.errors import ModelUsageError

IntArray = NDArray[np.int64]

#: One column or array, or several whose combinations are the strata.
StrataGiven = ColumnOrArray | Sequence[str]

#: More texts than that are hardly the names of columns.
_MOST_COLUMNS = 4


def strata_columns(strata: StrataGiven | None, frame: pd.DataFrame) -> list[ColumnOrArray]:
    """Return the columns or arrays whose combinations are the strata; none without strata.

    Raises
    ------
    ModelUsageError
        For texts that are neither columns nor one a row.
    """
    if strata is None:
        return []
    if isinstance(strata, (list, tuple)) and all(isinstance(each, str) for each in strata):
        unknown = [each for each in strata if each not in frame.columns]
        if not unknown:
            return list(strata)
        # As many as there are people are not names but their strata: no message may repeat them.
        if len(strata) != len(frame):
            few = len(strata) <= _MOST_COLUMNS
            raise ModelUsageError(
                "Strata are columns of the data, or one value a person; "
                + (
                    f"there is no column {quoted(unknown)}."
                    if few
                    else f"{len(strata)} texts for {len(frame)} rows are neither."
                )
            )
    return [strata]  # type: ignore[list-item]


def stratum_codes(columns: list[pd.Series], n: int) -> IntArray:
    """Return each row's combination of some columns as a number, 0..S-1."""
    if not columns:
        return np.zeros(n, dtype=np.int64)
    keys = pd.DataFrame({i: pd.factorize(column)[0] for i, column in enumerate(columns)})
    numbers = keys.groupby(list(keys.columns), sort=True).ngroup()
    return np.asarray(numbers.to_numpy(), dtype=np.int64)
