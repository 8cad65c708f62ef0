"""Two means compared: Student's and Welch's t side by side, with Hedges's g."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect, two_values, whole_counts
from datrial.models.two_arms.standardised import hedges_g

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class GroupMean(NamedTuple):
    """A group's size, mean and standard deviation (divisor n - 1)."""

    label: object
    n: int
    mean: float
    sd: float


class TTest(NamedTuple):
    """A t-test of no difference, with the interval of the difference it implies."""

    t: float
    df: float
    p_value: float
    bse: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class TwoSampleT:
    """Two independent groups' means compared.

    Attributes
    ----------
    reference, compared
        The two groups.
    difference
        Mean of `compared` minus mean of `reference`.
    student
        With one variance for both groups (Student), as most reports print it.
    welch
        With a variance for each (Welch 1947; Satterthwaite's degrees of freedom): to be
        preferred where groups differ in size and spread.
    cohens_d, hedges_g
        The difference in pooled standard deviations, plain and with Hedges's (1981) small-sample
        factor; intervals from the noncentral t distribution.
    n_left_out
        Rows with a missing value or group.
    """

    reference: GroupMean
    compared: GroupMean
    difference: float
    student: TTest
    welch: TTest
    cohens_d: Effect
    hedges_g: Effect
    n_left_out: int = 0

    @property
    def n(self) -> int:
        """People in both groups."""
        return self.reference.n + self.compared.n


def two_sample_t(
    values: ArrayLike, group: ArrayLike, *, reference: object | None = None, level: float = 0.95
) -> TwoSampleT:
    """Compare the means of two independent groups.

    Stata: `ttest y, by(arm)` and the same with `unequal`, `esize twosample`; R: `t.test`.

    Parameters
    ----------
    values
        One number per person; missing ones are left out and counted.
    group
        Which of two groups each person is in, in the same order.
    reference
        The group to compare with; needed where the groups are texts.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For values that are no numbers, other than two groups, a group with fewer than two
        people, or no spread in either group.
    """
    import numpy as np
    import pandas as pd

    try:
        numbers = pd.to_numeric(pd.Series(values)).astype("Float64").reset_index(drop=True)
    except (TypeError, ValueError):
        raise ModelUsageError("A t-test takes numbers.") from None
    groups = pd.Series(group).reset_index(drop=True)
    if len(numbers) != len(groups):
        raise ModelUsageError("A t-test takes one value and one group for every person.")
    if (
        isinstance(values, pd.Series)
        and isinstance(group, pd.Series)
        and not values.index.equals(group.index)
    ):
        raise ModelUsageError(
            "The values and the groups have different indexes; put the people in one order."
        )
    complete = (numbers.notna() & groups.notna()).to_numpy(dtype=bool)
    numbers, groups = numbers[complete].astype("float64"), groups[complete]
    if not np.isfinite(numbers.to_numpy()).all():
        raise ModelDataError("A t-test takes finite numbers.")
    labels = two_values(groups, "group", reference)
    parts = [numbers[(groups == label).to_numpy(dtype=bool)] for label in labels]
    return two_sample_t_from_summary(
        [float(part.mean()) for part in parts],
        [float(part.std(ddof=1)) if len(part) > 1 else 0.0 for part in parts],
        [len(part) for part in parts],
        labels=labels,
        n_left_out=int((~complete).sum()),
        level=level,
    )


def two_sample_t_from_summary(
    means: Sequence[float],
    sds: Sequence[float],
    counts: Sequence[int],
    *,
    labels: Sequence[object] = ("reference", "compared"),
    n_left_out: int = 0,
    level: float = 0.95,
) -> TwoSampleT:
    """Do `two_sample_t` from two means, standard deviations and numbers of people.

    The reference group stands first. Stata: `ttesti`. This is how a printed test is checked.
    """
    normal_quantile(level)  # refuses a level outside 0..1
    if not (len(means) == len(sds) == len(counts) == len(labels) == 2):
        raise ModelUsageError("A t-test takes two means, two standard deviations and two counts.")
    numbers = [float(number) for number in (*means, *sds)]
    if not all(map(isfinite, numbers)) or min(numbers[2:]) < 0:
        raise ModelUsageError("Means must be finite; standard deviations finite and not negative.")
    sizes = whole_counts(counts, "The numbers of people")
    if min(sizes) < 2:
        raise ModelDataError("A t-test needs at least two people in each group.")
    if max(numbers[2:]) == 0:
        raise ModelDataError("All values are alike within each group: a t-test needs some spread.")
    groups = [GroupMean(*row) for row in zip(labels, sizes, numbers[:2], numbers[2:], strict=True)]
    one, two = groups
    difference = two.mean - one.mean
    df = float(one.n + two.n - 2)
    pooled = sqrt(((one.n - 1) * one.sd**2 + (two.n - 1) * two.sd**2) / df)
    student = _t_test(difference, pooled * sqrt(1 / one.n + 1 / two.n), df, level)
    parts = [group.sd**2 / group.n for group in groups]
    welch_df = sum(parts) ** 2 / sum(
        part**2 / (group.n - 1) for part, group in zip(parts, groups, strict=True)
    )
    welch = _t_test(difference, sqrt(sum(parts)), welch_df, level)
    cohens_d, corrected = hedges_g(student.t, one.n, two.n, level)
    return TwoSampleT(one, two, difference, student, welch, cohens_d, corrected, n_left_out)


def _t_test(difference: float, bse: float, df: float, level: float) -> TTest:
    from scipy.special import stdtr, stdtrit

    t = difference / bse
    half = float(stdtrit(df, 0.5 + level / 2)) * bse
    p: Any = 2 * stdtr(df, -abs(t))
    return TTest(t, df, float(p), bse, difference - half, difference + half)
