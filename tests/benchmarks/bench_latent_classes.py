"""Measure latent classes: against StepMix on the same data, and on large tables.

Run as ``python tests/benchmarks/bench_latent_classes.py`` (some minutes, most of them
StepMix's). Every measurement runs in a process of its own, so that its peak of memory is its
own; the peak includes Python, its libraries and the table of answers. Set
OPENBLAS_NUM_THREADS=1 for figures that compare from machine to machine.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from multiprocessing import get_context

import numpy as np
import pandas as pd

from datrial.models import (
    bootstrap_likelihood_ratio,
    enumerate_latent_classes,
    fit_latent_classes,
)

BLOCK = 500_000


def needs(n_people: int, seed: int = 0) -> pd.DataFrame:
    """Simulate 12 needs of a zero class and five others, 5% of answers missing."""
    rng = np.random.default_rng(seed)
    profiles = np.vstack([np.zeros(12), rng.uniform(0.05, 0.95, (5, 12))])
    answers = np.empty((n_people, 12), dtype=np.float32)
    for first in range(0, n_people, BLOCK):
        rows = answers[first : first + BLOCK]
        of_class = rng.choice(6, len(rows), p=[0.25, 0.2, 0.2, 0.15, 0.1, 0.1])
        rows[:] = rng.random(rows.shape) < profiles[of_class]
        rows[rng.random(rows.shape) < 0.05] = np.nan
    return pd.DataFrame(answers, columns=[f"need_{j}" for j in range(1, 13)])


def native() -> str:
    """Fit six classes to 487 people from 200 starts."""
    fit = fit_latent_classes(needs(487), 6, zero_class=True, n_starts=200)
    return f"log-likelihood {fit.llf:.5f}"


def stepmix() -> str:
    """Fit the same by StepMix from 50 starts."""
    fit = fit_latent_classes(needs(487), 6, zero_class=True, n_starts=50, engine="stepmix")
    return f"log-likelihood {fit.llf:.5f}, converged: {fit.converged}"


def agreement() -> str:
    """Compare the log-likelihoods of both engines on three tables, two to five classes."""
    gaps = []
    for seed in (1, 2, 3):
        items = needs(487, seed)
        for k in (2, 3, 4, 5):
            ours = fit_latent_classes(items, k, zero_class=True)
            other = fit_latent_classes(items, k, zero_class=True, n_starts=10, engine="stepmix")
            if other.converged:
                gaps.append(ours.llf - other.llf)
    same = sum(abs(gap) <= 1e-4 for gap in gaps)
    return f"{len(gaps)} fits: {same} equal to 1e-4; ours minus StepMix's at least {min(gaps):.1e}"


def enumeration() -> str:
    """Compare two to six classes of half a million people."""
    table = enumerate_latent_classes(needs(500_000), range(2, 7), zero_class=True)
    return f"BIC prefers {int(table.loc[table['bic'].idxmin(), 'n_classes'])}"


def largest() -> str:
    """Fit six classes to five million people."""
    fit = fit_latent_classes(needs(5_000_000), 6, zero_class=True)
    return f"log-likelihood {fit.llf:.2f}, converged: {fit.converged}"


def bootstrap() -> str:
    """Test five classes against six with 100 draws."""
    items = needs(487)
    five, six = (fit_latent_classes(items, k, zero_class=True) for k in (5, 6))
    test = bootstrap_likelihood_ratio(five, six, draws=100)
    return f"p = {test.p_value:.3f}"


def _child(call: Callable[[], str], repeats: int, out: object) -> None:
    seconds, said = [], ""
    for _ in range(repeats):
        start = time.perf_counter()
        said = call()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    out.put((min(seconds), peak, said))  # type: ignore[attr-defined]


def measure(what: str, call: Callable[[], str], repeats: int = 1) -> float:
    """Print the best time of some runs in a new process, its peak of memory, and the result."""
    context = get_context("spawn")
    out = context.Queue()
    child = context.Process(target=_child, args=(call, repeats, out))
    child.start()
    seconds, peak, said = out.get()
    child.join()
    print(f"{what:<52} {seconds:9.2f} {peak:7.2f}  {said}", flush=True)
    return float(seconds)


def main() -> None:
    """Run every measurement."""
    print(f"{'what (12 items, zero class)':<52} {'seconds':>9} {'GB':>7}  result")
    ours = measure("native, 487 people, K=6, 200 starts", native, repeats=5)
    theirs = measure("StepMix, 487 people, K=6, 50 starts", stepmix)
    print(f"{'StepMix takes times as long':<52} {theirs / ours:9.1f}")
    measure("native, 500,000 people, K=2 to 6, simulation included", enumeration)
    measure("native, 5,000,000 people, K=6, simulation included", largest)
    measure("native, 487 people, bootstrap test 5 against 6, 100", bootstrap)
    measure("both, 3 tables of 487 people, K=2 to 5", agreement)


if __name__ == "__main__":
    main()
