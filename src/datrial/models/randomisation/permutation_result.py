"""What a permutation test can answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.randomisation.comparable import people_notes
from datrial.models.randomisation.statistic import Parts, Weighting
from datrial.models.randomisation.trial import Trial

FloatArray = NDArray[np.float64]

Alternative = Literal["two-sided", "greater", "less"]
Statistic = Literal["studentised", "difference"]

#: Statistics that differ by less are alike: rounding must not decide which is the larger.
_TIE = 1e-9
_DOUBLINGS = 60
#: Limits are found to this part of the error.
_PRECISION = 1e-8


@dataclass(frozen=True)
class Replays:
    """The statistics of all replays beside the observed one, for any constant effect.

    Attributes
    ----------
    observed, parts
        Of the arms as they were, and of the replays.
    exact
        Whether the replays are every possible allocation, the observed one among them.
    scale
        The outcome's standard deviation within strata.
    """

    observed: Parts = field(repr=False)
    parts: Parts = field(repr=False)
    studentised: bool
    alternative: Alternative
    exact: bool
    scale: float

    @property
    def n(self) -> int:
        """How many replays there are."""
        return len(self.parts.of_outcome)

    def statistic(self, effect: float = 0.0) -> float:
        """Return the observed statistic, an effect taken off the outcome of those treated."""
        found = self.observed.statistic(effect, studentised=self.studentised, scale=self.scale)
        return float(found[0])

    def distribution(self, effect: float = 0.0) -> FloatArray:
        """Return the statistics of the replays, likewise."""
        return self.parts.statistic(effect, studentised=self.studentised, scale=self.scale)

    def extreme(self, effect: float = 0.0) -> int:
        """Count the replays at least as extreme as the observed; those without a statistic are."""
        seen, all_of_them = self.statistic(effect), self.distribution(effect)
        if self.alternative == "two-sided":
            seen, all_of_them = abs(seen), np.abs(all_of_them)
        elif self.alternative == "less":
            seen, all_of_them = -seen, -all_of_them
        if np.isinf(seen):
            within = all_of_them < seen
        else:
            within = all_of_them < seen - _TIE * max(
                1.0 if self.studentised else self.scale, abs(seen)
            )
        return int(self.n - within.sum())

    def p_value(self, effect: float = 0.0) -> float:
        """Return the p-value of an effect: b / B of all allocations, (b + 1) / (B + 1) of some."""
        if self.exact:
            return self.extreme(effect) / self.n
        return (self.extreme(effect) + 1) / (self.n + 1)

    def interval(self, level: float, estimate: float, bse: float) -> tuple[float, float]:
        """Return the limits of the effects that the test does not reject."""
        step = bse if np.isfinite(bse) and bse > 0 else self.scale
        low, high = -np.inf, np.inf
        if self.alternative != "less":
            low = self._limit(estimate, -step, 1 - level)
        if self.alternative != "greater":
            high = self._limit(estimate, step, 1 - level)
        return low, high

    def _limit(self, estimate: float, step: float, alpha: float) -> float:
        """Go away from the estimate until the test rejects, then halve the way back."""
        inside, near = estimate, abs(step) * _PRECISION
        for _ in range(_DOUBLINGS):
            outside = inside + step
            if self.p_value(outside) <= alpha:
                break
            inside, step = outside, 2 * step
        else:
            return float(np.copysign(np.inf, step))
        # Never closer than the two neighbours of a number are.
        while abs(outside - inside) > max(near, 4 * np.spacing(abs(outside))):
            middle = (inside + outside) / 2
            if self.p_value(middle) <= alpha:
                outside = middle
            else:
                inside = middle
        return float(inside)


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """A test of two arms by the allocation itself.

    Attributes
    ----------
    reference, compared
        The two arms.
    estimate, bse
        The difference (compared minus reference) within strata, covariates accounted for where
        given, and its error from the strata; the error is NaN where nothing can tell it.
    statistic
        The observed statistic.
    p_value, mc_error
        The p-value, and the standard error that the number of replays leaves in it; 0 if exact.
    extreme, n_replays, exact
        Replays at least as extreme, of how many, and whether they are all there are.
    n_without_statistic
        Replays in which no stratum had both arms, or none told an error; counted as extreme.
    ci_low, ci_high, level
        The constant effects that the same test does not reject: the test inverted.
    n, n_compared, n_reference
        People in strata with both arms, and in each arm.
    n_left_out
        Rows with a missing answer.
    n_filled
        People of whom a covariate was filled.
    n_strata, n_strata_one_arm, n_people_one_arm
        Strata with both arms; strata with one, and the people in those: they carry nothing.
    notes
        Plain sentences a reader should know.
    """

    reference: object
    compared: object
    statistic_name: Statistic
    alternative: Alternative
    estimate: float
    bse: float
    statistic: float
    p_value: float
    mc_error: float
    extreme: int
    n_replays: int
    exact: bool
    n_without_statistic: int
    ci_low: float
    ci_high: float
    level: float
    n: int
    n_compared: int
    n_reference: int
    n_left_out: int
    n_filled: int
    n_strata: int
    n_strata_one_arm: int
    n_people_one_arm: int
    notes: tuple[str, ...]
    replays: Replays = field(repr=False)

    @property
    def distribution(self) -> FloatArray:
        """The statistic in every replay, if the arms made no difference to anybody."""
        return self.replays.distribution()

    def p_value_of(self, effect: float) -> float:
        """Return the p-value of a constant effect other than 0."""
        return self.replays.p_value(effect)

    def conf_int(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of another level from the same replays."""
        if not 0 < level < 1:
            raise ModelUsageError("The level of an interval must lie between 0 and 1, as in 0.95.")
        return self.replays.interval(level, self.estimate, self.bse)


def permutation_notes(
    trial: Trial, replays: Replays, without: int, by_scheme: bool, weighting: Weighting
) -> tuple[str, ...]:
    """Return what a reader should know of the replays and of the people."""
    compared, other = trial.counts()
    both = (compared > 0) & (other > 0)
    words = "by the scheme given" if by_scheme else "with the sizes of the arms kept"
    if trial.n_strata > 1 and not by_scheme:
        words += " within strata"
    how = (
        f"All {replays.n} possible allocations {words} were listed."
        if replays.exact
        else f"{replays.n} allocations were drawn {words}."
    )
    notes = [how]
    if trial.n_strata > 1:
        weights = (
            "n1 n0 / (n1 + n0), which answers for one effect that is the same everywhere"
            if weighting == "precision"
            else "their people"
        )
        notes.append(f"The {int(both.sum())} strata with both arms are weighted by {weights}.")
    notes += people_notes(trial, n_one_arm=int((compared + other)[~both].sum()))
    if without:
        notes.append(
            f"{without} replays gave no statistic (no stratum with both arms, or no error); they "
            "count as extreme, which makes the p-value larger."
        )
    smallest = 1 / replays.n if replays.exact else 1 / (replays.n + 1)
    notes.append(f"The smallest p-value that these replays can give is {smallest:.2g}.")
    return tuple(notes)
