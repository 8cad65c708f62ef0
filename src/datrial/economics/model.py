"""A cost model that was read and found whole: its parts in the order of their working-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from datrial.economics.entries import ModelFile, QuantityEntry
from datrial.economics.expressions import Expression, Walk, read_expression, walk
from datrial.economics.units import Unit
from datrial.economics.values import RANGES, VALUES, Range, Values


@dataclass(frozen=True)
class CostModel:
    """A cost model.

    Attributes
    ----------
    name
        The file's name without its ending.
    file
        What the file says.
    order
        The formulas, each after those that it rests on.
    units
        Quantity, formula or total -> its unit.
    """

    name: str
    file: ModelFile
    order: tuple[str, ...]
    units: Mapping[str, Unit]

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """(quantity, entry) of every number that goes in."""
        return tuple(
            (name, entry)
            for name, quantity in self.file.quantities.items()
            for entry in quantity.numbers()
        )

    @property
    def money(self) -> str:
        """The unit of money in which the items are counted."""
        return read_expression(self.file.per).names()[0]

    def is_money(self, name: str) -> bool:
        """Tell whether a quantity, formula or total is an amount of money."""
        return any(unit == self.money and power > 0 for unit, power in self.units[name].powers)

    def is_share(self, name: str) -> bool:
        """Tell whether a quantity or formula lies between 0 and 1."""
        entry = self.file.quantities.get(name) or self.file.formulas.get(name)
        return entry is not None and entry.unit == "share"

    def label(self, name: str) -> str:
        """Return the words of a quantity, formula or total."""
        file = self.file
        if name in file.totals:
            return file.totals[name].label
        return (file.quantities.get(name) or file.formulas[name]).label

    @property
    def headline(self) -> tuple[str, ...]:
        """The outcomes that answer the model's question; without any named, its totals."""
        return self.file.headline or tuple(self.file.totals)

    def evaluate(self, numbers: Mapping[str, Values] | None = None) -> dict[str, Values]:
        """Work the model out.

        Parameters
        ----------
        numbers
            Quantities that are set otherwise: another value, or many draws.

        Returns
        -------
        dict
            Value of every quantity, formula and total.
        """
        given = {name: point(entry) for name, entry in self.file.quantities.items()}
        given |= numbers or {}
        return self._walk(given, VALUES)

    def ranges(self) -> dict[str, Range]:
        """Work out between what every number lies, given what the inputs were rounded from."""
        given = {
            name: Range(_at(entry, "low"), _at(entry, "high"))
            for name, entry in self.file.quantities.items()
        }
        return self._walk(given, RANGES)

    def _walk(self, values: dict[str, Any], using: Walk) -> dict[str, Any]:
        found = dict(values)
        for name in self.order:
            found[name] = walk(self.file.formulas[name].formula, found, using)
        for name in self.file.totals:
            terms = [found[item.formula] for item in self.items_of(name)]
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            found[name] = total
        return found

    def items_of(self, total: str) -> list[Any]:
        """Return the items that a total adds up."""
        about = self.file.totals[total]
        return [
            item
            for item in self.file.items
            if (not about.agencies or item.agency in about.agencies)
            and (not about.who or item.who in about.who)
        ]

    def value_of(self, what: Expression, values: Mapping[str, Any], using: Walk = VALUES) -> Any:
        """Return the value of a name or of one entry of it."""
        return walk(what, values, using)

    def with_setting(
        self, setting: Mapping[str, Any], base: Mapping[str, Values] | None = None
    ) -> dict[str, Values]:
        """Return the quantities of a scenario: name -> number, or entry -> number."""
        changed = dict(base or {})
        for name, to in setting.items():
            entry = self.file.quantities[name]
            values = changed.get(name, point(entry))
            array = values.array.copy()
            if isinstance(to, Mapping):
                for key, number in to.items():
                    array[values.entries.index(key)] = getattr(number, "value", number)
            else:
                array[:] = getattr(to, "value", to)
            changed[name] = Values(array, values.index, values.entries)
        return changed


def point(entry: QuantityEntry) -> Values:
    """Return a quantity's numbers as they stand in the file."""
    return _at(entry, "value")


def _at(entry: QuantityEntry, what: str) -> Values:
    numbers = entry.numbers()
    array = np.array([[getattr(number, what)] for number in numbers.values()], dtype=float)
    if entry.unit == "share":
        array = np.clip(array, 0.0, 1.0)
    if entry.index is None:
        return Values(array)
    return Values(array, entry.index, tuple(numbers))
