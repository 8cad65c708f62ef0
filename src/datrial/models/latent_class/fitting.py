"""Latent class analysis of yes/no items with missing answers and an optional zero class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.latent_class.patterns import Patterns, collapse
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.latent_class.search import fit_patterns

FloatArray = NDArray[np.float64]

ENGINES = ("native", "stepmix")


def fit_latent_classes(
    items: pd.DataFrame,
    n_classes: int,
    *,
    zero_class: bool = False,
    weights: ArrayLike | None = None,
    n_starts: int = 200,
    seed: int | np.random.Generator = 0,
    engine: str = "native",
) -> LatentClassResult:
    """Fit a latent class model by maximum likelihood from many random starts.

    Given the class, items are independent; an unanswered item contributes nothing (full
    information maximum likelihood, missing at random). Goodman (1974), Biometrika 61,
    215-231. Mplus: `TYPE = MIXTURE`, the zero class by fixing the thresholds of one class;
    R: `poLCA` (which has no zero class); Stata: `gsem (... <- ), logit lclass(C K)`.

    Parameters
    ----------
    items
        One row per person, one column per item; 1 yes, 0 no, missing not answered.
    n_classes
        Number of classes K, the zero class included.
    zero_class
        Whether the first class answers no to every item with certainty; only its size is
        then estimated. Membership stays probabilistic: a person without a single yes may
        also belong to a class of low needs.
    weights
        Frequency weights (n,): a row of weight w counts as w people. Rescale sampling
        weights to sum to the number of people.
    n_starts
        Random starts; the worse half is given up three times on the way.
    seed
        Seed or generator of the starts. Same seed, same answer.
    engine
        ``native``: EM on response patterns, finished by Newton's method. ``stepmix``: the
        same model by StepMix (Morin et al. 2025, J. Stat. Softw. 113), on raw rows, an
        independent check; much slower, and weights must be whole numbers.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: answers other than 0, 1 and missing, an item nobody answered,
        more classes than response patterns, no answered row.
    """
    _check_request(items, n_classes, zero_class, n_starts, engine)
    patterns = collapse(items, weights)
    _check_identifiable(patterns, n_classes)
    n_classes, n_starts = int(n_classes), int(n_starts)
    rng = generator(seed)
    if engine == "stepmix":
        from datrial.models.latent_class.stepmix import fit_with_stepmix

        return fit_with_stepmix(patterns, n_classes, n_starts, zero_class, rng)
    return fit_patterns(patterns, n_classes, zero_class, n_starts, rng)


def generator(seed: int | np.random.Generator) -> np.random.Generator:
    """Return the random generator of a seed."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ModelUsageError("The seed is a whole number of 0 or more, or a Generator.") from None


def _check_request(
    items: pd.DataFrame, n_classes: int, zero_class: bool, n_starts: int, engine: str
) -> None:
    """Refuse options that make no sense."""
    if engine not in ENGINES:
        raise ModelUsageError(f"The engine of a latent class model is one of {ENGINES}.")
    fewest = 2 if zero_class else 1
    if not _is_whole(n_classes) or n_classes < fewest:
        raise ModelUsageError(
            f"The number of classes must be a whole number of at least {fewest}"
            + (" (the zero class is one of them)." if zero_class else ".")
        )
    if not _is_whole(n_starts) or n_starts < 1:
        raise ModelUsageError("The number of starts must be a whole number of at least 1.")


def _is_whole(number: object) -> bool:
    return isinstance(number, (int, float, np.number)) and float(number).is_integer()


def _check_identifiable(patterns: Patterns, n_classes: int) -> None:
    """Refuse more classes than there are distinct response patterns."""
    if n_classes > len(patterns.counts):
        raise ModelDataError(
            f"{n_classes} classes cannot be told apart from {len(patterns.counts)} distinct "
            "response patterns; ask for fewer classes."
        )
