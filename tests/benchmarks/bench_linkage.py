"""Link two files of invented people: time, memory, precision and recall at several weights.

Run as ``python tests/benchmarks/bench_linkage.py [--people 50000]``. Each file has so many
people, 60% of them in both; names have typos and short forms, days and months are swapped,
people move, values are missing. Peers measured in the same run, on the same records: an exact
join on given name, family name and date of birth, and one on these and the postcode.

Measured in November 2026 on 2 cores that five other jobs shared: 10 s of one processor, of which
34 s passed on the clock; 504,832 pairs compared, peak memory 570 MB; precision and recall .9996
and .935 at 3.3, .9999 and .902 at 6.6, 1.0000 and .824 at 10. Exact join on names and date of
birth .9995 and .636, with the postcode 1.0000 and .291, each in half a second.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from invented_people import identifiers, people, true_person

from datrial.config.study import Linkage
from datrial.people.clusters import identities
from datrial.people.linkage import link_people

WEIGHTS = (0.0, 3.3, 6.6, 10.0, 15.0)
NAMES = ["given_name", "family_name", "date_of_birth"]


def two_files(count: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return two agencies' identifiers and the number of people in both."""
    rng = np.random.default_rng(seed)
    shared = int(count * 0.6)
    truth = people(2 * count - shared, rng)
    first = identifiers(truth.iloc[:count], None, rng)
    second = identifiers(truth.iloc[count - shared :], "police", rng)
    return first, second, shared


def timed(call: Callable[[], object]) -> tuple[object, float]:
    """Return what a call gives and its seconds."""
    start = time.perf_counter()
    made = call()
    return made, time.perf_counter() - start


def show(what: str, seconds: float, left: pd.Series, right: pd.Series, shared: int) -> None:
    """Print the quality of pairs of references."""
    good = int((true_person(left).to_numpy() == true_person(right).to_numpy()).sum())
    print(
        f"{what:<44} {seconds:8.2f} {len(left):9,} {good / max(1, len(left)):10.4f} "
        f"{good / shared:8.4f}",
        flush=True,
    )


def main() -> None:
    """Make the files, link them, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--people", type=int, default=50_000)
    count = parser.parse_args().people
    first, second, shared = two_files(count)
    print(f"2 x {count:,} people, {shared:,} of them in both files")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'what':<44} {'seconds':>8} {'pairs':>9} {'precision':>10} {'recall':>8}")
    for keys in (NAMES, [*NAMES, "postcode"]):
        joined, seconds = timed(
            lambda keys=keys: first.dropna(subset=keys).merge(second.dropna(subset=keys), on=keys)
        )
        assert isinstance(joined, pd.DataFrame)
        label = f"exact join: {', '.join(keys)}".replace("_name", "").replace("date_of_", "")
        show(label, seconds, joined["reference_id_x"], joined["reference_id_y"], shared)
    settings = Linkage(match_weight=6.6, review_from=0, review_to=6.6)
    rows = pd.concat([first, second], ignore_index=True)
    cpu = time.process_time()
    links, seconds = timed(lambda: link_people(rows, settings, 1))
    cpu = time.process_time() - cpu
    model = links.models[0]  # type: ignore[attr-defined]
    print(
        f"linkage: {model.pairs_compared:,} pairs compared, trained: {model.trained}, "
        f"{cpu:.1f} s of one processor"
    )
    for weight in WEIGHTS:
        made, more = timed(lambda weight=weight: identities(links, weight))  # type: ignore[arg-type]
        groups = made.identity.groupby("person_id")["reference_id"]  # type: ignore[attr-defined]
        pairs = groups.agg(["first", "last"])
        show(f"linkage at {weight:g}", seconds + more, pairs["first"], pairs["last"], shared)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MB (files alone {before:,.0f} MB)")


if __name__ == "__main__":
    main()
