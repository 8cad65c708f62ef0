"""A group's share of the likelihood of a count model with a shared random effect.

A group's counts depend on its random effect only through their total Y and expected total L.
Each kernel returns, per group, the logarithm of the integral over the effect of
exp(Y u) exp(-L e^u) and its derivatives; the rest of the Poisson likelihood is common.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError

FloatArray = NDArray[np.float64]

BLOCK = 20_000
MOST_EVENTS_OF_A_GROUP = 20_000_000
LARGEST_EXPONENT = 300.0


@dataclass(frozen=True)
class GroupTerms:
    """Per-group terms, each (G,); `s` is the log of the dispersion parameter.

    Attributes
    ----------
    value
        Log of the integral.
    effect
        Expected e^u given the group's data: minus the derivative by L.
    effect_variance
        Its variance: the second derivative by L.
    slope, curvature
        First and second derivative by s.
    effect_slope
        Derivative of `effect` by s.
    """

    value: FloatArray
    effect: FloatArray
    effect_variance: FloatArray
    slope: FloatArray
    curvature: FloatArray
    effect_slope: FloatArray


class Kernel(Protocol):
    """A random-effect distribution."""

    def __call__(self, total: FloatArray, expected: FloatArray, s: float) -> GroupTerms:
        """Evaluate the groups at observed totals, expected totals and log dispersion."""
        ...


def gamma_effect(total: FloatArray, expected: FloatArray, s: float) -> GroupTerms:
    """Evaluate a gamma effect with mean 1 and variance alpha = e^s, in closed form.

    With theta = 1/alpha, ln G(theta+Y) - ln G(theta) + theta ln theta - (theta+Y) ln(theta+L)
    (Hausman, Hall and Griliches 1984, Econometrica 52, 909-938) is written as

        sum_{j<Y} ln(1 + j alpha) - (1/alpha + Y) ln(1 + alpha L),

    which keeps all its digits as alpha goes to 0, where it becomes the Poisson's -L.
    """
    alpha = float(np.exp(s))
    count = np.rint(total).astype(np.int64)
    if count.max(initial=0) > MOST_EVENTS_OF_A_GROUP:
        raise ModelDataError(
            f"A group has more than {MOST_EVENTS_OF_A_GROUP:,} events; count in larger units."
        )
    steps = np.arange(int(count.max(initial=0)), dtype=np.float64)
    ratio = steps / (1 + alpha * steps)
    rising = _cumulated(np.log1p(alpha * steps))[count]
    rising_slope = _cumulated(ratio)[count]
    rising_curvature = -_cumulated(ratio**2)[count]
    x = alpha * expected
    first, second = _log_ratio_derivatives(x)
    spread = 1 + x
    value = rising - np.log1p(x) * total - expected * _log_ratio(x)
    by_alpha = rising_slope - total * expected / spread - expected**2 * first
    by_alpha_twice = rising_curvature + total * (expected / spread) ** 2 - expected**3 * second
    effect = (1 + alpha * total) / spread
    return GroupTerms(
        value=value,
        effect=effect,
        effect_variance=alpha * effect / spread,
        slope=alpha * by_alpha,
        curvature=alpha**2 * by_alpha_twice + alpha * by_alpha,
        effect_slope=alpha * (total - expected) / spread**2,
    )


@dataclass(frozen=True)
class NormalEffect:
    """Normal effect with mean 0 and standard deviation sigma = e^s, by quadrature.

    With 25 nodes a group's log-likelihood is good to about 1e-11 at sigma .75, 1e-9 at 1,
    2e-6 at 2.2; with 81 nodes to 1e-8 at 2.2.
    """

    nodes: int = 25

    def __call__(self, total: FloatArray, expected: FloatArray, s: float) -> GroupTerms:
        """Evaluate all groups, a block at a time to bound memory."""
        blocks = [
            _normal_block(total[i : i + BLOCK], expected[i : i + BLOCK], s, self.nodes)
            for i in range(0, len(total), BLOCK)
        ]
        return GroupTerms(
            *(
                np.concatenate([getattr(block, f.name) for block in blocks])
                for f in fields(GroupTerms)
            )
        )


def _normal_block(total: FloatArray, expected: FloatArray, s: float, n_nodes: int) -> GroupTerms:
    """Evaluate a normal effect with mean 0 and standard deviation sigma = e^s, by quadrature.

    Adaptive Gauss-Hermite quadrature (Liu and Pierce 1994, Biometrika 81, 624-629): nodes
    are centred at each group's mode and scaled by its curvature.
    Derivatives follow from posterior moments of the effect (Louis 1982).
    """
    sigma2 = float(np.exp(2 * s))
    mode = _normal_mode(total, expected, sigma2)
    scale = 1 / np.sqrt(expected * np.exp(mode) + 1 / sigma2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    u = np.minimum(mode[:, None] + scale[:, None] * nodes, LARGEST_EXPONENT)
    log_terms = (
        total[:, None] * u
        - expected[:, None] * np.exp(u)
        - u**2 / (2 * sigma2)
        + nodes**2 / 2
        + np.log(weights)
    )
    top = log_terms.max(axis=1, keepdims=True)
    mass = np.exp(log_terms - top)
    normaliser = mass.sum(axis=1)
    value = np.log(normaliser) + top[:, 0] + np.log(scale) - 0.5 * np.log(2 * np.pi) - s
    chance = mass / normaliser[:, None]
    factor, square = np.exp(u), u**2 / sigma2
    effect, mean_square = (chance * factor).sum(axis=1), (chance * square).sum(axis=1)
    centred_factor, centred_square = factor - effect[:, None], square - mean_square[:, None]
    return GroupTerms(
        value=value,
        effect=effect,
        effect_variance=(chance * centred_factor**2).sum(axis=1),
        slope=mean_square - 1,
        curvature=(chance * centred_square**2).sum(axis=1) - 2 * mean_square,
        effect_slope=(chance * centred_factor * centred_square).sum(axis=1),
    )


def _normal_mode(total: FloatArray, expected: FloatArray, sigma2: float) -> FloatArray:
    """Solve Y - L e^u - u / sigma^2 = 0 for every group by Newton's method."""
    u = np.minimum(sigma2 * (total - expected), np.log((total + 1) / expected))
    u = np.maximum(u, -20.0)
    for _ in range(100):
        slope = total - expected * np.exp(u) - u / sigma2
        step = np.clip(slope / (expected * np.exp(u) + 1 / sigma2), -2.0, 2.0)
        u = u + step
        if np.abs(step).max(initial=0.0) < 1e-12:
            break
    return u


def _cumulated(steps: FloatArray) -> FloatArray:
    """Return sums of the first 0, 1, 2, ... steps."""
    return np.concatenate([[0.0], np.cumsum(steps)])


def _log_ratio(x: FloatArray) -> FloatArray:
    """Return ln(1+x)/x, 1 at x = 0."""
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, np.log1p(safe) / safe, 1.0)


def _log_ratio_derivatives(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return first and second derivative of ln(1+x)/x, by series near 0."""
    small = x < 0.02
    y = np.where(small, 1.0, x)
    first = (y / (1 + y) - np.log1p(y)) / y**2
    second = -1 / (y * (1 + y) ** 2) - 2 * first / y
    z = np.where(small, x, 0.0)
    powers = np.arange(10)
    sign = np.where(powers % 2 == 0, -1.0, 1.0)
    series = sign * (powers + 1) / (powers + 2)
    first_series = np.polynomial.polynomial.polyval(z, series)
    second_series = np.polynomial.polynomial.polyval(z, series[1:] * powers[1:])
    return np.where(small, first_series, first), np.where(small, second_series, second)
