"""Measure the models of counts: random-effects Poisson, rates.

Run as ``python tests/benchmarks/bench_counts.py``; prints a table of sizes and seconds. Set
OPENBLAS_NUM_THREADS=1 for figures that compare from machine to machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from datrial.models import fit_random_effects_poisson, fit_rate


def scores(n_people: int, seed: int = 0) -> pd.DataFrame:
    """Simulate a score at three times a person with a gamma person effect."""
    rng = np.random.default_rng(seed)
    time_point = np.tile(np.arange(3), n_people)
    site = np.repeat(rng.integers(0, 3, n_people), 3)
    shared = np.repeat(rng.gamma(4, 0.25, n_people), 3)
    return pd.DataFrame(
        {
            "score": rng.poisson(np.exp(1.8 - 0.1 * time_point) * shared),
            "time": pd.Categorical.from_codes(time_point, ["intake", "midpoint", "closure"]),
            "site": pd.Categorical.from_codes(site, ["one", "two", "three"]),
            "person": np.repeat(np.arange(n_people), 3),
        }
    )


def measure(what: str, size: str, call: Callable[[], object], repeats: int = 3) -> None:
    """Print the best of some runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    print(f"{what:<58} {size:<26} {min(seconds):9.3f}", flush=True)


def main() -> None:
    """Run every measurement."""
    print(f"{'what':<58} {'size':<26} {'seconds':>9}")
    for n in (469, 100_000):
        people = scores(n)
        for effect in ("gamma", "normal"):
            measure(
                f"random-effects Poisson, {effect}",
                f"{n:,} people x 3",
                lambda people=people, effect=effect: fit_random_effects_poisson(
                    "score ~ time + site", people, group="person", effect=effect
                ),
                repeats=1 if n > 1000 else 3,
            )
        measure(
            "negative binomial rate, clustered by person",
            f"{n:,} people x 3",
            lambda people=people: fit_rate(
                "score ~ time + site", people, family="negative_binomial", cluster="person"
            ),
            repeats=1 if n > 1000 else 3,
        )


if __name__ == "__main__":
    main()
