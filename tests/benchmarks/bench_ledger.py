"""Seconds to import an allocation list into a new ledger (run this file with python)."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from pathlib import Path

from datrial.allocation.ledger import Ledger
from datrial.allocation.recording import import_list
from datrial.config.study import load_study


def seconds_of_an_import(folder: Path, people: int) -> float:
    """Return how long a list of so many people takes, synchronous writes included."""
    study = load_study("drive")
    meeting = dt.date(2017, 3, 1)
    rows = [
        (f"p_{number:020x}", "site_1", meeting, "control" if number % 5 else "intervention")
        for number in range(people)
    ]
    with Ledger(folder / f"{people}.sqlite") as ledger:
        start = time.perf_counter()
        import_list(ledger, study, rows, "0" * 64, "benchmark")
        return time.perf_counter() - start


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        for people in (2_594, 100_000):
            print(f"{people:>9,} people {seconds_of_an_import(Path(folder), people):8.2f} s")


if __name__ == "__main__":
    main()
