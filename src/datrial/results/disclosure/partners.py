"""Secondary suppression: which further numbers to hide so that no hidden one can be worked out.

For each number to protect, two linear programmes ask for the cheapest change of the tables in
which all sums still hold and the number is as low, or as high, as it must be possible for it
to be. What that change touches is hidden: the tables as released then fit both.

References
----------
Fischetti, M. and Salazar, J.J. (2001) Solving the cell suppression problem on tabular data
with linear constraints. Management Science 47(7). Kelly, J.P., Golden, B.L. and Assad, A.A.
(1992) Cell suppression: disclosure protection for sensitive tabular data. Networks 22(4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from datrial.results.disclosure.network import Network

#: How dear a number may be that is hidden, and how many sums are looked at.
_LADDER = ((40.0, 60), (120.0, 300), (500.0, 600), (float("inf"), 2000))
_TOUCHED = 1e-6
_HIDDEN_COST = 1e-3


@dataclass
class Outcome:
    """What secondary suppression came to.

    Attributes
    ----------
    weak
        Numbers that cannot be given the whole range, only some doubt.
    pinned
        Numbers that can be worked out whatever is hidden.
    """

    weak: set[int] = field(default_factory=set)
    pinned: set[int] = field(default_factory=set)
    programmes: int = 0


def hide_partners(network: Network, ranges: Mapping[int, tuple[int, int]]) -> Outcome:
    """Hide what has to be hidden so that each number could be anything in its range.

    Parameters
    ----------
    network
        ``hidden`` grows; it holds the numbers of `ranges` at the least.
    ranges
        Number to protect -> lowest and highest value that must stay possible.
    """
    outcome = Outcome()
    for quantity in sorted(ranges, key=lambda each: (network.values[each], each)):
        if not network.of.get(quantity):
            continue
        low, high = ranges[quantity]
        value = network.values[quantity]
        steps = [step for step in (low - value, high - value) if step]
        missed = [step for step in steps if not _open(network, quantity, step, outcome)]
        if len(missed) == len(steps):
            doubt = [step for step in (1, -1) if value + step >= 1]
            if not any(_open(network, quantity, step, outcome) for step in doubt):
                outcome.pinned.add(quantity)
                _hide_public(network, quantity, doubt, outcome)
                continue
        if missed:
            outcome.weak.add(quantity)
    return outcome


def _hide_public(network: Network, quantity: int, steps: list[int], outcome: Outcome) -> None:
    """Hide numbers that are known from elsewhere, for those who do not look there."""
    aside, network.public = network.public, set()
    if aside:
        any(_open(network, quantity, step, outcome) for step in steps)
    network.public = aside


def _open(network: Network, quantity: int, step: int, outcome: Outcome) -> bool:
    """Hide what lets a number differ by a step; return whether anything can.

    Looked for near at hand first, without what is dear to hide, then further.
    """
    for ceiling, most in _LADDER:
        sums, _ = network.near(quantity, most, ceiling)
        outcome.programmes += 1
        touched = _cheapest_change(network, sums, quantity, step, ceiling)
        if touched is not None:
            network.hidden |= touched
            return True
    return False


def _cheapest_change(
    network: Network, sums: list[int], target: int, step: int, ceiling: float
) -> set[int] | None:
    """Return the numbers that change with the target; None if it cannot change.

    What stands in sums outside those looked at, or is dearer than the ceiling, stays as it is.
    """
    import numpy as np
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    free = _free(network, sums, ceiling)
    if target not in free or target in network.public:
        return None
    place = {quantity: position for position, quantity in enumerate(free)}
    width = len(free)
    rows, columns, entries = [], [], []
    for row, number in enumerate(sums):
        for quantity, times in network.sums[number].items():
            if quantity in place:
                for part, sign in enumerate((1, -1, 1)):
                    rows.append(row)
                    columns.append(place[quantity] + part * width)
                    entries.append(times * sign)
    costs = [_HIDDEN_COST if each in network.hidden else network.costs[each] for each in free]
    bounds = [(0.0, 0.0 if each in network.public else np.inf) for each in free]
    bounds += [  # a hidden number is 1 or more
        (0.0, 0.0 if each in network.public else network.values[each] - 1.0) for each in free
    ]
    bounds += [network.slack.get(each, (0.0, 0.0)) for each in free]
    for part, wanted in enumerate((max(step, 0), max(-step, 0), 0)):
        bounds[place[target] + part * width] = (wanted, wanted)
    result = linprog(
        np.array([*costs, *costs, *[0.0] * width]),
        A_eq=csr_array((entries, (rows, columns)), shape=(len(sums), 3 * width)),
        b_eq=np.zeros(len(sums)),
        bounds=bounds,
        method="highs-ds",
    )
    if result.x is None or not result.success:
        return None
    moved = result.x[:width] + result.x[width : 2 * width]
    return {each for each in free if moved[place[each]] > _TOUCHED}


def _free(network: Network, sums: list[int], ceiling: float) -> dict[int, None]:
    """Return what may change without breaking a sum that is not looked at."""
    inside = set(sums)
    return {
        quantity: None
        for number in sums
        for quantity in network.sums[number]
        if not network.is_fixed(quantity, ceiling) and inside.issuperset(network.of[quantity])
    }
