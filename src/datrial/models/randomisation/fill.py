"""Covariates that are not known of everybody, so that nobody allocated is left out for them.

What was missing before the allocation cannot depend on the arm. So a number that is missing may
be filled with any one value, and that it was missing is a covariate like others; the adjusted
difference is then the same whatever is filled in (Zhao and Ding 2024, JASA 119, 450-460).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.formula_safety import variables_of

BoolArray = NDArray[np.bool_]

#: The level of a text or category that is missing, and what ends an indicator's name.
MISSING = "missing"
#: An indicator needs as many people of either arm with and without an answer.
_FEWEST = 5


class Filled(NamedTuple):
    """A formula and data without missing covariates, and how many people had any."""

    formula: str
    data: pd.DataFrame
    n_filled: int


def fill_covariates(formula: str, data: pd.DataFrame, treated: BoolArray) -> Filled:
    """Fill numbers with their mean and categories with the level ``missing``.

    A number gets an indicator besides (``age_missing``). Where fewer than five people of an
    arm lack the answer (or have it), or the same people lack another, there is no indicator
    and no level: the mean, or the most frequent level, has to do.

    Parameters
    ----------
    data
        The people used, with an outcome and an arm.
    treated
        Who of them is in the compared arm.
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        terms = Formula(formula)
    except (FormulaicError, SyntaxError):
        raise ModelUsageError(f"The formula '{formula}' cannot be read.") from None
    columns, added, told = {}, [], set()
    anybody = np.zeros(len(data), dtype=bool)
    for name in sorted(variables_of(terms, set(map(str, data.columns)), formula)):
        if name not in data.columns or not data[name].isna().any():
            continue
        gone = data[name].isna().to_numpy(dtype=bool)
        anybody |= gone
        own = _is_told(gone, treated) and gone.tobytes() not in told
        if own:
            told.add(gone.tobytes())
        if pd.api.types.is_numeric_dtype(data[name].dtype):
            numbers = data[name].astype("Float64").astype("float64")
            columns[name] = numbers.fillna(float(numbers.mean()))
            if own:
                added.append(f"{name}_{MISSING}")
                columns[added[-1]] = pd.Series(gone.astype(np.float64), index=data.index)
        else:
            columns[name] = _filled(data[name], own=own)
    taken = [name for name in added if name in data.columns]
    if taken:
        raise ModelUsageError(
            f"The data have a column '{taken[0]}' already: that name is needed for what is missing."
        )
    right = " + ".join([formula, *(f"`{name}`" for name in added)])
    return Filled(right, data.assign(**columns), int(anybody.sum()))


def _is_told(gone: BoolArray, treated: BoolArray) -> bool:
    """Return whether either arm has people enough with and without an answer."""
    counts = [np.sum(gone[those] == value) for those in (treated, ~treated) for value in (0, 1)]
    return bool(min(counts) >= _FEWEST)


def _filled(column: pd.Series, *, own: bool) -> pd.Series:
    if not own:
        return column.fillna(column.mode().iloc[0]) if column.notna().any() else column
    if isinstance(column.dtype, pd.CategoricalDtype) and MISSING not in column.cat.categories:
        column = column.cat.add_categories([MISSING])
    return column.fillna(MISSING)
