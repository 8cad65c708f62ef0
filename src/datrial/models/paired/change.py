"""The change of a score between two readings of the same people."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from datrial.models.errors import ModelUsageError
from datrial.models.paired.change_result import PairedChange, PercentChanges
from datrial.models.paired.mean_change import (
    deviation,
    mean_change,
    ratio_of_means,
    standardised,
)
from datrial.models.paired.readings import FloatArray, paired_numbers
from datrial.models.paired.share import single_proportion
from datrial.models.paired.sign_flips import sign_flip_interval, sign_flip_p
from datrial.models.paired.signed_ranks import hodges_lehmann, signed_rank_p
from datrial.models.result import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def paired_change(
    first: ArrayLike,
    last: ArrayLike,
    *,
    better: Literal["higher", "lower"] = "higher",
    at_least: float = 0.0,
    level: float = 0.95,
) -> PairedChange:
    """Estimate how a score changed between two readings of the same people.

    Student (1908), Biometrika 6, 1-25; Wilcoxon (1945), Biometrics Bulletin 1, 80-83, with zeros
    after Pratt (1959), JASA 54, 655-667; Hodges and Lehmann (1963), Annals of Mathematical
    Statistics 34, 598-611; Fisher (1935), The Design of Experiments, section 21. Stata: `ttest y1
    == y2`, `signrank`; R: `t.test(paired = TRUE)`, `exactRankTests::wilcox.exact(conf.int =
    TRUE)`, `coin::wilcoxsign_test`.

    Parameters
    ----------
    first, last
        One number per person, in the same order. Pairs with a missing one are left out and
        counted. Where raters gave a reading each, take their mean first.
    better
        Whether a higher score is better, or a lower one.
    at_least
        The least change that counts as improved or worse; 0 takes any.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but numbers, columns of unequal length or other people, an unknown
        direction, a least change below zero, or no complete pair.

    Notes
    -----
    A change of one group has many causes besides a programme: see `regression_to_the_mean`.
    """
    if better not in ("higher", "lower"):
        raise ModelUsageError("The better score is higher or lower.")
    if not (np.isfinite(at_least) and at_least >= 0):
        raise ModelUsageError("The least change that counts must be zero or more.")
    normal_quantile(level)  # refuses a level outside 0..1
    x, y, left_out = paired_numbers(first, last, ("first readings", "last readings"))
    # Readings such as 3.3 are not exact in binary: equal changes must be equal.
    changes = np.round(y - x, 9) + 0.0
    gains = changes if better == "higher" else -changes
    n = len(changes)
    improved = (gains > 0) & (gains >= at_least - 1e-9)
    worse = (gains < 0) & (gains <= -at_least + 1e-9)
    mean, t, p_t = mean_change(changes, level)
    return PairedChange(
        n_left_out=left_out,
        level=level,
        better=better,
        mean_first=float(x.mean()),
        mean_last=float(y.mean()),
        sd_first=deviation(x),
        sd_last=deviation(y),
        sd=deviation(changes),
        mean=mean,
        t=t,
        df=n - 1,
        p_t=p_t,
        mean_sign_flip=sign_flip_interval(changes, level),
        p_value=sign_flip_p(changes),
        median=hodges_lehmann(changes, level),
        p_signed_rank=signed_rank_p(changes),
        standardised=standardised(t, n, level),
        ratio_of_means=ratio_of_means(x, y, level),
        improved=single_proportion(int(improved.sum()), n, level=level),
        unchanged=single_proportion(int((~improved & ~worse).sum()), n, level=level),
        worse=single_proportion(int(worse.sum()), n, level=level),
        least=float(changes.min()),
        greatest=float(changes.max()),
        percent=_percent(x, changes),
        notes=_notes(changes),
    )


def _percent(first: FloatArray, changes: FloatArray) -> PercentChanges:
    """Return changes in percent of the first reading, of those whose reading is above zero."""
    able = first > 0
    if not able.any():
        nan = float("nan")
        return PercentChanges(0, nan, nan, nan)
    percent = 100 * changes[able] / first[able]
    return PercentChanges(
        int(able.sum()), float(percent.mean()), float(percent.min()), float(percent.max())
    )


def _notes(changes: FloatArray) -> tuple[str, ...]:
    n = len(changes)
    found: tuple[str, ...] = ()
    if n == 1:
        return ("One person: a change, but nothing to judge its error by.",)
    if not changes.any():
        return ("Nobody's score changed.",)
    if np.ptp(changes) == 0:
        return ("Everybody's score changed by the same: the t interval has no spread to use.",)
    if n < 6:
        found = (f"{n} people: too few for an exact interval of 95%.",)
    skew = float(((changes - changes.mean()) ** 3).mean() / changes.std() ** 3)
    if n < 30 and abs(skew) > 2 * sqrt(6 / n):
        found += ("The changes are skewed: prefer the signed ranks' interval to the t interval.",)
    return found
