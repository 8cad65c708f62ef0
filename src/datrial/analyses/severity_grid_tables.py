"""Tables of the Severity of Abuse Grid: who was assessed, the profile at intake, both times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.severity_grid_data import ABUSE, LEVELS, NOT_SAID, ORDERED, UNKNOWN, Grids
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_NO_GRID = "nobody has a grid"
READINGS = {
    "assessed_intake": "Assessed at intake",
    "assessed_midway": "Assessed midway",
    "assessed_exit": "Assessed at exit",
    "assessed_both": "Assessed at intake and at exit",
    "several": "More than one grid at one of these time points",
}


def readings_table(grids: Grids) -> Table:
    """Return how many of those referred have a grid at each time point."""
    table = Table(
        "severity_grid.readings",
        "People with a Severity of Abuse Grid, by time point",
        "Of everyone referred; a person referred more than once is one." + grids.said,
        ("E-F1", "E-F2"),
    )
    grids.cohorts.name_columns(table)
    frame = grids.frame
    midway = frame["midway_grids"] > 0
    most = frame[["intake_grids", "midway_grids", "exit_grids"]].max(axis=1)
    who = {
        "assessed_intake": frame["intake_on"].notna(),
        "assessed_midway": midway,
        "assessed_exit": frame["exit_on"].notna(),
        "assessed_both": frame["intake_on"].notna() & frame["exit_on"].notna(),
        "several": most > 1,
    }
    for row, label in READINGS.items():
        table.row(row, label)
        counts = {
            arm: (int(who[row][of_arm.index].sum()), grids.clients.get(arm, 0))
            for arm, of_arm in grids.cohorts.split(frame)
        }
        grids.cohorts.add_shares(table, row, counts, reason=grids.reason)
    return table


def intake_table(grids: Grids) -> Table:
    """Return the profile at intake: each type by severity, and how common it was."""
    table = Table(
        "severity_grid.intake",
        "Type and severity of abuse at intake",
        "Everyone with a grid at intake. The share with any severity is told twice: of all of "
        "them, where don't know counts as not occurring, and of those for whom it is known."
        + grids.said,
        ("E-F1",),
    )
    grids.cohorts.name_columns(table)
    frame = grids.assessed()
    for kind, words in BEHAVIOURS.items():
        _add_levels(table, grids, frame, f"{kind}__", words, f"{kind}_intake")
        for row, label in (("any", "any severity, of all"), ("any_known", "any, of those known")):
            table.row(f"{kind}__{row}", f"{words}: {label}")
            counts = {}
            for arm, of_arm in grids.cohorts.split(frame):
                answers = of_arm[f"{kind}_intake"]
                of = answers if row == "any" else answers[~answers.isin(UNKNOWN)]
                counts[arm] = (int(of.isin(ABUSE).sum()), len(of))
            reason = grids.reason
            grids.cohorts.add_shares(table, f"{kind}__{row}", counts, reason=reason)
    return table


def levels_table(grids: Grids) -> Table:
    """Return the severity of each type at intake and at exit, of those with both grids."""
    table = Table(
        "severity_grid.levels",
        "Type and severity of abuse at intake and at exit",
        "Those with a grid at intake and at exit, the same people at both: the first intake and "
        "the last exit of a person." + grids.said,
        ("E-F3",),
    )
    grids.cohorts.name_columns(table)
    frame = grids.both()
    for kind, words in BEHAVIOURS.items():
        for time, source in (("intake", "intake"), ("exit", "last")):
            column = f"{kind}_{source}"
            _add_levels(table, grids, frame, f"{kind}__{time}__", f"{words}, {time}", column)
    return table


def overall_table(grids: Grids) -> Table:
    """Return the highest severity of the four types at intake, by whose account it is."""
    table = Table(
        "severity_grid.overall",
        "Overall severity at intake: the highest of the four types",
        "Everyone with a grid at intake, by whose account it is. Types that are not known are "
        "passed over; without any abuse among the others, the overall severity is not known. "
        "Of those known: without don't know." + grids.cohorts.note,
        ("E-F1",),
    )
    grids.cohorts.name_columns(table)
    tellers = grids.tellers or {NOT_SAID: "Not said by whom"}
    for teller, words in tellers.items():
        own = grids.every[(grids.every["told_by"] == teller) & grids.every["intake_on"].notna()]
        overall = _highest(own)
        start = "" if list(tellers) == [NOT_SAID] else f"{words}: "
        for level, label in LEVELS.items():
            if level == "missing":
                continue
            for known in (False, True):
                if known and level == "dont_know":
                    continue
                row = f"{teller}__{level}{'__known' if known else ''}"
                text = f"{start}{label.lower()}{', of those known' if known else ''}"
                table.row(row, text[:1].upper() + text[1:])
                counts = {}
                for arm, of_arm in grids.cohorts.split(own):
                    of = overall[of_arm.index]
                    of = of[of != "dont_know"] if known else of
                    counts[arm] = (int((of == level).sum()), len(of))
                grids.cohorts.add_shares(table, row, counts, reason=grids.reason)
    return table


def _highest(frame: pd.DataFrame) -> pd.Series:
    """Return each person's highest known severity at intake, or don't know."""
    answers = frame[[f"{kind}_intake" for kind in BEHAVIOURS]]
    out = answers.isin(UNKNOWN).any(axis=1).map({True: "dont_know", False: "none"})
    for level in ORDERED[1:]:
        out = out.mask((answers == level).any(axis=1), level)
    return out.astype(object)


def _add_levels(
    table: Table, grids: Grids, frame: pd.DataFrame, start: str, words: str, column: str
) -> None:
    for level, label in LEVELS.items():
        row = f"{start}{level}"
        table.row(row, f"{words}: {label.lower()}")
        counts = {
            arm: (int((of_arm[column] == level).sum()), len(of_arm))
            for arm, of_arm in grids.cohorts.split(frame)
        }
        grids.cohorts.add_shares(table, row, counts, reason=grids.reason)
