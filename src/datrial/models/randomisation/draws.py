"""The arms as they might have been: drawn within strata, listed in full, or by a scheme given.

Replays come in batches of shape (people, replays), so that everything after them is one
operation over a batch and never a loop over replays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Generator and number of replays -> arms of everybody, shape (replays, people), 1 for the
#: compared arm and 0 for the reference.
Draw = Callable[[np.random.Generator, int], NDArray[np.integer]]

#: Numbers in one batch, 16 MB: larger ones leave the cache, smaller ones take more steps.
_IN_A_BATCH = 2_000_000
#: Codes asked of a scheme at once: it may take a step for every person, whatever the replays.
_AT_ONCE = 60_000_000


def batch_sizes(n: int, people: int, numbers: int = _IN_A_BATCH) -> Iterator[int]:
    """Split replays into batches of so many numbers."""
    size = max(numbers // max(people, 1), 16)
    for start in range(0, n, size):
        yield min(size, n - start)


def draw_within_strata(
    strata: IntArray, treated: FloatArray, n: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Draw as many of each stratum as were, without replacement and with equal chances.

    By selection sampling: everybody in turn is taken with the chance (places left) / (people
    left), the strata side by side.

    Parameters
    ----------
    strata
        Everybody's stratum, 0..S-1.
    treated
        How many of each stratum are in the compared arm.

    Yields
    ------
    ndarray
        Ones and zeros, shape (people, replays of the batch).
    """
    for batch in batches_within_strata(n, len(strata), rng):
        yield draw_batch(strata, treated, batch.size, batch.rng())


@dataclass(frozen=True)
class Batch:
    """Replays of a stream that are drawn by themselves, here or by another process.

    Attributes
    ----------
    size
        How many.
    start
        The generator, where the batch begins.
    """

    size: int
    start: np.random.Generator

    def rng(self) -> np.random.Generator:
        """Return a generator at the beginning of the batch."""
        return deepcopy(self.start)


def batches_within_strata(n: int, people: int, rng: np.random.Generator) -> list[Batch]:
    """Cut the draws within strata into batches; afterwards `rng` is where the last one ends.

    One uniform number is taken for each person and replay, so that the beginning of every
    batch is known before one is drawn: together they are the same as one long draw.
    """
    batches = []
    for size in batch_sizes(n, people):
        batches.append(Batch(size, deepcopy(rng)))
        _go_on(rng, size * people)
    return batches


def _go_on(rng: np.random.Generator, numbers: int) -> None:
    """Leave out so many uniform numbers of a stream."""
    stream = rng.bit_generator
    if not isinstance(stream, np.random.PCG64 | np.random.PCG64DXSM):
        rng.random(numbers)  # other streams take other steps
        return
    before = stream.state
    stream.advance(numbers)
    # A half-used number stays for whoever asks for a small one next.
    after = stream.state
    after["has_uint32"], after["uinteger"] = before["has_uint32"], before["uinteger"]
    stream.state = after


def draw_batch(
    strata: IntArray, treated: FloatArray, n: int, rng: np.random.Generator
) -> FloatArray:
    """Draw one batch within strata (see `draw_within_strata`)."""
    order = np.argsort(strata, kind="stable")
    sizes = np.bincount(strata, minlength=len(treated))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    largest_first = np.argsort(-sizes, kind="stable")
    drawn = np.empty((len(strata), n))
    left = np.repeat(treated[largest_first][:, None], n, axis=1)
    for position in range(int(sizes.max(initial=0))):
        waiting = int((sizes[largest_first] > position).sum())
        those = largest_first[:waiting]
        people_left = (sizes[those] - position)[:, None]
        taken = rng.random((waiting, n)) * people_left < left[:waiting]
        left[:waiting] -= taken
        drawn[order[starts[those] + position]] = taken
    return drawn


def number_of_allocations(strata: IntArray, treated: FloatArray) -> int:
    """Return how many allocations within strata there are, the sizes of the arms given."""
    sizes = np.bincount(strata, minlength=len(treated)).tolist()
    number = 1
    for size, taken in zip(sizes, treated.tolist(), strict=True):
        number *= comb(size, int(taken))
    return number


def every_allocation(strata: IntArray, treated: FloatArray) -> Iterator[FloatArray]:
    """List every allocation within strata once, in batches as `draw_within_strata`."""
    tables = []
    for stratum, taken in enumerate(treated.tolist()):
        members = np.flatnonzero(strata == stratum)
        table = np.zeros((len(members), comb(len(members), int(taken))))
        for column, chosen in enumerate(combinations(range(len(members)), int(taken))):
            table[list(chosen), column] = 1
        tables.append((members, table))
    done, total = 0, number_of_allocations(strata, treated)
    for size in batch_sizes(total, len(strata)):
        numbers = np.arange(done, done + size)
        drawn = np.zeros((len(strata), size))
        for members, table in tables:
            drawn[members] = table[:, numbers % table.shape[1]]
            numbers = numbers // table.shape[1]
        done += size
        yield drawn


def draw_by_scheme(
    draw: Draw, rows: IntArray, people: int, n: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Draw by the scheme given, and keep the people whose outcome is known.

    Parameters
    ----------
    rows
        Which of all people are kept.
    people
        How many the scheme allocates.

    Raises
    ------
    ModelUsageError
        If it returns another shape, or other codes than 0 and 1.
    """
    for size in batch_sizes(n, people, _AT_ONCE):
        drawn = np.asarray(draw(rng, size))
        if drawn.shape != (size, people):
            raise ModelUsageError(
                f"The scheme's draw must return an array of shape (replays, people), here "
                f"({size}, {people}): one column for every row of the data, in their order."
            )
        if not np.isin(drawn, (0, 1)).all():
            raise ModelUsageError(
                "The scheme's draw must return 1 for the compared arm and 0 for the reference."
            )
        done = 0
        for part in batch_sizes(size, people):
            yield np.ascontiguousarray(drawn[done : done + part, rows].T, dtype=np.float64)
            done += part
