"""Values of a cost model: one number or one for each entry of an index, once or in many draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datrial.economics.expressions import FormulaError, Walk

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Values:
    """Numbers of one quantity.

    Attributes
    ----------
    array
        Shape (entries, draws); one of each where there is no index, or one value only.
    index, entries
        Which index it runs over; empty where it runs over none.
    """

    array: Array
    index: str = ""
    entries: tuple[str, ...] = ()

    @staticmethod
    def number(value: float) -> Values:
        """Return a single number."""
        return Values(np.full((1, 1), value))

    def __add__(self, other: Values) -> Values:
        return self._with(other, np.add)

    def __sub__(self, other: Values) -> Values:
        return self._with(other, np.subtract)

    def __mul__(self, other: Values) -> Values:
        return self._with(other, np.multiply)

    def __truediv__(self, other: Values) -> Values:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._with(other, np.divide)

    def __neg__(self) -> Values:
        return Values(-self.array, self.index, self.entries)

    def _with(self, other: Values, how: Callable[[Any, Any], Any]) -> Values:
        index, entries = shared_index(self, other)
        return Values(how(self.array, other.array), index, entries)

    def entry(self, name: str) -> Values:
        """Return the value of one entry of the index."""
        place = self.entries.index(name)
        return Values(self.array[place : place + 1])

    def total(self) -> Values:
        """Return the sum over the index."""
        return Values(self.array.sum(axis=0, keepdims=True))


def shared_index(first: Values, second: Values) -> tuple[str, tuple[str, ...]]:
    """Return the index of what is made of two values.

    Raises
    ------
    FormulaError
        If the two run over different indexes.
    """
    if first.index and second.index and first.index != second.index:
        raise FormulaError(f"one runs over {first.index}, the other over {second.index}")
    named = first if first.index else second
    return named.index, named.entries


def _several(values: list[Values], how: np.ufunc) -> Values:
    if len(values) == 1:
        only = values[0]
        return Values(np.asarray(how.reduce(only.array, axis=0, keepdims=True)))
    found = values[0]
    for value in values[1:]:
        index, entries = shared_index(found, value)
        found = Values(how(found.array, value.array), index, entries)
    return found


VALUES = Walk(
    Values.number,
    {
        "sum": lambda values: _several(values, np.add),
        "min": lambda values: _several(values, np.minimum),
        "max": lambda values: _several(values, np.maximum),
    },
    Values.entry,
)


@dataclass(frozen=True)
class Range:
    """The lowest and the highest that a value can be, given what its inputs can be.

    Interval arithmetic: every appearance of a quantity counts as if it were another
    one, so that a range may be wider than it need be, never narrower.
    """

    low: Values
    high: Values

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Range) -> Range:
        return Range(self.low - other.high, self.high - other.low)

    def __neg__(self) -> Range:
        return Range(-self.high, -self.low)

    def __mul__(self, other: Range) -> Range:
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return _hull(corners)

    def __truediv__(self, other: Range) -> Range:
        if np.any((other.low.array <= 0) & (other.high.array >= 0)):
            raise FormulaError("divides by what may be zero")
        corners = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return _hull(corners)

    def entry(self, name: str) -> Range:
        """Return the range of one entry of the index."""
        return Range(self.low.entry(name), self.high.entry(name))


def _hull(corners: list[Values]) -> Range:
    return Range(VALUES.functions["min"](corners), VALUES.functions["max"](corners))


def _ranged(name: str) -> Callable[[list[Range]], Range]:
    take = VALUES.functions[name]
    return lambda ranges: Range(
        take([each.low for each in ranges]), take([each.high for each in ranges])
    )


RANGES = Walk(
    lambda number: Range(Values.number(number), Values.number(number)),
    {name: _ranged(name) for name in VALUES.functions},
    Range.entry,
)
