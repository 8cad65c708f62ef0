"""Sums down the columns of a table: levels that add to their base, boxes to a box.

What adds up once may do so by chance; what adds up in every block of rows that is made alike,
or in every column, does so by meaning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.patterns import LARGE, Patterns
from datrial.results.disclosure.quantities import Quantities
from datrial.results.disclosure.relations import Relation, Series, relation_of

_LONGEST = 18
_LEAST = 5

Elsewhere = dict[tuple[str, int], list[int]]


def rows_that_add_up(found: Quantities, series: Sequence[Series]) -> list[Relation]:
    """Return the sums of neighbouring rows.

    They may add to a base of those rows, to another row of the table, or to a number of the
    same analysis whose words are among those that the rows have in common.
    """
    elsewhere = by_value(found)
    relations: list[Relation] = []
    for one in series:
        patterns = Patterns()
        _rows_elsewhere(found, one, elsewhere, patterns)
        for depth, block in _blocks(one.rows):
            for column in one.columns:
                relations += _of_block(found, one, depth, block, column, elsewhere, patterns)
        relations += patterns.accepted()
    return relations


def by_value(found: Quantities) -> Elsewhere:
    """Return (analysis, value) -> its quantities."""
    elsewhere: Elsewhere = defaultdict(list)
    for number, (table, _, _, statistic) in enumerate(found.keys):
        if not statistic.startswith("rest:") and found.values[number] >= _LEAST:
            elsewhere[found.analysis[table], found.values[number]].append(number)
    return elsewhere


def _rows_elsewhere(
    found: Quantities, one: Series, elsewhere: Elsewhere, patterns: Patterns
) -> None:
    """Note where the columns of a row, all or all but the last, add to a number elsewhere.

    Such a number is of people of whom the row says the same, and perhaps more.
    """
    if len(one.columns) <= 2:
        return
    for row in one.rows:
        words = kinds.tokens(row)
        for run in (one.columns, one.columns[:-1]):
            parts = [one.at[row, column] for column in run if (row, column) in one.at]
            total = sum(found.values[part] for part in parts)
            if len(parts) < len(run) or total < _LEAST:
                continue
            for number in elsewhere.get((found.analysis[one.table], total), ()):
                table, other, column, statistic = found.keys[number]
                own = kinds.tokens(other) | kinds.tokens(column)
                if own and own <= words and table != one.table:
                    name = ("columns", len(run), table, statistic)
                    patterns.note(name, found, number, parts, total, strong=True)


def _blocks(rows: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the runs of rows whose keys begin alike, at each depth, and all rows."""
    if 1 < len(rows) <= _LONGEST:
        yield 0, tuple(rows)
    for depth in range(1, max(row.count("__") for row in rows) + 1):
        current: list[str] = []
        prefix = None
        for row in (*rows, ""):
            own = row.split("__")[:depth]
            if own != prefix or not row:
                if 1 < len(current) <= _LONGEST and len(current) < len(rows):
                    yield depth, tuple(current)
                current, prefix = [], own
            current.append(row)


def _of_block(
    found: Quantities,
    one: Series,
    depth: int,
    block: Sequence[str],
    column: str,
    elsewhere: Elsewhere,
    patterns: Patterns,
) -> list[Relation]:
    """Return the sums to a base; note the others, which count if they are a pattern."""
    at = [one.at.get((row, column)) for row in block]
    suffixes = ["__".join(row.split("__")[depth:]) for row in block]
    bases = [_bases(found, one, row, column) for row in block]
    relations: list[Relation] = []
    for first in range(len(block)):
        parts: list[int] = []
        total = nonzero = 0
        for last in range(first, len(block)):
            part = at[last]
            if part is None:
                break
            parts.append(part)
            total += found.values[part]
            nonzero += found.values[part] > 0
            if len(parts) == 1 or not total:
                continue
            shared = set.intersection(*bases[first : last + 1])
            base = next((each for each in sorted(shared) if found.values[each] == total), None)
            if base is not None:
                relations.append(relation_of(found, base, parts))
            if nonzero < 2:
                continue
            name = (depth, tuple(suffixes[first : last + 1]))
            for place, whole in enumerate(at):
                if whole is not None and not first <= place <= last:
                    near = place in (first - 1, last + 1)
                    patterns.note((*name, suffixes[place]), found, whole, parts, total, strong=near)
            if total >= _LEAST:
                words = frozenset.intersection(*(kinds.tokens(row) for row in block))
                for number in _elsewhere(found, one, words, column, parts, total, elsewhere):
                    table, _, other, statistic = found.keys[number]
                    where = (table, "=" if other == column else other, statistic)
                    whole_block = len(parts) == len(block)
                    patterns.note((*name, *where), found, number, parts, total, strong=whole_block)
    return relations


def _bases(found: Quantities, one: Series, row: str, column: str) -> set[int]:
    return {found.root(number) for number in found.at_n(one.table, row, column)}


def _elsewhere(
    found: Quantities,
    one: Series,
    common: frozenset[str],
    column: str,
    parts: Sequence[int],
    total: int,
    elsewhere: Elsewhere,
) -> Iterator[int]:
    """Yield the numbers of the analysis that a run may add to: those of the same people."""
    words = common | kinds.tokens(column)
    own_parts = set(parts)
    for number in elsewhere.get((found.analysis[one.table], total), ()):
        _, row, other_column, _ = found.keys[number]
        own = kinds.tokens(row)
        if number in own_parts or not own <= words or (not own and total < LARGE):
            continue
        if other_column not in one.columns or kinds.tokens(other_column) <= words:
            yield number
