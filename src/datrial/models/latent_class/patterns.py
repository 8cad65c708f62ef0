"""Collapse yes/no answers to their distinct response patterns with counts.

A latent class likelihood depends on the rows only through the patterns, of which there are
at most 3^J (yes, no, not answered) whatever the number of people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.sandwich import total_by

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NO, YES, UNANSWERED = 0, 1, 2
MOST_TABULATED = 3**14


@dataclass(frozen=True)
class Patterns:
    """Distinct response patterns of J items.

    Attributes
    ----------
    yes, no
        1.0 where the pattern answers so, shape (P, J); both 0 where it does not answer.
    counts
        People (sum of frequency weights) per pattern, shape (P,), all above zero.
    of_row
        Pattern of each input row, -1 for rows left out, shape (n,).
    columns, index
        Item names, and the row index of the input.
    n_left_out
        Rows with no answered item.
    row_weights
        Frequency weight of each input row, shape (n,); None where each counts once.
    """

    yes: FloatArray
    no: FloatArray
    counts: FloatArray
    of_row: IntArray
    columns: pd.Index
    index: pd.Index
    n_left_out: int
    row_weights: FloatArray | None = None

    @property
    def answers(self) -> FloatArray:
        """`yes` and `no` side by side, shape (P, 2J)."""
        return np.hstack([self.yes, self.no])

    @property
    def total(self) -> float:
        """People in all patterns."""
        return float(self.counts.sum())


def collapse(items: pd.DataFrame, weights: ArrayLike | None = None) -> Patterns:
    """Check the items and collapse them.

    Parameters
    ----------
    items
        One row per person, one column per item; 1 yes, 0 no, missing not answered.
    weights
        Frequency weights (n,), not negative; None counts every row once.

    Raises
    ------
    ModelUsageError
        Not a data frame, repeated column names, values other than 0, 1 and missing (said by
        column and count), weights of wrong length or sign.
    ModelDataError
        No answered row, or an item nobody answered.
    """
    if not isinstance(items, pd.DataFrame) or items.shape[1] == 0:
        raise ModelUsageError("The items must be a pandas DataFrame with one column per item.")
    if not items.columns.is_unique:
        raise ModelUsageError("The items have repeated column names; name each item once.")
    digits = _digits(items)
    row_weights = _checked_weights(weights, len(items))
    answered = (digits != UNANSWERED).any(axis=1)
    used = answered & (row_weights > 0)
    if not used.any():
        raise ModelDataError(f"None of the {len(items)} rows has an answered item.")
    pattern_digits, of_used_row = _distinct_rows(digits[used])
    never = (pattern_digits == UNANSWERED).all(axis=0)
    if never.any():
        names = ", ".join(f"'{c}'" for c in items.columns[never])
        raise ModelDataError(f"Nobody answered item {names}; leave it out of the items.")
    of_row = np.full(len(items), -1, dtype=np.int64)
    of_row[used] = of_used_row
    return Patterns(
        yes=(pattern_digits == YES).astype(np.float64),
        no=(pattern_digits == NO).astype(np.float64),
        counts=total_by(of_used_row, len(pattern_digits), row_weights[used]),
        of_row=of_row,
        columns=items.columns,
        index=items.index,
        n_left_out=int((~answered).sum()),
        row_weights=None if weights is None else row_weights,
    )


def collapse_people(answers: NDArray[np.int8], like: Patterns) -> Patterns:
    """Collapse people's answers to the items of other patterns, without keeping the people.

    Parameters
    ----------
    answers
        People x items, coded NO, YES or UNANSWERED; everybody has an answer.
    """
    digits, of_person = _distinct_rows(answers)
    return Patterns(
        yes=(digits == YES).astype(np.float64),
        no=(digits == NO).astype(np.float64),
        counts=np.bincount(of_person, minlength=len(digits)).astype(np.float64),
        of_row=np.zeros(0, dtype=np.int64),
        columns=like.columns,
        index=pd.RangeIndex(0),
        n_left_out=0,
    )


def thin(patterns: Patterns, rows: int, rng: np.random.Generator) -> Patterns:
    """Return the patterns of `rows` people drawn with replacement, for searching on."""
    counts = rng.multinomial(rows, patterns.counts / patterns.counts.sum()).astype(np.float64)
    kept = counts > 0
    return Patterns(
        yes=patterns.yes[kept],
        no=patterns.no[kept],
        counts=counts[kept],
        of_row=np.zeros(0, dtype=np.int64),
        columns=patterns.columns,
        index=pd.RangeIndex(0),
        n_left_out=0,
    )


def _digits(items: pd.DataFrame) -> NDArray[np.int8]:
    """Code every answer as NO, YES or UNANSWERED; refuse anything else."""
    digits = np.full(items.shape, UNANSWERED, dtype=np.int8)
    faults = []
    for j, name in enumerate(items.columns):
        column = items[name]
        missing = column.isna().to_numpy(dtype=bool)
        # Nullable dtypes answer <NA> to a comparison with a missing value.
        yes = (column == 1).fillna(False).to_numpy(dtype=bool)
        no = (column == 0).fillna(False).to_numpy(dtype=bool)
        digits[yes, j], digits[no, j] = YES, NO
        wrong = int((~(yes | no | missing)).sum())
        if wrong:
            faults.append(f"'{name}' ({wrong} rows)")
    if faults:
        raise ModelUsageError(
            f"Items must be 0, 1 or missing; other values stand in {', '.join(faults)}."
        )
    return digits


def _checked_weights(weights: ArrayLike | None, n_rows: int) -> FloatArray:
    """Return frequency weights as floats, or say what is wrong with them."""
    if weights is None:
        return np.ones(n_rows)
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelUsageError("The weights must be numeric.") from None
    if values.shape != (n_rows,):
        raise ModelUsageError(f"The weights must have one value per row ({n_rows}).")
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise ModelUsageError(
            f"The weights must be finite and not negative; {int(bad.sum())} rows are not."
        )
    return values


def _distinct_rows(digits: NDArray[np.int8]) -> tuple[NDArray[np.int8], IntArray]:
    """Return the distinct rows in a fixed order, and which of them each row is."""
    n_items = digits.shape[1]
    if n_items > 39:  # 3^39 is the largest power of three below 2^63
        distinct, inverse = np.unique(digits, axis=0, return_inverse=True)
        return distinct, inverse.astype(np.int64).reshape(-1)
    powers = 3 ** np.arange(n_items, dtype=np.int64)
    keys = np.zeros(len(digits), dtype=np.int64)
    for j in range(n_items):
        keys += digits[:, j] * powers[j]
    if 3**n_items <= MOST_TABULATED:
        present = np.flatnonzero(np.bincount(keys, minlength=3**n_items))
        place = np.zeros(3**n_items, dtype=np.int64)
        place[present] = np.arange(len(present))
        inverse = place[keys]
    else:
        present, inverse = np.unique(keys, return_inverse=True)
    decoded = (present[:, None] // powers[None, :]) % 3
    return decoded.astype(np.int8), inverse.astype(np.int64)
