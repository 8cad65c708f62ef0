"""What every sequential scheme is made of: a candidate, what came before, a stream, a draw."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np

#: The stratum of a scheme that is not stratified.
EVERYONE = "everyone"
#: Chances are recorded to as many places.
_PLACES = 9


@dataclass(frozen=True)
class Candidate:
    """Someone to be allocated, with the levels of the factors that the scheme goes by."""

    person_id: str
    site: str
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Draw:
    """An arm, how it was drawn, and what chance each arm had.

    Attributes
    ----------
    position
        The candidate's place in his stratum, from 1.
    """

    arm: str
    probabilities: Mapping[str, float]
    stratum: str
    position: int


class History:
    """What was allocated before, as the schemes go by it."""

    def __init__(self) -> None:
        self._strata: dict[str, list[str]] = {}
        self._levels: dict[tuple[str, str], dict[str, int]] = {}

    def enter(self, stratum: str, levels: Mapping[str, str], arm: str) -> None:
        """Add someone who was allocated under the settings in force."""
        self._strata.setdefault(stratum, []).append(arm)
        self.enter_earlier(levels, arm)

    def enter_earlier(self, levels: Mapping[str, str], arm: str) -> None:
        """Add someone who was allocated before the settings were amended.

        He counts where arms are balanced within factor levels; the sequences of
        the strata began anew with the amendment.
        """
        for level in levels.items():
            tally = self._levels.setdefault(level, {})
            tally[arm] = tally.get(arm, 0) + 1

    def arms_in(self, stratum: str) -> Sequence[str]:
        """Return the arms of a stratum, in the order of allocation."""
        return self._strata.get(stratum, ())

    def tally(self, factor: str, level: str) -> Mapping[str, int]:
        """Return arm -> how many with a factor's level are in it."""
        return self._levels.get((factor, level), {})


class Stream:
    """The random numbers of one study: each draw has its own, whatever came before it.

    Parameters
    ----------
    seed
        The study's seed.
    names
        What else tells streams apart: the scheme, its version, the study, the
        hash of its allocation settings.
    """

    bit_generator = "numpy PCG64"

    def __init__(self, seed: int, *names: str) -> None:
        if seed < 0:
            raise ValueError("the study's seed is negative")
        self._seed = seed
        self._names = names

    @staticmethod
    def library() -> str:
        """Return what draws, with its version."""
        import numpy as np

        return f"numpy {np.__version__}"

    def generator(self, *step: str | int) -> np.random.Generator:
        """Return the generator of a step, such as a stratum and a position within it."""
        import numpy as np

        name = "|".join([*self._names, *map(str, step)])
        words = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self._seed, words])))


class Scheme(ABC):
    """A scheme: its definition is what chances it gives, and within which stratum.

    Parameters
    ----------
    ratio
        Arm -> its parts, each 1 or more.
    """

    name: ClassVar[str]
    version: ClassVar[str]

    def __init__(self, ratio: Mapping[str, int]) -> None:
        if len(ratio) < 2 or any(part < 1 for part in ratio.values()):
            raise ValueError("a scheme needs two arms or more, each with 1 part or more")
        # In the order of their names: that of a file must not change a draw.
        self.ratio = dict(sorted(ratio.items()))

    def stratum(self, candidate: Candidate) -> str:
        """Return the stratum in which someone is drawn."""
        del candidate
        return EVERYONE

    @abstractmethod
    def chances(self, history: History, candidate: Candidate, stream: Stream) -> dict[str, float]:
        """Return arm -> the chance that it is drawn now, in the order of ``ratio``."""

    def draw(self, history: History, candidate: Candidate, stream: Stream) -> Draw:
        """Draw someone's arm; the same history, candidate and stream give the same arm.

        The history is not changed: enter the draw in it.
        """
        stratum = self.stratum(candidate)
        position = len(history.arms_in(stratum)) + 1
        chances = self.chances(history, candidate, stream)
        arm = _choose(chances, stream.generator(stratum, position).random())
        return Draw(arm, {key: round(p, _PLACES) for key, p in chances.items()}, stratum, position)


def by_ratio(ratio: Mapping[str, int]) -> dict[str, float]:
    """Return arm -> its share."""
    whole = sum(ratio.values())
    return {arm: part / whole for arm, part in ratio.items()}


def _choose(chances: Mapping[str, float], number: float) -> str:
    """Return the arm within whose part of 0..1 a number lies."""
    possible = [arm for arm, chance in chances.items() if chance > 0]
    reached = 0.0
    for arm in possible:
        reached += chances[arm]
        if number < reached:
            return arm
    return possible[-1]  # rounding: the parts add up to just below 1
