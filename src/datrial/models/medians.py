"""The median of a few numbers, with the exact interval of its order statistics."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from datrial.models.errors import ModelDataError
from datrial.models.paired.mean_change import mean_change
from datrial.models.paired.readings import numbers
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class MedianInterval:
    """The middle of a sample.

    Attributes
    ----------
    median
        With the two order statistics that hold it with at least the level; not numbers with too
        few people for that (below six for 95%).
    achieved_level
        The level that these two order statistics have.
    mean
        With Student's interval, as reports print it beside the median.
    lower_quartile, upper_quartile
        Of the sample (R's type 7).
    n, n_left_out
        Numbers, and missing ones.
    """

    median: Effect
    achieved_level: float
    mean: Effect
    lower_quartile: float
    upper_quartile: float
    n: int
    n_left_out: int


def median_interval(values: ArrayLike, *, level: float = 0.95) -> MedianInterval:
    """Estimate a median with its exact interval, which assumes nothing about the distribution.

    Thompson (1936), Annals of Mathematical Statistics 7, 122-128. Stata: `centile`; R:
    `DescTools::MedianCI(method = "exact")`. Where people are still waiting their times are
    censored, and leaving them out makes waiting look shorter: use `kaplan_meier` and its `median`
    (Brookmeyer and Crowley) and `restricted_mean`.

    Parameters
    ----------
    values
        One number per person; missing ones are left out and counted.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For anything but finite numbers, or none.
    """
    from scipy.stats import binom

    normal_quantile(level)  # refuses a level outside 0..1
    read = numbers(values, "values")
    found = np.sort(read[~np.isnan(read)])
    n = len(found)
    if not n:
        raise ModelDataError("There is no value to take the median of.")
    # How many values lie below the lower limit: the tail of a fair coin's tosses.
    below = int(binom.ppf((1 - level) / 2, n, 0.5))
    if binom.cdf(below, n, 0.5) > (1 - level) / 2:
        below -= 1
    low, high, achieved = nan, nan, nan
    if below >= 0:
        low, high = float(found[below]), float(found[n - 1 - below])
        achieved = 1 - 2 * float(binom.cdf(below, n, 0.5))
    lower, middle, upper = (float(q) for q in np.quantile(found, [0.25, 0.5, 0.75]))
    return MedianInterval(
        median=Effect(middle, low, high, "order statistics, exact"),
        achieved_level=achieved,
        mean=mean_change(found, level)[0],
        lower_quartile=lower,
        upper_quartile=upper,
        n=n,
        n_left_out=len(read) - n,
    )
