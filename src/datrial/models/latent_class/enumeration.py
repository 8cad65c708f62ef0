"""How many classes: fit a range of numbers and set their indices side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datrial.models.errors import ModelUsageError
from datrial.models.latent_class.bootstrap import STARTS_OF_A_DRAW, bootstrap_likelihood_ratio
from datrial.models.latent_class.fitting import fit_latent_classes, generator
from datrial.models.latent_class.result import LatentClassResult

COLUMNS = [
    "n_classes", "llf", "n_params", "aic", "bic", "sabic", "entropy", "smallest_class",
    "best_start_share", "converged",
]  # fmt: skip
FEWEST_DRAWS = 19  # the smallest p-value is then 1 / 20


def enumerate_latent_classes(
    items: pd.DataFrame,
    classes: Iterable[int] = range(2, 8),
    *,
    zero_class: bool = False,
    weights: ArrayLike | None = None,
    n_starts: int = 200,
    seed: int | np.random.Generator = 0,
    engine: str = "native",
    bootstrap: int = 0,
    bootstrap_starts: int = STARTS_OF_A_DRAW,
) -> pd.DataFrame:
    """Fit a latent class model for each number of classes.

    Nylund, Asparouhov and Muthen (2007), Structural Equation Modeling 14, 535-569, compare
    the indices. Parameters are those of `fit_latent_classes`; each number of classes has its
    own random stream, so a row does not depend on which others are asked for.

    Parameters
    ----------
    bootstrap
        Draws of the bootstrap likelihood-ratio test of each number of classes against one
        fewer; 0 leaves the test out. 500 draws of 500 people take about a minute a row,
        with the native engine whichever `engine` fits the data.
    bootstrap_starts
        Random starts of both models on each draw.

    Returns
    -------
    DataFrame
        One row per number of classes: `n_classes`, `llf`, `n_params`, `aic`, `bic`, `sabic`,
        `entropy`, `smallest_class` (share of people), `best_start_share`, `converged`; with
        `bootstrap` also `blrt_statistic`, `blrt_p` and `blrt_note`, which says why a row has
        no test: the first number has no smaller neighbour.
    """
    numbers = [int(k) for k in classes]
    if not numbers:
        raise ModelUsageError("Give at least one number of classes to enumerate.")
    if int(bootstrap) != bootstrap or 0 != bootstrap < FEWEST_DRAWS:
        raise ModelUsageError(
            f"The number of bootstrap draws must be 0 (no test) or a whole number of at least "
            f"{FEWEST_DRAWS}: fewer cannot give a p-value of 5%."
        )
    base = int(generator(seed).integers(2**63))
    fewest = 2 if zero_class else 1
    # One class fewer than each row has, where there is such a model: what it is tested against.
    wanted = {k - 1 for k in numbers if k > fewest} if bootstrap else set()
    fits = {
        k: fit_latent_classes(
            items,
            k,
            zero_class=zero_class,
            weights=weights,
            n_starts=n_starts,
            seed=np.random.default_rng([base, k]),
            engine=engine,
        )
        for k in sorted({*numbers, *wanted})
    }
    table = compare_latent_classes({k: fits[k] for k in numbers})
    if not bootstrap:
        return table
    # The third number sets a test's stream apart from that of the starts of k classes.
    streams = {k: np.random.default_rng([base, k, 1]) for k in numbers}
    return add_bootstrap_tests(
        table, fits, streams, draws=int(bootstrap), n_starts=bootstrap_starts
    )


def compare_latent_classes(fits: Mapping[int, LatentClassResult]) -> pd.DataFrame:
    """Return the indices of models fitted to the same people, one row per number of classes."""
    rows = [
        {
            "n_classes": k,
            "llf": fit.llf,
            "n_params": fit.n_params,
            "aic": fit.aic,
            "bic": fit.bic,
            "sabic": fit.sabic,
            "entropy": fit.entropy,
            "smallest_class": float(fit.class_sizes.min()),
            "best_start_share": fit.best_start_share,
            "converged": fit.converged,
        }
        for k, fit in fits.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def no_smaller_model(n_classes: int, zero_class: bool) -> str:
    """Return why a number of classes cannot be tested against one fewer; mostly nothing."""
    if zero_class and n_classes <= 2:
        return "a zero class alone is no model of people who have a yes"
    return "there is no model with fewer classes than one" if n_classes <= 1 else ""


def add_bootstrap_tests(
    table: pd.DataFrame,
    fits: Mapping[int, LatentClassResult],
    streams: Mapping[int, np.random.Generator],
    *,
    draws: int,
    n_starts: int = STARTS_OF_A_DRAW,
) -> pd.DataFrame:
    """Add the bootstrap test of each row of a comparison against one class fewer.

    Parameters
    ----------
    table
        As from `compare_latent_classes`.
    fits
        The fits by number of classes, those with one class fewer among them.
    streams
        A generator for the draws of each row.

    Returns
    -------
    DataFrame
        The table with `blrt_statistic`, `blrt_p` and `blrt_note` (why a row has no test).
    """
    tests = []
    for k in table["n_classes"].astype(int):
        note = no_smaller_model(k, fits[k].zero_class)
        if not note and k - 1 not in fits:
            note = f"the model of {k - 1} classes could not be fitted"
        if note:
            tests.append((np.nan, np.nan, note))
            continue
        test = bootstrap_likelihood_ratio(
            fits[k - 1], fits[k], draws=draws, n_starts=n_starts, seed=streams[k]
        )
        tests.append((test.statistic, test.p_value, ""))
    names = ["blrt_statistic", "blrt_p", "blrt_note"]
    return table.join(pd.DataFrame(tests, columns=names, index=table.index))
