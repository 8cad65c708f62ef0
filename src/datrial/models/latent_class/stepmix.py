"""The same latent class model fitted by StepMix, as an independent check of the native engine.

StepMix (Morin et al. 2025, Journal of Statistical Software 113) is fed raw rows. Only its
estimates are taken: its information criteria and entropy are not used, because its
sample-size adjusted criterion is not Sclove's and its `converged_` speaks of any start.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelUsageError
from datrial.models.latent_class.likelihood import derivatives, parameters_from
from datrial.models.latent_class.patterns import Patterns
from datrial.models.latent_class.polish import BOUNDARY, Polished
from datrial.models.latent_class.result import LatentClassResult, build_result

FloatArray = NDArray[np.float64]

MOST_STEPS = 20_000
TOLERANCE = 1e-11  # of the mean log-likelihood per person, between two EM steps
SETTLED = 1e-3  # of the score, per person and parameter, at StepMix's answer


def fit_with_stepmix(
    patterns: Patterns,
    n_classes: int,
    n_starts: int,
    zero_class: bool,
    rng: np.random.Generator,
) -> LatentClassResult:
    """Fit with StepMix from `n_starts` random starts and describe its answer in our terms.

    StepMix is given one row for each person: its own handling of weights is not used.
    """
    rows = _rows(patterns)
    model = _model(n_classes, n_starts, zero_class, int(rng.integers(2**31 - 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said in the notes, with the values that matter
        model.fit(rows)
    best = _as_solution(model, patterns, zero_class)
    values = [float(value) * len(rows) for value in model.lower_bound_buffer_]
    notes: tuple[str, ...] = ()
    if not best.converged:
        notes = ("StepMix stopped before its answer had settled.",)
    return build_result(
        best,
        patterns,
        finished=values,
        engine="stepmix",
        notes=notes,
    )


def _rows(patterns: Patterns) -> FloatArray:
    """Return people x items of 1, 0 and NaN, one row for each person."""
    if (patterns.counts % 1 != 0).any():
        raise ModelUsageError(
            "engine='stepmix' takes one row for each person, so the weights must be whole "
            "numbers; use engine='native' for others."
        )
    answers = np.where(patterns.yes + patterns.no > 0, patterns.yes, np.nan)
    return np.repeat(answers, patterns.counts.astype(np.int64), axis=0)


def _model(n_classes: int, n_starts: int, zero_class: bool, seed: int) -> Any:
    """Return an unfitted StepMix model, its first class fixed when there is a zero class."""
    from stepmix.stepmix import StepMix

    model = StepMix(
        n_components=n_classes,
        measurement="binary_nan",
        n_init=n_starts,
        random_state=seed,
        max_iter=MOST_STEPS,
        abs_tol=TOLERANCE,
        rel_tol=0.0,
        progress_bar=0,
    )
    if zero_class:
        # StepMix keeps a measurement model that is already there.
        model._mm = _zero_class_measurement(n_classes, seed)
    return model


def _zero_class_measurement(n_classes: int, seed: int) -> Any:
    """Return StepMix's yes/no measurement with the first class's probabilities held at 0."""
    from stepmix.emission.categorical import BernoulliNan

    class ZeroClassBernoulliNan(BernoulliNan):  # type: ignore[misc]
        """Yes/no items with missing answers; class 0 never says yes."""

        def m_step(self, X: Any, resp: Any) -> None:
            super().m_step(X, resp)
            self.parameters["pis"][0] = 0.0

        @property
        def n_parameters(self) -> int:
            free_classes, n_items = self.parameters["pis"][1:].shape
            return int(free_classes * n_items)

    return ZeroClassBernoulliNan(n_components=n_classes, random_state=seed)


def _as_solution(model: Any, patterns: Patterns, zero_class: bool) -> Polished:
    """Evaluate our likelihood and its derivatives at StepMix's estimates."""
    estimates = model.get_parameters()
    sizes = np.asarray(estimates["weights"], dtype=np.float64)
    p = np.asarray(estimates["measurement"]["pis"], dtype=np.float64)
    point = parameters_from(sizes, p, zero_class, BOUNDARY)
    near_edge = np.abs(point.logits) > BOUNDARY / 2
    point = replace(
        point, logits=np.where(near_edge, np.sign(point.logits) * BOUNDARY, point.logits)
    )
    reference = int(np.argmax(point.log_sizes))
    value, gradient, hessian = derivatives(point, patterns, reference)
    held = np.zeros(len(gradient), dtype=bool)
    held[n_sizes(point.log_sizes) :] = near_edge.ravel()
    settled = bool(np.abs(gradient[~held]).max(initial=0.0) < SETTLED * patterns.total)
    return Polished(point, value, gradient, hessian, held, reference, settled)


def n_sizes(log_sizes: FloatArray) -> int:
    """Return the number of free class sizes."""
    return len(log_sizes) - 1
