"""Needs scored from 0 to 10 by two raters: who has a need, what changed, and whether they agree."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.needs_matrix_data import matrices
from datrial.analyses.needs_matrix_limits import regression_table
from datrial.analyses.needs_matrix_raters import rater_tables
from datrial.analyses.needs_matrix_tables import improved_table, means_table, need_tables
from datrial.results.cells import Table


class NeedsMatrixParameters(Parameters):
    """Parameters of the needs matrix.

    Attributes
    ----------
    instrument
        The study's key of the matrix; without one, all of the table need_score.
    need, high_need
        The score at which, or beyond which on the worse side, there is a need, and a high need.
    lead_rater
        Whose scores lead; without one, the first of the study's ``rater`` terms who rated.
    reliability
        Of a score, for regression to the mean: the test-retest correlation.
    population_mean
        Mean score, in an area, of the people that those referred were picked from.
    """

    instrument: str | None = None
    need: int = 8
    high_need: int = 4
    lead_rater: str | None = None
    reliability: float = Field(default=0.7, gt=0, le=1)
    population_mean: float | None = None


def run(context: Context, parameters: NeedsMatrixParameters) -> list[Table]:
    """Return needs, scores, who improved, how far raters agree, and regression to the mean."""
    found = list(
        matrices(
            context, parameters.instrument, parameters.lead_rater, parameters.need,
            parameters.high_need,
        )
    )  # fmt: skip
    return [
        *need_tables(found),
        means_table(found),
        improved_table(found),
        *rater_tables(found),
        regression_table(found, parameters.reliability, parameters.population_mean),
    ]


ANALYSIS = Analysis(
    id="needs_matrix",
    title="Needs scored at intake and at exit",
    chapter="Outcomes of clients",
    question="In which areas did people have a need, or a high need, at intake and at exit, how "
    "did the scores change, and do the raters see the same?",
    population="Everyone referred whom a rater scored at intake and at exit; agreement: everyone "
    "scored by both raters at a time point.",
    rules="The first intake and the last exit of a person by each rater. A need is a score at the "
    "bound `need` or worse, a high need one at `high_need` or worse. An area counts those who "
    "have a score in it at both times; the sum of all areas those who have every one. A score "
    "outside the scale counts as missing.",
    model="Shares with Wilson's interval; reduction of a share of the same people with the score "
    "interval of Tang, Tang and Chan. Change of the mean with Student's interval (Stata: ttest; "
    "R: t.test(paired = TRUE)) and the exact sign-flip test. Raters: limits of agreement of Bland "
    "and Altman (Stata: concord; R: BlandAltmanLeh), quadratic weighted kappa (Stata: kap; R: "
    "vcd::Kappa) and ICC(A,1) (Stata: icc; R: irr::icc). Regression to the mean: Oldham's "
    "correlation and Blomqvist's slope (R: regtomean). Two cohorts: Newcombe's interval for "
    "shares, Welch's for the difference of changes.",
    references=(
        "Bland and Altman (1986), Lancet 327, 307-310.",
        "Shrout and Fleiss (1979), Psychological Bulletin 86, 420-428.",
        "Tang, Tang and Chan (2003), Statistics in Medicine 22, 1217-1233.",
        "Oldham (1962), Journal of Chronic Diseases 15, 969-977.",
        "Blomqvist (1977), Journal of the American Statistical Association 72, 746-749.",
    ),
    limits=(
        "A lower score at exit may be a need that came to light, or arose, while people were "
        "known, and not one that grew.",
        "Who is scored at exit stayed to the end.",
        "People come when needs are at their worst: some of an improvement is regression to the "
        "mean, whose size is known only as far as the reliability of a score is.",
        "Where several practitioners score, differences between them are not told apart from "
        "those between people.",
        "Ten areas are ten chances to find a change: no p-value here is adjusted for that.",
    ),
    catalogue=("E-F5",),
    parameters=NeedsMatrixParameters,
    run=run,
)
