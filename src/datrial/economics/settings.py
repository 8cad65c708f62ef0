"""A cost model with some quantities set otherwise: a scenario of its file, or numbers given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datrial.economics.entries import QuantityEntry
from datrial.economics.model import CostModel
from datrial.economics.values import Values
from datrial.errors import UsageError


def quantities_set(
    model: CostModel, scenario: str = "", changes: Mapping[str, Any] | None = None
) -> dict[str, Values]:
    """Return the quantities that a scenario and changes, in this order, set otherwise.

    Parameters
    ----------
    changes
        Quantity -> number; or entry -> number, of some entries.

    Raises
    ------
    UsageError
        With every scenario, quantity and entry that there is not, and every share beyond 1.
    """
    if scenario and scenario not in model.file.scenarios:
        known = ", ".join(model.file.scenarios) or "none"
        raise UsageError(f"There is no scenario {scenario!r}. Scenarios: {known}.")
    numbers = model.with_setting(model.file.scenarios[scenario].set) if scenario else {}
    problems = []
    for name, to in (changes or {}).items():
        about = model.file.quantities.get(name)
        found = _problem(about, to)
        if found:
            problems.append(f"{name}: {found}")
        else:
            numbers = model.with_setting({name: to}, numbers)
    if problems:
        raise UsageError("\n".join(problems))
    return numbers


def _problem(about: QuantityEntry | None, to: Any) -> str:
    """Return why a quantity cannot be set so; empty if it can."""
    given = dict(to) if isinstance(to, Mapping) else {"": to}
    if about is None:
        return "the model has no such quantity"
    if isinstance(to, Mapping) and not set(given) <= set(about.numbers()):
        return "it has no such entry"
    values = [float(getattr(number, "value", number)) for number in given.values()]
    if about.unit == "share" and not all(0 <= value <= 1 for value in values):
        return "a share lies in 0 to 1"
    return ""
