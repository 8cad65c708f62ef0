"""Resample people and repeat all three steps, from the latent class model on.

The errors of a third step alone take the classes as known exactly and are too small (Bakk,
Oberski and Vermunt 2014, Political Analysis 22, 520-540). Here each draw takes people (or
clusters of rows) with replacement, fits the latent class model again, and assigns everybody
again. How one draw is fitted: :mod:`datrial.models.three_steps.refits`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datrial.models.errors import ModelDataError, ModelUsageError
from datrial.models.latent_class.classification import Classification
from datrial.models.latent_class.fitting import generator
from datrial.models.latent_class.result import LatentClassResult
from datrial.models.replicates import map_replicates
from datrial.models.three_steps.classification import FitRows, rows_of
from datrial.models.three_steps.refits import classify_again, draw_weights, refit

FloatArray = NDArray[np.float64]


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
        return draw_weights(self.rows, np.random.default_rng([self.seed, draw]))

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
    weights = draw_weights(rows, rng)
    point, converged = refit(fit, weights, rng)
    return classify_again(fit, point, weights), converged


def _one_third_step(
    shared: tuple[Callable[[FloatArray, Classification], FloatArray], FitRows, int],
    item: tuple[int, Classification],
) -> FloatArray | None:
    """Apply a third step to one draw; None where it has no estimate."""
    third_step, rows, seed = shared
    draw, classification = item
    try:
        return third_step(draw_weights(rows, np.random.default_rng([seed, draw])), classification)
    except (ModelDataError, np.linalg.LinAlgError):
        return None
