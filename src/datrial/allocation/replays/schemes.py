"""The schemes, for all replays at once: the same chances as in each scheme's own class.

A row of every array is one replay, a column is an arm in the order of ``arms``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datrial.allocation.replays.people import ToAllocate
from datrial.allocation.schemes import CONTROL, INTERVENTION, CapacityLottery
from datrial.allocation.sequential.chosen import scheme_of
from datrial.allocation.sequential.minimisation import Minimisation
from datrial.allocation.sequential.parts import Candidate, Scheme
from datrial.allocation.sequential.permuted_blocks import PermutedBlocks

if TYPE_CHECKING:
    from datrial.config.study import Study

Array = NDArray[Any]
_TIE = 1e-9


class Replays(ABC):
    """A scheme over the same people, in all replays at once.

    Attributes
    ----------
    arms
        In the order of their names.
    shares
        What share of everyone each arm is to get.
    """

    def __init__(self, arms: Sequence[str], shares: Sequence[float]) -> None:
        self.arms = tuple(arms)
        self.shares = np.array(shares, dtype=float)

    @abstractmethod
    def stratum(self, person: int) -> str:
        """Return within which others the arms are kept in their shares."""

    @abstractmethod
    def chances(self, person: int, rng: np.random.Generator) -> Array:
        """Return every arm's chance for the next person, in every replay."""

    @abstractmethod
    def enter(self, person: int, drawn: Array) -> None:
        """Add the arm (its number) that the person got in every replay."""


class _BySequence(Replays):
    """Simple randomisation; the base of those that go by what came before."""

    def __init__(self, scheme: Scheme, people: ToAllocate, replays: int) -> None:
        parts = np.array(list(scheme.ratio.values()), dtype=float)
        super().__init__(tuple(scheme.ratio), parts / parts.sum())
        self.parts, self.replays = parts, replays
        self.strata = [
            scheme.stratum(Candidate("", levels["site"], levels)) for levels in people.levels
        ]

    def stratum(self, person: int) -> str:
        return self.strata[person]

    def chances(self, person: int, rng: np.random.Generator) -> Array:
        del person, rng
        return np.broadcast_to(self.shares, (self.replays, len(self.arms)))

    def enter(self, person: int, drawn: Array) -> None:
        del person, drawn


class _Blocks(_BySequence):
    def __init__(self, scheme: PermutedBlocks, people: ToAllocate, replays: int) -> None:
        super().__init__(scheme, people, replays)
        self.sizes = np.array(scheme.sizes)
        self.left = {each: np.zeros((replays, len(self.arms))) for each in set(self.strata)}

    def chances(self, person: int, rng: np.random.Generator) -> Array:
        left = self.left[self.strata[person]]
        ended = left.sum(axis=1) == 0
        sizes = rng.choice(self.sizes, int(ended.sum()))
        left[ended] = sizes[:, None] * self.shares
        chances: Array = left / left.sum(axis=1, keepdims=True)
        return chances

    def enter(self, person: int, drawn: Array) -> None:
        left = self.left[self.strata[person]]
        left[np.arange(self.replays), drawn] -= 1
        # The shares of a size are whole numbers but for rounding.
        np.rint(left, out=left)


class _Minimisation(_BySequence):
    def __init__(self, scheme: Minimisation, people: ToAllocate, replays: int) -> None:
        super().__init__(scheme, people, replays)
        self.scheme, self.levels = scheme, people.levels
        self.tally: dict[tuple[str, str], Array] = {}

    def chances(self, person: int, rng: np.random.Generator) -> Array:
        del rng
        sums = np.zeros((self.replays, len(self.arms)))
        for factor, weight in self.scheme.weights.items():
            counts = self._counts(factor, person)
            for arm in range(len(self.arms)):
                counts[:, arm] += 1
                sums[:, arm] += weight * self._measure(counts / self.parts)
                counts[:, arm] -= 1
        preferred = (sums <= sums.min(axis=1, keepdims=True) + _TIE) * self.parts
        preferred /= preferred.sum(axis=1, keepdims=True)
        by_chance = self.scheme.random_element
        chances: Array = by_chance * self.shares + (1 - by_chance) * preferred
        return chances

    def enter(self, person: int, drawn: Array) -> None:
        for factor in self.scheme.weights:
            self._counts(factor, person)[np.arange(self.replays), drawn] += 1

    def _counts(self, factor: str, person: int) -> Array:
        level = factor, self.levels[person][factor]
        if level not in self.tally:
            self.tally[level] = np.zeros((self.replays, len(self.arms)))
        return self.tally[level]

    def _measure(self, numbers: Array) -> Array:
        if self.scheme.measure == "range":
            apart: Array = np.ptp(numbers, axis=1)
            return apart
        variance: Array = numbers.var(axis=1, ddof=1)
        return variance if self.scheme.measure == "variance" else np.sqrt(variance)


class _Lottery(Replays):
    """A meeting's lottery, as if its arms became known one by one."""

    def __init__(self, study: Study, people: ToAllocate, replays: int) -> None:
        roles: dict[str, str] = {arm.role: key for key, arm in study.arms.items()}
        arms = sorted((roles[INTERVENTION], roles[CONTROL]))
        self.first = arms.index(roles[INTERVENTION])
        self.meetings, self.replays = people.meetings, replays
        self.waiting = {key: people.meetings.count(key) for key in set(people.meetings)}
        places = {key: min(people.places[key], n) for key, n in self.waiting.items()}
        share = sum(places.values()) / len(people.meetings)
        shares = [1 - share, 1 - share]
        shares[self.first] = share
        super().__init__(arms, shares)
        self.left = {key: np.full(replays, float(n)) for key, n in places.items()}

    def stratum(self, person: int) -> str:
        return self.meetings[person].site

    def chances(self, person: int, rng: np.random.Generator) -> Array:
        del rng
        key = self.meetings[person]
        chances = np.empty((self.replays, 2))
        chances[:, self.first] = self.left[key] / self.waiting[key]
        chances[:, 1 - self.first] = 1 - chances[:, self.first]
        return chances

    def enter(self, person: int, drawn: Array) -> None:
        key = self.meetings[person]
        self.waiting[key] -= 1
        self.left[key] -= drawn == self.first


def replays_of(study: Study, people: ToAllocate, replays: int) -> Replays:
    """Return the study's scheme over people, ready for its first draw."""
    if study.randomisation.method == CapacityLottery.name:
        return _Lottery(study, people, replays)
    scheme = scheme_of(study.randomisation, study.arms)
    if isinstance(scheme, PermutedBlocks):
        return _Blocks(scheme, people, replays)
    if isinstance(scheme, Minimisation):
        return _Minimisation(scheme, people, replays)
    return _BySequence(scheme, people, replays)
