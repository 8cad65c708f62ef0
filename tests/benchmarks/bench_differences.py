"""How long it takes to compare two runs that are read already, and to make their page.

Run: ``python tests/benchmarks/bench_differences.py [cells ...]`` (default 25,000 and 1,000,000).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from datrial.report.differences_page import render_differences
from datrial.results.cells import Cell, Table
from datrial.results.differences import compare_runs
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable

_PER_TABLE = 250
_STATISTICS = ("rate_ratio", "ci_low", "ci_high", "p_value", "count")


def run_of(cells: int, snapshot: str, changed: float) -> Run:
    """Return a run of many cells, a share of which another seed changes."""
    rng = np.random.default_rng(1)
    values = rng.uniform(0.5, 2.0, cells)
    moved = np.random.default_rng(2).random(cells) < changed
    values = np.where(moved, values * 1.05, values)
    tables = []
    for start in range(0, cells, _PER_TABLE):
        table = Table(f"a{start // 5000}.t{start}", "A table", "")
        table.column("estimate", "Estimate")
        for place in range(start, min(start + _PER_TABLE, cells)):
            row = f"r{place // len(_STATISTICS)}"
            table.row(row, row)
            statistic = _STATISTICS[place % len(_STATISTICS)]
            table.cells.append(Cell(row, "estimate", statistic, float(values[place]), 500))
        tables.append(RunTable(table.id.partition(".")[0], table, {}))
    manifest = Manifest(run_id=snapshot, snapshot_id=snapshot, study="drive")
    return Run(Path(), manifest, {}, tuple(tables))


def main() -> None:
    """Print the seconds for each number of cells, with none, a tenth and all of them changed."""
    for cells in [int(each) for each in sys.argv[1:]] or [25_000, 1_000_000]:
        first = run_of(cells, "one", 0.0)
        for share in (0.0, 0.1, 1.0):
            second = run_of(cells, "two", share)
            start = time.perf_counter()
            comparison = compare_runs(first, second, tolerance=1e-9)
            compared = time.perf_counter()
            page = render_differences(comparison)
            ended = time.perf_counter()
            print(
                f"{cells:>9,} cells, {len(comparison.differences):>9,} differ: compared in "
                f"{compared - start:.2f} s, page of {len(page) / 1e6:.1f} MB in "
                f"{ended - compared:.2f} s"
            )


if __name__ == "__main__":
    main()
