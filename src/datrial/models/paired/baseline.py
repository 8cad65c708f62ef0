"""Regression to the mean: what change a group picked for its first reading shows by itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from datrial.models.correlations import limits, unit
from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.paired.mean_change import mean_change, t_quantile
from datrial.models.paired.readings import FloatArray, paired_numbers
from datrial.models.result import normal_quantile
from datrial.models.two_arms.effects import Effect

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: What holds for every number of the result.
ASSUMPTIONS = (
    "The reliability is that of a reading of such people when nothing changes, and is taken as "
    "known: the intervals hold no error of it.",
    "A reading is a true score plus an error that does not depend on it, the same at both times.",
)


@dataclass(frozen=True)
class RegressionToTheMean:
    """What of a change may be regression to the mean.

    Attributes
    ----------
    n, n_left_out
        People with both readings, and pairs with one missing.
    observed
        The mean change, with Student's interval.
    naive
        Correlation of the change with the first reading. It is negative where nothing but error
        moves the readings: shown so that nobody else computes it and believes it.
    oldham
        Correlation of the change with the mean of both readings (Oldham 1962): 0 where the true
        change does not depend on the level, if both readings have the same error.
    blomqvist
        Slope of the true change on the true first score (Blomqvist 1977), given the reliability.
    expected
        The change to expect with no effect at all, given the reliability and the mean of the
        population that the group was picked from: (1 - reliability) (population - mean of the
        first readings). None without a population mean.
    beyond
        The observed change less the expected one, with Student's interval.
    reliability, population_mean
        As given.
    notes
        The assumptions, and what could not be computed.
    """

    n: int
    n_left_out: int
    observed: Effect
    naive: Effect
    oldham: Effect
    blomqvist: Effect
    expected: float | None
    beyond: Effect | None
    reliability: float
    population_mean: float | None
    notes: tuple[str, ...]


def regression_to_the_mean(
    first: ArrayLike,
    last: ArrayLike,
    *,
    reliability: float,
    population_mean: float | None = None,
    level: float = 0.95,
) -> RegressionToTheMean:
    """Estimate what of a change may be regression to the mean.

    People who come to a service are picked near their worst; some would read better the next
    time with no service. Davis (1976), American Journal of Epidemiology 104, 493-498; Barnett,
    van der Pols and Dobson (2005), International Journal of Epidemiology 34, 215-220; Oldham
    (1962), Journal of Chronic Diseases 15, 969-977; Blomqvist (1977), JASA 72, 746-749. R:
    `regtomean`.

    Parameters
    ----------
    first, last
        One number per person, in the same order; incomplete pairs are left out and counted.
    reliability
        Share of the first readings' variance that is not error, above 0 and up to 1: the
        instrument's test-retest correlation, from its manual. Compute over a range of it
        where it is not known (0.6 to 0.9).
    population_mean
        Of the population that the group was picked from, not of the group. Without it there is no
        expected change.
    level
        Of the intervals.

    Raises
    ------
    ModelUsageError, ModelDataError
        For a reliability outside 0 to 1, anything but numbers, fewer than four complete pairs, or
        first readings all alike.
    """
    if not 0 < reliability <= 1:
        raise ModelUsageError("The reliability lies above 0 and up to 1, as in 0.8.")
    if population_mean is not None and not np.isfinite(population_mean):
        raise ModelUsageError("The population mean must be a finite number.")
    names = ("first readings", "last readings")
    x, y, left_out = paired_numbers(first, last, names, fewest=4)
    if np.ptp(x) == 0:
        raise ModelDataError("All first readings are alike: nothing can regress to a mean.")
    expected, beyond = None, None
    if population_mean is not None:
        pull = 1 - reliability
        expected = pull * (population_mean - float(x.mean()))
        beyond = mean_change(y - reliability * x - pull * population_mean, level)[0]
    change = y - x
    return RegressionToTheMean(
        n=len(x),
        n_left_out=left_out,
        observed=mean_change(change, level)[0],
        naive=_correlation(x, change, level),
        oldham=_correlation((x + y) / 2, change, level),
        blomqvist=_blomqvist(x, change, reliability, level),
        expected=expected,
        beyond=beyond,
        reliability=reliability,
        population_mean=population_mean,
        notes=(
            *ASSUMPTIONS,
            *(() if population_mean is not None else ("No population mean: no expected change.",)),
        ),
    )


def _correlation(x: FloatArray, y: FloatArray, level: float) -> Effect:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Effect(nan, nan, nan, "Fisher's z")
    return Effect(*limits(unit(x), unit(y), "pearson", normal_quantile(level)), "Fisher's z")


def _blomqvist(x: FloatArray, change: FloatArray, reliability: float, level: float) -> Effect:
    """Return the slope of the change on the first reading, cleared of the first reading's error."""
    n, centred = len(x), x - x.mean()
    square = float(centred @ centred)
    slope = float(centred @ change) / square
    left = change - change.mean() - slope * centred
    half = t_quantile(n - 2, level) * float(np.sqrt(left @ left / (n - 2) / square)) / reliability
    if half == 0:
        half = nan
    true = (slope + 1 - reliability) / reliability
    return Effect(true, true - half, true + half, "Blomqvist 1977, reliability known")
