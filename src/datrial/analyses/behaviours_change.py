"""Tables of who changed: less or more severe behaviour, and every step from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.behaviours_data import NO_PAIR, PLACE, add_share, behaviour_rows
from datrial.analyses.levels import SEVERITY, TIME_POINTS
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.behaviours_data import Question

NOT_KNOWN = "not_known"
#: Whose change is told: by the least severity at intake.
_GROUPS = {"all": 0, "any": PLACE["standard"], "high": PLACE["high"]}
_GROUP_WORDS = {"all": "", "any": ", any at intake", "high": ", high at intake"}
_LATER = {"midpoint": "intake to midpoint", "closure": "intake to closure"}
CHANGES = {
    "reduced": "Less severe",
    "none_both": "None at both",
    "unchanged": "As severe",
    "increased": "More severe",
}
STEPS = {
    "intake_midpoint": ("intake", "midpoint"),
    "midpoint_closure": ("midpoint", "closure"),
    "intake_closure": ("intake", "closure"),
}


def change_table(question: Question) -> Table:
    """Return how many changed in severity from intake, to midpoint and to closure."""
    table = Table(
        "behaviours.change",
        "Change in severity from intake, person by person",
        "Service users with a known severity at both time points; each row adds up to 100%. "
        "Whoever had none at intake can only get worse, and whoever had high only better: compare "
        "rows of the same group." + question.said(),
        ("D-F10",),
    )
    for column, label in CHANGES.items():
        table.column(column, label)
    parts = {
        f"{later}__{group}": f"{words}{_GROUP_WORDS[group]}"
        for later, words in _LATER.items()
        for group in _GROUPS
    }
    nothing = question.nothing()
    for row, (behaviour, part, label) in behaviour_rows(parts).items():
        table.row(row, label)
        later, group = part.split("__")
        both = question.case_manager(behaviour)[["intake", later]].dropna()
        both = both[both["intake"] >= _GROUPS[group]]
        if group == "all":
            reason = nothing or NO_PAIR
        else:
            reason = nothing or "nobody with this severity at intake is known later"
        _changes(table, row, both["intake"], both[later], reason)
    return table


def _changes(table: Table, row: str, first: pd.Series, last: pd.Series, reason: str) -> None:
    same = first == last
    chosen = {
        "reduced": last < first,
        "none_both": same & (first == 0),
        "unchanged": same & (first > 0),
        "increased": last > first,
    }
    for column, hits in chosen.items():
        count = int(hits.sum()) if len(hits) else None
        table.add(row, column, "count", count, reason=reason)
        add_share(table, (row, column), hits, reason)


def transitions_table(question: Question) -> Table:
    """Return how many went from each severity to each, for every two time points."""
    table = Table(
        "behaviours.transitions",
        "Steps from one severity to another, person by person",
        "Rows: the severity at the earlier time point; columns: at the later one. Service users "
        "with a behaviour form at any time point. The share is of those of the row with a known "
        "severity at the later one. Not known: don't know, no answer, or no form."
        + question.said(),
        ("D-F10",),
    )
    for level, label in SEVERITY.items():
        table.column(level, label)
    table.column(NOT_KNOWN, "Not known")
    nothing = question.nothing()
    levels = SEVERITY | {NOT_KNOWN: "Not known"}
    parts = {
        f"{step}__{level}": f"{TIME_POINTS[first]} to {TIME_POINTS[last].lower()}, "
        f"{label.lower()} before"
        for step, (first, last) in STEPS.items()
        for level, label in levels.items()
    }
    names = dict(enumerate(SEVERITY))
    for row, (behaviour, part, label) in behaviour_rows(parts).items():
        table.row(row, label)
        step, level = part.split("__")
        first, last = (
            question.case_manager(behaviour)[time_point].map(names).fillna(NOT_KNOWN)
            for time_point in STEPS[step]
        )
        later = last[first == level]
        known = later[later != NOT_KNOWN]
        for column in levels:
            count = None if nothing else int((later == column).sum())
            table.add(row, column, "count", count, reason=nothing)
            if NOT_KNOWN in (level, column):
                why = "not a severity"
                table.absent(row, column, "share", why, state=State.NOT_APPLICABLE)
            else:
                reason = nothing or "nobody with this severity is known later"
                add_share(table, (row, column), known == column, reason)
    return table
