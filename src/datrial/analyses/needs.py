"""Needs of service users: how many, which, at which level, and who engages."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.needs_data import DontKnow, TimePoint
from datrial.analyses.needs_engagement import engagement_tables
from datrial.analyses.needs_tables import (
    dichotomisations_table,
    levels_table,
    number_table,
    prevalence_table,
)
from datrial.results.cells import Table


class NeedsParameters(Parameters):
    """Parameters of the descriptive tables of needs.

    Attributes
    ----------
    time_point
        Whose forms are described; the prevalence has all three.
    dont_know
        ``missing``: don't know is a missing answer; ``no``: it counts as no need.
        The tables of the number of needs and of their levels have both.
    """

    time_point: TimePoint = "midpoint"
    dont_know: DontKnow = "missing"


def run(context: Context, parameters: NeedsParameters) -> list[Table]:
    """Return the number, prevalence and levels of needs, and engagement by need."""
    time_point, dont_know = parameters.time_point, parameters.dont_know
    return [
        number_table(context, time_point),
        prevalence_table(context, dont_know),
        levels_table(context, time_point),
        dichotomisations_table(context, time_point),
        *engagement_tables(context, time_point, dont_know),
    ]


ANALYSIS = Analysis(
    id="needs",
    title="Needs of service users",
    chapter="Needs",
    question="Which needs do service users have, how great are they, and do those who have them "
    "engage with their case manager?",
    population="Service users of the intervention with at least one answered need at the time "
    "point; for engagement, those of them whose engagement is known.",
    rules="Twelve needs, each yes or no, and each with a level. Don't know is a missing answer "
    "unless the parameter dont_know says that it counts as no; what is missing is left out need "
    "by need, and every share says of how many it is. The levels are dichotomised under two rules "
    "(any need, high need), each with don't know as no need and left out. Engagement is one "
    "answer for the whole case, the needs are those of one time point: neither comes first.",
    model="Shares. Whether engagement differs by need: Pearson's chi-square, or the exact test of "
    "Freeman and Halton where an expected count is below five, with p-values adjusted for the "
    "false discovery rate (Benjamini and Hochberg) over the twelve needs.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 2, 3 and 5, Tables 5, 6, "
        "A2.1 and A7.1, Appendix 8.2.",
        "Freeman and Halton (1951), Biometrika 38(1/2), 141-149.",
        "Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.",
    ),
    limits=(
        "Needs are what case managers recorded; whoever engages more may have more needs found.",
    ),
    catalogue=("D-F2", "D-F3", "D-TA2.1", "D-TA7.1", "D-T5", "D-T6", "D-F5"),
    parameters=NeedsParameters,
    run=run,
)
