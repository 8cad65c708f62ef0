"""How severe four types of abuse were at intake, and what of it was left at exit."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.severity_grid_changes import prevalence_tables, step_tables
from datrial.analyses.severity_grid_data import LastReading, grids
from datrial.analyses.severity_grid_tables import (
    intake_table,
    levels_table,
    overall_table,
    readings_table,
)
from datrial.results.cells import Table


class SeverityGridParameters(Parameters):
    """Parameters of the severity of abuse.

    Attributes
    ----------
    told_by
        Whose accounts the tables by type count, a code of the study's ``rater`` terms. Without
        one: the first of these of whom there are grids.
    last_reading
        ``exit``: midway grids are counted and otherwise left out. ``exit_or_midway``: of a
        person without an exit grid the last midway one stands for it.
    """

    told_by: str | None = None
    last_reading: LastReading = "exit"


def run(context: Context, parameters: SeverityGridParameters) -> list[Table]:
    """Return the profile at intake, both times of the same people, and their steps between."""
    found = grids(context, parameters.told_by, parameters.last_reading)
    return [
        readings_table(found),
        intake_table(found),
        overall_table(found),
        *prevalence_tables(found),
        levels_table(found),
        *step_tables(found),
    ]


ANALYSIS = Analysis(
    id="severity_grid",
    title="Severity of abuse at intake and at exit",
    chapter="Outcomes of clients",
    question="How severe were physical abuse, sexual abuse, harassment and stalking, and jealous "
    "and controlling behaviour when people came, and for how many did each stop, fall or rise?",
    population="Everyone referred who has a Severity of Abuse Grid: the profile at intake of all "
    "with an intake grid, changes of those with a grid at intake and at exit.",
    rules="A person counts once: the first grid at intake and the last at exit that is not from "
    "before it. Don't know is a level of its own. Prevalence is told as reports print it, don't "
    "know counted as not occurring, and beside it of those known. Midway grids are counted; "
    "they stand for a missing exit grid only if `last_reading` says so.",
    model="Shares with Wilson's interval (Stata: cii proportions, wilson; R: prop.test without "
    "correction). Reduction of a share of the same people with the score interval of Tang, Tang "
    "and Chan (R: contingencytables). Change of a share with Newcombe's paired interval and "
    "McNemar's exact test (Stata: mcci; R: exact2x2). Steps between levels: exact tests of "
    "direction, symmetry (Stata: symmetry, exact; R: rcompanion::nominalSymmetryTest) and margins, "
    "by counting every way the steps could fall. Two cohorts: Newcombe's interval for shares, "
    "Welch's for the difference of changes.",
    references=(
        "Tang, Tang and Chan (2003), Statistics in Medicine 22, 1217-1233.",
        "Newcombe (1998), Statistics in Medicine 17, 2635-2650.",
        "Bowker (1948), Journal of the American Statistical Association 43, 572-574.",
        "Fagerland, Lydersen and Laake (2014), Statistics in Medicine 33, 2850-2875.",
    ),
    limits=(
        "A grid is what somebody says who may not know, or not say: don't know is no absence of "
        "abuse, and a share that counts it so may fall because less is known at exit.",
        "Those with an exit grid stayed to the end; of those who left nothing is known.",
        "People come when abuse is at its worst: some of a fall would have been seen without any "
        "service.",
        "With so few people an interval is wide, and a test that finds nothing shows nothing.",
    ),
    catalogue=("E-F1", "E-F2", "E-F3"),
    parameters=SeverityGridParameters,
    run=run,
)
