"""Behaviours that victims-survivors report through their IDVA, at intake and exit, by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.levels import BEHAVIOURS, SEVERITY
from datrial.analyses.victim_changes import add_change, add_change_difference
from datrial.analyses.victim_forms import DIFFERENCE, ENGAGED, Forms, add_shares, victim_forms
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

INTAKE, EXIT = "intake", "exit"
TIMES = {INTAKE: "Intake", EXIT: "Exit"}
#: All who have an answer at intake, with or without an exit form.
ALL_INTAKES = "intake_all"
_PAIRS = (
    "Pairs: victims-survivors with a known severity of the behaviour on both the intake and the "
    "exit form. "
)
_CHANGE = (
    "Change: the share at exit less that at intake; below zero fewer report it. By arm with "
    "Newcombe's interval for paired shares and McNemar's test (exact where fewer than 25 pairs "
    "changed); the difference of the arms' changes with Welch's interval and test of the "
    "pairs' own changes. P-values are not adjusted for their number. "
)


class VictimBehavioursParameters(Parameters):
    """The behaviours that victims-survivors report have no parameters."""


def run(context: Context, parameters: VictimBehavioursParameters) -> list[Table]:
    """Return prevalence and severity at intake and exit, and how they changed, by arm."""
    del parameters
    forms = victim_forms(context)
    return [_prevalence(forms), _change(forms), _severity(forms), _severity_change(forms)]


def _levels(frame: pd.DataFrame, behaviour: str) -> pd.DataFrame:
    """Return the known severity at intake and exit; don't know is missing."""
    return frame[[f"{time}_{behaviour}" for time in TIMES]].set_axis(list(TIMES), axis=1).where(
        lambda levels: levels.isin(list(SEVERITY))
    )  # fmt: skip


def _is_not(levels: pd.Series, level: str) -> pd.Series:
    """Return 1 where the known level is another, 0 where it is this one."""
    other: pd.Series = (levels != level).astype(float).where(levels.notna())
    return other


def _prevalence(forms: Forms) -> Table:
    table = Table(
        "victim_behaviours.prevalence",
        "Victims-survivors reporting each behaviour at intake and exit",
        "Share: with a standard, moderate or high severity, of those with a known severity. "
        f"{_PAIRS}{ENGAGED} The published figure has bars without numbers.",
        ("D-F26",),
    )
    forms.name_columns(table)
    for behaviour, label in BEHAVIOURS.items():
        levels = _levels(forms.frame, behaviour)
        pairs = levels.dropna()
        for row, when, answers in (
            (ALL_INTAKES, "all intake forms", levels[INTAKE]),
            (INTAKE, "intake, pairs", pairs[INTAKE]),
            (EXIT, "exit, pairs", pairs[EXIT]),
        ):
            table.row(f"{behaviour}__{row}", f"{label}: {when}")
            add_shares(table, forms, f"{behaviour}__{row}", _is_not(answers, "none"))
    return table


def _change(forms: Forms) -> Table:
    table = Table(
        "victim_behaviours.change",
        "Change in the share of victims-survivors reporting each behaviour, intake to exit",
        f"{_PAIRS}{_CHANGE}{ENGAGED} The published tests are McNemar's; it prints that all are "
        "significant, without their p-values.",
        ("D-F26",),
    )
    forms.name_columns(table)
    table.column(DIFFERENCE, f"Difference in change, {forms.contrast}")
    for behaviour, label in BEHAVIOURS.items():
        table.row(behaviour, label)
        pairs = _levels(forms.frame, behaviour).dropna()
        held = pairs.apply(_is_not, level="none")
        add_change(table, forms, behaviour, held[INTAKE], held[EXIT])
        add_change_difference(table, forms, behaviour, held[INTAKE], held[EXIT])
    return table


def _severity(forms: Forms) -> Table:
    table = Table(
        "victim_behaviours.severity",
        "Severity of each behaviour at intake and exit",
        f"{_PAIRS}Share: of the pairs. {ENGAGED} The published figure has bars without numbers.",
        ("D-F26",),
    )
    forms.name_columns(table)
    for behaviour, label in BEHAVIOURS.items():
        pairs = _levels(forms.frame, behaviour).dropna()
        for time, when in TIMES.items():
            for level, words in SEVERITY.items():
                row = f"{behaviour}__{time}__{level}"
                table.row(row, f"{label}, {when.lower()}: {words.lower()}")
                add_shares(table, forms, row, 1 - _is_not(pairs[time], level))
    return table


def _severity_change(forms: Forms) -> Table:
    table = Table(
        "victim_behaviours.severity_change",
        "Change in the share of victims-survivors at each severity, intake to exit",
        f"{_PAIRS}{_CHANGE}{ENGAGED}",
        ("D-F26",),
    )
    forms.name_columns(table)
    table.column(DIFFERENCE, f"Difference in change, {forms.contrast}")
    for behaviour, label in BEHAVIOURS.items():
        pairs = _levels(forms.frame, behaviour).dropna()
        for level, words in SEVERITY.items():
            row = f"{behaviour}__{level}"
            table.row(row, f"{label}: {words.lower()}")
            held = 1 - pairs.apply(_is_not, level=level)
            add_change(table, forms, row, held[INTAKE], held[EXIT])
            add_change_difference(table, forms, row, held[INTAKE], held[EXIT])
    return table


ANALYSIS = Analysis(
    id="victim_behaviours",
    title="Behaviours reported by victims-survivors",
    chapter="Victims-survivors",
    question="Do victims-survivors report less abuse at exit from IDVA support than at intake, "
    "and does it fall further where the perpetrator was allocated to the intervention?",
    population="Victims-survivors of allocated perpetrators with an IDVA intake form; changes "
    "are of those with an exit form as well.",
    rules="Severity is none, standard, moderate or high; any but none counts as reporting the "
    "behaviour. Don't know is a missing answer. The arm is the perpetrator's. Only those who "
    "engaged with an IDVA after the allocation, and whose IDVA sent both forms, are seen.",
    model="Shares; McNemar's test and Newcombe's interval by arm; difference of the changes with "
    "Welch's interval. Stata: mcc; ttest change, by(arm) unequal.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 24, 26 and A4.2 and the "
        "text around them.",
        "McNemar (1947), Psychometrika 12(2), 153-157.",
        "Newcombe (1998), Statistics in Medicine 17(22), 2635-2650.",
    ),
    limits=(
        "Only victims-survivors who engaged with an IDVA and whose IDVA sent both forms are "
        "seen; their share may differ between the arms.",
    ),
    catalogue=("D-F26",),
    parameters=VictimBehavioursParameters,
    run=run,
)
