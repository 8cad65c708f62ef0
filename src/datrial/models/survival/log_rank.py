"""The log-rank test, with an exact permutation p-value where the sample is small."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datrial.models.errors import ModelDataError
from datrial.models.sandwich import sum_by, total_by
from datrial.models.survival.histories import (
    Values,
    arrays_of,
    check_durations,
    check_intervals,
    checked_events,
    checked_times,
    group_codes,
)
from datrial.models.survival.risk_sets import RiskSets, build_risk_sets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Up to so many ways to split the people every one is tried.
MOST_SPLITS = 200_000
#: With fewer expected events in a group the chi-squared distribution is a rough guide.
FEW_EXPECTED = 5.0
BLOCK = 20_000


@dataclass(frozen=True)
class LogRankTest:
    """Result of a log-rank test.

    Attributes
    ----------
    statistic, df, p_value
        Chi-squared statistic, degrees of freedom, its p-value; NaN without variance.
    exact_p_value
        Share of all ways to split the people into two groups of these sizes that differ at
        least as much; None where there are too many, more groups, strata or delayed entry.
    table
        By group: `people`, `events`, `expected`.
    n_left_out
        People left out for a missing answer.
    notes
        Plain sentences a reader of the test should know.
    """

    statistic: float
    df: int
    p_value: float
    exact_p_value: float | None
    table: pd.DataFrame = field(repr=False)
    n_left_out: int
    notes: tuple[str, ...]


def log_rank(
    time: Values,
    event: Values,
    group: Values,
    *,
    entry: Values | None = None,
    strata: Values | None = None,
) -> LogRankTest:
    """Test that groups share one hazard.

    Mantel (1966), Cancer Chemotherapy Reports 50, 163-170; Peto and Peto (1972), JRSS A 135,
    185-206, with the hypergeometric variance. Stata: `sts test group, strata(site)`; R:
    `survdiff(Surv(time, event) ~ group + strata(site))`.

    Parameters
    ----------
    time, event, entry
        As for `kaplan_meier`.
    group
        The groups to compare, two or more.
    strata
        Groups of people within which alone they are compared.

    Raises
    ------
    ModelUsageError, ModelDataError
        Both are ValueError: fewer than two groups, no event, and everything `kaplan_meier`
        refuses.
    """
    from scipy.special import chdtrc

    columns, n_left_out = arrays_of(
        {"time": time, "event": event, "group": group, "entry": entry, "strata": strata}
    )
    stop, events = checked_times(columns["time"], "time"), checked_events(columns["event"])
    start = None
    if entry is None:
        check_durations(stop)
    else:
        start = checked_times(columns["entry"], "entry")
        check_intervals(start, stop)
    codes, labels = group_codes(columns["group"], len(stop))
    if len(labels) < 2:
        raise ModelDataError("A log-rank test needs at least two groups; the rows hold one.")
    if not events.any():
        raise ModelDataError(f"No event in the {len(stop)} complete rows: nothing can be compared.")
    stratum, _ = group_codes(columns.get("strata"), len(stop))
    risk = build_risk_sets(stop, events > 0, start=start, stratum=stratum)
    score, variance, expected = _score(risk, events, codes, len(labels))
    observed = total_by(codes, len(labels), events)
    statistic, df = _quadratic(score, variance)
    known = df == len(labels) - 1
    exact = None
    if entry is None and strata is None and len(labels) == 2:
        exact = _exact(risk, events, codes)
    table = pd.DataFrame(
        {"people": np.bincount(codes), "events": observed.astype(int), "expected": expected},
        index=pd.Index(labels, name="group"),
    )
    return LogRankTest(
        statistic=statistic if known else float("nan"),
        df=len(labels) - 1,
        p_value=float(chdtrc(df, statistic)) if known else float("nan"),
        exact_p_value=exact,
        table=table,
        n_left_out=n_left_out,
        notes=_notes(expected, exact, known),
    )


def _score(
    risk: RiskSets, events: FloatArray, codes: IntArray, n_groups: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return observed minus expected events by group, its variance, and the expected."""
    member = np.eye(n_groups)[codes]
    at_risk = risk.totals(member)
    total = at_risk.sum(axis=1)
    rows = np.flatnonzero(events > 0)
    happened = sum_by(risk.past[rows] - 1, risk.n_times, member[rows])
    deaths = happened.sum(axis=1)
    share = at_risk / total[:, None]
    # The last person at risk has no one to be compared with: no variance.
    scale = deaths * (total - deaths) / np.maximum(total - 1, 1)
    expected = deaths @ share
    variance = np.diag(scale @ share) - (share.T * scale) @ share
    return happened.sum(axis=0) - expected, variance, expected


def _quadratic(score: FloatArray, variance: FloatArray) -> tuple[float, int]:
    """Return the statistic and the rank of the variance, which is one short with G groups."""
    values, vectors = np.linalg.eigh(variance)
    kept = values > 1e-10 * max(float(values[-1]), 1e-300)
    kept &= values > 1e-12
    along = vectors[:, kept].T @ score
    return float((along**2 / values[kept]).sum()), int(kept.sum())


def _exact(risk: RiskSets, events: FloatArray, codes: IntArray) -> float | None:
    """Return the share of all splits whose score is as far from 0 as the one observed.

    Observed minus expected events of a group are the sum of its members' scores, event minus
    cumulative hazard, which do not depend on the split; their sum over all people is 0.
    """
    n, size = len(codes), int((codes == 1).sum())
    if comb(n, size) > MOST_SPLITS:
        return None
    size = min(size, n - size)
    rows = np.flatnonzero(events > 0)
    deaths = np.bincount(risk.past[rows] - 1, minlength=risk.n_times)
    scores = events - risk.rows_of(deaths / risk.totals(np.ones(n)))
    reached = abs(float(scores[codes == 1].sum())) - 1e-9
    splits = np.fromiter(
        (place for split in combinations(range(n), size) for place in split), dtype=np.int64
    ).reshape(-1, size)
    extreme = 0
    for begin in range(0, len(splits), BLOCK):
        sums = scores[splits[begin : begin + BLOCK]].sum(axis=1)
        extreme += int((np.abs(sums) >= reached).sum())
    return extreme / len(splits)


def _notes(expected: FloatArray, exact: float | None, known: bool) -> tuple[str, ...]:
    """Say what a reader of the test should know."""
    notes: tuple[str, ...] = ()
    if not known:
        notes += ("Some groups are never at risk together: their hazards cannot be compared.",)
    if expected.min() < FEW_EXPECTED and exact is None:
        notes += (
            f"A group has fewer than {FEW_EXPECTED:g} expected events: the chi-squared "
            "distribution is a rough guide.",
        )
    elif expected.min() < FEW_EXPECTED:
        notes += ("Few expected events: read the exact p-value, of every split of the people.",)
    return notes
