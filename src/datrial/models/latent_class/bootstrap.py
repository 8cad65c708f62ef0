"""The bootstrap likelihood-ratio test of one number of latent classes against a larger one.

McLachlan (1987), Journal of the Royal Statistical Society C 36, 318-324; Nylund, Asparouhov
and Muthen (2007), Structural Equation Modeling 14, 535-569. The ratio has no chi-square
distribution, because the smaller model lies on the boundary of the larger; its distribution
is drawn from the smaller model instead. Mplus: `TECH14`; Latent GOLD: `bootstrap -2LL diff`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.latent_class.fitting import generator
from datrial.models.latent_class.patterns import NO, UNANSWERED, YES, Patterns, collapse_people
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.latent_class.search import highest_log_likelihood
from datrial.models.replicates import map_replicates

FloatArray = NDArray[np.float64]

#: Random starts of both models on each draw. With 20 the larger model is too often left at a
#: local optimum, the null distribution is too low, and true models are rejected.
STARTS_OF_A_DRAW = 60


@dataclass(frozen=True)
class BootstrapTest:
    """A bootstrap likelihood-ratio test.

    Attributes
    ----------
    statistic
        Twice the difference of the log-likelihoods, observed.
    p_value
        (b + 1) / (B + 1), b of the B draws being at least as large as the statistic.
    draws
        The statistics of the draws, shape (B,).
    """

    statistic: float
    p_value: float
    draws: FloatArray = field(repr=False)


def bootstrap_likelihood_ratio(
    smaller: LatentClassResult,
    larger: LatentClassResult,
    *,
    draws: int = 99,
    n_starts: int = STARTS_OF_A_DRAW,
    seed: int | np.random.Generator = 0,
) -> BootstrapTest:
    """Test a model against one with more classes, by draws from the smaller model.

    Each draw has as many people as were fitted, and each of them leaves unanswered what one
    of the real people left unanswered. Both models are fitted to it from random starts.

    Parameters
    ----------
    smaller, larger
        Two fits of the same items and people, both with a zero class or both without.
    draws
        Number of draws B; the smallest p-value that can come out is 1 / (B + 1).
    n_starts
        Random starts of each model on each draw.
    seed
        Seed or generator; every draw has a random stream of its own.

    Raises
    ------
    ModelUsageError
        Fits that are not nested or not of the same people; fewer than one draw or start.
    """
    _check(smaller, larger, draws, n_starts)
    base = int(generator(seed).integers(2**63))
    statistic = _ratio(smaller.llf, larger.llf)
    drawn = np.array(
        map_replicates(
            _one_draw,
            [(base, b) for b in range(int(draws))],
            shared=(smaller.without_people(), len(larger.class_sizes), n_starts),
            label="draws of the bootstrap likelihood-ratio test",
        )
    )
    as_large = int((drawn >= statistic).sum())
    return BootstrapTest(statistic, (as_large + 1) / (len(drawn) + 1), drawn)


def _check(smaller: LatentClassResult, larger: LatentClassResult, draws: int, starts: int) -> None:
    if smaller.zero_class != larger.zero_class:
        raise ModelUsageError("Compare two fits with a zero class, or two without.")
    if len(smaller.class_sizes) >= len(larger.class_sizes):
        raise ModelUsageError("The larger fit must have more classes than the smaller.")
    one, two = smaller.patterns, larger.patterns
    if not one.columns.equals(two.columns) or not np.array_equal(one.counts, two.counts):
        raise ModelUsageError("The two fits must be of the same items and the same people.")
    if int(draws) < 1 or int(starts) < 1:
        raise ModelUsageError("The bootstrap needs at least 1 draw and 1 start.")


def _one_draw(shared: tuple[LatentClassResult, int, int], seed: tuple[int, int]) -> float:
    """Draw a data set from the smaller model and return the statistic of it."""
    null, n_classes, n_starts = shared
    rng = np.random.default_rng(seed)
    table = simulate_patterns(null, rng)
    zero, fewer = null.zero_class, len(null.class_sizes)
    return _ratio(
        highest_log_likelihood(table, fewer, zero, n_starts, rng),
        highest_log_likelihood(table, n_classes, zero, n_starts, rng),
    )


def _ratio(smaller: float, larger: float) -> float:
    # The larger model holds the smaller one (two classes alike), so that it is never worse.
    return max(0.0, 2 * (larger - smaller))


def simulate_patterns(fit: LatentClassResult, rng: np.random.Generator) -> Patterns:
    """Draw as many people as were fitted, with the missing answers of the real ones."""
    patterns = fit.patterns
    answered = patterns.yes + patterns.no > 0
    counts = patterns.counts
    if (counts % 1 != 0).any():  # weights that are no whole people: draw who is there
        people = max(1, round(patterns.total))
        counts = rng.multinomial(people, counts / counts.sum()).astype(np.float64)
    asked = np.repeat(answered, counts.astype(np.int64), axis=0)
    sizes = fit.class_sizes.to_numpy(dtype=np.float64)
    of_class = rng.choice(len(sizes), size=len(asked), p=sizes / sizes.sum())
    chance = fit.item_probabilities.to_numpy(dtype=np.float64)[of_class]
    says_yes = rng.random(chance.shape) < chance
    drawn = np.where(asked, np.where(says_yes, YES, NO), UNANSWERED).astype(np.int8)
    return collapse_people(drawn, patterns)
