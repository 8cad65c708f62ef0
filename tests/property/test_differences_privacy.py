"""Whatever two runs hold, their page lists no count that changed by a few people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as some
from hypothesis import given, settings

from datrial.report.differences_page import render_differences
from datrial.report.differences_privacy import shown
from datrial.results.cells import State, Table
from datrial.results.differences import compare_runs
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable

THRESHOLD = 5
# Seven figures that nothing else on the page has.
COUNTS = some.one_of(some.none(), some.integers(7_100_000, 7_100_012))
ROWS = some.lists(some.tuples(COUNTS, some.integers(7_200_000, 7_200_012)), min_size=4, max_size=4)


def _run(rows: list[Any], snapshot: str) -> Run:
    table = Table("a.people", "People", "", (), {}, {"people": "People"})
    for place, (count, n) in enumerate(rows):
        row = f"r{place}"
        table.row(row, row)
        if count is None:
            table.absent(row, "people", "count", "small number", state=State.SUPPRESSED)
            continue
        table.add(row, "people", "count", count, n=n)
        table.add(row, "people", "mean", 2.0, n=n)
        table.add(row, "people", "share", count / n, n=n)
    manifest = Manifest.model_validate(
        {
            "run_id": snapshot, "snapshot_id": snapshot, "study": "drive",
            "resolved_study": {"disclosure": "counts_below_5"},
        }
    )  # fmt: skip
    return Run(Path(), manifest, {}, (RunTable("a", table, {}),))


def _is_small(change: int) -> bool:
    return 0 < abs(change) < THRESHOLD


@settings(deadline=None)
@given(ROWS, ROWS)
def test_no_small_change_is_listed_and_none_is_lost(old: list[Any], new: list[Any]) -> None:
    comparison = compare_runs(_run(old, "s1"), _run(new, "s2"), tolerance=1e-12)
    visible = shown(comparison)
    listed = {entry.row for entry in visible.differences}
    for place, ((before, n_before), (after, n_after)) in enumerate(zip(old, new, strict=True)):
        if before is None or after is None:
            assert f"r{place}" not in listed or (before is None) != (after is None)
            continue
        changes = (after - before, n_after - n_before, (n_after - n_before) - (after - before))
        if any(map(_is_small, changes)):
            assert f"r{place}" not in listed
        elif before != after:
            assert f"r{place}" in listed
    assert len(visible.differences) + sum(visible.withheld.values()) == len(comparison.differences)


@settings(deadline=None, max_examples=40)
@given(ROWS, ROWS)
def test_no_number_that_is_withheld_stands_on_the_page(old: list[Any], new: list[Any]) -> None:
    comparison = compare_runs(_run(old, "s1"), _run(new, "s2"), tolerance=1e-12)
    listed = {entry.row for entry in shown(comparison).differences}
    page = render_differences(comparison)
    told = {count for place, (count, _) in enumerate([*old, *new]) if f"r{place % 4}" in listed}
    for count, _ in [*old, *new]:
        if count is not None and count not in told:
            assert f"{count:,}" not in page
