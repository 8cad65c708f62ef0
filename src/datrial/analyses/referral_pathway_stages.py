"""How far referrals, and people, went; how referrals ended; the same by site and strand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.analyses.cohorts import terms
from datrial.analyses.referral_pathway_data import (
    NOBODY,
    STAGES,
    Referrals,
    add_count,
    add_shares,
    tally,
)
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

REFERRALS_NOTE = (
    "Counts referrals: a person referred again counts again. Share: of all referrals; a stage "
    "that is not recorded of a referral counts as not reached. 95% intervals: Wilson."
)
#: The stages of people; the others are judgements of a single referral.
OF_PEOPLE = ("referred", "started", "engaged", "completed", "onward")
#: Outcome of the mart -> what people read.
OUTCOMES = {
    "completed": "Completed",
    "stopped": "Engaged, then stopped",
    "never_engaged": "Never engaged",
    "not_completed": "Not completed, engagement not recorded",
    "not_taken_on": "Not taken on",
    "open": "Still open, or no end recorded",
}


def stage_tables(of: Referrals) -> list[Table]:
    """Return the counts, the stages by referral and by person, the ends, and those by group."""
    tables = [_counts(of), _stages_of_referrals(of), _stages_of_people(of), _outcomes(of)]
    study = of.context.study
    strands = terms(study, "strand", _found(of.frame["strand"]))
    for name, column, labels in (
        ("sites", "site", {key: site.label for key, site in study.sites.items()}),
        ("strands", "strand", strands),
    ):
        if len(labels) > 1:
            tables.append(_by_group(of, name, column, labels))
    return tables


def _found(codes: pd.Series) -> list[str]:
    return [str(code) for code in codes.dropna().unique()]


def _counts(of: Referrals) -> Table:
    table = Table(
        "referral_pathway.counts",
        "Referrals, and the people who were referred",
        "A person referred several times is one person and several referrals. What there are more "
        f"referrals than people are of people who had been referred before.{_both(of)}",
        ("E-N1", "R-T1"),
    )
    of.cohorts.name_columns(table, difference=False)
    table.row("referrals", "Referrals")
    table.row("persons", "People")
    add_count(of, table, "referrals", of.cohorts.by_arm(of.frame, len), of.nothing)
    add_count(of, table, "persons", of.cohorts.by_arm(of.people, len), of.nothing)
    return table


def _both(of: Referrals) -> str:
    if not of.cohorts.is_compared:
        return ""
    return " Somebody referred in both cohorts is in that of his first referral."


def _stages_of_referrals(of: Referrals) -> Table:
    table = Table(
        "referral_pathway.referrals",
        "How far referrals went",
        f"{REFERRALS_NOTE}{of.cohorts.note}",
        ("E-N1", "R-T1", "R-N1"),
    )
    _add_stages(of, table, of.frame, tuple(STAGES))
    return table


def _stages_of_people(of: Referrals) -> Table:
    table = Table(
        "referral_pathway.people",
        "How far the people who were referred went",
        "Counts people: a person counts once, with the furthest that any of his referrals went. "
        "Share: of all people referred; a stage that is not recorded counts as not reached. 95% "
        f"intervals: Wilson.{of.cohorts.note}",
        ("E-N1",),
    )
    _add_stages(of, table, of.people, OF_PEOPLE)
    return table


def _add_stages(of: Referrals, table: Table, rows: pd.DataFrame, stages: tuple[str, ...]) -> None:
    of.cohorts.name_columns(table)
    for stage in stages:
        label, columns = STAGES[stage]
        table.row(stage, label)
        if stage == "referred":
            add_count(of, table, stage, of.cohorts.by_arm(rows, len), of.nothing)
        else:
            add_shares(of, table, stage, tally(of, rows, rows[stage]), of.unknown(*columns))


def _outcomes(of: Referrals) -> Table:
    table = Table(
        "referral_pathway.outcomes",
        "How referrals ended",
        "Counts referrals, each in one row; a person referred again counts again. Engaged, then "
        "stopped: engaged, and did not complete. Not taken on: nothing is recorded of engagement, "
        "and the referral was unsuitable or has a reason why it was not taken on. Share: of all "
        f"referrals. 95% intervals: Wilson.{of.cohorts.note}",
        ("E-N1", "R-N1"),
    )
    of.cohorts.name_columns(table)
    unknown = {
        "completed": of.unknown("is_completed"),
        "stopped": of.unknown("is_engaged", "is_completed"),
        "never_engaged": of.unknown("is_engaged"),
        "not_completed": of.unknown("is_completed"),
        "not_taken_on": of.unknown_any("is_suitable", "not_taken_on_reason"),
        "open": of.unknown_any("is_engaged", "is_completed"),
    }
    for outcome, label in OUTCOMES.items():
        table.row(outcome, label)
        nothing = of.unknown("person_id") | unknown[outcome]
        counts = tally(of, of.frame, of.frame["outcome"] == outcome)
        add_shares(of, table, outcome, counts, nothing)
    return table


def _by_group(of: Referrals, name: str, column: str, labels: Mapping[str, str]) -> Table:
    """Return the stages of the referrals of each site, or strand."""
    table = Table(
        f"referral_pathway.{name}",
        f"How far referrals went, by {column}",
        f"{REFERRALS_NOTE.replace('of all referrals', f'of the referrals of the {column}')}"
        f"{of.cohorts.note}",
        ("R-T1",),
    )
    of.cohorts.name_columns(table)
    for group, label in labels.items():
        rows = of.frame[of.frame[column] == group]
        nobody = {arm: NOBODY for arm, own in of.cohorts.split(rows) if own.empty}
        for stage, (words, columns) in STAGES.items():
            row = f"{group}__{stage}"
            if stage == "referred":
                table.row(row, f"{label}: {words.lower()}")
                add_count(of, table, row, of.cohorts.by_arm(rows, len), of.nothing)
            elif not _never(of, columns):
                table.row(row, f"{label}: {words.lower()}")
                add_shares(of, table, row, tally(of, rows, rows[stage]),
                           nobody | of.unknown(*columns))  # fmt: skip
    return table


def _never(of: Referrals, columns: tuple[str, ...]) -> bool:
    """Tell whether no arm has a stage: it then has no row for every group."""
    return len(of.unknown(*columns)) == len(of.cohorts.labels)
