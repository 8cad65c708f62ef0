"""Resample people and repeat all three steps, from the latent class model on.

The errors of a third step alone take the classes as known exactly and are too small (Bakk,
Oberski and Vermunt 2014, Political Analysis 22, 520-540). Here each draw takes people (or
clusters of rows) with replacement, fits the latent class model again, and assigns everybody
again. The fit starts at the estimates, and at some points near them, so that it stays with
the same classes; they are matched to the original ones by their profiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.latent_class.classification import Classification, classify
from datrial.models.latent_class.em import Starts, advance
from datrial.models.latent_class.fitting import generator
from datrial.models.latent_class.likelihood import ClassParameters, parameters_from, posterior
from datrial.models.latent_class.patterns import Patterns
from datrial.models.latent_class.polish import BOUND, polish
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.replicates import map_replicates
from datrial.models.sandwich import total_by
from datrial.models.three_steps.classification import FitRows, rows_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STARTS = 4
STEPS = 30
NEAR = 0.5  # standard deviation of the other starts about the estimates, in logits
EDGE = 5.0  # and how far out a start may lie: a logit of 36 would never come back
TOLERANCE = 1e-4  # of the log-likelihood: a hundredth of a standard error


@dataclass(frozen=True)
class ClassResamples:
    """Draws of people with the latent class model fitted again on each.

    Give it as `bootstrap` to several third steps of the same fit, which then share it.

    Attributes
    ----------
    fit
        The latent class model that was resampled.
    classifications
        The assignment of the original patterns under each draw's model, matched to the
        original classes.
    not_converged
        Draws whose model did not meet its tolerance.
    """

    fit: LatentClassResult = field(repr=False)
    classifications: tuple[Classification, ...] = field(repr=False)
    not_converged: int
    seed: int
    rows: FitRows = field(repr=False)

    def __len__(self) -> int:
        """Return the number of draws."""
        return len(self.classifications)

    def weights(self, draw: int) -> FloatArray:
        """Return how often each row of the fit is in a draw, shape (n,)."""
        return _draw_weights(self.rows, np.random.default_rng([self.seed, draw]))

    def repeat(
        self, third_step: Callable[[FloatArray, Classification], FloatArray], size: int
    ) -> tuple[FloatArray, int]:
        """Apply a third step to every draw.

        Returns
        -------
        tuple
            The estimates, shape (draws, size), NaN where a draw has none; and how many
            draws could not be estimated at all.
        """
        found = map_replicates(
            _one_third_step,
            list(enumerate(self.classifications)),
            shared=(third_step, self.rows, self.seed),
            label="third steps on drawn people",
        )
        estimates = np.full((len(self), size), np.nan)
        for draw, estimate in enumerate(found):
            if estimate is not None:
                estimates[draw] = estimate
        return estimates, sum(estimate is None for estimate in found)


def resample_classes(
    fit: LatentClassResult,
    draws: int = 200,
    *,
    cluster: ArrayLike | None = None,
    seed: int | np.random.Generator = 0,
) -> ClassResamples:
    """Draw people with replacement and fit the latent class model again, `draws` times.

    Parameters
    ----------
    fit
        From `fit_latent_classes`, by either engine; refits are native.
    draws
        Number of draws, at least 2.
    cluster
        Whose rows belong together, one value per row of the items: whole clusters are drawn.
    seed
        Seed or generator; every draw has a stream of its own.
    """
    if isinstance(draws, bool) or int(draws) != draws or draws < 2:
        raise ModelUsageError("The number of bootstrap draws must be a whole number of 2 or more.")
    rows = rows_of(fit, cluster)
    base = int(generator(seed).integers(2**62))
    model = fit.without_people()
    model = replace(model, patterns=replace(model.patterns, of_row=rows.pattern))
    drawn = map_replicates(
        _one_resample,
        [(base, draw) for draw in range(int(draws))],
        shared=(model, rows),
        label="refits of the latent class model on drawn people",
    )
    classifications = tuple(classification for classification, _ in drawn)
    not_converged = sum(not converged for _, converged in drawn)
    return ClassResamples(fit, classifications, not_converged, base, rows)


def interpret(
    fit: LatentClassResult,
    bootstrap: int | ClassResamples,
    cluster: ArrayLike | None,
    seed: int | np.random.Generator,
) -> ClassResamples | None:
    """Return the resamples that a third step was asked for, if any."""
    if isinstance(bootstrap, ClassResamples):
        if bootstrap.fit is not fit:
            raise ModelUsageError("The resamples belong to another latent class model.")
        if (cluster is None) != (bootstrap.rows.cluster is None):
            raise ModelUsageError("Resample with the same clusters as the third step has.")
        return bootstrap
    if bootstrap == 0:
        return None
    return resample_classes(fit, bootstrap, cluster=cluster, seed=seed)


def resampling_note(resamples: ClassResamples, failed: int) -> tuple[str, ...]:
    """Say what went wrong in how many draws."""
    notes = []
    if failed:
        notes.append(f"{failed} of {len(resamples)} bootstrap draws could not be estimated.")
    if resamples.not_converged:
        notes.append(
            f"The latent class model did not converge in {resamples.not_converged} of "
            f"{len(resamples)} bootstrap draws; they are kept."
        )
    return tuple(notes)


def bootstrap_note(resamples: ClassResamples, failed: int) -> str:
    """Say which covariance this is."""
    clusters = resamples.rows.n_clusters
    drawn = "people" if clusters is None else f"{clusters} clusters"
    return (
        f"Bootstrap of all three steps, {len(resamples) - failed} draws of {drawn}; the latent "
        "class model was fitted again on each."
    )


def draw_covariance(estimates: FloatArray) -> FloatArray:
    """Return the covariance over the draws that have every estimate that any has."""
    known = np.isfinite(estimates).any(axis=0)
    whole = np.isfinite(estimates[:, known]).all(axis=1)
    covariance = np.full((estimates.shape[1],) * 2, np.nan)
    if whole.sum() > 1:
        covariance[np.ix_(known, known)] = np.cov(estimates[whole][:, known], rowvar=False)
    return covariance


def _one_resample(
    shared: tuple[LatentClassResult, FitRows], seed: tuple[int, int]
) -> tuple[Classification, bool]:
    """Draw people, fit the model again, and assign everybody by it."""
    fit, rows = shared
    rng = np.random.default_rng(seed)
    weights = _draw_weights(rows, rng)
    point, converged = _refit(fit, weights, rng)
    return _classify_again(fit, point, weights), converged


def _one_third_step(
    shared: tuple[Callable[[FloatArray, Classification], FloatArray], FitRows, int],
    item: tuple[int, Classification],
) -> FloatArray | None:
    """Apply a third step to one draw; None where it has no estimate."""
    third_step, rows, seed = shared
    draw, classification = item
    try:
        return third_step(_draw_weights(rows, np.random.default_rng([seed, draw])), classification)
    except (ModelDataError, np.linalg.LinAlgError):
        return None


def _draw_weights(rows: FitRows, rng: np.random.Generator) -> FloatArray:
    """Return how often each row is drawn: people singly, or clusters with all their rows."""
    if rows.cluster is None or rows.n_clusters is None:
        people = round(float(rows.weights.sum()))
        return rng.multinomial(people, rows.weights / rows.weights.sum()).astype(np.float64)
    times = np.bincount(
        rng.integers(rows.n_clusters, size=rows.n_clusters), minlength=rows.n_clusters
    )
    return np.asarray(rows.weights * times[rows.cluster])


def _refit(
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


def _classify_again(
    fit: LatentClassResult, point: ClassParameters, weights: FloatArray
) -> Classification:
    """Assign the original patterns under a draw's model; errors as weighted in the draw."""
    counts = _drawn_counts(fit.patterns, weights)
    return classify(posterior(point, fit.patterns)[0], counts)


def _drawn_counts(patterns: Patterns, weights: FloatArray) -> FloatArray:
    """Return how many people of a draw have each of the original patterns."""
    fitted = patterns.of_row >= 0
    return total_by(patterns.of_row[fitted], len(patterns.counts), weights[fitted])
