"""Draws of missing levels from one column's logit on the others.

Each draw is proper (Rubin 1987, chapter 4): first the parameters are drawn from their
approximate posterior, then the answers given the parameters. Without the first step the
imputations differ too little, and so do the pooled errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datrial.models.logit.likelihood import LogitLikelihood, level_shares, linear_predictors
from datrial.models.missing.regression import Memory, Regression, normal_noise
from datrial.models.newton import maximise
from datrial.models.ordered_logit.likelihood import OrderedLogitLikelihood, level_probabilities

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Decrement at which Newton's method stops here; one more step is taken after it.
TOLERANCE = 1e-8
#: A fitted log-odds beyond this is perfect prediction: where the data are separated, the ascent
#: goes on until the log-odds pass ln(1 / TOLERANCE) = 18.
PERFECT = 15.0


def draw_levels(
    regression: Regression, n_levels: int, memory: Memory, rng: np.random.Generator
) -> FloatArray:
    """Draw levels from a binary or multinomial logit (mice: `logreg`, `polyreg`)."""

    def fit(rows: Regression) -> _Fit:
        codes = rows.answers.astype(np.int64)
        counts = np.zeros((len(codes), n_levels))
        counts[np.arange(len(codes)), codes] = rows.weights
        likelihood = LogitLikelihood(rows.observed, counts)

        def objective(params: FloatArray) -> tuple[float, FloatArray, FloatArray]:
            at = likelihood.evaluate(params)
            return at.value, at.gradient, -at.information

        top = maximise(objective, _start(memory, likelihood.start()), tolerance=TOLERANCE)
        furthest = float(np.abs(likelihood.predictor(top.point)).max())
        return _Fit(top.point, -top.hessian, top.converged and furthest < PERFECT)

    found = _fit_or_augment(fit, regression, n_levels, memory)
    params = found.point + normal_noise(found.information, rng)
    p = level_shares(linear_predictors(params, regression.missing))[0]
    return _pick(1 - p.sum(axis=1), p, rng)


def draw_ordered_levels(
    regression: Regression, n_levels: int, memory: Memory, rng: np.random.Generator
) -> FloatArray:
    """Draw levels from an ordered logit.

    mice's `polr` keeps the estimates fixed; here they are drawn, the cutpoints as the first and
    the logarithms of the gaps, so that they always increase.
    """
    k = regression.observed.shape[1] - 1

    def fit(rows: Regression) -> _Fit:
        codes, x = rows.answers.astype(np.int64), rows.observed[:, 1:]
        likelihood = OrderedLogitLikelihood(codes, x, rows.weights, n_levels)
        top = maximise(
            likelihood.value_gradient_hessian,
            _start(memory, likelihood.start()),
            tolerance=TOLERANCE,
        )
        eta = x @ top.point[:k]
        distance = top.point[k:, None] - np.array([eta.min(), eta.max()])
        furthest = float(np.abs(distance).max())
        return _Fit(top.point, -top.hessian, top.converged and furthest < PERFECT)

    found = _fit_or_augment(fit, regression, n_levels, memory)
    gaps = np.diff(found.point[k:])
    back = np.eye(len(found.point))  # d params / d (coefficients, first cut, log gaps)
    back[k:, k] = 1.0
    for j, gap in enumerate(gaps, start=1):
        back[k + j :, k + j] = gap
    noise = normal_noise(back.T @ found.information @ back, rng)
    drawn = found.point + noise
    steps = np.log(gaps) + noise[k + 1 :]
    drawn[k:] = drawn[k] + np.concatenate([[0.0], np.cumsum(np.exp(np.clip(steps, -30, 30)))])
    p = level_probabilities(drawn, regression.missing[:, 1:], n_levels)[0]
    return _pick(p[:, 0], p[:, 1:], rng)


def augment(regression: Regression, n_levels: int) -> Regression:
    """Add weighted pseudo-rows that no predictor can separate.

    White, Daniel and Royston (2010), Computational Statistics and Data Analysis 54, 2267-2275:
    for every level and predictor a row half a standard deviation above and one below the mean
    (inside the range seen), the rows together weighing as many rows as there are predictors,
    plus one.
    """
    x = regression.observed[:, 1:]
    k = x.shape[1]
    if not k:
        return regression
    step = np.repeat(np.eye(k), 2 * n_levels, axis=0)
    side = np.tile([0.5, -0.5], k * n_levels)[:, None]
    rows = x.mean(axis=0) + side * step * x.std(axis=0, ddof=1)
    rows = np.clip(rows, x.min(axis=0), x.max(axis=0))
    levels = np.tile(np.repeat(np.arange(n_levels, dtype=float), 2), k)
    weight = np.full(len(rows), (k + 1) / len(rows))
    return Regression(
        np.concatenate([regression.answers, levels]),
        np.vstack([regression.observed, np.column_stack([np.ones(len(rows)), rows])]),
        regression.missing,
        np.concatenate([regression.weights, weight]),
    )


class _Fit(NamedTuple):
    """Estimates, information, and whether neither shows perfect prediction."""

    point: FloatArray
    information: FloatArray
    sound: bool


def _fit_or_augment(
    fit: Callable[[Regression], _Fit], regression: Regression, n_levels: int, memory: Memory
) -> _Fit:
    """Fit, and fit again with pseudo-rows where a predictor predicts perfectly."""
    found = None if memory.augmented else fit(regression)
    if found is None or not found.sound:
        if found is not None:
            memory.augmented, memory.point = True, None
        found = fit(augment(regression, n_levels))
    memory.point = found.point
    return found


def _start(memory: Memory, otherwise: FloatArray) -> FloatArray:
    if memory.point is None or len(memory.point) != len(otherwise):
        return otherwise
    return memory.point


def _pick(first: FloatArray, others: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw a level for each row from the probability of level 0 and those of the others."""
    cumulative = np.column_stack([first, others[:, :-1]]).cumsum(axis=1)
    u = rng.random(len(first))
    return np.asarray((u[:, None] > cumulative).sum(axis=1), dtype=np.float64)
