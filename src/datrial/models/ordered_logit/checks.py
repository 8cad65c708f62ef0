"""Signs that an ordered logit rests on too little: separation and very rare levels.

Under separation the maximum-likelihood estimate is infinite, its Wald error meaningless, and
a cluster sandwich close to zero (Albert and Anderson 1984, Biometrika 71, 1-10).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.sparse_data import RARE_LEVEL, SPARSE_CELL

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HUGE_LOG_ODDS = 10.0
ADVICE = "consider penalty='log_f'"


def separation_notes(
    codes: IntArray,
    matrix: FloatArray,
    names: list[str],
    params: pd.Series,
    levels: Sequence[object],
    counts: FloatArray,
    penalty: str | None,
    *,
    advice: str = ADVICE,
) -> tuple[str, ...]:
    """Return one sentence for each rare level, separated predictor and huge coefficient.

    Parameters
    ----------
    codes, matrix, names
        Outcome level (n,), predictor columns (n, k) and their names.
    params
        Estimates; the first k belong to `names`.
    levels, counts
        Outcome levels and the rows at each.
    penalty
        With a penalty, infinite estimates are no longer a danger and only the facts are said.
    advice
        What to do without one; empty for a model that has none.
    """
    advice = "" if penalty or not advice else f"; {advice}"
    notes = [
        f"Outcome level '{level}' has only {count:g} rows: estimates that rest on it are "
        f"unstable{advice}."
        for level, count in zip(levels, counts, strict=True)
        if count < RARE_LEVEL
    ]
    spread = matrix.max(axis=0) - matrix.min(axis=0) if len(names) else np.zeros(0)
    for column, name in enumerate(names):
        one_sided = _one_sided_value(codes, matrix[:, column], len(levels))
        if one_sided is not None:
            side, rows, code = one_sided
            notes.append(
                f"All {rows} rows with '{name}' {side} are at outcome level '{levels[code]}': "
                + (
                    "separation, held finite by the penalty."
                    if penalty
                    else f"separation, its estimate and error are not to be trusted{advice}."
                )
            )
        elif penalty is None and abs(float(params.iloc[column])) * spread[column] > HUGE_LOG_ODDS:
            notes.append(
                f"The coefficient of '{name}' is huge (log odds above {HUGE_LOG_ODDS:g} over "
                f"its range): possible separation{advice}."
            )
    return tuple(notes)


def few_in_a_cell(
    matrix: FloatArray, splits: Sequence[IntArray], weights: FloatArray, *, every: bool
) -> BoolArray:
    """Return which 0/1 columns have few rows in a cell with a split of the outcome.

    Parameters
    ----------
    matrix, weights
        Predictor columns (n, k) and the rows' weights.
    splits
        Of the outcome, each 0 or 1 in every row.
    every
        Whether one such split is enough (their effects are estimated split by split), or all
        of them must be so (one effect is estimated, and one split can hold it).
    """
    binary = ((matrix == 0) | (matrix == 1)).all(axis=0)
    few = np.zeros((len(splits), matrix.shape[1]), dtype=bool)
    for row, split in zip(few, splits, strict=True):
        smallest = np.full(matrix.shape[1], np.inf)
        for side in (0, 1):
            rows = split == side
            ones = weights[rows] @ matrix[rows]
            smallest = np.minimum(smallest, np.minimum(ones, weights[rows].sum() - ones))
        row[:] = smallest < SPARSE_CELL
    held = few.any(axis=0) if every else few.all(axis=0)
    return np.asarray(held & binary)


def _one_sided_value(
    codes: IntArray, column: FloatArray, n_levels: int
) -> tuple[str, int, int] | None:
    """Find a value of a 0/1 column all of whose rows are at the lowest or highest level."""
    present = column == 1
    if not (present | (column == 0)).all():
        return None
    for side, rows in (("present", present), ("absent", ~present)):
        lowest, highest = int(codes[rows].min()), int(codes[rows].max())
        if lowest == highest and lowest in (0, n_levels - 1):
            return side, int(rows.sum()), lowest
    return None
