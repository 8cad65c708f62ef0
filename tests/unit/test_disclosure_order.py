"""What is hidden follows from the tables alone, not from how a process orders its sets."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from datrial.config.disclosure import load_profile
from datrial.results.cells import Table
from datrial.results.disclosure.relations import Relation
from datrial.results.disclosure.sums import numbers_and_sums

tables, relations = [], []
for place in range(6):  # as many wholes of one size, each of other people
    name = f"flow.t{place}"
    table = Table(name, "", "")
    table.column("arm", "Arm")
    for row, count in ((f"whole{place}", 90), (f"one{place}", 50), (f"two{place}", 40)):
        table.row(row, row)
        table.add(row, "arm", "count", count)
    tables.append(("flow", table))
    keys = [(name, f"{row}{place}", "arm", "count") for row in ("whole", "one", "two")]
    relations.append(Relation(keys[0], tuple(keys[1:])))
other = Table("answers.all", "", "")
other.column("arm", "Arm")
other.row("yes", "Yes")
other.add("yes", "arm", "share", 0.3, n=90)
tables.append(("answers", other))
found, _ = numbers_and_sums(tables, load_profile("counts_below_5"), relations)
print([found.root(number) for number in range(len(found.keys))])
"""


def joined(seed: int) -> str:
    """Return which numbers a process of this seed of hashes takes for one."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | {"PYTHONHASHSEED": str(seed)},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return ended.stdout


def test_every_process_takes_the_same_numbers_for_one() -> None:
    assert len({joined(seed) for seed in range(5)}) == 1
