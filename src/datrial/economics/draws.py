"""Draws of what is not known of the quantities, for the probabilistic analysis."""

from __future__ import annotations

import hashlib

import numpy as np

from datrial.economics.entries import Spread
from datrial.economics.model import CostModel
from datrial.economics.printed import Printed
from datrial.economics.values import Values


def draw_quantities(model: CostModel, draws: int, seed: int) -> dict[str, Values]:
    """Draw every quantity that has a spread.

    Shares are drawn from a beta distribution with the people they were counted of, rates
    from a gamma distribution with the events that they were counted from, costs from a
    gamma or normal distribution with their standard error. Each quantity has a stream of
    its own: to give one more of them a spread changes no other's draws.

    Returns
    -------
    dict
        Quantity -> values of shape (entries, draws).

    References
    ----------
    Briggs, Sculpher, Claxton (2006), Decision Modelling for Health Economic Evaluation,
    chapter 4.
    """
    found = {}
    for name, entry in model.file.quantities.items():
        if entry.spread is None and not entry.spreads:
            continue
        stream = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        rng = np.random.default_rng([seed, stream])
        numbers = entry.numbers()
        array = np.stack([_draw(n, entry.spread_of(key), rng, draws) for key, n in numbers.items()])
        if entry.shared is not None:
            array = array * rng.gamma(1 / entry.shared, entry.shared, draws)
        found[name] = Values(array, entry.index or "", tuple(numbers) if entry.index else ())
    return found


def _draw(
    number: Printed, spread: Spread | None, rng: np.random.Generator, draws: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    value = number.value
    match spread:
        case Spread(kind="uniform", low=Printed() as low, high=Printed() as high):
            return rng.uniform(low.value, high.value, draws)
        case Spread(kind="normal", se=float() as se):
            return rng.normal(value, se, draws)
        case Spread(kind="beta", of=int() as people):
            # Half a person more on either side: a share of none or of all is not certain.
            return rng.beta(value * people + 0.5, (1 - value) * people + 0.5, draws)
        case Spread(kind="gamma", of=int() as people) if value > 0:
            events = value * people
            return rng.gamma(events, value / events, draws)
        case Spread(kind="gamma", se=float() as se) if value > 0:
            shape = (value / se) ** 2
            return rng.gamma(shape, value / shape, draws)
    return np.full(draws, value)
