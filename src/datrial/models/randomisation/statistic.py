"""The difference of two arms within strata and its error, for many allocations at once.

With `d_s` the difference of means in stratum s, the estimate is sum w_s d_s / sum w_s over
the strata with both arms. Its variance is Neyman's, s1^2 / n1 + s0^2 / n0, where a stratum
has two people or more in each arm. Other strata (one place at a meeting) tell no variance by
themselves: theirs is taken from how their differences scatter around their own mean (Pashley
and Miratrix 2021, Journal of Educational and Behavioral Statistics 46, 271-296), each
w_s^2 (d_s - mean)^2 / (1 - w_s / sum w). A single such stratum borrows the pooled variance
within the arms of all strata.

An added effect that is subtracted from the outcome of those treated makes the estimate
linear and its variance quadratic in the effect: five numbers an allocation answer for every
effect, which is how the test is inverted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Weighting = Literal["precision", "people"]

#: Beside the outcome's standard deviation: a difference or an error below these is rounding.
_NO_DIFFERENCE = 1e-10
_NO_ERROR = 1e-7


@dataclass(frozen=True)
class Parts:
    """What an allocation's statistic is made of, one number an allocation.

    With an effect t taken off: difference ``of_outcome - t of_arm``, variance
    ``outcome_outcome - 2 t outcome_arm + t^2 arm_arm``.
    """

    of_outcome: FloatArray
    of_arm: FloatArray
    outcome_outcome: FloatArray
    outcome_arm: FloatArray
    arm_arm: FloatArray

    def statistic(self, effect: float, *, studentised: bool, scale: float) -> FloatArray:
        """Return every allocation's statistic for the outcome less an effect of those treated.

        Parameters
        ----------
        scale
            The outcome's standard deviation: a difference or error that is nothing beside it
            is rounding. NaN where an allocation has no stratum with both arms, or none that
            tells an error.
        """
        difference = self.of_outcome - effect * self.of_arm
        size = max(scale, abs(effect))
        difference = np.where(np.abs(difference) <= _NO_DIFFERENCE * size, 0.0, difference)
        if not studentised:
            return difference
        variance = self.outcome_outcome - 2 * effect * self.outcome_arm + effect**2 * self.arm_arm
        bse = np.sqrt(np.maximum(variance, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            certain = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
            found = np.where(bse > _NO_ERROR * size, difference / bse, certain)
        return np.where(np.isnan(bse), np.nan, found)


def join(parts: list[Parts]) -> Parts:
    """Return the parts of several batches as one."""
    names = list(Parts.__dataclass_fields__)
    return Parts(*(np.concatenate([getattr(each, name) for each in parts]) for name in names))


class StratifiedDifference:
    """The statistic over fixed people: give it arms, it gives `Parts`.

    Parameters
    ----------
    outcome, arm
        The outcome and the observed arm (1 or 0), either less what covariates explain.
    strata, n_strata
        Everybody's stratum.
    weighting
        ``precision``: n1 n0 / (n1 + n0), best if the effect is the same everywhere;
        ``people``: n1 + n0, the average effect over the people of these strata.
    """

    def __init__(
        self,
        outcome: FloatArray,
        arm: FloatArray,
        strata: IntArray,
        n_strata: int,
        weighting: Weighting = "precision",
    ) -> None:
        from scipy.sparse import csr_array

        self.sizes = np.bincount(strata, minlength=n_strata).astype(np.float64)[:, None]
        self.weighting = weighting
        # Centred within strata: no difference moves, and sums of squares keep their digits.
        y, x = (_centred(each, strata, self.sizes) for each in (outcome, arm))
        people = np.arange(len(strata))
        shape = (n_strata, len(strata))
        columns = (np.ones(len(strata)), y, x, y * y, y * x, x * x)
        self._sums: list[Any] = [csr_array((c, (strata, people)), shape=shape) for c in columns]
        self._totals = [np.bincount(strata, c, n_strata)[:, None] for c in columns]

    def parts(self, arms: FloatArray) -> Parts:
        """Return the parts of allocations (people, allocations), ones and zeros."""
        n1, y1, x1, *squares1 = (each @ arms for each in self._sums)
        n0 = self.sizes - n1
        y0, x0 = (total - one for total, one in zip(self._totals[1:3], (y1, x1), strict=True))
        squares0 = [t - one for t, one in zip(self._totals[3:], squares1, strict=True)]
        with np.errstate(divide="ignore", invalid="ignore"):
            means1, means0 = (y1 / n1, x1 / n1), (y0 / n0, x0 / n0)
            both = (n1 > 0) & (n0 > 0)
            weight = n1 * n0 / self.sizes if self.weighting == "precision" else self.sizes
            weight = np.where(both, weight, 0.0)
            total = weight.sum(axis=0)
            d = [np.where(both, one - zero, 0.0) for one, zero in zip(means1, means0, strict=True)]
            estimates = [(weight * each).sum(axis=0) / total for each in d]
        neyman = (n1 >= 2) & (n0 >= 2)
        alone = both & ~neyman
        found = []
        apart = _Apart(np.where(alone, weight, 0.0), d)
        for square1, square0, (a, b) in zip(
            squares1, squares0, ((0, 0), (0, 1), (1, 1)), strict=True
        ):
            with np.errstate(divide="ignore", invalid="ignore"):
                within1 = square1 - n1 * means1[a] * means1[b]
                within0 = square0 - n0 * means0[a] * means0[b]
                own = within1 / (n1 * (n1 - 1)) + within0 / (n0 * (n0 - 1))
                within = np.where(neyman, weight**2 * own, 0.0).sum(axis=0)
                between = apart.variance(a, b)
                if apart.single.any():
                    pooled = np.where(both, within1 + within0, 0.0).sum(axis=0)
                    freedom = np.where(both, n1 + n0 - 2, 0.0).sum(axis=0)
                    harmonic = np.where(alone, weight**2 * (1 / n1 + 1 / n0), 0.0).sum(axis=0)
                    between = np.where(apart.single, harmonic * pooled / freedom, between)
                found.append((within + between) / total**2)
        return Parts(*estimates, *found)


class _Apart:
    """The strata without a variance of their own, and how their differences scatter."""

    def __init__(self, weight: FloatArray, d: list[FloatArray]) -> None:
        self.single = (weight > 0).sum(axis=0) == 1
        total = weight.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._off = [each - (weight * each).sum(axis=0) / total for each in d]
            factor = weight**2 / (1 - weight / total)
        self._factor = np.where((weight > 0) & ~self.single, factor, 0.0)

    def variance(self, a: int, b: int) -> FloatArray:
        """Return the part of the variance of the weighted sum that these strata have."""
        scatter = np.where(self._factor > 0, self._off[a] * self._off[b], 0.0)
        return np.asarray((self._factor * scatter).sum(axis=0))


def _centred(values: FloatArray, strata: IntArray, sizes: FloatArray) -> FloatArray:
    means = np.bincount(strata, values, len(sizes)) / np.maximum(sizes[:, 0], 1)
    return np.asarray(values - means[strata])


def without_covariates(
    values: FloatArray, covariates: FloatArray, strata: IntArray, n_strata: int
) -> FloatArray:
    """Return what strata and covariates do not explain of values, the arm left out of it."""
    sizes = np.bincount(strata, minlength=n_strata).astype(np.float64)[:, None]
    left = _centred(values, strata, sizes)
    if not covariates.shape[1]:
        return left
    columns = np.column_stack([_centred(column, strata, sizes) for column in covariates.T])
    slopes, *_ = np.linalg.lstsq(columns, left, rcond=None)
    return np.asarray(left - columns @ slopes)
