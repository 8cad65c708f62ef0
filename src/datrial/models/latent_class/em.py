"""EM for many random starts at once, and successive halving of the starts.

Dempster, Laird and Rubin (1977), JRSS B 39, 1-38; Jamieson and Talwalkar (2016) for
successive halving. All starts advance together as matrix products of shape (K*R, P).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datrial.models.latent_class.patterns import Patterns

FloatArray = NDArray[np.float64]

# Steps of EM before each halving; the first ones in single precision, which is enough to
# rank starts and twice as fast.
EARLY_STEPS = (12, 16, 24)
FINAL_STEPS = 40
FEWEST_FINALISTS = 20
EDGE = 1e-6
NEAR = 0.05  # of two log-likelihoods that EM has not quite finished


@dataclass
class Starts:
    """R points of the model: sizes (K, R), item probabilities (K, R, J), values (R,)."""

    sizes: NDArray[Any]
    probabilities: NDArray[Any]
    values: NDArray[Any]

    def best(self, how_many: int) -> Starts:
        """Keep the starts with the highest log-likelihood, best first."""
        order = np.argsort(-self.values, kind="stable")[:how_many]
        return Starts(self.sizes[:, order], self.probabilities[:, order], self.values[order])

    def distinct(self, how_many: int) -> Starts:
        """Keep the best starts that are not near one another in value, best first."""
        kept: list[int] = []
        for i in np.argsort(-self.values, kind="stable"):
            if all(abs(self.values[i] - self.values[j]) > NEAR for j in kept):
                kept.append(int(i))
        chosen = kept[:how_many]
        return Starts(self.sizes[:, chosen], self.probabilities[:, chosen], self.values[chosen])

    def joined(self, other: Starts) -> Starts:
        """Return these starts and others of the same model."""
        return Starts(
            np.concatenate([self.sizes, other.sizes], axis=1),
            np.concatenate([self.probabilities, other.probabilities], axis=1),
            np.concatenate([self.values, other.values]),
        )


def random_starts(
    patterns: Patterns, n_classes: int, n_starts: int, zero_class: bool, rng: np.random.Generator
) -> Starts:
    """Draw starts: item logits around the observed shares, sizes from a Dirichlet(2).

    Random responsibilities, the usual choice, start all classes near the same profile, close
    to a saddle of the likelihood; separated profiles do not.
    """
    yes, no = patterns.counts @ patterns.yes, patterns.counts @ patterns.no
    centre = np.log((yes + 0.5) / (no + 0.5))
    logits = centre + rng.normal(0.0, 1.5, size=(n_classes, n_starts, len(centre)))
    probabilities = 1 / (1 + np.exp(-logits))
    if zero_class:
        probabilities[0] = 0.0
    sizes = rng.dirichlet(np.full(n_classes, 2.0), size=n_starts).T
    return Starts(sizes, probabilities, np.full(n_starts, -np.inf))


def advance(
    starts: Starts, patterns: Patterns, steps: int, zero_class: bool, single: bool = False
) -> Starts:
    """Run a number of EM steps on every start.

    `values` of the result are the log-likelihoods before the last step.
    """
    kind = np.float32 if single else np.float64
    answers = patterns.answers.astype(kind)
    counts = patterns.counts.astype(kind)
    n_classes, n_starts, n_items = starts.probabilities.shape
    total = float(patterns.counts.sum())
    sizes, p = starts.sizes.astype(kind), starts.probabilities.astype(kind)
    values = starts.values
    for _ in range(steps):
        density = _log_joint(sizes, p, answers, zero_class)
        top = density.max(axis=0)
        density -= top
        np.exp(density, out=density)
        mass = density.sum(axis=0)
        values = (np.log(mass) + top) @ counts
        density *= counts / mass
        expected = density.reshape(n_classes * n_starts, -1) @ answers
        sizes = density.sum(axis=2) / total
        yes, no = expected[:, :n_items], expected[:, n_items:]
        answered = yes + no
        new = np.divide(yes, answered, out=p.reshape(-1, n_items).copy(), where=answered > 0)
        p = np.clip(new, EDGE, 1 - EDGE).reshape(p.shape)
        if zero_class:
            p[0] = 0.0
    return Starts(sizes.astype(np.float64), p.astype(np.float64), values.astype(np.float64))


def search(
    patterns: Patterns, n_classes: int, n_starts: int, zero_class: bool, rng: np.random.Generator
) -> Starts:
    """Draw starts, halve them three times, and return the finalists, best first."""
    starts = random_starts(patterns, n_classes, n_starts, zero_class, rng)
    return halve(starts, patterns, min(n_starts, FEWEST_FINALISTS), zero_class)


def halve(starts: Starts, patterns: Patterns, finalists: int, zero_class: bool) -> Starts:
    """Advance starts, giving up the worse half three times, and return the finalists."""
    for steps in EARLY_STEPS:
        starts = advance(starts, patterns, steps, zero_class, single=True)
        starts = starts.best(max(finalists, starts.values.size // 2))
    starts = advance(starts.best(finalists), patterns, FINAL_STEPS, zero_class)
    return starts.best(finalists)


def moved_classes(
    found: Starts, patterns: Patterns, zero_class: bool, rng: np.random.Generator
) -> Starts:
    """Return starts that differ from solutions in one class: it is moved, the rest stays.

    Each free class of each solution is moved once onto another class, which is so split in
    two, and once to a random place. A wrong maximum usually has one class too many in one
    place and one too few in another, which random starts seldom put right when classes are
    many (Ueda, Nakano, Ghahramani and Hinton 2000, Neural Computation 12, 2109-2128).
    """
    n_classes, n_found, n_items = found.probabilities.shape
    free = np.arange(int(zero_class), n_classes)
    copies = 2 * len(free)
    sizes = np.repeat(found.sizes, copies, axis=1)
    # Away from 0 and 1, where EM hardly moves.
    p = np.clip(np.repeat(found.probabilities, copies, axis=1), 0.01, 0.99)
    if zero_class:
        p[0] = 0.0
    at = np.arange(sizes.shape[1])
    moved = np.tile(np.repeat(free, 2), n_found)
    others = n_classes - int(zero_class) - 1
    # Another free class, any but the moved one; with a single free class there is none.
    onto = (
        free[0] + (moved - free[0] + rng.integers(1, others + 1, len(at))) % len(free)
        if others
        else moved
    )
    fresh = random_starts(patterns, n_classes, len(at), zero_class, rng).probabilities
    split = np.clip(p[onto, at] + rng.normal(0.0, 0.15, (len(at), n_items)), 0.02, 0.98)
    splits = at % 2 == 0
    p[moved, at] = np.where(splits[:, None], split, fresh[moved, at])
    half = np.where(splits, sizes[onto, at] / 2, 1 / n_classes)
    sizes[moved, at] = half
    sizes[onto, at] = np.where(splits, half, sizes[onto, at])
    return Starts(sizes / sizes.sum(axis=0), p, np.full(len(at), -np.inf))


def _log_joint(
    sizes: NDArray[Any], p: NDArray[Any], answers: NDArray[Any], zero_class: bool
) -> NDArray[Any]:
    """Return log(size * density of the pattern), shape (K, R, P)."""
    n_classes, n_starts, n_items = p.shape
    tiny = np.finfo(p.dtype).tiny
    logs = np.empty((n_classes, n_starts, 2 * n_items), dtype=p.dtype)
    # A zero class has p = 0: log(tiny) stands for minus infinity.
    np.log(np.maximum(p, tiny), out=logs[:, :, :n_items])
    np.log1p(-p, out=logs[:, :, n_items:])
    if zero_class:
        logs[0, :, :n_items] = -1e5
    joint = (logs.reshape(n_classes * n_starts, -1) @ answers.T).reshape(n_classes, n_starts, -1)
    joint += np.log(np.maximum(sizes, tiny))[:, :, None]
    return np.asarray(joint)
