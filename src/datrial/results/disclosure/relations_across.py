"""Sums over groups: sites, arms or levels in one table that add to a number in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from datrial.results.disclosure import statistics as kinds
from datrial.results.disclosure.patterns import Patterns
from datrial.results.disclosure.quantities import Quantities
from datrial.results.disclosure.relations import Relation, Series

_MOST = 12


def groups_that_add_up(found: Quantities, series: Sequence[Series]) -> list[Relation]:
    """Return sums of the rows of a table that say all that another row says, and one thing more.

    ``support_housing__site_1``, ``__site_2`` and ``__site_3`` add to ``support_housing``,
    in the same column of the same or another table of the analysis.
    """
    by_analysis: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        by_analysis[found.analysis[one.table]].append(one)
    relations: list[Relation] = []
    for listed in by_analysis.values():
        for coarse in listed:
            for fine in listed:
                if _alike(coarse, fine):
                    relations += _between(found, coarse, fine)
    return relations


def _alike(coarse: Series, fine: Series) -> bool:
    """Tell whether one could be a breakdown of the other: kind and columns agree."""
    same_n = coarse.statistic.startswith("n:") == fine.statistic.startswith("n:")
    return same_n and bool(set(coarse.columns) & set(fine.columns))


def _between(found: Quantities, coarse: Series, fine: Series) -> list[Relation]:
    patterns = Patterns()
    by_word: dict[str, list[str]] = defaultdict(list)
    for row in fine.rows:
        for word in kinds.tokens(row):
            by_word[word].append(row)
    for row in coarse.rows:
        for depth, rows in _finer(row, fine, by_word):
            for column in coarse.columns:
                whole = coarse.at.get((row, column))
                parts = [fine.at[each, column] for each in rows if (each, column) in fine.at]
                if whole is not None and len(parts) > 1:
                    total = sum(found.values[part] for part in parts)
                    patterns.note(depth, found, whole, parts, total, strong=True)
    return patterns.accepted()


def _finer(
    row: str, fine: Series, by_word: dict[str, list[str]]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that say all that a row says, and more; by how long their keys are."""
    own = kinds.tokens(row)  # "all" is no word: such a row says nothing
    candidates = fine.rows if not own else min((by_word[word] for word in own), key=len)
    finer: dict[int, list[str]] = defaultdict(list)
    for other in candidates:
        words = kinds.tokens(other)
        if own < words and (own or len(words) <= 2):
            finer[other.count("__")].append(other)
    for depth, rows in finer.items():
        if 2 <= len(rows) <= _MOST:
            yield depth, rows
