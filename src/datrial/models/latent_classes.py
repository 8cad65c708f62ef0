"""Latent class analysis of yes/no items with missing answers and an optional zero class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.latent_class_em import Starts, advance, search
from datrial.models.latent_class_likelihood import parameters_from
from datrial.models.latent_class_patterns import Patterns, collapse, thin
from datrial.models.latent_class_polish import BOUND, Polished, polish
from datrial.models.latent_class_result import FOUND_AGAIN, LatentClassResult, build_result

FloatArray = NDArray[np.float64]

ENGINES = ("native", "stepmix")
THIN_ABOVE_PATTERNS = 3_000
THINNED_ROWS = 6_000
CARRIED_TO_FULL_TABLE = 4
POLISHED_ON_FULL_TABLE = 2
FULL_TABLE_STEPS = 25


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
        independent check; much slower, and without weights.

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
        from datrial.models.latent_class_stepmix import fit_with_stepmix

        if weights is not None:
            raise ModelUsageError("engine='stepmix' takes no weights; use engine='native'.")
        return fit_with_stepmix(items, patterns, n_classes, n_starts, zero_class, rng)
    return fit_patterns(patterns, n_classes, zero_class, n_starts, rng)


def fit_patterns(
    patterns: Patterns, n_classes: int, zero_class: bool, n_starts: int, rng: np.random.Generator
) -> LatentClassResult:
    """Fit the model to collapsed answers with the native engine."""
    table, thinned = patterns, len(patterns.counts) > THIN_ABOVE_PATTERNS
    if thinned:
        table = thin(patterns, THINNED_ROWS, rng)
    solutions = _polish_all(search(table, n_classes, n_starts, zero_class, rng), table, zero_class)
    best = solutions[0]
    share = found_again([s.value for s in solutions])
    notes: tuple[str, ...] = _item_notes(patterns)
    if thinned:
        best = _carry_to_full_table(solutions, patterns, zero_class)
        notes += (
            f"The starts were compared on {THINNED_ROWS} people drawn from "
            f"{patterns.total:.0f}; the {POLISHED_ON_FULL_TABLE} best solutions were finished "
            "on all of them.",
        )
    if n_starts > 1 and share < 0.1:
        notes += (
            "The best log-likelihood was found by fewer than one in ten of the finishing "
            "starts; try more starts.",
        )
    if not best.converged:
        notes += ("The maximiser did not meet its tolerance.",)
    return build_result(
        best,
        patterns,
        best_start_share=share,
        converged=best.converged,
        engine="native",
        notes=notes,
    )


def generator(seed: int | np.random.Generator) -> np.random.Generator:
    """Return the random generator of a seed."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ModelUsageError("The seed is a whole number of 0 or more, or a Generator.") from None


def found_again(values: list[float]) -> float:
    """Return the share of log-likelihoods within 0.001 of the best."""
    return float(np.mean(np.array(values) > max(values) - FOUND_AGAIN))


def _polish_all(starts: Starts, table: Patterns, zero_class: bool) -> list[Polished]:
    """Finish every start with Newton's method, best first."""
    solutions = [
        polish(
            parameters_from(starts.sizes[:, i], starts.probabilities[:, i], zero_class, BOUND - 1),
            table,
        )
        for i in range(starts.values.size)
    ]
    return sorted(solutions, key=lambda s: -s.value)


def _carry_to_full_table(
    solutions: list[Polished], patterns: Patterns, zero_class: bool
) -> Polished:
    """Take the best distinct solutions of a thinned table to the full one."""
    distinct: list[Polished] = []
    for solution in solutions:
        if all(abs(solution.value - other.value) > FOUND_AGAIN for other in distinct):
            distinct.append(solution)
    distinct = distinct[:CARRIED_TO_FULL_TABLE]
    starts = Starts(
        np.column_stack([s.point.sizes for s in distinct]),
        np.stack([s.point.probabilities for s in distinct], axis=1),
        np.array([s.value for s in distinct]),
    )
    starts = advance(starts, patterns, FULL_TABLE_STEPS, zero_class)
    return _polish_all(starts.best(POLISHED_ON_FULL_TABLE), patterns, zero_class)[0]


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


def _item_notes(patterns: Patterns) -> tuple[str, ...]:
    """Say which items everybody answered alike."""
    yes, no = patterns.counts @ patterns.yes, patterns.counts @ patterns.no
    same = [str(c) for c, y, n in zip(patterns.columns, yes, no, strict=True) if y == 0 or n == 0]
    if not same:
        return ()
    return (f"Constant: everybody who answered {', '.join(map(repr, same))} gave one answer.",)
