"""Find the maximum of a latent class likelihood: many starts, halved, moved and finished.

Random starts run EM together and the worse half is given up three times; the finalists are
finished by Newton's method; where they disagree, the best are bettered by moving one class at
a time. A table of very many patterns is searched on a thinned one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datrial.models.latent_class.em import Starts, advance, halve, moved_classes, search
from datrial.models.latent_class.likelihood import parameters_from
from datrial.models.latent_class.notes import item_notes
from datrial.models.latent_class.patterns import Patterns, thin
from datrial.models.latent_class.polish import BOUND, Polished, polish
from datrial.models.latent_class.result import (
    FEW_AGAIN,
    FOUND_AGAIN,
    LatentClassResult,
    build_result,
    found_again,
)

FloatArray = NDArray[np.float64]

THIN_ABOVE_PATTERNS = 3_000
THINNED_ROWS = 6_000
CARRIED_TO_FULL_TABLE = 4
POLISHED_ON_FULL_TABLE = 2
FULL_TABLE_STEPS = 25
FINISHED_OF_A_DRAW = 3
MOVED_FROM_OF_A_DRAW = 4
MOVED_FROM = 8
FINISHED_OF_A_ROUND = 4
STILL_TO_GAIN = 1.0
ROUNDS_IN_VAIN = 3
ENOUGH_AGAIN = 0.8


def fit_patterns(
    patterns: Patterns, n_classes: int, zero_class: bool, n_starts: int, rng: np.random.Generator
) -> LatentClassResult:
    """Fit the model to collapsed answers with the native engine."""
    table, thinned = patterns, len(patterns.counts) > THIN_ABOVE_PATTERNS
    if thinned:
        table = thin(patterns, THINNED_ROWS, rng)
    solutions = _polish_all(search(table, n_classes, n_starts, zero_class, rng), table, zero_class)
    solutions = _with_moved_classes(solutions, table, zero_class, rng)
    best = solutions[0]
    notes: tuple[str, ...] = item_notes(patterns)
    if thinned:
        best = _carry_to_full_table(solutions, patterns, zero_class)
        notes += (
            f"The starts were compared on {THINNED_ROWS} people drawn from "
            f"{patterns.total:.0f}; the {POLISHED_ON_FULL_TABLE} best solutions were finished "
            "on all of them.",
        )
    if n_starts > 1 and found_again([s.value for s in solutions]) < FEW_AGAIN:
        notes += (
            "The best log-likelihood was found by fewer than one in ten of the finishing "
            "starts; try more starts.",
        )
    if not best.converged:
        notes += ("The maximiser did not meet its tolerance.",)
    return build_result(
        best,
        patterns,
        finished=[s.value for s in solutions],
        engine="native",
        notes=notes,
    )


def highest_log_likelihood(
    patterns: Patterns, n_classes: int, zero_class: bool, n_starts: int, rng: np.random.Generator
) -> float:
    """Return the best log-likelihood found, where nothing else of the fit is wanted.

    Only the best few of the starts are finished, and only to three decimals: several times
    as fast as `fit_patterns`.
    """
    table, thinned = patterns, len(patterns.counts) > THIN_ABOVE_PATTERNS
    if thinned:
        table = thin(patterns, THINNED_ROWS, rng)
    starts = search(table, n_classes, n_starts, zero_class, rng)
    if n_classes - zero_class > 1 and starts.distinct(2).values.size > 1:
        moved = moved_classes(starts.distinct(MOVED_FROM_OF_A_DRAW), table, zero_class, rng)
        starts = starts.joined(halve(moved, table, FINISHED_OF_A_DRAW, zero_class))
    starts = starts.distinct(FINISHED_OF_A_DRAW)
    solutions = _polish_all(starts, table, zero_class, tolerance=1e-4)
    if thinned:
        return _carry_to_full_table(solutions, patterns, zero_class).value
    return solutions[0].value


def _polish_all(
    starts: Starts, table: Patterns, zero_class: bool, *, tolerance: float = 1e-9
) -> list[Polished]:
    """Finish every start with Newton's method, best first."""
    solutions = [
        polish(
            parameters_from(starts.sizes[:, i], starts.probabilities[:, i], zero_class, BOUND - 1),
            table,
            tolerance=tolerance,
        )
        for i in range(starts.values.size)
    ]
    return sorted(solutions, key=lambda s: -s.value)


def _with_moved_classes(
    solutions: list[Polished], table: Patterns, zero_class: bool, rng: np.random.Generator
) -> list[Polished]:
    """Try to better the best solutions by moving one class at a time; add what is better.

    Where nearly all starts ended in one maximum there is nothing to better.
    """
    free = solutions[0].point.logits.shape[0]
    agreed = found_again([s.value for s in solutions]) >= ENOUGH_AGAIN and len(solutions) > 1
    in_vain = ROUNDS_IN_VAIN if free == 1 or agreed else 0
    while in_vain < ROUNDS_IN_VAIN:
        starts = _as_starts(_distinct(solutions)[:MOVED_FROM])
        starts = moved_classes(starts, table, zero_class, rng)
        finalists = halve(starts, table, FINISHED_OF_A_ROUND, zero_class)
        in_vain += 1
        # What EM leaves to gain is little; most rounds end in a maximum that is known.
        near = finalists.best(int((finalists.values > solutions[0].value - STILL_TO_GAIN).sum()))
        reached = _polish_all(near, table, zero_class, tolerance=1e-4)
        if reached and reached[0].value > solutions[0].value + FOUND_AGAIN:
            best = polish(reached[0].point, table)
            solutions, in_vain = [best, *solutions], 0
    return solutions


def _distinct(solutions: list[Polished]) -> list[Polished]:
    """Return the solutions that differ in value, best first."""
    distinct: list[Polished] = []
    for solution in solutions:
        if all(abs(solution.value - other.value) > FOUND_AGAIN for other in distinct):
            distinct.append(solution)
    return distinct


def _as_starts(solutions: list[Polished]) -> Starts:
    return Starts(
        np.column_stack([s.point.sizes for s in solutions]),
        np.stack([s.point.probabilities for s in solutions], axis=1),
        np.array([s.value for s in solutions]),
    )


def _carry_to_full_table(
    solutions: list[Polished], patterns: Patterns, zero_class: bool
) -> Polished:
    """Take the best distinct solutions of a thinned table to the full one."""
    starts = _as_starts(_distinct(solutions)[:CARRIED_TO_FULL_TABLE])
    starts = advance(starts, patterns, FULL_TABLE_STEPS, zero_class)
    return _polish_all(starts.best(POLISHED_ON_FULL_TABLE), patterns, zero_class)[0]
