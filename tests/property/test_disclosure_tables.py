"""Random tables with totals: whoever knows that they add up cannot work a hidden count out.

The check counts out every table that fits what is released; it knows nothing of how the
numbers to hide were chosen.
"""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from datrial.config.disclosure import Profile
from datrial.results.cells import State, Table
from datrial.results.disclosure import protect

ARMS = ("intervention", "control")
MOST = 14
PROFILE = Profile(profile="p", title="t", description="d", threshold=5)
ROUNDED = PROFILE.model_copy(update={"round_to": 5})

counts = st.integers(0, MOST - 2) | st.integers(0, 3)
tables = st.lists(st.tuples(counts, counts), min_size=2, max_size=4)


def made(levels: list[tuple[int, int]], *, shares: bool) -> Table:
    """Return a table of levels by arm, with all as the first column and n their sum."""
    table = Table("a.levels", "Levels", "Simulated.")
    columns = {"all": [sum(level) for level in levels]}
    columns |= {arm: [level[place] for level in levels] for place, arm in enumerate(ARMS)}
    for column in columns:
        table.column(column, column)
    for place in range(len(levels)):
        table.row(f"level_{'abcd'[place]}", "Level")
    for column, values in columns.items():
        n = sum(values)
        for place, value in enumerate(values):
            row = f"level_{'abcd'[place]}"
            table.add(row, column, "count", value, n=n)
            if shares and n:
                table.add(row, column, "share", value / n, n=n)
    return table


def behind(shown: float, profile: Profile) -> range:
    """Return the counts that what is shown can stand for."""
    value = int(shown)
    if profile.round_to == 1 or not value:
        return range(value, value + 1)
    half = profile.round_to // 2
    return range(max(value - half, profile.threshold), value + half + 1)


def possible(released: Table, profile: Profile) -> dict[tuple[str, str], set[int]]:
    """Return the values that each count by arm can have, given all that is released."""
    shown = {(c.row, c.column): c.value for c in released.cells if c.statistic == "count"}
    n = {c.column: c.n for c in released.cells if c.n is not None}
    rows = list(released.row_labels)
    pairs = {row: _pairs(shown, n, row, profile) for row in rows}
    ahead: list[set[tuple[int, int]]] = [{(0, 0)}]
    for row in rows:
        ahead.append({(a + x, b + y) for a, b in ahead[-1] for x, y in pairs[row]})
    fits = {sums for sums in ahead[-1] if _fits(sums, n, profile)}
    found: dict[tuple[str, str], set[int]] = {(row, arm): set() for row in rows for arm in ARMS}
    for place in range(len(rows) - 1, -1, -1):
        row, before = rows[place], set()
        for (a, b), (x, y) in product(fits, pairs[row]):
            if (a - x, b - y) in ahead[place]:
                before.add((a - x, b - y))
                found[row, ARMS[0]].add(x)
                found[row, ARMS[1]].add(y)
        fits = before
    return found


def _pairs(
    shown: dict[tuple[str, str], float | None],
    n: dict[str, int | None],
    row: str,
    profile: Profile,
) -> list[tuple[int, int]]:
    """Return what a row can hold: a hidden number is 0 only where its n is hidden as well."""
    values = []
    for arm in ARMS:
        value = shown[row, arm]
        values.append(range(arm in n, MOST + 1) if value is None else behind(value, profile))
    total = shown[row, "all"]
    return [p for p in product(*values) if total is None or sum(p) in behind(total, profile)]


def _fits(sums: tuple[int, int], n: dict[str, int | None], profile: Profile) -> bool:
    known = {ARMS[0]: sums[0], ARMS[1]: sums[1], "all": sum(sums)}
    return all(known[column] in behind(value or 0, profile) for column, value in n.items())


@settings(max_examples=60, deadline=None)
@given(tables, st.booleans(), st.sampled_from([PROFILE, ROUNDED]))
def test_no_small_count_can_be_worked_out(
    levels: list[tuple[int, int]], shares: bool, profile: Profile
) -> None:
    table = made(levels, shares=shares)
    protected = protect([("a", table)], profile)
    released = protected.tables[0][1]
    values = possible(released, profile)
    hidden = {
        (c.row, c.column) for c in released.cells
        if c.statistic == "count" and c.state is State.SUPPRESSED
    }  # fmt: skip
    for (row, arm), found in values.items():
        true = int(table.get(row, arm, "count").value or 0)
        if 0 < true < profile.threshold:
            assert (row, arm) in hidden
            assert true in found
            assert len(found) > 1
            if not protected.summary["in_doubt_only"]:
                assert found >= set(range(1, profile.threshold))


@settings(max_examples=25, deadline=None)
@given(tables)
def test_what_is_shown_is_true_and_zero_is_shown(levels: list[tuple[int, int]]) -> None:
    table = made(levels, shares=True)
    released = protect([("a", table)], PROFILE).tables[0][1]
    for cell, shown in zip(table.cells, released.cells, strict=True):
        assert shown.value in (None, cell.value)
        if cell.value == 0 and (cell.n or 0) >= PROFILE.threshold and cell.statistic == "count":
            assert shown.value == 0


@settings(max_examples=25, deadline=None)
@given(tables)
def test_the_same_tables_hide_the_same_cells(levels: list[tuple[int, int]]) -> None:
    table = made(levels, shares=True)
    first, second = (protect([("a", table)], PROFILE) for _ in range(2))
    assert first.hidden == second.hidden
    assert first.tables[0][1].cells == second.tables[0][1].cells
