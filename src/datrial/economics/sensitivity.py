"""What hangs on a cost model's quantities: scenarios, one by one, all at once, break-even."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datrial.economics.draws import draw_quantities
from datrial.economics.model import CostModel, point
from datrial.economics.values import Array, Values
from datrial.errors import UsageError


@dataclass(frozen=True)
class Swing:
    """One bar of a tornado: an outcome with one number at the ends of what it can be.

    Attributes
    ----------
    quantity, entry
        Which number; entry is empty where the quantity has no index.
    low, high
        The ends: those of its spread (95%), else of a tenth below and above.
    at_low, at_high
        The outcome there.
    rests_on
        ``spread`` or ``a tenth``.
    """

    quantity: str
    entry: str
    label: str
    low: float
    high: float
    at_low: float
    at_high: float
    rests_on: str

    @property
    def width(self) -> float:
        """How far the outcome swings."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Uncertain:
    """An outcome over all draws."""

    outcome: str
    mean: float
    sd: float
    low: float
    high: float
    draws: Array


def outcome(model: CostModel, name: str, numbers: dict[str, Values] | None = None) -> float:
    """Return one outcome of a model.

    Raises
    ------
    UsageError
        If the model has none of this name, or it has several entries.
    """
    return float(_outcome(model, name, numbers)[0])


def scenarios(
    model: CostModel, name: str, base: dict[str, Values] | None = None
) -> dict[str, float]:
    """Return an outcome in every scenario of the file; ``base`` is the file as it stands.

    Parameters
    ----------
    base
        Quantities that are set otherwise, in all of them unless a scenario sets them.
    """
    found = {"base": outcome(model, name, base)}
    for key, scenario in model.file.scenarios.items():
        found[key] = outcome(model, name, model.with_setting(scenario.set, base))
    return found


def one_way(model: CostModel, name: str, base: dict[str, Values] | None = None) -> list[Swing]:
    """Return how an outcome swings with each number that goes in, the widest swing first.

    A number with a spread goes to the ends of its 95% interval, another one to a tenth
    below and above (a share not beyond 1). What is exact stays.

    Parameters
    ----------
    base
        Quantities that are set otherwise; their spread is not known.
    """
    given = base or {}
    drawn = draw_quantities(model, 20_001, seed=0)
    spread = {quantity: values for quantity, values in drawn.items() if quantity not in given}
    found = []
    for quantity, entry in model.inputs:
        about = model.file.quantities[quantity]
        is_spread = about.spread_of(entry) is not None and quantity not in given
        if about.exact and about.spread_of(entry) is None:
            continue
        at = list(about.numbers()).index(entry)
        value = float(given.get(quantity, point(about)).array[at, 0])
        if is_spread:
            low, high = np.quantile(spread[quantity].array[at], [0.025, 0.975])
        else:
            low, high = sorted((0.9 * value, 1.1 * value))
            high = min(high, 1.0) if about.unit == "share" else high
        settings = ({quantity: {entry: float(end)} if entry else float(end)} for end in (low, high))
        at_low, at_high = (
            outcome(model, name, model.with_setting(setting, given)) for setting in settings
        )
        words = model.file.indexes[about.index][entry] if about.index else ""
        label = f"{about.label}: {words}" if words else about.label
        rests = "spread" if is_spread else "a tenth"
        found.append(Swing(quantity, entry, label, float(low), float(high), at_low, at_high, rests))
    return sorted(found, key=lambda swing: (-swing.width, swing.quantity, swing.entry))


def probabilistic(
    model: CostModel,
    names: list[str],
    *,
    draws: int = 100_000,
    seed: int = 0,
    base: dict[str, Values] | None = None,
) -> dict[str, Uncertain]:
    """Draw all quantities at once and return each outcome with its 95% interval.

    Quantities are drawn independently of each other; those without a spread stay as they
    are, so that the interval tells of sampling where counts are known and of nothing else.

    Parameters
    ----------
    base
        Quantities that are set otherwise; they are not drawn.
    """
    drawn = draw_quantities(model, draws, seed) | (base or {})
    values = model.evaluate(drawn)
    found = {}
    for name in names:
        array = np.broadcast_to(_single(name, values), (draws,))
        low, high = np.quantile(array, [0.025, 0.975])
        found[name] = Uncertain(
            name, float(array.mean()), float(array.std(ddof=1)), float(low), float(high), array
        )
    return found


def break_even(
    model: CostModel,
    quantity: str,
    outcome_name: str,
    target: float,
    *,
    entry: str = "",
    base: dict[str, Values] | None = None,
) -> float | None:
    """Return what a quantity must be for an outcome to reach a target; None if it never does.

    Looked for between a thousandth and a thousand times the quantity as it stands
    (a share: between 0 and 1), by Brent's method.

    Parameters
    ----------
    base
        Other quantities that are set otherwise.

    Raises
    ------
    UsageError
        If there is no such quantity, entry or outcome.
    """
    from scipy.optimize import brentq

    about = model.file.quantities.get(quantity)
    if about is None or entry not in about.numbers():
        raise UsageError(f"The model has no quantity {quantity!r}{f' [{entry}]' if entry else ''}.")
    value = about.numbers()[entry].value
    is_share = about.unit == "share"
    ends = (0.0, 1.0) if is_share else tuple(sorted((value / 1000, value * 1000)))

    def gap(to: float) -> float:
        setting = {quantity: {entry: to} if entry else to}
        return outcome(model, outcome_name, model.with_setting(setting, base)) - target

    low, high = gap(ends[0]), gap(ends[1])
    if not (np.isfinite(low) and np.isfinite(high)) or low * high > 0:
        return None
    return float(brentq(gap, *ends, xtol=1e-12, rtol=1e-10))


def _outcome(model: CostModel, name: str, numbers: dict[str, Values] | None) -> Array:
    return _single(name, model.evaluate(numbers))


def _single(name: str, values: dict[str, Values]) -> Array:
    if name not in values:
        raise UsageError(f"The model works out no {name!r}.")
    if values[name].index:
        raise UsageError(f"{name} has an entry for each {values[name].index}; name one outcome.")
    array: Array = values[name].array[0]
    return array
