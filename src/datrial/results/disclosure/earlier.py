"""What earlier tables of the same study tell of the numbers now, and what must stay hidden.

Three things count: numbers that stand in both and differ by a small count, numbers that were
hidden then and would be given back now, and numbers that everybody can read there already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from datrial.config.disclosure import Profile
from datrial.results.cells import State, Table
from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.given_back import stay_open
from datrial.results.disclosure.guard import Guard
from datrial.results.disclosure.quantities import CellKey, Quantities, quantities_of
from datrial.results.disclosure.relations import Relation

Pair = tuple[str, Table]


def guard_against(
    tables: Sequence[Pair],
    profile: Profile,
    earlier: Mapping[str, Sequence[Pair]],
    found: Quantities,
    known: Iterable[Relation],
) -> Guard:
    """Return what has to be heeded of earlier tables of the same study.

    Parameters
    ----------
    tables
        The tables now, as they were counted.
    earlier
        Name of a run or release -> its tables as they were stored or released.
    found, known
        The numbers of the tables now, and the sums between them.
    """
    if not profile.threshold:
        return Guard()
    relations = list(known)
    guard = Guard()
    for name, told in earlier.items():
        one = _Comparison(found, relations, tables, told, profile)
        close, hidden = frozenset(one.close()), frozenset(one.still_hidden())
        guard = guard.with_(Guard(close, hidden, frozenset(one.same()), (name,)))
    return guard


@dataclass
class _Comparison:
    """The numbers now beside earlier tables."""

    found: Quantities
    relations: Sequence[Relation]
    tables: Sequence[Pair]
    told: Sequence[Pair]
    profile: Profile
    _then: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, value in self.before.items():
            if key in self.found.index:
                self._then.setdefault(self.found.root(self.found.index[key]), value)

    @cached_property
    def before(self) -> dict[CellKey, float]:
        """Every number that can be read in the earlier tables."""
        nobody = {table.id for _, table in self.tables if table.not_about_people}
        told = [pair for pair in self.told if pair[1].id not in nobody]
        numbers = quantities_of(told, complements=self.profile.complements)
        return {key: numbers.values[number] for key, number in numbers.index.items()}

    def _both(self) -> Iterator[tuple[CellKey, float, float]]:
        """Yield every number that stands in both, as it can be read now and then."""
        for key, number in self.found.index.items():
            if key in self.before:
                yield key, self._readable(self.found.values[number]), self.before[key]

    def _readable(self, value: float) -> float:
        base = self.profile.round_to
        return value if base == 1 else kinds.grid(value, base)

    def close(self) -> Iterator[CellKey]:
        """Yield the numbers that differ by a small count."""
        for key, now, then in self._both():
            if self.profile.is_small(abs(now - then)):
                yield key
        yield from self._groups()

    def same(self) -> Iterator[CellKey]:
        """Yield the numbers that are the same."""
        for key, now, then in self._both():
            if now == then and now > 0:
                yield key

    def still_hidden(self) -> Iterator[CellKey]:
        """Yield what was hidden, but for what has changed too much to be given back."""
        numbers, derived = self._hidden_then
        kept = numbers - self._free(numbers)
        yield from (self.found.keys[number] for number in sorted(kept))
        moved = self._moved
        yield from (key for key in derived if key[0] not in moved)

    @cached_property
    def _hidden_then(self) -> tuple[set[int], list[CellKey]]:
        """Return the numbers that were hidden, and the hidden cells without such a number."""
        numbers: set[int] = set()
        derived: list[CellKey] = []
        there = {
            (table.id, cell.row, cell.column, cell.statistic): cell
            for _, table in self.tables
            if not table.not_about_people
            for cell in table.cells
        }
        for _, table in self.told:
            for cell in table.cells:
                key = (table.id, cell.row, cell.column, cell.statistic)
                if key not in there:
                    continue
                if cell.state is State.SUPPRESSED:
                    own = self.found.of_cell.get(key, ())
                    numbers.update(self.found.root(number) for number in own)
                    if not own and there[key].state is State.VALUE:
                        derived.append(key)
                if cell.n is None and key in self.found.n_of:
                    numbers.add(self.found.root(self.found.n_of[key]))
        zero = {number for number in numbers if not self.found.values[number]}
        return numbers - zero - self._then.keys(), derived

    @cached_property
    def _moved(self) -> set[str]:
        """The tables in which some number has changed by more than a small count."""
        return {
            key[0] for key, now, then in self._both() if abs(now - then) >= self.profile.threshold
        }

    def _free(self, hidden: Collection[int]) -> set[int]:
        """Return the hidden numbers that, shown now, do not give back what was hidden.

        Numbers that hang together by sums are free together: if, in each of their sums, what
        the shown numbers leave for the hidden ones has changed by more than a small count.
        """
        group = {number: {number} for number in hidden}
        for sums in self._with_hidden:
            first, *others = sums.hidden
            for other in others:
                if group[other] is not group[first]:
                    group[first] |= group[other]
                    group |= dict.fromkeys(group[other], group[first])
        still: set[int] = set()
        moved: set[int] = set()
        for sums in self._with_hidden:
            if sums.change is not None:
                far = abs(sums.change) >= self.profile.threshold + sums.coarse
                (moved if far else still).update(sums.hidden)
        free: set[int] = set()
        for together in {id(each): each for each in group.values()}.values():
            tables = {self.found.keys[number][0] for number in together}
            changed = not together.isdisjoint(moved) or tables <= self._moved
            if changed and together.isdisjoint(still) and self._stay_open(together):
                free |= together
        return free

    def _stay_open(self, together: Collection[int]) -> bool:
        """Tell whether numbers that hang together are not given back if all are shown now."""
        sums = [
            (sums.times, sums.left)
            for sums in self._with_hidden
            if sums.left is not None and sums.hidden[0] in together
        ]
        now = {number: self.found.values[number] for number in sorted(together)}
        coarse = max((sums.coarse for sums in self._with_hidden), default=0)
        return stay_open(now, sums, self.profile.threshold - 2, coarse)

    def _groups(self) -> Iterator[CellKey]:
        """Yield numbers without which a few people could be told from those hidden then.

        Where shown numbers tell that a group of hidden ones has changed by a small count, one
        of the shown ones must be hidden: the part that has changed most.
        """
        for sums in self._with_hidden:
            if sums.change is None or not self.profile.is_small(abs(sums.change)):
                continue
            changes = {
                number: abs(self.found.values[number] - self._then[number])
                for number in sums.shown
                if number in self._then
            }
            most = max(changes, key=lambda number: (changes[number], -number), default=None)
            if most is not None and changes[most]:
                yield self.found.keys[most]

    @cached_property
    def _with_hidden(self) -> list[_Sum]:
        """The sums that hold hidden numbers of then."""
        return [sums for sums in map(self._sum, self.relations) if sums.hidden]

    def _sum(self, relation: Relation) -> _Sum:
        hidden = self._hidden_then[0]
        whole, *parts = (
            self.found.root(self.found.index[key]) for key in (relation.whole, *relation.parts)
        )
        members = tuple(dict.fromkeys(each for each in (whole, *parts) if each in hidden))
        shown = tuple(each for each in parts if each not in hidden)
        coarse = (self.profile.round_to - 1) * (1 + len(parts))
        if not members or any(each not in self._then for each in shown):
            return _Sum(members, shown, coarse)
        times: dict[int, int] = {}
        for each, sign in ((whole, -1), *((part, 1) for part in parts)):
            if each in hidden:
                times[each] = times.get(each, 0) + sign
        left = -sum(self._then[part] for part in shown)
        if whole in hidden:
            return _Sum(members, shown, coarse, times, left)
        if whole not in self._then:
            return _Sum(members, shown, coarse)
        left += self._then[whole]
        change = self.found.values[whole] - self._then[whole]
        for part in shown:
            change -= self.found.values[part] - self._then[part]
        return _Sum(members, shown or (whole,), coarse, times, left, change)


@dataclass(frozen=True)
class _Sum:
    """A sum by its hidden numbers of then, the others, and what these leave.

    ``left`` is none where not all others were there, ``change`` also where the whole was hidden.
    """

    hidden: tuple[int, ...]
    shown: tuple[int, ...]
    coarse: int
    times: dict[int, int] = field(default_factory=dict)
    left: float | None = None
    change: float | None = None
