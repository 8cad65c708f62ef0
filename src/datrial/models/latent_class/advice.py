"""A plain sentence on how many classes the indices and tests of an enumeration prefer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from datrial.models.errors import ModelUsageError
from datrial.models.latent_class.result import FEW_AGAIN

INDICES = {"bic": "BIC", "sabic": "sample-size adjusted BIC", "aic": "AIC"}
SMALL_CLASS = 0.05
SIGNIFICANT = 0.05


def advise_number_of_classes(table: pd.DataFrame) -> str:
    """Say in one sentence which number of classes each index prefers, and what to beware of.

    Parameters
    ----------
    table
        Columns `n_classes`, `aic`, `bic` and `sabic`, as from `enumerate_latent_classes`;
        `blrt_p`, `smallest_class` and `best_start_share` are read where they are there.

    Returns
    -------
    str
        The preferred numbers; whether the indices agree; which optima lie at the upper edge
        of the search, where a larger number might be preferred still; the choice of the
        bootstrap test (the first number that one more class does not significantly improve,
        5%); numbers with a class of fewer than 5% of people; numbers whose best
        log-likelihood few starts found.
    """
    needed = ["n_classes", *INDICES]
    absent = [c for c in needed if c not in table.columns]
    if absent or table.empty:
        raise ModelUsageError(f"The table needs rows and the columns {', '.join(needed)}.")
    numbers = table["n_classes"].to_numpy(dtype=int)
    best = {key: int(numbers[int(np.argmin(table[key].to_numpy(dtype=float)))]) for key in INDICES}
    preferred: dict[int, list[str]] = {}
    for key, k in best.items():
        preferred.setdefault(k, []).append(INDICES[key])
    choices = [
        f"{_listed(names)} prefer{'s' * (len(names) == 1)} {k}"
        for k, names in sorted(preferred.items())
    ]
    agree = "the indices agree" if len(choices) == 1 else "the indices disagree"
    edge = int(numbers.max())
    at_edge = [INDICES[key] for key, k in best.items() if k == edge]
    parts = [*choices, agree]
    if at_edge:
        parts.append(
            f"the optimum of {_listed(at_edge)} is at the edge of the search ({edge}), so "
            "more classes should be tried"
        )
    parts += _test_choice(table, edge) + _small_classes(table) + _poor_replication(table)
    return f"Number of classes: {'; '.join(parts)}."


def _test_choice(table: pd.DataFrame, edge: int) -> list[str]:
    """Return the number of classes that the bootstrap test prefers, in words."""
    if "blrt_p" not in table.columns:
        return []
    p_of = dict(zip(table["n_classes"].astype(int), table["blrt_p"].astype(float), strict=True))
    tested = {k: p for k, p in sorted(p_of.items()) if np.isfinite(p)}
    for k, p in tested.items():
        if p > SIGNIFICANT:
            against = f"one more class is no significant improvement, p = {p:.3f}"
            return [f"the bootstrap test prefers {k - 1} ({against})"]
    if not tested:
        return []
    return [
        f"the bootstrap test finds every added class a significant improvement up to {edge}, "
        "the edge of the search"
    ]


def _small_classes(table: pd.DataFrame) -> list[str]:
    if "smallest_class" not in table.columns:
        return []
    small = table.loc[table["smallest_class"] < SMALL_CLASS, "n_classes"]
    if small.empty:
        return []
    return [f"the smallest class holds fewer than 5% of people with {_numbers(small)} classes"]


def _poor_replication(table: pd.DataFrame) -> list[str]:
    if "best_start_share" not in table.columns:
        return []
    poor = table.loc[table["best_start_share"] < FEW_AGAIN, "n_classes"]
    if poor.empty:
        return []
    return [
        "the best log-likelihood was found by fewer than one in ten of the finishing starts "
        f"with {_numbers(poor)} classes, so more starts should be tried"
    ]


def _numbers(of: Iterable[object]) -> str:
    return _listed([str(k) for k in of])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
