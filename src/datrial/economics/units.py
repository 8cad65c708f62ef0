"""Units of quantities: what is counted, by what. They are checked, never converted.

A half-year is not a year: whoever wants the yearly figure multiplies by a quantity
whose unit is ``half_year / year``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Names of the unit of a pure number; ``share`` lies between 0 and 1.
PURE = ("1", "share")


class UnitError(ValueError):
    """Two units that do not fit."""


@dataclass(frozen=True)
class Unit:
    """A product of powers of named units: ``GBP / incident`` is ``{GBP: 1, incident: -1}``."""

    powers: tuple[tuple[str, int], ...] = ()

    @staticmethod
    def named(name: str) -> Unit:
        """Return the unit of one name; the pure numbers have no power at all."""
        return Unit() if name in PURE else Unit(((name, 1),))

    def __mul__(self, other: Unit) -> Unit:
        return self._joined(other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return self._joined(other, -1)

    def __add__(self, other: Unit) -> Unit:
        return self._same(other, "added to")

    def __sub__(self, other: Unit) -> Unit:
        return self._same(other, "taken from")

    def __neg__(self) -> Unit:
        return self

    def _joined(self, other: Unit, sign: int) -> Unit:
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + sign * power
        return _unit(powers)

    def _same(self, other: Unit, what: str) -> Unit:
        if self != other:
            first, second = (other, self) if what == "taken from" else (self, other)
            raise UnitError(f"{first} is {what} {second}")
        return self

    def __str__(self) -> str:
        above = [_power(name, power) for name, power in self.powers if power > 0]
        below = [_power(name, -power) for name, power in self.powers if power < 0]
        return " / ".join([" * ".join(above) or "1", *below])


def _unit(powers: Mapping[str, int]) -> Unit:
    return Unit(tuple(sorted((name, power) for name, power in powers.items() if power)))


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def same(units: list[Unit], what: str) -> Unit:
    """Return the one unit of several that are compared or added.

    Raises
    ------
    UnitError
        If they are not one.
    """
    for unit in units[1:]:
        if unit != units[0]:
            raise UnitError(f"{what} of {units[0]} and {unit}")
    return units[0]
