"""What the comparisons of two arms share: an effect with its interval, and counts that are counts.

Wilson's (1927) interval for a share is the brick of Newcombe's intervals for differences;
Clopper and Pearson's (1934) is the exact one behind the odds ratio of paired answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from datrial.models.errors import ModelDataError, ModelUsageError

if TYPE_CHECKING:
    import pandas as pd


class Effect(NamedTuple):
    """An effect size with its interval; not a number where the data do not determine it."""

    estimate: float
    ci_low: float
    ci_high: float
    method: str


def wilson_interval(events: int, total: int, quantile: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share; `quantile` is 1.96 for a level of 95%."""
    share, square = events / total, quantile**2
    centre = events + square / 2
    half = quantile * (total * share * (1 - share) + square / 4) ** 0.5
    low, high = (centre - half) / (total + square), (centre + half) / (total + square)
    return (0.0 if events == 0 else low), (1.0 if events == total else high)


def exact_interval(events: int, total: int, level: float) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(betaincinv(events, total - events + 1, tail))
    high = 1.0 if events == total else float(betaincinv(events + 1, total - events, 1 - tail))
    return low, high


def whole_counts(counts: Sequence[Any], what: str) -> list[int]:
    """Return counts as whole numbers, or refuse them."""
    try:
        whole = [int(count) for count in counts]
        good = all(n >= 0 and n == count for n, count in zip(whole, counts, strict=True))
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
        raise ModelUsageError(f"{what} must be counts: whole numbers from 0.")
    return whole


def two_values(column: pd.Series, name: str, reference: object | None) -> tuple[object, object]:
    """Return the reference value and the other value of a column that has two.

    Parameters
    ----------
    column
        Missing values are passed over.
    name
        What the messages call the column.
    reference
        The value to compare with. None takes the lower one where the column has an order: a
        categorical, a number or a boolean. Texts have none, since "exit" sorts before "intake".

    Raises
    ------
    ModelUsageError, ModelDataError
        For a column without exactly two values, or a reference that is not one of them.
    """
    import pandas as pd

    seen = column.dropna().unique()
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = [value for value in column.cat.categories if value in seen]
    elif pd.api.types.is_numeric_dtype(column.dtype):  # booleans too
        values = sorted(seen.tolist())
    else:
        values = list(seen)
        if reference is None:
            raise ModelUsageError(
                f"Say which value of '{name}' is the reference: texts have no order."
            )
    if len(values) != 2:
        raise ModelDataError(
            f"'{name}' must have two values to compare; these rows have {len(values)}."
        )
    if reference is None:
        return values[0], values[1]
    if reference not in values:
        raise ModelUsageError(f"The reference given for '{name}' is not one of its two values.")
    other = values[1] if values[0] == reference else values[0]
    return reference, other
