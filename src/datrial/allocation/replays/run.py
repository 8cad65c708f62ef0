"""Replay a scheme many times over the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datrial.allocation.replays.people import ToAllocate
from datrial.allocation.replays.schemes import Replays, replays_of
from datrial.allocation.replays.summary import Simulation, group_size, imbalance, spread
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.config.study import Study

Array = NDArray[Any]
_TIE = 1e-9


def simulate(
    study: Study, people: ToAllocate, *, replays: int = 10_000, seed: int | None = None
) -> Simulation:
    """Replay the study's scheme over people, in their order, and tell how it behaves.

    Nothing is allocated and the ledger is not read. The draws are not those of the
    study: they come from a stream of their own.

    Parameters
    ----------
    people
        See :func:`datrial.allocation.replays.people.people_heard`.
    seed
        Of the replays; by default the study file's.

    Raises
    ------
    UsageError
        If the study imports its list, there is nobody to draw, or too few replays.

    References
    ----------
    Blackwell and Hodges (1957), Annals of Mathematical Statistics 28(2), 449-460.
    """
    if study.randomisation.method == "imported":
        raise UsageError(
            f"Study {study.study} imports the list of whoever randomised: how they drew is not "
            "ours to replay. Choose a study whose allocation: method is a scheme."
        )
    if replays < 2 or not people.levels:
        raise UsageError("A simulation needs 2 replays or more, of 1 person or more.")
    number = study.seed if seed is None else seed
    rng = np.random.Generator(np.random.PCG64([number, replays, len(people.levels)]))
    scheme = replays_of(study, people, replays)
    drawn, right, likeliest = _play(scheme, people, replays, rng)
    sizes = _sizes(drawn, len(scheme.arms))
    return Simulation(
        study=study.study,
        scheme=study.randomisation.method,
        replays=replays,
        people=len(people.levels),
        overall=imbalance(sizes, scheme.shares),
        by_level=_by_level(drawn, people, scheme),
        guessed=right,
        guessed_knowing_all=likeliest,
        guessed_by_ratio=float(sizes[:, int(scheme.shares.argmax())].mean() / len(people.levels)),
        group_sizes={
            arm: group_size(sizes[:, i], float(scheme.shares[i] * len(people.levels)))
            for i, arm in enumerate(scheme.arms)
        },
        differences=tuple(spread(sizes, scheme.shares).tolist()),
    )


def _play(
    scheme: Replays, people: ToAllocate, replays: int, rng: np.random.Generator
) -> tuple[Array, float, float]:
    """Return the arm of everyone in every replay, and the shares guessed rightly."""
    every = np.arange(replays)
    drawn = np.empty((len(people.levels), replays), dtype=np.int8)
    so_far: dict[str, Array] = {}
    right = likeliest = 0.0
    for person in range(len(people.levels)):
        chances = scheme.chances(person, rng)
        ends = chances.cumsum(axis=1)[:, :-1]
        arms = (rng.random(replays)[:, None] >= ends).sum(axis=1)
        counts = so_far.setdefault(scheme.stratum(person), np.zeros((replays, len(scheme.arms))))
        right += float(_guess(counts, scheme.shares)[every, arms].mean())
        likeliest += float(chances.max(axis=1).mean())
        counts[every, arms] += 1
        scheme.enter(person, arms)
        drawn[person] = arms
    return drawn, right / len(drawn), likeliest / len(drawn)


def _guess(counts: Array, shares: Array) -> Array:
    """Return with what chance each arm is named by the convergence strategy."""
    possible = np.where(shares > 0, counts / np.where(shares > 0, shares, 1), np.inf)
    behind = possible <= possible.min(axis=1, keepdims=True) + _TIE
    largest = np.where(behind, shares, 0).max(axis=1, keepdims=True)
    named = behind & (shares >= largest - _TIE)
    chances: Array = named / named.sum(axis=1, keepdims=True)
    return chances


def _sizes(drawn: Array, arms: int) -> Array:
    """Return the size of every arm (replays x arms) among people (people x replays)."""
    return np.stack([(drawn == arm).sum(axis=0) for arm in range(arms)], axis=1)


def _by_level(drawn: Array, people: ToAllocate, scheme: Replays) -> dict[tuple[str, str], Any]:
    having: dict[tuple[str, str], list[int]] = {}
    for person, levels in enumerate(people.levels):
        for level in levels.items():
            having.setdefault(level, []).append(person)
    return {
        level: imbalance(_sizes(drawn[those], len(scheme.arms)), scheme.shares)
        for level, those in sorted(having.items())
    }
