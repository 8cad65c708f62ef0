"""Time and size of what is made from stored runs: the workbooks, the database of all runs.

Run ``python tests/benchmarks/bench_exports.py [--tables 150] [--runs 20]``. The runs are made
up: tables of 12 rows and 13 numbers a row, about as many cells as a full run has.

2 cores, on a machine busy with other work (load 12): both workbooks of 23,400 cells 12.0 s,
of which 3.0 s of one processor, reading the run included (0.8 MB and 0.5 MB). Of a full run
with published numbers, load 8: describing 0.7 s, Excel 1.9 s, OpenDocument 0.2 s of the
processor. The database of 20 runs, 468,000 cells: 5.3 s, 8.9 MB; a query of all cells 0.3 s.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from datrial.report.workbook import write_workbooks
from datrial.results.cells import Table
from datrial.results.database import DATABASE, query, refresh
from datrial.results.store import write_run

ROWS = 12
STATISTICS = ("count", "share", "ci_low", "ci_high")
COLUMNS = ("intervention", "control", "difference")


def tables(number: int, seed: int) -> list[tuple[str, Table]]:
    """Return made-up tables of an analysis."""
    rng = random.Random(seed)
    made = []
    for place in range(number):
        rows = {f"row_{n}": f"Row {n} of table {place}" for n in range(ROWS)}
        columns = {name: name.capitalize() for name in COLUMNS}
        table = Table(f"analysis.table_{place}", f"Table {place}", "A note.", (), rows, columns)
        for row in rows:
            for column in columns:
                for statistic in STATISTICS:
                    table.add(row, column, statistic, rng.random(), n=rng.randrange(500))
            table.add(row, "difference", "p_value", rng.random())
        made.append(("analysis", table))
    return made


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=150)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for run in range(options.runs):
            manifest = {"snapshot_id": "s", "study": "drive", "label": str(run)}
            write_run(home, f"run-{run}", manifest, tables(options.tables, run), {})
        start, used = time.perf_counter(), time.process_time()
        paths = write_workbooks(home, "run-0")
        print(
            f"workbooks: {time.perf_counter() - start:.1f} s, "
            f"of the processor {time.process_time() - used:.1f} s; "
            + ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in paths)
        )
        start = time.perf_counter()
        refresh(home)
        print(
            f"{DATABASE}: {options.runs} runs, {time.perf_counter() - start:.1f} s, "
            f"{(home / DATABASE).stat().st_size / 1e6:.1f} MB"
        )
        start = time.perf_counter()
        counted = query(home, "select count(*) from cell").rows[0][0]
        print(f"query of {counted:,} cells: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
