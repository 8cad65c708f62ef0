"""Sums between the numbers of training: sites, rounds and courses add up, and so do answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from datrial.analyses.training_groups import ALL_COURSES, ALL_ROUNDS, ALL_SITES
from datrial.results.cells import Table
from datrial.results.disclosure import Relation

_ATTENDANCE, _SCORES = "training.attendance", "training.scores"
_NUMBERS = (
    ("registered", "count"), ("attended", "count"), ("attended", "n:share"),
    ("attended_unknown", "count"), ("passed", "count"), ("passed", "n:share"),
    ("passed_unknown", "count"),
)  # fmt: skip
#: Of means, how many have a score and what these add up to.
_MEANS = tuple((column, kind) for column in ("before", "after", "change")
               for kind in ("n:mean", "of:mean"))  # fmt: skip


def training_sums(given: Mapping[str, Table]) -> list[Relation]:
    """Return the sums between the tables of ``training``, as far as they are there."""
    found: list[Relation] = []
    for name, numbers in ((_ATTENDANCE, _NUMBERS), (_SCORES, _MEANS)):
        if name in given:
            for whole, parts in _splits(list(given[name].row_labels)):
                found += [
                    Relation((name, whole, *at), tuple((name, part, *at) for part in parts))
                    for at in numbers
                ]
    if _ATTENDANCE in given:
        for row in given[_ATTENDANCE].row_labels:
            found += _answers(row)
        for row in given[_SCORES].row_labels if _SCORES in given else ():
            found += _scored(row)
    return found


def _splits(rows: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each row that others add up to: its sites, its rounds, or all courses."""
    keys = [(*row.split("__"),) for row in rows]
    for course, number, site in keys:
        if site == ALL_SITES:
            parts = [key for key in keys if key[:2] == (course, number) and key[2] != ALL_SITES]
            if parts:
                yield f"{course}__{number}__{site}", ["__".join(part) for part in parts]
        if course == ALL_COURSES:
            parts = [key for key in keys if key[0] != ALL_COURSES and key[1:] == (ALL_ROUNDS, site)]
        else:
            parts = [
                key for key in keys if (key[0], key[2]) == (course, site) and key[1] != ALL_ROUNDS
            ]
        if number == ALL_ROUNDS and parts:
            yield f"{course}__{number}__{site}", ["__".join(part) for part in parts]


def _answers(row: str) -> Iterator[Relation]:
    """Yield that those known and not known are all that there are."""
    for whole, column in (("registered", "attended"), ("attended", "passed")):
        parts = (
            (_ATTENDANCE, row, column, "n:share"),
            (_ATTENDANCE, row, f"{column}_unknown", "count"),
        )
        yield Relation((_ATTENDANCE, row, whole, "count"), parts)
        yield Relation(
            (_ATTENDANCE, row, whole, "count"),
            ((_ATTENDANCE, row, f"{column}_unknown", "n:count"),),
        )
    registered = (_ATTENDANCE, row, "registered", "count")
    yield Relation(registered, ((_ATTENDANCE, row, "passed", "n:share_of_registered"),))


def _scored(row: str) -> Iterator[Relation]:
    """Yield that those with a score are those who attended: it holds where nobody lacks one."""
    for column in ("before", "after", "change"):
        scored = (_SCORES, row, column, "n:mean")
        yield Relation((_ATTENDANCE, row, "attended", "count"), (scored,))
