"""Training of practitioners: who came, who passed, and scores before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.cohorts import few, not_sent, terms
from datrial.analyses.training_groups import Places, groups_of
from datrial.analyses.training_scores import scores_table
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_SHARES = ("count", "share", "ci_low", "ci_high")
_COLUMNS = {
    "registered": "Registered",
    "attended": "Attended",
    "attended_unknown": "Attendance not known",
    "passed": "Passed",
    "passed_unknown": "Result not known",
}


class TrainingParameters(Parameters):
    """Training has no parameters."""


def run(context: Context, parameters: TrainingParameters) -> list[Table]:
    """Return attendance and passes, and scores, by course, round and site."""
    del parameters
    rows = context.connection.execute(
        "select site, practitioner_id, course, round, attended, passed, score_before, score_after "
        "from staging.training order by all"
    ).df()
    courses = terms(context.study, "course", list(rows["course"].dropna()))
    sites = {key: site.label for key, site in context.study.sites.items()}
    groups = groups_of(rows, courses, sites)
    reason = not_sent(context, "training")
    return [_attendance(groups, reason), scores_table(groups, reason)]


def _attendance(groups: list[Places], reason: str) -> Table:
    table = Table(
        "training.attendance",
        "Training: who attended and who passed",
        "Places on a course: who attends two courses counts in both. Attended: share of those "
        "registered of whom it is known. Passed: share of those who attended and whose result is "
        "known, and of those registered. With Wilson's interval of the first. Practitioners are "
        "in no arm.",
        ("R-T5", "R-T1"),
    )
    for column, label in _COLUMNS.items():
        table.column(column, label)
    never = {column: _never_recorded(groups, column) for column in ("attended", "passed")}
    for group in groups:
        table.row(group.key, group.label)
        if reason:
            table.absent(group.key, "registered", "count", reason)
        else:
            table.add(group.key, "registered", "count", len(group.rows))
        why = {column: reason or courses.get(group.course, "") for column, courses in never.items()}
        _answered(table, group.key, "attended", group.rows["attended"], why["attended"])
        came = group.rows[group.rows["attended"] == "yes"]
        _answered(table, group.key, "passed", came["passed"], why["passed"])
        _of_registered(table, group, came["passed"], why["passed"])
    return table


def _never_recorded(groups: list[Places], column: str) -> dict[str, str]:
    """Return course -> why nothing is known, of the courses with people and without an answer."""
    told = {group.course for group in groups if group.rows[column].isin(["yes", "no"]).any()}
    empty = {group.course for group in groups} - {g.course for g in groups if len(g.rows)}
    return {
        group.course: "of nobody is it recorded"
        for group in groups
        if group.course not in told | empty
    }


def _answered(table: Table, row: str, column: str, answers: pd.Series, reason: str) -> None:
    """Add who did of those of whom it is known, and of how many it is not known."""
    from datrial.models import single_proportion

    yes, known = int((answers == "yes").sum()), int(answers.isin(["yes", "no"]).sum())
    if reason:
        table.absent_all([row], [column], _SHARES, reason)
        table.absent(row, f"{column}_unknown", "count", reason)
        return
    share = single_proportion(yes, known).share
    values = (yes, share.estimate, share.ci_low, share.ci_high)
    for statistic, value in zip(_SHARES, values, strict=True):
        if statistic == "count":  # without its n: it may be told where those who did not are few
            table.add(row, column, statistic, value)
        else:
            table.add(row, column, statistic, value if known else None, n=known,
                      warning=few(known), reason="nobody is known")  # fmt: skip
    table.add(row, f"{column}_unknown", "count", len(answers) - known, n=len(answers))


def _of_registered(table: Table, group: Places, results: pd.Series, reason: str) -> None:
    """Add who passed of those registered, as reports print a rate of completion."""
    n = len(group.rows)
    if reason or not n:
        why = reason or "nobody was registered"
        table.absent(group.key, "passed", "share_of_registered", why)
        return
    share = int((results == "yes").sum()) / n
    table.add(group.key, "passed", "share_of_registered", share, n=n)


ANALYSIS = Analysis(
    id="training",
    title="Training of practitioners",
    chapter="Referrals and activity",
    question="How many practitioners attended the training and passed it, and how did their test "
    "scores change?",
    population="Practitioners registered for a course, a row for each course and round.",
    rules="Who passed is told of those who attended. Before and after: everybody with that score; "
    "change: those with both. The difference of the two means is the one that reports print; where "
    "not the same people have both scores, it is no change of anybody.",
    model="Shares with Wilson's interval; means and the mean change of the same practitioners with "
    "Student's interval; the ratio of the two means with the interval of Bonett and Price. Stata: "
    "cii proportions, wilson; ttest after == before. R: t.test(paired = TRUE), "
    "statpsych::ci.ratio.mean.ps.",
    references=(
        "Wilson (1927), Journal of the American Statistical Association 22, 209-212.",
        "Student (1908), Biometrika 6, 1-25.",
        "Bonett and Price (2020), Journal of Educational and Behavioral Statistics 45, 750-770.",
    ),
    limits=(
        "A score that rises within days shows what was taught, not what is done at work, and "
        "nobody who was not trained was tested.",
        "A register that lists only those who came shows an attendance of 100%.",
        "Practitioners without a second score are those who left or were not tested: the change is "
        "of the others.",
    ),
    catalogue=("R-T5", "R-T1"),
    parameters=TrainingParameters,
    run=run,
)
