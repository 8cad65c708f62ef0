"""A cost model worked out for its tables: numbers, 95% intervals, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datrial.economics.draws import draw_quantities
from datrial.economics.entries import Item
from datrial.economics.model import CostModel
from datrial.economics.units import PURE
from datrial.economics.values import Array, Values

if TYPE_CHECKING:
    from datrial.results.cells import Table

#: Why no cell of a table of published numbers tells of anybody.
NOBODY = "it is made of published numbers"
NO_SPREAD = "nothing is known of how uncertain the numbers are that it rests on"
#: Sums of money in pounds, shares, and other numbers.
COST, SHARE, AMOUNT = "cost", "share", "amount"


@dataclass(frozen=True)
class Worked:
    """A model with its values as they stand and in many draws.

    Attributes
    ----------
    given
        Quantities that are set otherwise; they are not drawn.
    """

    model: CostModel
    values: dict[str, Values]
    drawn: dict[str, Values]
    given: dict[str, Values]

    def value(self, name: str) -> float:
        """Return an outcome as it stands."""
        return float(self.values[name].array[0, 0])

    def draws(self, name: str) -> Array:
        """Return an outcome in every draw; a single number if nothing that it rests on is drawn."""
        array: Array = self.drawn[name].array[0]
        return array

    def items(self, agency: str = "", who: str = "") -> list[Item]:
        """Return the items of an agency and of people; empty means all."""
        return [
            item
            for item in self.model.file.items
            if agency in ("", item.agency) and who in ("", item.who)
        ]

    def sum(self, items: Iterable[Item]) -> tuple[float, Array]:
        """Return the sum of items as it stands and in every draw."""
        names = [item.formula for item in items]
        drawn = [self.draws(name) for name in names]
        total: Array = np.sum(np.broadcast_arrays(*drawn), axis=0) if drawn else np.zeros(1)
        return sum(self.value(name) for name in names), total


def work_out(model: CostModel, given: dict[str, Values], draws: int, seed: int) -> Worked:
    """Work a model out as it stands, and in draws of what is not known of its quantities."""
    drawn = draw_quantities(model, draws, seed) if draws else {}
    return Worked(model, model.evaluate(given), model.evaluate(drawn | given), given)


def kind_of(model: CostModel, name: str) -> str:
    """Return as what a quantity, formula or total is written: cost, share or amount."""
    if model.is_money(name):
        return COST
    return SHARE if model.is_share(name) else AMOUNT


def with_unit(model: CostModel, name: str) -> str:
    """Return the words of an outcome, with its unit where that is not the model's own."""
    unit = str(model.units[name])
    own = unit == model.file.per or unit == "1"
    return model.label(name) if own else f"{model.label(name)} ({_words(unit)})"


def label_with_unit(label: str, unit: str) -> str:
    """Return the words of a number that goes in, with its unit; a pure number has none."""
    return label if unit in PURE else f"{label} ({_words(unit)})"


def _words(unit: str) -> str:
    """Return a unit as people write it: ``half-year`` for ``half_year``."""
    return unit.replace("_", "-")


def number_of(model: CostModel, name: str, entry: str) -> float:
    """Return a number that goes in, as it stands in the file."""
    return model.file.quantities[name].numbers()[entry].value


def label_of(model: CostModel, name: str, entry: str) -> str:
    """Return the words of a number that goes in."""
    about = model.file.quantities[name]
    words = model.file.indexes[about.index][entry] if about.index else ""
    return f"{about.label}: {words}" if words else about.label


def row_of(name: str, entry: str) -> str:
    """Return the key of a number's row."""
    return f"{name}__{entry}" if entry else name


def add_with_interval(table: Table, at: tuple[str, str, str], value: float, drawn: Array) -> None:
    """Add a number and its 95% interval; without draws, why there is none."""
    row, column, statistic = at
    table.add(row, column, statistic, value)
    if drawn.size > 1 and float(drawn.min()) < float(drawn.max()):
        low, high = np.quantile(drawn, [0.025, 0.975])
        table.add(row, column, "ci_low", float(low))
        table.add(row, column, "ci_high", float(high))
        return
    from datrial.results.cells import State

    for end in ("ci_low", "ci_high"):
        table.absent(row, column, end, NO_SPREAD, state=State.NOT_APPLICABLE)
