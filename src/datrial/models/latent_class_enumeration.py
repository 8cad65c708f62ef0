"""How many classes: fit a range of numbers and set their indices side by side."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datrial.models.errors import ModelUsageError
from datrial.models.latent_classes import fit_latent_classes, generator

INDICES = {"bic": "BIC", "sabic": "sample-size adjusted BIC", "aic": "AIC"}


def enumerate_latent_classes(
    items: pd.DataFrame,
    classes: Iterable[int] = range(2, 7),
    *,
    zero_class: bool = False,
    weights: ArrayLike | None = None,
    n_starts: int = 200,
    seed: int | np.random.Generator = 0,
    engine: str = "native",
) -> pd.DataFrame:
    """Fit a latent class model for each number of classes.

    Nylund, Asparouhov and Muthen (2007), Structural Equation Modeling 14, 535-569, compare
    the indices. Parameters are those of `fit_latent_classes`; each number of classes has its
    own random stream, so a row does not depend on which others are asked for.

    Returns
    -------
    DataFrame
        One row per number of classes: `n_classes`, `llf`, `n_params`, `aic`, `bic`, `sabic`,
        `entropy`, `smallest_class` (share of people), `best_start_share`, `converged`.
    """
    numbers = [int(k) for k in classes]
    if not numbers:
        raise ModelUsageError("Give at least one number of classes to enumerate.")
    base = generator(seed).integers(2**63)
    rows = []
    for k in numbers:
        fit = fit_latent_classes(
            items,
            k,
            zero_class=zero_class,
            weights=weights,
            n_starts=n_starts,
            seed=np.random.default_rng([int(base), k]),
            engine=engine,
        )
        rows.append(
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
        )
    return pd.DataFrame(rows)


def advise_number_of_classes(table: pd.DataFrame) -> str:
    """Say in one sentence which number of classes each index prefers.

    Parameters
    ----------
    table
        Columns `n_classes`, `aic`, `bic` and `sabic`, as from `enumerate_latent_classes`.

    Returns
    -------
    str
        The preferred numbers, whether the indices agree, and which optima lie at the upper
        edge of the search, where a larger number might be preferred still.
    """
    needed = ["n_classes", *INDICES]
    absent = [c for c in needed if c not in table.columns]
    if absent or table.empty:
        raise ModelUsageError(f"The table needs rows and the columns {', '.join(needed)}.")
    numbers = table["n_classes"].to_numpy(dtype=int)
    best = {key: int(numbers[int(np.argmin(table[key].to_numpy(dtype=float)))]) for key in INDICES}
    edge = int(numbers.max())
    preferred: dict[int, list[str]] = {}
    for key, k in best.items():
        preferred.setdefault(k, []).append(INDICES[key])
    parts = [
        f"{_listed(names)} prefer{'s' * (len(names) == 1)} {k}"
        for k, names in sorted(preferred.items())
    ]
    agree = "the indices agree" if len(parts) == 1 else "the indices disagree"
    sentence = f"Number of classes: {'; '.join(parts)}; {agree}"
    at_edge = [INDICES[key] for key, k in best.items() if k == edge]
    if at_edge:
        sentence += (
            f"; the optimum of {_listed(at_edge)} is at the edge of the search ({edge}), so "
            "more classes should be tried"
        )
    return sentence + "."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
