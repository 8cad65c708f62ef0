"""Minimisation with a random element."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from datrial.allocation.sequential.parts import Candidate, History, Scheme, Stream, by_ratio

#: Sums that differ by less are a tie: they are the same counts in another order.
_TIE = 1e-9


def _range(numbers: Sequence[float]) -> float:
    return max(numbers) - min(numbers)


def _variance(numbers: Sequence[float]) -> float:
    mean = sum(numbers) / len(numbers)
    return sum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1)


def _standard_deviation(numbers: Sequence[float]) -> float:
    return math.sqrt(_variance(numbers))


MEASURES: dict[str, Callable[[Sequence[float]], float]] = {
    "range": _range,
    "variance": _variance,
    "standard_deviation": _standard_deviation,
}


class Minimisation(Scheme):
    """The arm that would leave the arms most alike in the candidate's factor levels, mostly.

    For each arm: were he put into it, how unequal would the arms be among those who
    share his level of a factor (the measure), summed over factors with their weights?
    The arm with the least is preferred; of several, one is by the ratio. He is put
    into the preferred arm with a high probability, else into another by the ratio.

    *Other ratios than 1:1.* An arm's count is divided by its parts, and the preferred
    arm's probability differs between arms: with probability ``random_element`` the
    ratio alone draws, else the preferred arm is taken. This is the biased-coin
    minimisation of Han, Enas and McEntegart. Of everyone's draws the arms get their
    shares; of the draw at one place in the sequence they do so only nearly (Kuznetsova
    and Tymofyeyev), which an analysis that replays the scheme takes into account.

    Parameters
    ----------
    ratio
        See :class:`datrial.allocation.sequential.parts.Scheme`.
    weights
        Factor -> its weight, above 0.
    measure
        ``range``, ``variance`` or ``standard_deviation`` of the arms' counts.
    preferred_probability
        The chance of the preferred arm, should it be the one with the fewest parts.
        With two equal arms: the p of Pocock and Simon.

    References
    ----------
    Pocock and Simon (1975), Biometrics 31(1), 103-115; Han, Enas and McEntegart (2009),
    Statistics in Medicine 28(27), 3329-3346; Kuznetsova and Tymofyeyev (2012),
    Statistics in Medicine 31(8), 701-723. Stata: rct_minim; R: Minirand::Minirand.
    """

    name = "minimisation"
    version = "1"

    def __init__(
        self,
        ratio: Mapping[str, int],
        weights: Mapping[str, float],
        *,
        measure: str = "range",
        preferred_probability: float = 0.8,
    ) -> None:
        super().__init__(ratio)
        if not weights or any(weight <= 0 for weight in weights.values()):
            raise ValueError("a minimisation needs factors with weights above 0")
        smallest = min(by_ratio(self.ratio).values())
        if not smallest - _TIE <= preferred_probability <= 1:
            raise ValueError("the preferred probability is the smallest arm's share or more")
        self.weights = dict(sorted(weights.items()))
        self.measure = measure
        self.random_element = min(1.0, (1 - preferred_probability) / (1 - smallest))

    def chances(self, history: History, candidate: Candidate, stream: Stream) -> dict[str, float]:
        """Return the preferred arm's high probability, and the others' by the ratio."""
        del stream
        sums = {arm: self._inequality(history, candidate, arm) for arm in self.ratio}
        least = min(sums.values())
        preferred = {arm: self.ratio[arm] for arm, sum_ in sums.items() if sum_ <= least + _TIE}
        share, of_preferred = by_ratio(self.ratio), by_ratio(preferred)
        return {
            arm: self.random_element * share[arm]
            + (1 - self.random_element) * of_preferred.get(arm, 0.0)
            for arm in self.ratio
        }

    def _inequality(self, history: History, candidate: Candidate, arm: str) -> float:
        """Return how unequal the arms would be in his levels, were he put into this one."""
        total = 0.0
        for factor, weight in self.weights.items():
            tally = history.tally(factor, candidate.levels[factor])
            numbers = [
                (tally.get(each, 0) + (each == arm)) / part for each, part in self.ratio.items()
            ]
            total += weight * MEASURES[self.measure](numbers)
        return total
