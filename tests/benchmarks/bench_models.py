"""Measure the models: ordered logit, random-effects Poisson, rates.

Run as ``python tests/benchmarks/bench_models.py``; prints a table of sizes and seconds. A
peer that would take minutes is measured at a smaller size, which its row says. Set
OPENBLAS_NUM_THREADS=1 for figures that compare from machine to machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from datrial.models import (
    fit_ordered_logit,
    fit_random_effects_poisson,
    fit_rate,
)

LEVELS = ["none", "standard", "moderate", "high"]


def abuse(n_rows: int, seed: int = 0) -> tuple[str, pd.DataFrame]:
    """Simulate an ordered outcome at three times a person, with 15 predictor columns."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.normal(size=(n_rows, 11)), columns=[f"x{j}" for j in range(11)])
    data["relation"] = pd.Categorical.from_codes(rng.integers(0, 5, n_rows), list("abcde"))
    data["person"] = np.arange(n_rows) // 3
    latent = 0.5 * data["x0"] - 0.3 * data["x1"] + rng.logistic(size=n_rows)
    codes = np.digitize(latent, [0, 1, 2])
    data["level"] = pd.Categorical.from_codes(codes, LEVELS, ordered=True)
    return "level ~ relation + " + " + ".join(f"x{j}" for j in range(11)), data


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


def ordered_model(data: pd.DataFrame) -> object:
    """Fit statsmodels' ordered logit to the same predictors."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    x = data[[f"x{j}" for j in range(11)]].join(
        pd.get_dummies(data["relation"], drop_first=True, dtype=float)
    )
    return OrderedModel(data["level"], x, distr="logit").fit(method="bfgs", disp=0)


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
    for n in (1_500, 150_000, 1_500_000):
        formula, data = abuse(n)
        measure(
            "ordered logit, Newton, clustered by person",
            f"{n:,} x 15",
            lambda formula=formula, data=data: fit_ordered_logit(formula, data, cluster="person"),
            repeats=1 if n > 1_000_000 else 3,
        )
    _, data = abuse(1_500)
    measure("ordered logit, statsmodels, no clusters", "1,500 x 15", lambda: ordered_model(data))
    _, data = abuse(15_000)
    measure(
        "ordered logit, statsmodels (150,000 would take minutes)",
        "15,000 x 15",
        lambda: ordered_model(data),
        repeats=1,
    )
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
