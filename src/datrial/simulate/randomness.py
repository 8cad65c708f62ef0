"""Generators derived from the seed and a step's name, and draws that meet a quota."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def generator(seed: int, *step: str) -> np.random.Generator:
    """Return the generator of one step; other steps do not move it."""
    digest = hashlib.sha256("|".join(step).encode()).digest()
    return np.random.Generator(np.random.PCG64([seed, int.from_bytes(digest[:16], "big")]))


def is_blank(cells: Array) -> Array:
    """Return which cells are empty (None)."""
    return np.array([cell is None for cell in cells.ravel()], dtype=bool).reshape(cells.shape)


def pick(rng: np.random.Generator, weights: Array, size: int) -> Array:
    """Return positions drawn without replacement, more likely the larger the weight.

    Positions with weight 0 are never drawn: fewer than ``size`` come back if
    there are not enough others.
    """
    keys = np.full(len(weights), np.inf)
    usable = weights > 0
    keys[usable] = rng.exponential(size=int(usable.sum())) / weights[usable]
    return np.argsort(keys, kind="stable")[: min(size, int(usable.sum()))]


def counts_of(shares: Sequence[float], total: int) -> Array:
    """Return whole numbers near ``shares`` of ``total`` that add up to it (largest remainders)."""
    exact = np.asarray(shares, dtype=float) / sum(shares) * total
    counts = np.floor(exact).astype(int)
    short = total - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return counts


def assign(
    rng: np.random.Generator, counts: Mapping[Any, int], score: Array | None = None
) -> Array:
    """Return codes, each exactly as often as ``counts`` says, in random order.

    With a score the first codes go to those with the lowest score.
    """
    labels = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
    order = rng.permutation(len(labels)) if score is None else np.argsort(score, kind="stable")
    result = np.empty(len(labels), dtype=object)
    result[order] = labels
    return result


def balanced_uniforms(
    rng: np.random.Generator, like: Array, score: Array, block: int = 20
) -> Array:
    """Return uniform numbers that are evenly spread among people who are alike.

    Each is uniform on (0, 1); within every ``block`` of people next to each
    other in ``like`` they are stratified, so that shares vary less from seed to
    seed than with independent draws. Within a block they are in the order of
    ``score``, which must be independent of ``like`` and alike in distribution.
    """
    n = len(like)
    result = np.empty(n)
    order = np.argsort(like, kind="stable")
    for start in range(0, n, block):
        members = order[start : start + block]
        size = len(members)
        rank = np.argsort(np.argsort(score[members], kind="stable"))
        result[members] = (rank + rng.random(size)) / size
    return result


def spread(rng: np.random.Generator, total: int, weights: Array, room: Array) -> Array:
    """Share out ``total`` by weight, nobody getting more than their ``room``."""
    given = np.zeros(len(weights), dtype=int)
    left = min(total, int(room.sum()))
    while left > 0:
        open_to = np.where(given < room, weights, 0.0)
        more = rng.multinomial(left, open_to / open_to.sum())
        more = np.minimum(more, room - given)
        given += more
        left -= int(more.sum())
    return given


def choose(rng: np.random.Generator, shares: Mapping[str, float], n: int) -> Array:
    """Return ``n`` codes, each with the probability of its share."""
    weights = np.array(list(shares.values()), dtype=float)
    codes = np.array(list(shares), dtype=object)
    return codes[rng.choice(len(codes), size=n, p=weights / weights.sum())]
