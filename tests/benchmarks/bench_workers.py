"""Measure repeated work in one process and over two, in the same run.

Run as ``python tests/benchmarks/bench_workers.py``; prints seconds of wall clock. The first
line of two processes includes their start. On a machine that is busy with other things two
processes gain little: the load is printed too. The numbers found are compared to the last bit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from bench_latent_classes import needs
from bench_randomisation import trial

from datrial.models import (
    bootstrap_likelihood_ratio,
    fit_latent_classes,
    multiple_imputation,
    permutation_test,
    resample_classes,
)
from datrial.models.replicates import use


def forms(n: int = 500) -> pd.DataFrame:
    """Invent answers of which three in ten are missing."""
    rng = np.random.default_rng(3)
    columns: dict[str, object] = {"age": rng.normal(35, 8, n)}
    for number in range(6):
        levels = rng.integers(0, 4, n)
        levels[rng.random(n) < 0.3] = -1
        columns[f"answer_{number}"] = pd.Categorical.from_codes(levels, list("abcd"), ordered=True)
    return pd.DataFrame(columns)


def main() -> None:
    """Run every measurement with one process and with two."""
    items = needs(487)
    five, six = (fit_latent_classes(items, k, zero_class=True) for k in (5, 6))
    people, answers = trial(20_000, 500), forms()
    works: dict[str, Callable[[], bytes]] = {
        "BLRT, 5 against 6 classes, 60 draws": lambda: bootstrap_likelihood_ratio(
            five, six, draws=60
        ).draws.tobytes(),
        "class model on 200 draws of people": lambda: b"".join(
            drawn.modal.tobytes() for drawn in resample_classes(six, 200).classifications
        ),
        "permutation test, 20,000 people, 20,000 replays": lambda: permutation_test(
            "y", "arm", data=people, strata="stratum", n=20_000
        ).distribution.tobytes(),
        "imputation, 20 chains": lambda: (
            multiple_imputation(answers, m=20, iterations=5, seed=1).trace.to_numpy().tobytes()
        ),
    }
    print(f"{'what':<50} {'one':>8} {'two':>8}  same  load")
    for what, work in works.items():
        seconds, found = [], []
        for number in (1, 2):
            use("processes", number=number)
            start = time.perf_counter()
            found.append(work())
            seconds.append(time.perf_counter() - start)
        same = "yes" if found[0] == found[1] else "NO"
        load = f"{os.getloadavg()[0]:.1f} of {os.cpu_count()}"
        print(f"{what:<50} {seconds[0]:8.2f} {seconds[1]:8.2f}  {same:<4}  {load}", flush=True)
    use("here")


if __name__ == "__main__":
    main()
