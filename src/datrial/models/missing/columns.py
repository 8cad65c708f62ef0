"""Columns of a data frame as an imputation model sees them: codes, numbers and predictors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

METHODS = ("logit", "multinomial", "ordered", "pmm", "normal")
MOST_LEVELS = 50


@dataclass(frozen=True)
class Column:
    """One column of the imputation model.

    Attributes
    ----------
    name
        As in the data.
    method
        How its missing answers are drawn: one of `METHODS`.
    values
        Level 0..J-1 or number of each row, NaN where missing, shape (n,).
    answers
        The distinct values seen, increasing: what `values` may hold.
    sources
        For each of `answers` the first row that gave it, from which an imputed answer is copied.
    labels
        Names of the levels, empty for a number.
    as_score
        Whether levels predict other columns by their position, as one number.
    """

    name: str
    method: str
    values: FloatArray = field(repr=False)
    answers: FloatArray = field(repr=False)
    sources: IntArray = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)
    as_score: bool = False

    @property
    def missing(self) -> IntArray:
        """Return the positions of the rows without an answer."""
        return np.flatnonzero(np.isnan(self.values))

    @property
    def n_levels(self) -> int:
        """Return the number of levels seen, 0 for a number."""
        return len(self.labels)

    def predictors(self, values: FloatArray) -> FloatArray:
        """Return the columns by which this one predicts others, shape (n, J-1) or (n, 1).

        Numbers and scores are in standard deviations, so that one tolerance suits all.
        """
        if self.n_levels and not self.as_score:
            return np.asarray(values[:, None] == np.arange(1, self.n_levels), dtype=np.float64)
        seen = self.values[~np.isnan(self.values)]
        scale = float(seen.std()) or 1.0
        return np.asarray((values[:, None] - seen.mean()) / scale)

    def trace_names(self) -> list[str]:
        """Return the names of what is traced: means, or shares where levels have no order."""
        if self.method == "multinomial":
            return [f"{self.name}[{label}]" for label in self.labels[1:]]
        return [self.name]

    def trace(self, drawn: FloatArray) -> list[float]:
        """Return the means (or shares) of the drawn answers, as `trace_names` names them."""
        if self.method == "multinomial":
            return [float((drawn == level).mean()) for level in range(1, self.n_levels)]
        return [float(drawn.mean())]


def read_columns(
    data: pd.DataFrame, names: list[str] | None, methods: Mapping[str, str]
) -> list[Column]:
    """Return the columns of the imputation model, or say what is wrong with one of them."""
    if not isinstance(data, pd.DataFrame):
        raise ModelUsageError("The data must be a pandas DataFrame.")
    asked = [str(name) for name in data.columns] if names is None else list(names)
    present = [str(name) for name in data.columns]
    for name in (*asked, *methods):
        if present.count(name) != 1:
            fault = "more than one column" if name in present else "no column"
            raise ModelUsageError(f"The data have {fault} '{name}' (asked for as an imputation's).")
    stray = [name for name in methods if name not in asked]
    if stray:
        raise ModelUsageError(f"Column '{stray[0]}' has a method but is not among the columns.")
    if len(set(asked)) < len(asked):
        raise ModelUsageError("A column is named twice among the columns of an imputation.")
    if data.empty:
        raise ModelDataError("There are no rows to impute.")
    return [_read(data[name].reset_index(drop=True), name, methods.get(name)) for name in asked]


def _read(column: pd.Series, name: str, method: str | None) -> Column:
    """Return one column with its method, chosen by its type unless given."""
    if method is not None and method not in METHODS:
        raise ModelUsageError(
            f"The imputation method of '{name}' must be one of {', '.join(METHODS)}."
        )
    if not column.notna().any():
        raise ModelDataError(f"Column '{name}' has no answer at all; leave it out.")
    codes, levels, ordered = _levels(column, name)
    number = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(
        column.dtype
    )
    chosen = method or _default_method(len(levels), number, ordered)
    if chosen in ("pmm", "normal"):
        return _number(column, name, chosen, number)
    if len(levels) > MOST_LEVELS:
        raise ModelUsageError(
            f"Column '{name}' has {len(levels)} levels, an imputation takes at most "
            f"{MOST_LEVELS}; name the columns to use with columns=, without identifiers."
        )
    if chosen == "logit" and len(levels) > 2:
        raise ModelUsageError(f"Column '{name}' has {len(levels)} levels; a logit takes two.")
    _refuse_constant(name, len(levels), bool((codes < 0).any()))
    values = np.where(codes < 0, np.nan, codes.astype(np.float64))
    first = np.array([int(np.argmax(codes == level)) for level in range(len(levels))])
    labels = tuple(str(level) for level in levels)
    return Column(name, chosen, values, np.arange(len(levels), dtype=float), first, labels)


def _levels(column: pd.Series, name: str) -> tuple[IntArray, list[object], bool]:
    """Return each row's level (-1 is missing), the levels seen, and whether they have an order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        seen = column.cat.remove_unused_categories()
        codes = seen.cat.codes.to_numpy().astype(np.int64)
        return codes, list(seen.cat.categories), bool(column.cat.ordered)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        raise ModelUsageError(
            f"Column '{name}' holds dates: turn it into a number (days since a date) or leave it "
            "out with columns=."
        )
    try:
        numbers, distinct = pd.factorize(column, sort=True)
    except TypeError:
        raise ModelUsageError(f"Column '{name}' mixes types; give it one.") from None
    return numbers.astype(np.int64), list(distinct), False


def _default_method(n_levels: int, number: bool, ordered: bool) -> str:
    if n_levels <= 2:
        return "logit"
    if number:
        return "pmm"
    return "ordered" if ordered else "multinomial"


def _number(column: pd.Series, name: str, method: str, number: bool) -> Column:
    """Return a column of numbers."""
    if not number:
        raise ModelUsageError(f"Column '{name}' is no number; '{method}' takes numbers.")
    if method == "normal" and not pd.api.types.is_float_dtype(column.dtype):
        raise ModelUsageError(
            f"'normal' draws fractions, and column '{name}' holds whole numbers; use 'pmm' or "
            "turn it into float."
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ModelDataError(
            f"Column '{name}' is infinite in {int(np.isinf(values).sum())} rows; set them missing."
        )
    seen = np.flatnonzero(~np.isnan(values))
    answers, first = np.unique(values[seen], return_index=True)
    _refuse_constant(name, len(answers), len(seen) < len(values))
    return Column(name, method, values, answers, seen[first], ())


def _refuse_constant(name: str, n_answers: int, incomplete: bool) -> None:
    if n_answers < 2 and incomplete:
        raise ModelDataError(
            f"Column '{name}' has missing answers and a single value among the others: nothing "
            "says what else it might be. Leave it out."
        )
