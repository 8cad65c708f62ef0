"""Sums between numbers of result tables that the tables themselves do not say.

Disclosure control finds most of what adds up by looking at the numbers. What only the
meaning tells is said here: the boxes of the flow, and changes, which are sums of transitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from datrial.analyses.flow_boxes import splits_of
from datrial.results.cells import Table
from datrial.results.disclosure import Relation

_FLOWS = ("participant_flow.perpetrators", "participant_flow.victims")
_CHANGE, _TRANSITIONS = "behaviours.change", "behaviours.transitions"
_SEVERITY = ("none", "standard", "moderate", "high")


def known_sums(tables: Iterable[Table]) -> tuple[Relation, ...]:
    """Return the sums between numbers of these tables that are known beforehand."""
    given = {table.id: table for table in tables}
    found = [each for name in _FLOWS if name in given for each in _boxes(given[name])]
    if _CHANGE in given and _TRANSITIONS in given:
        found += _changes(given[_CHANGE], given[_TRANSITIONS])
    return tuple(found)


def _boxes(table: Table) -> Iterator[Relation]:
    """Yield that each box is its parts, in each column."""
    for split in splits_of(table):
        for column in table.column_labels:
            parts = tuple((table.id, part, column, "count") for part in split.parts)
            yield Relation((table.id, split.whole, column, "count"), parts)


def _changes(change: Table, transitions: Table) -> Iterator[Relation]:
    """Yield that each change from intake is the sum of the transitions that are such a change."""
    for row in change.row_labels:
        behaviour, _, rest = row.partition("__")
        later, _, group = rest.partition("__")
        for column in change.column_labels:
            parts = tuple(
                (transitions.id, f"{behaviour}__intake_{later}__{start}", end, "count")
                for start in _SEVERITY
                for end in _SEVERITY
                if _in_group(start, group) and _kind(start, end) == column
            )
            if parts:
                yield Relation((change.id, row, column, "count"), parts)


def _in_group(start: str, group: str) -> bool:
    """Tell whether somebody with this severity at intake is in the group of a row."""
    return (
        group == "all"
        or (group == "high" and start == "high")
        or (group == "any" and start != "none")
    )


def _kind(start: str, end: str) -> str:
    before, after = _SEVERITY.index(start), _SEVERITY.index(end)
    if before == after:
        return "none_both" if not before else "unchanged"
    return "reduced" if after < before else "increased"
