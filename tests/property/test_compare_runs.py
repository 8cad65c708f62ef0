"""The comparison of runs against one written the slow way, for any two sets of cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as some
from hypothesis import given, settings

from datrial.results.cells import Cell, State, Table
from datrial.results.differences import Differs, RunComparison, compare_runs
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable

Key = tuple[str, str, str, str]

NUMBERS = some.one_of(
    some.sampled_from([0.0, -0.0, 1.0, 1.0 + 1e-9, 1e6, -2.5]),
    some.floats(allow_nan=False, allow_infinity=False, width=32),
)
CELLS = some.one_of(
    some.tuples(some.just(State.VALUE), NUMBERS, some.sampled_from([None, 5, 500])),
    some.tuples(
        some.sampled_from([State.SUPPRESSED, State.NOT_AVAILABLE, State.NOT_APPLICABLE]),
        some.none(),
        some.sampled_from([None, 5]),
    ),
)
TABLES = some.dictionaries(
    some.sampled_from(["a.one", "a.two", "b.three"]),
    some.dictionaries(
        some.tuples(
            some.sampled_from(["r1", "r2", "r3"]),
            some.sampled_from(["c1", "c2"]),
            some.sampled_from(["count", "share"]),
        ),
        CELLS,
        max_size=8,
    ),
    max_size=3,
)
TOLERANCES = some.sampled_from([0.0, 1e-9, 0.1])


def _run(tables: dict[str, dict[Any, Any]], snapshot: str) -> Run:
    made = []
    for name, cells in tables.items():
        table = Table(name, name, "")
        for (row, column, statistic), (state, value, n) in cells.items():
            table.row(row, row)
            table.column(column, column)
            table.cells.append(Cell(row, column, statistic, value, n, state))
        made.append(RunTable(name.partition(".")[0], table, {}))
    manifest = Manifest(run_id="r", snapshot_id=snapshot, study="drive")
    return Run(Path(), manifest, {}, tuple(made))


def _by_key(run: Run) -> dict[Key, Cell]:
    return {
        (entry.table.id, cell.row, cell.column, cell.statistic): cell
        for entry in run.tables
        for cell in entry.table.cells
    }


def _slowly(first: Run, second: Run, tolerance: float) -> dict[Key, Differs]:
    old, new = _by_key(first), _by_key(second)
    shared = {entry.table.id for entry in first.tables} & {e.table.id for e in second.tables}
    found = {}
    for key in {*old, *new}:
        if key[0] not in shared:
            continue
        if key not in old:
            found[key] = Differs.ONLY_SECOND
        elif key not in new:
            found[key] = Differs.ONLY_FIRST
        elif old[key].state != new[key].state:
            found[key] = Differs.STATE
        elif not _alike(old[key].value, new[key].value, tolerance):
            found[key] = Differs.VALUE
        elif old[key].n != new[key].n:
            found[key] = Differs.N
    return found


def _alike(one: float | None, other: float | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(other - one) <= tolerance + tolerance * max(abs(one), abs(other))


def _found(comparison: RunComparison) -> dict[Key, Differs]:
    found = {(e.table_id, e.row, e.column, e.statistic): e.differs for e in comparison.differences}
    assert len(found) == len(comparison.differences)
    return found


@settings(deadline=None)
@given(TABLES, TABLES, TOLERANCES)
def test_every_cell_is_judged_as_by_hand(
    old: dict[str, Any], new: dict[str, Any], tolerance: float
) -> None:
    first, second = _run(old, "s1"), _run(new, "s2")
    comparison = compare_runs(first, second, tolerance=tolerance)
    assert _found(comparison) == _slowly(first, second, tolerance)
    assert {table.table_id for table in comparison.tables} == set(old) ^ set(new)
    assert comparison.is_equal == (not comparison.differences and set(old) == set(new))


@settings(deadline=None)
@given(TABLES, TOLERANCES)
def test_a_run_does_not_differ_from_itself(tables: dict[str, Any], tolerance: float) -> None:
    comparison = compare_runs(_run(tables, "s1"), _run(tables, "s1"), tolerance=tolerance)
    assert comparison.is_equal
    assert comparison.cells_compared == sum(map(len, tables.values()))


@settings(deadline=None)
@given(TABLES, TABLES, TOLERANCES)
def test_the_other_way_round_the_same_cells_differ_by_the_opposite(
    old: dict[str, Any], new: dict[str, Any], tolerance: float
) -> None:
    first, second = _run(old, "s1"), _run(new, "s2")
    there = compare_runs(first, second, tolerance=tolerance)
    back = compare_runs(second, first, tolerance=tolerance)
    turned = {Differs.ONLY_FIRST: Differs.ONLY_SECOND, Differs.ONLY_SECOND: Differs.ONLY_FIRST}
    assert _found(back) == {key: turned.get(d, d) for key, d in _found(there).items()}
    changes = {(e.table_id, e.row, e.column, e.statistic): e.change for e in there.differences}
    for entry in back.differences:
        change = changes[entry.table_id, entry.row, entry.column, entry.statistic]
        assert entry.change == (None if change is None else -change)
