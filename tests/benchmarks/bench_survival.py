"""Measure time to event and recurrent events.

Run as ``python tests/benchmarks/bench_survival.py``; prints a table of sizes and seconds. Set
OPENBLAS_NUM_THREADS=1 for figures that compare from machine to machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from statsmodels.duration.hazard_regression import PHReg

from datrial.models import (
    fit_cox,
    fit_recurrent_events,
    kaplan_meier,
    log_rank,
    mean_cumulative_function,
)

COLUMNS = {"start": "start", "stop": "stop", "event": "event", "person": "person"}


def histories(n_people: int, intervals: int, *, days: bool = True, seed: int = 0) -> pd.DataFrame:
    """Simulate people with some events each, in whole days or at times of any fraction."""
    rng = np.random.default_rng(seed)
    gaps = rng.exponential(90, (n_people, intervals)) * rng.gamma(2, 0.5, (n_people, 1))
    gaps = np.ceil(gaps) if days else gaps
    stop = gaps.cumsum(axis=1)
    event = np.ones((n_people, intervals), dtype=int)
    event[:, -1] = 0
    start = np.column_stack([np.zeros(n_people), stop[:, :-1]])
    people = {
        "arm": pd.Categorical.from_codes(rng.integers(0, 2, n_people), ["control", "drive"]),
        "site": pd.Categorical.from_codes(rng.integers(0, 3, n_people), ["one", "two", "three"]),
        "age": rng.normal(35, 10, n_people),
    }
    data = pd.DataFrame(people).loc[np.repeat(np.arange(n_people), intervals)]
    return data.assign(
        person=np.repeat(np.arange(n_people), intervals),
        start=start.ravel(),
        stop=stop.ravel(),
        event=event.ravel(),
    ).reset_index(drop=True)


def statsmodels_fit(data: pd.DataFrame) -> object:
    """Fit the same model with statsmodels, which has no formula for it with entry."""
    matrix = pd.get_dummies(data[["arm", "site", "age"]], drop_first=True).astype(float)
    model = PHReg(data["stop"], matrix, status=data["event"], entry=data["start"], ties="breslow")
    return model.fit(groups=data["person"].to_numpy(), disp=0)


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
    formula = "arm + site + age"
    for days in (True, False):
        data = histories(75_000, 4, days=days)
        said = "whole days" if days else "no ties"
        measure(
            f"Andersen-Gill, errors by person, {said}",
            f"{len(data):,} intervals",
            lambda data=data: fit_recurrent_events(formula, data, **COLUMNS),
        )
        measure(
            f"mean cumulative function of two arms, {said}",
            f"{len(data):,} intervals",
            lambda data=data: mean_cumulative_function(data, **COLUMNS, group="arm"),
        )
    first = data.drop_duplicates("person")
    measure(
        "Cox, Efron",
        f"{len(first):,} people",
        lambda: fit_cox(formula, first, duration="stop", event="event"),
    )
    fit = fit_cox(formula, first, duration="stop", event="event")
    measure("proportionality tests", f"{len(first):,} people", fit.proportionality_test)
    measure(
        "Kaplan-Meier of two arms",
        f"{len(first):,} people",
        lambda: kaplan_meier(first["stop"], first["event"], group=first["arm"]),
    )
    measure(
        "log-rank",
        f"{len(first):,} people",
        lambda: log_rank(first["stop"], first["event"], first["arm"]),
    )
    small = histories(2_000, 4)
    measure(
        "Andersen-Gill, errors by person",
        f"{len(small):,} intervals",
        lambda: fit_recurrent_events(formula, small, **COLUMNS, ties="breslow"),
    )
    measure(
        "  the same by statsmodels PHReg",
        f"{len(small):,} intervals",
        lambda: statsmodels_fit(small),
        repeats=1,
    )


if __name__ == "__main__":
    main()
