"""The network of sums: quantities as they stand in relations, with what is hidden of them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from datrial.results.disclosure.quantities import Quantities
from datrial.results.disclosure.relations import Relation


@dataclass
class Network:
    """Quantities joined by sums.

    Attributes
    ----------
    values
        Quantity -> its true value.
    sums
        Each relation as quantity -> coefficient; a relation's coefficients times the values
        make 0.
    costs
        What is lost if a quantity is hidden.
    slack
        How far off a shown number may be, by rounding: 0 where it is exact.
    public
        Numbers that everybody knows, hidden or not.
    """

    values: Mapping[int, int]
    sums: list[dict[int, int]]
    costs: Mapping[int, float]
    slack: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    public: set[int] = field(default_factory=set)
    of: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for number, total in enumerate(self.sums):
            for quantity in total:
                self.of[quantity].append(number)

    def is_fixed(self, quantity: int, ceiling: float = float("inf")) -> bool:
        """Tell whether a number stays as it is: a zero, or one too dear to hide.

        A zero is known to everybody: it is shown, even among hidden numbers.
        """
        if not self.values[quantity]:
            return True
        if quantity in self.public and quantity not in self.slack:
            return True
        return quantity not in self.hidden and self.costs[quantity] > ceiling

    def near(self, quantity: int, most: int, ceiling: float) -> tuple[list[int], bool]:
        """Return up to `most` sums around a quantity, nearest first, and whether those are all.

        What is fixed does not lead on to further sums.
        """
        seen: dict[int, None] = {}
        reached = {quantity}
        queue = deque([quantity])
        while queue:
            current = queue.popleft()
            for number in self.of.get(current, ()):
                if number in seen:
                    continue
                if len(seen) == most:
                    return list(seen), False
                seen[number] = None
                for other in self.sums[number]:
                    if other not in reached and not self.is_fixed(other, ceiling):
                        reached.add(other)
                        queue.append(other)
        return list(seen), True


def network_of(
    found: Quantities, relations: Iterable[Relation], costs: Mapping[int, float]
) -> Network:
    """Return the network of the relations; those that say nothing are left out."""
    sums: dict[tuple[tuple[int, int], ...], dict[int, int]] = {}
    for relation in relations:
        total: dict[int, int] = defaultdict(int)
        total[found.root(found.index[relation.whole])] -= 1
        for part in relation.parts:
            total[found.root(found.index[part])] += 1
        kept = {
            number: times
            for number, times in sorted(total.items())
            if times and found.values[number]
        }
        if kept:
            sums.setdefault(tuple(kept.items()), kept)
    values = {found.root(number): found.values[number] for number in range(len(found.keys))}
    return Network(values, list(sums.values()), costs)


def costs_of(
    found: Quantities, preferred: Collection[str], pieces: Mapping[int, float]
) -> dict[int, float]:
    """Return what hiding each quantity loses: large numbers and those in many cells lose most.

    Parameters
    ----------
    preferred
        Analyses whose tables are to stay readable where there is a choice.
    pieces
        Quantity -> how many cells would be hidden with it.
    """
    from math import log2

    dear = {
        found.root(number)
        for number, key in enumerate(found.keys)
        if found.analysis[key[0]] in preferred
    }
    return {
        number: (1.0 + log2(1 + found.values[number]))
        * (1.0 + count)
        * (4.0 if number in dear else 1.0)
        for number, count in pieces.items()
    }
