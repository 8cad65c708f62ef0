"""Measure inference from the randomisation: permutations, adjusted differences, compliers.

Run as ``python tests/benchmarks/bench_randomisation.py``; prints a table of sizes and seconds.
Set OPENBLAS_NUM_THREADS=1 for figures that compare from machine to machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.allocation.replays import drawn_people
from datrial.allocation.replays.schemes import replays_of
from datrial.config.allocation import Allocation
from datrial.config.study import load_study
from datrial.models import complier_average_effect, fit_adjusted_difference, permutation_test

PEOPLE, MEETINGS, REPLAYS = 2594, 148, 20_000


def trial(n: int, n_strata: int, seed: int = 0) -> pd.DataFrame:
    """Simulate people at meetings, a fifth of them in the intervention, unevenly."""
    rng = np.random.default_rng(seed)
    stratum = np.sort(rng.integers(0, n_strata, n))
    chance = rng.uniform(0.05, 0.4, n_strata)[stratum]
    arm = rng.random(n) < chance
    x = rng.normal(size=n)
    y = rng.poisson(np.exp(0.2 * x + 0.5 * chance - 0.2 * arm))
    return pd.DataFrame(
        {
            "y": y,
            "x": x,
            "age": rng.normal(35, 8, n),
            "arm": arm,
            "stratum": stratum,
            "contact": arm & (rng.random(n) < 0.7),
        }
    )


def scheme_draw(people: int) -> Callable[[np.random.Generator, int], NDArray[np.int8]]:
    """Return the draw of permuted blocks over invented people."""
    given = {
        "method": "permuted_blocks",
        "eligibility": {"minimum_age": 16},
        "block_sizes": [5, 10],
        "stratify_by": ["site"],
        "ratio": {"intervention": 1, "control": 4},
    }
    study = load_study("drive").model_copy(update={"allocation": Allocation.model_validate(given)})
    invented = drawn_people(study, people, 1)

    def draw(rng: np.random.Generator, n: int) -> NDArray[np.int8]:
        scheme = replays_of(study, invented, n)
        first = scheme.arms.index("intervention")
        drawn = np.empty((people, n), dtype=np.int8)
        for person in range(people):
            ends = scheme.chances(person, rng).cumsum(axis=1)[:, :-1]
            arms = (rng.random(n)[:, None] >= ends).sum(axis=1)
            scheme.enter(person, arms)
            drawn[person] = arms == first
        return drawn.T

    return draw


def measure(what: str, size: str, call: Callable[[], Any], repeats: int = 3) -> None:
    """Print the best of some runs, in seconds of wall clock and of processor."""
    seconds, used = [], []
    for _ in range(repeats):
        start, processor = time.perf_counter(), time.process_time()
        call()
        seconds.append(time.perf_counter() - start)
        used.append(time.process_time() - processor)
    print(f"{what:<58} {size:<26} {min(seconds):9.3f} {min(used):9.3f}", flush=True)


def main() -> None:
    """Run every measurement."""
    print(f"{'what':<58} {'size':<26} {'seconds':>9} {'processor':>9}")
    data = trial(PEOPLE, MEETINGS)
    size = f"{PEOPLE:,} people"
    for statistic in ("studentised", "difference"):
        for strata in ("stratum", None):
            within = f"{MEETINGS} strata" if strata else "no strata"
            measure(
                f"{REPLAYS:,} permutations, {statistic}, {within}",
                size,
                lambda statistic=statistic, strata=strata: permutation_test(
                    "y", "arm", data=data, strata=strata, statistic=statistic, n=REPLAYS
                ),
            )
    measure(
        f"{REPLAYS:,} permutations with covariates",
        size,
        lambda: permutation_test(
            "y", "arm", data=data, strata="stratum", covariates="x + age", n=REPLAYS
        ),
    )
    draw = scheme_draw(PEOPLE)
    measure(
        f"{REPLAYS:,} replays of permuted blocks",
        size,
        lambda: permutation_test("y", "arm", data=data, draw=draw, n=REPLAYS),
        repeats=1,
    )
    for n, n_strata in ((PEOPLE, MEETINGS), (300_000, 15_000)):
        data = trial(n, n_strata)
        measure(
            "adjusted difference, weighted by strata",
            f"{n:,} people",
            lambda data=data: fit_adjusted_difference(
                "y", "arm", "x + age", data, strata="stratum"
            ),
        )
        measure(
            "complier-average effect",
            f"{n:,} people",
            lambda data=data: complier_average_effect(
                "y", "arm", "contact", data, covariates="x + age", strata="stratum"
            ),
        )


if __name__ == "__main__":
    main()
