"""Rounding: counts to the nearest multiple of a base, and what is computed from them after.

Each number is rounded by itself, so that the same count is the same everywhere; parts may
then not add up to their total, as the profile says. What a share, mean or rate was computed
from is rounded first. Other numbers of small groups (standard deviations, medians, intervals)
are given as finely as the rounded counts allow and no finer: their last digits would give the
exact counts back. Estimates of models are left as they are.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10

from datrial.results.cells import Cell, State
from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.quantities import CellKey, Quantities

_DIGITS = 2
_ON_SHARES = frozenset({"ci_low", "ci_high", "share_difference"})


def rounded(cell: Cell, key: CellKey, found: Quantities, base: int) -> Cell:
    """Return a cell that is shown, with its n and value as the rounding base allows."""
    n = None if cell.n is None else round(kinds.grid(cell.n, base))
    if cell.state is not State.VALUE or cell.value is None:
        return replace(cell, n=n)
    return replace(cell, n=n, value=_value(cell, key, found, base, n))


def _value(cell: Cell, key: CellKey, found: Quantities, base: int, n: int | None) -> float | None:
    value = cell.value
    own = found.of_cell.get(key)
    if value is None or value == 0:
        return value
    if kinds.is_count(cell.statistic):
        return kinds.grid(value, base)
    if own:
        number = kinds.grid(found.values[own[0]], base)
        if cell.statistic in kinds.RATES:
            return _digits(value * number / found.values[own[0]])
        return number / n if n else value
    if not _describes(cell, key, found):
        return value
    if cell.statistic in _ON_SHARES and n and _among_shares(key, found):
        return kinds.grid(value, base / n)
    return _digits(value)


def _describes(cell: Cell, key: CellKey, found: Quantities) -> bool:
    """Tell whether a number describes the people of its place, and is not a model's estimate."""
    return bool(found.at.get(key[:3])) or cell.statistic in (
        "sd", "mean", "median", "difference", "share_difference", "lower_quartile",
        "upper_quartile", "person_years", "smd", *kinds.EXTREMES,
    )  # fmt: skip


def _among_shares(key: CellKey, found: Quantities) -> bool:
    return key[3] == "share_difference" or any(
        (*key[:3], statistic) in found.of_cell for statistic in ("share", "probability")
    )


def _digits(value: float) -> float:
    """Return a number with two significant digits."""
    if not value:
        return value
    step = 10.0 ** (floor(log10(abs(value))) - _DIGITS + 1)
    return float(f"{kinds.grid(value, step):.12g}")
