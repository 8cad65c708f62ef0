"""Test scores before and after a training: means as printed, and the change of the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.cohorts import few
from datrial.analyses.training_groups import ALL_COURSES, ALL_ROUNDS, Places
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_MEANS = ("mean", "sd", "ci_low", "ci_high")
_RATIO = ("count", "ratio_of_means", "ci_low", "ci_high")
_COLUMNS = {
    "before": "Before",
    "after": "After",
    "change": "Change of those with both",
    "ratio": "After over before, of those with both",
}
_NO_SCORE = "no practitioner has this score"
_NO_PAIR = "no practitioner has both scores"


def scores_table(groups: list[Places], reason: str) -> Table:
    """Return the scores of each round of the courses that have any, by site."""
    table = Table(
        "training.scores",
        "Training: test scores before and after",
        "Per cent of the test's points. Before and after: everybody with that score, who need not "
        "be the same; difference: of these two means, as reports print it. Change and ratio: "
        "practitioners with both scores. Student's intervals; of the ratio, Bonett and Price's.",
        ("R-T5",),
    )
    for column, label in _COLUMNS.items():
        table.column(column, label)
    for group in _with_scores(groups):
        table.row(group.key, group.label)
        before, after = (group.rows[f"score_{time}"].astype(float) for time in ("before", "after"))
        _mean(table, group.key, "before", before, reason)
        _mean(table, group.key, "after", after, reason)
        _printed(table, group.key, before, after, reason)
        _paired(table, group.key, before, after, reason)
    return table


def _with_scores(groups: list[Places]) -> list[Places]:
    """Return each round in which anybody has a score; if none has, every round of every course.

    Scores of different rounds are of different tests: they are not put together.
    """
    several = {group.course for group in groups if group.round != ALL_ROUNDS}
    rounds = [
        group
        for group in groups
        if (group.round == ALL_ROUNDS) != (group.course in several) and group.course != ALL_COURSES
    ]
    scored = {
        (group.course, group.round)
        for group in rounds
        if group.rows[["score_before", "score_after"]].notna().any(axis=None)
    }
    told = [group for group in rounds if (group.course, group.round) in scored]
    return told or rounds or groups


def _mean(table: Table, row: str, column: str, scores: pd.Series, reason: str) -> None:
    from datrial.models.paired.mean_change import deviation, mean_change

    known = scores.dropna().to_numpy()
    if reason or not len(known):
        table.absent_all([row], [column], _MEANS, reason or _NO_SCORE)
        return
    mean = mean_change(known, 0.95)[0]
    values = (mean.estimate, deviation(known), mean.ci_low, mean.ci_high)
    for statistic, value in zip(_MEANS, values, strict=True):
        table.add(row, column, statistic, value, n=len(known), warning=few(len(known)),
                  reason="one practitioner, or all alike")  # fmt: skip


def _printed(table: Table, row: str, before: pd.Series, after: pd.Series, reason: str) -> None:
    known = min(int(before.notna().sum()), int(after.notna().sum()))
    if reason or not known:
        table.absent(row, "after", "difference", reason or _NO_SCORE)
        return
    table.add(row, "after", "difference", float(after.mean() - before.mean()), n=known)


def _paired(table: Table, row: str, before: pd.Series, after: pd.Series, reason: str) -> None:
    """Add the change of the practitioners with both scores, and the ratio of their means."""
    from datrial.models import paired_change

    both = before.notna() & after.notna()
    if reason or not both.any():
        table.absent_all([row], ["change"], _MEANS, reason or _NO_PAIR)
        table.absent_all([row], ["ratio"], _RATIO, reason or _NO_PAIR)
        return
    found = paired_change(before[both].to_numpy(), after[both].to_numpy())
    warning = few(found.n)
    change = (found.mean.estimate, found.sd, found.mean.ci_low, found.mean.ci_high)
    for statistic, value in zip(_MEANS, change, strict=True):
        table.add(row, "change", statistic, value, n=found.n, warning=warning,
                  reason="one practitioner, or all changed alike")  # fmt: skip
    table.add(row, "ratio", "count", found.n)
    for statistic, value in zip(_RATIO[1:], found.ratio_of_means[:3], strict=True):
        table.add(row, "ratio", statistic, value, n=found.n, warning=warning,
                  reason="it has none with scores of zero or of one practitioner")  # fmt: skip
