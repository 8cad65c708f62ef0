"""Published survival data, and histories of a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from datrial.verification.published_data import bladder, ovarian, remission

__all__ = ["bladder", "histories", "ovarian", "remission"]


def histories(
    n_people: int,
    rng: np.random.Generator,
    *,
    log_ratio: float = -0.4,
    spread: float = 0.5,
    whole_days: bool = True,
) -> pd.DataFrame:
    """Simulate recurrent events of two arms with unequal follow-up and a person effect.

    The effect is gamma with mean 1 and variance `spread`; follow-up ends between 100 and 700
    days. The mean number of events by day t is 0.004 t, times exp(log_ratio) in arm "b".
    """
    arm = np.arange(n_people) % 2
    effect = rng.gamma(1 / spread, spread, n_people) if spread else np.ones(n_people)
    rate = 0.004 * np.exp(log_ratio * arm) * effect
    followed = rng.integers(100, 701, n_people).astype(float)
    rows = []
    for person in range(n_people):
        times = np.sort(
            rng.uniform(0, followed[person], rng.poisson(rate[person] * followed[person]))
        )
        times = np.ceil(times) if whole_days else times
        begin = 0.0
        for time, number in zip(*np.unique(times, return_counts=True), strict=True):
            rows.append((person, "ab"[arm[person]], begin, float(time), int(number)))
            begin = float(time)
        if begin < followed[person]:
            rows.append((person, "ab"[arm[person]], begin, followed[person], 0))
    return pd.DataFrame(rows, columns=["person", "arm", "start", "stop", "event"])
