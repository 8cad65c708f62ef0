"""Time of disclosure control on a stored run, and how much of it is hidden.

Run ``python tests/benchmarks/bench_disclosure.py DATRIAL_HOME RUN_ID [PROFILE]`` on a run that
was published under the profile ``open``: what is hidden already cannot be counted again.

2 cores, busy with other work (load 10 to 15), a whole run of Drive as simulated (22,847
numbers in 146 tables, 7,356 sums found), counts_below_5: 4.9 s of processor time. Hidden: 225
small counts, 218 partners of theirs, 1,221 numbers computed from them, 7% in all. Of the three
primary outcomes, 24 tables with 3,642 numbers, 3 are hidden.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from datrial.analyses.known_sums import known_sums
from datrial.config.disclosure import load_profile
from datrial.results.disclosure import protect
from datrial.results.read import read_run


def main(home: Path, run_id: str, profile: str = "counts_below_5") -> None:
    """Protect the run's tables once and say what it took."""
    run = read_run(home, run_id)
    tables = [(entry.analysis, entry.table) for entry in run.tables]
    started, used = time.perf_counter(), time.process_time()
    protected = protect(
        tables,
        load_profile(profile),
        relations=known_sums(table for _, table in tables),
        preferred=run.manifest.primary_outcomes,
    )
    print(f"{time.perf_counter() - started:.1f} s, {time.process_time() - used:.1f} s of processor")
    print(
        f"{sum(len(table.cells) for _, table in tables):,} cells, {len(protected.relations):,} sums"
    )
    for name, value in protected.summary.items():
        if name != "tables":
            print(f"{name}: {value}")
    for name, reasons in protected.summary["tables"].items():
        print(f"{name:45} {reasons}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
