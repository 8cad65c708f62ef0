"""Reading times and events: what a row must be before it can be at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError, ModelUsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Values = Sequence[Any] | NDArray[Any] | pd.Series


def checked_times(column: pd.Series, what: str) -> FloatArray:
    """Return times as floats; they must be finite numbers (days, months), not dates."""
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        raise ModelUsageError(
            f"The {what} must be a number, such as days since allocation, not dates or text."
        )
    times = np.asarray(column, dtype=np.float64)
    wrong = int((~np.isfinite(times)).sum())
    if wrong:
        raise ModelDataError(f"The {what} must be finite; {wrong} rows are not.")
    return times


def checked_events(column: pd.Series, *, counts: bool = False) -> FloatArray:
    """Return events as floats: 0 or 1, or where `counts` any whole number.

    Raises
    ------
    ModelUsageError
        Where the column holds no numbers or truth values.
    ModelDataError
        Where rows hold anything else.
    """
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise ModelUsageError("The event must be 0 or 1 (or true and false).")
    events = np.asarray(column, dtype=np.float64)
    if counts:
        wrong = ~np.isfinite(events) | (events < 0) | (events != np.rint(events))
    else:
        wrong = (events != 0) & (events != 1)
    if wrong.any():
        rule = "a whole number of zero or more" if counts else "0 or 1"
        raise ModelDataError(f"The event must be {rule}; {int(wrong.sum())} rows are not.")
    return events


def check_durations(duration: FloatArray) -> None:
    """Refuse times of follow-up below zero; zero is an event on the first day."""
    wrong = int((duration < 0).sum())
    if wrong:
        raise ModelDataError(
            f"The duration must be zero or more; {wrong} rows are below zero. Check that no "
            "event is dated before the start of follow-up."
        )


def check_intervals(start: FloatArray, stop: FloatArray) -> None:
    """Refuse intervals that hold no time at all."""
    wrong = int((stop <= start).sum())
    if wrong:
        raise ModelDataError(
            f"An interval must end after its start; {wrong} rows do not. Rows run from start "
            "(not included) to stop (included): several events of one day are one row with "
            "their number, and a person who enters on the day of an event starts the day before."
        )


def check_overlaps(start: FloatArray, stop: FloatArray, person: IntArray) -> IntArray:
    """Return the order of rows by person and time; refuse a person observed twice at once."""
    order = np.lexsort((start, person))
    same = person[order][1:] == person[order][:-1]
    overlapping = same & (start[order][1:] < stop[order][:-1])
    if overlapping.any():
        people = len(np.unique(person[order][1:][overlapping]))
        raise ModelDataError(
            f"{int(overlapping.sum())} intervals of {people} people begin before the same "
            "person's interval before them has ended; nobody is observed twice at one time."
        )
    return np.asarray(order, dtype=np.int64)


def arrays_of(named: Mapping[str, Values | None]) -> tuple[dict[str, pd.Series], int]:
    """Return the rows of equally long arrays in which nothing is missing, and how many are not.

    Parameters
    ----------
    named
        Arrays by what they are; None where there is none.
    """
    columns: dict[str, pd.Series] = {}
    for name, values in named.items():
        if values is None:
            continue
        if isinstance(values, str) or np.ndim(values) != 1:
            raise ModelUsageError(f"The {name} must be one value for each row.")
        columns[name] = pd.Series(values).reset_index(drop=True)
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise ModelUsageError(f"The {', '.join(columns)} must have the same number of rows.")
    n = lengths.pop()
    complete = np.ones(n, dtype=bool)
    for column in columns.values():
        complete &= column.notna().to_numpy(dtype=bool)
    if not complete.any():
        raise ModelDataError(f"No row of {n} is complete in {', '.join(columns)}.")
    kept = {name: column[complete].reset_index(drop=True) for name, column in columns.items()}
    return kept, int((~complete).sum())


def group_codes(column: pd.Series | None, n: int) -> tuple[IntArray, list[object]]:
    """Return each row's group as 0..G-1 and the groups, in order or sorted; "all" without any."""
    if column is None:
        return np.zeros(n, dtype=np.int64), ["all"]
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return column.cat.codes.to_numpy().astype(np.int64), list(column.cat.categories)
    codes, labels = pd.factorize(column, sort=True)
    return codes.astype(np.int64), list(labels)


def asked_times(times: Sequence[float]) -> FloatArray:
    """Return the times that a curve is asked for as an array."""
    asked = np.asarray(times, dtype=np.float64)
    if asked.ndim != 1 or not np.isfinite(asked).all():
        raise ModelUsageError("Ask for a list of times.")
    return asked
