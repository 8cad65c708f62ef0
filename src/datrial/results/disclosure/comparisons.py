"""Which cells compare a hidden number with others: differences, ratios, tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.quantities import Place, Quantities

_SIBLINGS = 4


@dataclass
class Comparisons:
    """Finds places without a count of their own that compare hidden places of their analysis.

    Such a place stands in a row that says nothing but what the hidden one says, in the same
    column or in one of comparisons. In another table it also has the hidden row's n, or the
    sum of its columns' or of its levels' n: a model of other people is no comparison of these.
    """

    found: Quantities
    hidden: Collection[Place]
    _columns: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _rows: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    _alike: dict[tuple[str, frozenset[str]], int] = field(default_factory=lambda: defaultdict(int))
    _bases: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    _levels: dict[tuple[str, str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    _known: dict[Place, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counted = [place for place, own in self.found.at.items() if own]
        for table, _, column in counted:
            self._columns[table].add(column)
        for table, row in dict.fromkeys(place[:2] for place in counted):
            words = kinds.tokens(row)
            for word in words:
                self._alike[table, words - {word}] += 1
        for place in sorted(self.hidden):
            self._rows[self.found.analysis[place[0]]].append(place)
        self._add_bases()

    def _add_bases(self) -> None:
        """Note each row's n, the sum of its columns' n, and the sums of the levels' n."""
        values = self.found.values
        of_row: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        of_levels: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
        for (table, row, column, statistic), number in self.found.n_of.items():
            self._bases[table, row].add(values[number])
            of_row[table, row, statistic].append(values[number])
            of_levels[table, _start(row), column, statistic].append(values[number])
        for (table, row, _), numbers in of_row.items():
            self._bases[table, row].add(sum(numbers))
        for (table, start, column, _), numbers in of_levels.items():
            self._levels[table, start, column].add(sum(numbers))

    def compares(self, place: Place) -> bool:
        """Tell whether a place compares a hidden one with others."""
        if self.found.at.get(place):
            return False
        if place not in self._known:
            others = self._rows.get(self.found.analysis.get(place[0], ""), ())
            self._known[place] = any(self._with(place, other) for other in others)
        return self._known[place]

    def _with(self, place: Place, hidden: Place) -> bool:
        if place[0] != hidden[0] and self._is_of_levels(place, hidden):
            return True
        if place[2] != hidden[2] and place[2] in self._columns[hidden[0]]:
            return False
        own, other = kinds.tokens(place[1]), kinds.tokens(hidden[1])
        same = place[1] == hidden[1] or (bool(own) and own == other)
        fewer = bool(own) and own < other and len(other - own) == 1
        if fewer and self._alike.get((hidden[0], own), 0) > _SIBLINGS:
            fewer = False
        if not same and not fewer:
            return False
        return place[0] == hidden[0] or self._same_people(place, self._bases[hidden[:2]])

    def _is_of_levels(self, place: Place, hidden: Place) -> bool:
        """Tell whether a place compares levels, of which the hidden one is one."""
        start = _start(hidden[1])
        return (
            place[2] == hidden[2]
            and bool(start)
            and _start(place[1]) == start
            and bool(self._own_bases(place) & self._levels[hidden[0], start, hidden[2]])
        )

    def _same_people(self, place: Place, bases: Collection[int]) -> bool:
        own = self._own_bases(place)
        return not own or not own.isdisjoint(bases)

    def _own_bases(self, place: Place) -> set[int]:
        return {self.found.values[number] for number in self.found.at_n(*place)}


def _start(row: str) -> str:
    return row.rpartition("__")[0]
