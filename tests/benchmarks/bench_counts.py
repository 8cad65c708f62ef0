"""Measure the models of counts: random-effects Poisson, rates.

Run as ``python tests/benchmarks/bench_counts.py``; prints a table of sizes and seconds of the
processor, and of the clock in brackets (on a machine that does other things only the first
compare), with the targets. Set OPENBLAS_NUM_THREADS=1 for figures that compare from machine to
machine. ``--peer`` fits the smallest sizes with statsmodels in the same run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from datrial.models import fit_random_effects_poisson, fit_rate
from datrial.models.counts.likelihood import CountData, GroupedCounts
from datrial.models.counts.random_effects import Kernel, NormalEffect, gamma_effect
from datrial.models.design import build_design
from datrial.models.newton import Maximum

FORMULA = "score ~ time + site"


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
            "years": rng.uniform(0.5, 2, 3 * n_people),
        }
    )


def measure(
    what: str, size: str, call: Callable[[], object], *, repeats: int = 3, target: str = ""
) -> None:
    """Print the best of some runs, processor first."""
    taken = []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        call()
        taken.append((time.process_time() - processor, time.perf_counter() - clock))
    best, seconds = min(taken)
    print(f"{what:<52} {size:<22} {best:8.3f} ({seconds:8.3f}) {target}", flush=True)


def grouped(people: pd.DataFrame, kernel: Kernel) -> GroupedCounts:
    """Return the collapsed likelihood of a data frame."""
    counts = CountData.from_design(build_design(FORMULA, people, {"group": "person"}))
    codes, labels = pd.factorize(people["person"])
    return GroupedCounts(counts, codes.astype(np.int64), len(labels), kernel)


def maximised(model: GroupedCounts) -> Maximum:
    """Fit the Poisson regression and from there the random effect."""
    return model.fit(model.data.fit_poisson())


def own(n: int, effect: str, target: str, collapsed_target: str) -> None:
    """Measure a random-effects Poisson from a data frame, collapsed, and with every row unlike."""
    size, repeats = f"{n:,} people x 3", 3 if n < 100_000 else 2
    people = scores(n)

    def fit(exposure: str | None = None, *, robust: bool = False) -> object:
        return fit_random_effects_poisson(
            FORMULA, people, group="person", effect=effect, exposure=exposure, robust=robust
        )

    name = f"random-effects Poisson, {effect}"
    measure(f"{name}: from the data frame", size, fit, repeats=repeats, target=target)
    measure(f"{name}: robust errors", size, lambda: fit(robust=True), repeats=repeats)
    measure(f"{name}: no two rows alike", size, lambda: fit("years"), repeats=1, target=target)
    kernel: Kernel = gamma_effect if effect == "gamma" else NormalEffect()
    model = grouped(people, kernel)
    cells = f"{len(model.cells.frequency):,} cells"
    measure(f"{name}: collapsed", cells, lambda: maximised(model), target=collapsed_target)


def peers(n: int) -> None:
    """Measure what statsmodels has: NB2 of one row a person, Poisson clustered by person."""
    import statsmodels.api as sm

    people = scores(n)
    size = f"{n:,} people"
    first = people[people["time"] == "intake"]
    x = sm.add_constant(pd.get_dummies(first["site"], drop_first=True, dtype=float))
    measure(
        "negative binomial, one row a person",
        size,
        lambda: fit_random_effects_poisson("score ~ site", first, group="person"),
    )
    measure(
        "the same: statsmodels NegativeBinomial",
        size,
        lambda: sm.NegativeBinomial(first["score"], x).fit(disp=0, method="newton", maxiter=200),
        repeats=1,
    )
    every = pd.get_dummies(people[["time", "site"]], drop_first=True, dtype=float)
    measure(
        "Poisson rate, clustered by person",
        f"{size} x 3",
        lambda: fit_rate(FORMULA, people, cluster="person"),
    )
    measure(
        "the same: statsmodels GLM",
        f"{size} x 3",
        lambda: sm.GLM(people["score"], sm.add_constant(every), family=sm.families.Poisson()).fit(
            cov_type="cluster", cov_kwds={"groups": people["person"].to_numpy()}
        ),
    )


def main() -> None:
    """Run every measurement."""
    print(f"{'what':<52} {'size':<22} {'seconds':>8} ({'clock':>8}) target")
    own(469, "gamma", "", "")
    own(469, "normal", "", "")
    own(46_900, "normal", "< 2 s", "< 0.2 s")
    own(469_000, "gamma", "< 3 s", "< 0.2 s")
    people = scores(100_000)
    measure(
        "negative binomial rate, clustered by person",
        "100,000 people x 3",
        lambda: fit_rate(FORMULA, people, family="negative_binomial", cluster="person"),
    )
    if "--peer" in sys.argv[1:]:
        for n in (469, 46_900):
            peers(n)


if __name__ == "__main__":
    main()
