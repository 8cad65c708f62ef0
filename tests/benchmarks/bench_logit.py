"""Measure the binary and the multinomial logit against statsmodels in the same run.

Run as ``python tests/benchmarks/bench_logit.py``; prints a table of sizes, seconds and the
difference of the log-likelihoods, in one to three minutes. Both read the formula and the data
frame; ours also looks for separation. At 1.5 million rows only ours is measured. Set
OPENBLAS_NUM_THREADS=1 for figures that compare from machine to machine.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from datrial.models import fit_logit, fit_multinomial_logit


def measured(n_rows: int, seed: int = 0) -> tuple[str, pd.DataFrame]:
    """Simulate outcomes with 15 measured predictors: no two rows are alike."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.normal(size=(n_rows, 15)), columns=[f"x{j}" for j in range(15)])
    return "+".join(data.columns), outcomes(data, rng)


def needs(n_rows: int, seed: int = 0) -> tuple[str, pd.DataFrame]:
    """Simulate outcomes with 12 yes/no predictors, one of them in 2% of the rows."""
    rng = np.random.default_rng(seed)
    share = np.append(np.linspace(0.1, 0.4, 11), 0.02)
    answers = (rng.random((n_rows, 12)) < share).astype(float)
    data = pd.DataFrame(answers, columns=[f"x{j}" for j in range(12)])
    return "+".join(data.columns), outcomes(data, rng)


def outcomes(data: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add a yes/no and a three-level outcome, and the person of three rows each."""
    eta = 0.5 * data["x0"] - 0.3 * data["x1"] - 0.5
    raised = np.column_stack([np.ones(len(eta)), np.exp(eta), np.exp(-eta)])
    share = raised.cumsum(axis=1) / raised.sum(axis=1, keepdims=True)
    level = (rng.random((len(eta), 1)) > share).sum(axis=1)
    yes = (rng.random(len(eta)) < expit(eta)).astype(int)
    return data.assign(yes=yes, level=level, person=np.arange(len(eta)) // 3)


def timed(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the best of some runs in seconds, and the result."""
    seconds, result = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def compare(what: str, size: str, ours: Callable[[], Any], peer: Callable[[], Any] | None) -> None:
    """Print our time, statsmodels' time, their ratio, and our log-likelihood minus theirs."""
    many = size.startswith("1,500,000")
    seconds, fit = timed(ours, 1 if many else 3)
    line = f"{what:<44} {size:<16} {seconds:8.3f}"
    if peer is not None and not many:
        theirs, other = timed(peer, 1)
        line += f" {theirs:12.3f} {theirs / seconds:6.1f} {fit.llf - other.llf:12.1e}"
    print(line, flush=True)


def measure(n: int, label: str, terms: str, data: pd.DataFrame) -> None:
    """Measure every model at one size, on one kind of predictors."""
    import statsmodels.formula.api as smf

    size = f"{n:,} x {terms.count('+') + 1}"
    binary, several = f"yes ~ {terms}", f"level ~ {terms}"
    by_person = {"cov_type": "cluster", "cov_kwds": {"groups": data["person"].to_numpy()}}

    def peer(**how: Any) -> Any:
        return smf.logit(binary, data).fit(disp=0, **how)

    compare(f"logit, {label}", size, lambda: fit_logit(binary, data), peer)
    compare(
        f"logit, {label}, clustered by person", size,
        lambda: fit_logit(binary, data, cluster="person"), partial(peer, **by_person),
    )  # fmt: skip
    compare(
        f"multinomial logit, 3 levels, {label}", size,
        lambda: fit_multinomial_logit(several, data),
        lambda: smf.mnlogit(several, data).fit(disp=0),
    )  # fmt: skip
    for what, cluster in (("", None), (", clustered", "person")):
        compare(
            f"logit, Firth's penalty, {label}{what}", size,
            partial(fit_logit, binary, data, penalty="firth", cluster=cluster), None,
        )  # fmt: skip


def main() -> None:
    """Run every measurement."""
    warnings.simplefilter("ignore")
    print(f"{'what':<44} {'size':<16} {'seconds':>8} {'statsmodels':>12} {'ratio':>6} {'llf':>12}")
    for n in (1_500, 150_000, 1_500_000):
        for label, make in (("measured", measured), ("yes/no", needs)):
            measure(n, label, *make(n))
    terms, data = needs(480)
    fit = fit_logit(f"yes ~ {terms}", data, penalty="firth")
    seconds, _ = timed(fit.profile_intervals, 3)
    print(f"{'profile intervals and tests of 13 parameters':<44} {'480 x 12':<16} {seconds:8.3f}")


if __name__ == "__main__":
    main()
