"""What the same people answered at intake and at exit: shares, their reduction and change, by arm.

Numbers of one place (row and column) are hidden together where one of them is too small: a
reduction would give a hidden share back, and a p-value the number of people who changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import DIFFERENCE, Cohorts, few

if TYPE_CHECKING:
    import pandas as pd

    from datrial.results.cells import Table

REDUCTION = ("share_intake", "share_exit", "reduction", "ci_low", "ci_high")
CHANGE = (
    "share_both", "share_stopped", "share_started", "share_neither", "share_difference", "ci_low",
    "ci_high", "p_value",
)  # fmt: skip
NOBODY = "nobody is known at both times"


def add_reduction(
    table: Table,
    cohorts: Cohorts,
    row: str,
    pairs: Mapping[str, pd.DataFrame],
    *,
    reason: str = "",
    warnings: Mapping[str, str] | None = None,
) -> None:
    """Add two shares of the same people and by how much, in percent of itself, the share fell.

    Parameters
    ----------
    pairs
        Arm -> one row per person with ``before`` and ``after``, each true or false.
    reason
        Why nothing is known, where that is so: every cell is then absent.
    warnings
        Arm -> what is to be said beside that they are few.
    """
    from datrial.models import paired_reduction

    for arm in cohorts.labels:
        of_arm = pairs.get(arm)
        if reason or of_arm is None or of_arm.empty:
            table.absent_all([row], [arm], REDUCTION, reason or NOBODY)
            continue
        found = paired_reduction(of_arm["before"].astype(bool), of_arm["after"].astype(bool))
        values = (
            found.before.estimate, found.after.estimate, found.reduction.estimate,
            found.reduction.ci_low, found.reduction.ci_high,
        )  # fmt: skip
        said = " ".join(found.notes).rstrip(".")
        warned = (warnings or {}).get(arm, "")
        warning = _joined(few(found.n), warned)
        for statistic, value in zip(REDUCTION, values, strict=True):
            note = said if statistic == "reduction" else ""
            table.add(row, arm, statistic, value, n=found.n, note=note, warning=warning,
                      reason=warned or said or "could not be computed")  # fmt: skip


def add_pair_change(
    table: Table,
    cohorts: Cohorts,
    row: str,
    pairs: Mapping[str, pd.DataFrame],
    *,
    reason: str = "",
    warnings: Mapping[str, str] | None = None,
) -> None:
    """Add who had it at both times, stopped, started or never had it, and the change of the share.

    The change is exit less intake with Newcombe's interval, the p-value McNemar's exact one. Of
    two cohorts: the difference of their changes with Welch's interval. Arguments as of
    :func:`add_reduction`.
    """
    from datrial.models import mcnemar

    for arm in cohorts.labels:
        of_arm = pairs.get(arm)
        if reason or of_arm is None or of_arm.empty:
            table.absent_all([row], [arm], CHANGE, reason or NOBODY)
            continue
        found = mcnemar(of_arm["before"].astype(bool), of_arm["after"].astype(bool))
        n = found.n_pairs
        cells = (found.both, found.stopped, found.started, found.neither)
        values = (*(count / n for count in cells), *found.difference[:3], found.p_exact)
        warning = _joined(few(n), (warnings or {}).get(arm, ""))
        for statistic, value in zip(CHANGE, values, strict=True):
            table.add(row, arm, statistic, value, n=n, warning=warning)
    add_difference_of_changes(
        table, cohorts, row,
        {arm: (of["after"].astype(float) - of["before"].astype(float)).to_list()
         for arm, of in pairs.items()},
        statistic="share_difference", reason=reason,
    )  # fmt: skip


def add_difference_of_changes(
    table: Table,
    cohorts: Cohorts,
    row: str,
    changes: Mapping[str, Sequence[float]],
    *,
    statistic: str = DIFFERENCE,
    reason: str = "",
) -> None:
    """Add the other cohort's mean change less the reference's, with Welch's interval.

    Nothing in a study of one arm. Changes of a share (-1, 0 or 1 a person) cannot differ by more
    than 2: an interval that leaves -2 to 2 is cut there.
    """
    from datrial.models import ModelDataError, two_sample_t_from_summary

    if not cohorts.is_compared or DIFFERENCE not in table.column_labels:
        return
    compared = next(arm for arm in cohorts.labels if arm != cohorts.reference)
    parts = [list(changes.get(arm, ())) for arm in (cohorts.reference or "", compared)]
    statistics = (statistic, "ci_low", "ci_high")
    why = reason or ("fewer than two people in a cohort" if min(map(len, parts)) < 2 else "")
    if why:
        table.absent_all([row], [DIFFERENCE], statistics, why)
        return
    try:
        found = two_sample_t_from_summary(
            [_mean(part) for part in parts], [_deviation(part) for part in parts],
            [len(part) for part in parts],
        )  # fmt: skip
    except ModelDataError as error:
        table.absent_all([row], [DIFFERENCE], statistics, f"it could not be compared: {error}")
        return
    most = 2.0 if statistic.startswith("share") else float("inf")
    values = (
        found.difference, max(found.welch.ci_low, -most), min(found.welch.ci_high, most),
    )  # fmt: skip
    n = sum(map(len, parts))
    for name, value in zip(statistics, values, strict=True):
        table.add(row, DIFFERENCE, name, value, n=n, warning=few(n))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _deviation(values: Sequence[float]) -> float:
    from statistics import stdev

    return stdev(values)


def _joined(*sentences: str) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)
