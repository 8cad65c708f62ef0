"""One draw of people: the latent class model fitted again, and everybody assigned by it.

The fit starts at the estimates, and at some points near them, so that it stays with the same
classes; they are matched to the original ones by their profiles.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datrial.models.latent_class.classification import Classification, classify
from datrial.models.latent_class.em import Starts, advance
from datrial.models.latent_class.likelihood import ClassParameters, parameters_from, posterior
from datrial.models.latent_class.patterns import Patterns
from datrial.models.latent_class.polish import BOUND, polish
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.sandwich import total_by
from datrial.models.three_steps.classification import FitRows

FloatArray = NDArray[np.float64]

STARTS = 4
STEPS = 30
NEAR = 0.5  # standard deviation of the other starts about the estimates, in logits
EDGE = 5.0  # and how far out a start may lie: a logit of 36 would never come back
TOLERANCE = 1e-4  # of the log-likelihood: a hundredth of a standard error


def draw_weights(rows: FitRows, rng: np.random.Generator) -> FloatArray:
    """Return how often each row is drawn: people singly, or clusters with all their rows."""
    if rows.cluster is None or rows.n_clusters is None:
        people = round(float(rows.weights.sum()))
        return rng.multinomial(people, rows.weights / rows.weights.sum()).astype(np.float64)
    times = np.bincount(
        rng.integers(rows.n_clusters, size=rows.n_clusters), minlength=rows.n_clusters
    )
    return np.asarray(rows.weights * times[rows.cluster])


def refit(
    fit: LatentClassResult, weights: FloatArray, rng: np.random.Generator
) -> tuple[ClassParameters, bool]:
    """Fit the latent class model to a draw, starting at and near the estimates."""
    patterns = _drawn(fit.patterns, weights)
    starts = _starts(fit, rng)
    best = advance(starts, patterns, STEPS, fit.zero_class).best(1)
    point = parameters_from(best.sizes[:, 0], best.probabilities[:, 0], fit.zero_class, BOUND - 1)
    reached = polish(point, patterns, tolerance=TOLERANCE)
    return _matched(reached.point, fit), reached.converged


def _drawn(patterns: Patterns, weights: FloatArray) -> Patterns:
    """Return the patterns that a draw holds."""
    counts = _drawn_counts(patterns, weights)
    kept = counts > 0
    return replace(
        patterns,
        yes=patterns.yes[kept],
        no=patterns.no[kept],
        counts=counts[kept],
        of_row=patterns.of_row[:0],
        index=patterns.index[:0],
        row_weights=None,
    )


def _starts(fit: LatentClassResult, rng: np.random.Generator) -> Starts:
    """Return the estimates as a start, pulled in from the edges, and starts near them."""
    sizes = fit.class_sizes.to_numpy(dtype=np.float64)
    p = fit.item_probabilities.to_numpy(dtype=np.float64)
    point = parameters_from(sizes, p, fit.zero_class, EDGE)
    shifts = rng.normal(0.0, NEAR, size=(STARTS, *point.logits.shape))
    shifts[0] = 0.0
    probabilities = np.stack(
        [replace(point, logits=point.logits + shift).probabilities for shift in shifts], axis=1
    )
    return Starts(
        np.repeat(point.sizes[:, None], STARTS, axis=1), probabilities, np.full(STARTS, -np.inf)
    )


def _matched(point: ClassParameters, fit: LatentClassResult) -> ClassParameters:
    """Order a draw's classes like the original ones: the assignment of least distance."""
    from scipy.optimize import linear_sum_assignment

    first = int(fit.zero_class)
    original = fit.item_probabilities.to_numpy(dtype=np.float64)[first:]
    drawn = point.probabilities[first:]
    distance = ((original[:, None, :] - drawn[None, :, :]) ** 2).sum(axis=2)
    order = linear_sum_assignment(distance)[1]
    whole = np.concatenate([np.arange(first), first + order])
    return ClassParameters(point.log_sizes[whole], point.logits[order], point.zero_class)


def classify_again(
    fit: LatentClassResult, point: ClassParameters, weights: FloatArray
) -> Classification:
    """Assign the original patterns under a draw's model; errors as weighted in the draw."""
    counts = _drawn_counts(fit.patterns, weights)
    return classify(posterior(point, fit.patterns)[0], counts)


def _drawn_counts(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Return how many people of a draw have each of the original patterns."""
    fitted = patterns.of_row >= 0
    return total_by(patterns.of_row[fitted], len(patterns.counts), weights[fitted])
