"""What in the tables of severity is a sum of the steps from one level to another.

All of them count the same people: with the others, a hidden step could be worked out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.severity_grid_data import ABUSE, LEVELS, ORDERED, UNKNOWN
from datrial.results.cells import State, Table
from datrial.results.disclosure import CellKey, Relation

_READINGS = "severity_grid.readings"
_INTAKE, _LEVELS = "severity_grid.intake", "severity_grid.levels"
_STEPS, _MOVES = "severity_grid.transitions", "severity_grid.moves"
_PREVALENCE, _CHANGE = "severity_grid.prevalence", "severity_grid.change"
_TESTS, _OVERALL = "severity_grid.tests", "severity_grid.overall"
_ALL = tuple(LEVELS)
_NOT_ABUSE = tuple(level for level in LEVELS if level not in ABUSE)


def severity_sums(given: Mapping[str, Table]) -> Iterator[Relation]:
    """Yield the sums between the tables of a run's analysis of severity."""
    arms = given[_LEVELS].column_labels if _LEVELS in given else {}
    for arm in arms:
        for kind in BEHAVIOURS:
            yield from _of_intake(kind, arm)
            yield from _of_levels(kind, arm)
            yield from _of_moves(kind, arm)
            yield from _of_pairs(kind, arm)
        for row in given[_OVERALL].row_labels if _OVERALL in given else ():
            if row.endswith("__dont_know"):
                yield from _of_overall(row.removesuffix("__dont_know"), arm)


def severity_resting(
    tables: Iterable[Table], hidden: Collection[CellKey], few: int
) -> set[CellKey]:
    """Return the cells from which, beside others, fewer than `few` people could be told.

    A test tells how many moved: it rests on every step. The profile at intake less that of those
    with both grids is the profile of those who left.
    """
    given = {table.id: table for table in tables}
    secret = {key[1].rpartition("__")[0] for key in hidden if key[0] == _STEPS}
    left = _those_who_left(given, hidden, few) if few > 1 else set()
    return {
        (name, cell.row, cell.column, cell.statistic)
        for name in (_TESTS, _INTAKE)
        for cell in (given[name].cells if name in given else ())
        if cell.state is State.VALUE
        and (
            f"{cell.column}__{cell.row}" in secret
            if name == _TESTS and cell.statistic.startswith("p_")
            else (cell.row, cell.column) in left and name == _INTAKE
        )
    }


def _those_who_left(
    given: Mapping[str, Table], hidden: Collection[CellKey], few: int
) -> set[tuple[str, str]]:
    """Return the rows and columns at intake that tell of a few who have no later grid."""
    found: set[tuple[str, str]] = set()
    if _INTAKE not in given or _LEVELS not in given:
        return found
    stayed = {(c.row, c.column): c for c in given[_LEVELS].cells if c.statistic == "count"}
    for cell in given[_INTAKE].cells:
        kind, _, level = cell.row.partition("__")
        row = f"{kind}__intake__{level}"
        other = stayed.get((row, cell.column))
        if cell.statistic != "count" or other is None:
            continue
        if (
            cell.value is None
            or other.value is None
            or (_LEVELS, row, other.column, "count") in hidden
        ):
            continue
        away, gone = cell.value - other.value, (cell.n or 0) - (other.n or 0)
        if 0 < away < few or 0 < gone - away < few:
            found.add((cell.row, cell.column))
    return found


def _steps(kind: str, arm: str, first: Iterable[str], last: Collection[str]) -> list[CellKey]:
    return [(_STEPS, f"{arm}__{kind}__{start}", end, "count") for start in first for end in last]


def _of_intake(kind: str, arm: str) -> Iterator[Relation]:
    """Yield that levels add to everyone assessed, and severities to those with any."""
    at = {level: (_INTAKE, f"{kind}__{level}", arm, "count") for level in _ALL}
    abuse = tuple(at[level] for level in ABUSE)
    everyone = (_INTAKE, f"{kind}__high", arm, "n:count")
    yield Relation(everyone, tuple(at.values()))
    yield Relation((_READINGS, "assessed_intake", arm, "count"), (everyone,))
    for row in ("any", "any_known"):
        yield Relation((_INTAKE, f"{kind}__{row}", arm, "count"), abuse)
    yield Relation((_INTAKE, f"{kind}__any_known", arm, "n:count"), (*abuse, at["none"]))


def _of_overall(teller: str, arm: str) -> Iterator[Relation]:
    """Yield that everyone is those known and don't know, and that both rows count the same."""
    at = {level: (_OVERALL, f"{teller}__{level}", arm, "count") for level in ORDERED}
    unknown = (_OVERALL, f"{teller}__dont_know", arm, "count")
    everyone = (_OVERALL, f"{teller}__high", arm, "n:count")
    known = (_OVERALL, f"{teller}__high__known", arm, "n:count")
    yield Relation(everyone, (known, unknown))
    yield Relation(everyone, (*at.values(), unknown))
    yield Relation(known, tuple(at.values()))
    for level, whole in at.items():
        yield Relation(whole, ((_OVERALL, f"{teller}__{level}__known", arm, "count"),))


def _of_levels(kind: str, arm: str) -> Iterator[Relation]:
    """Yield that levels at either time add to everyone with both, and are sums of steps."""
    for time in ("intake", "exit"):
        at = tuple((_LEVELS, f"{kind}__{time}__{level}", arm, "count") for level in _ALL)
        everyone = (_LEVELS, f"{kind}__{time}__high", arm, "n:count")
        yield Relation(everyone, at)
        yield Relation((_READINGS, "assessed_both", arm, "count"), (everyone,))
        for level, whole in zip(_ALL, at, strict=True):
            ends = ([level], _ALL) if time == "intake" else (_ALL, [level])
            yield Relation(whole, tuple(_steps(kind, arm, *ends)))
        abuse = tuple((_LEVELS, f"{kind}__{time}__{level}", arm, "count") for level in ABUSE)
        yield Relation((_PREVALENCE, kind, arm, f"of:share_{time}"), abuse)


def _of_moves(kind: str, arm: str) -> Iterator[Relation]:
    """Yield who rose, fell, stayed, stopped or is not known, as sums of steps."""
    place = {level: number for number, level in enumerate(ORDERED)}
    known = _steps(kind, arm, ORDERED, ORDERED)
    parts = {
        "fell": [key for key in known if place[_start(key)] > place[key[2]]],
        "stayed": [key for key in known if _start(key) == key[2]],
        "rose": [key for key in known if place[_start(key)] < place[key[2]]],
    }
    for part, keys in parts.items():
        yield Relation((_MOVES, f"{kind}__{part}", arm, "count"), tuple(keys))
        yield Relation((_TESTS, kind, arm, f"of:share_{part}"), tuple(keys))
    yield Relation((_MOVES, f"{kind}__fell_of_all", arm, "count"), tuple(parts["fell"]))
    yield Relation((_MOVES, f"{kind}__fell", arm, "n:count"), tuple(known))
    unknown = [
        *_steps(kind, arm, UNKNOWN, _ALL),
        *_steps(kind, arm, ORDERED, UNKNOWN),
    ]
    yield Relation((_MOVES, f"{kind}__unknown", arm, "count"), tuple(unknown))
    stopped = f"{kind}__stopped"
    yield Relation((_MOVES, stopped, arm, "count"), tuple(_steps(kind, arm, ABUSE, ["none"])))
    yield Relation((_MOVES, stopped, arm, "n:count"), tuple(_steps(kind, arm, ABUSE, ORDERED)))


def _of_pairs(kind: str, arm: str) -> Iterator[Relation]:
    """Yield who had it at both times, stopped, started or never had it, as sums of steps."""
    for row, without in ((kind, _NOT_ABUSE), (f"{kind}__known", ("none",))):
        ends = {
            "both": (ABUSE, ABUSE), "stopped": (ABUSE, without),
            "started": (without, ABUSE), "neither": (without, without),
        }  # fmt: skip
        at = {part: (_CHANGE, row, arm, f"of:share_{part}") for part in ends}
        for part, (first, last) in ends.items():
            yield Relation(at[part], tuple(_steps(kind, arm, first, last)))
        for time, other in (("intake", "stopped"), ("exit", "started")):
            whole = (_PREVALENCE, row, arm, f"of:share_{time}")
            yield Relation(whole, (at["both"], at[other]))
        yield Relation((_CHANGE, row, arm, "n:share_both"), tuple(at.values()))


def _start(key: CellKey) -> str:
    return key[1].rpartition("__")[2]
