"""What case managers did: direct and indirect work, with whom, when, and for how long."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.interventions_duration import duration_tables
from datrial.analyses.interventions_tables import (
    action_counts,
    agencies_table,
    objectives_table,
    work_table,
)
from datrial.analyses.interventions_time import months_table, years_table
from datrial.results.cells import Table


class InterventionsParameters(Parameters):
    """Parameters of the tables of interventions.

    Attributes
    ----------
    sites
        The sites whose service users are described; empty means all.
    year_ends
        The last day of each year of the project but the last, in order.
    months
        How many months since the start have a row of their own.
    """

    sites: tuple[str, ...] = Field(default=())
    year_ends: tuple[dt.date, ...] = Field(
        default=(dt.date(2017, 3, 31), dt.date(2018, 3, 31)), min_length=1
    )
    months: int = Field(default=14, ge=1, le=60)

    @model_validator(mode="after")
    def _years_are_in_order(self) -> Self:
        if any(later <= earlier for earlier, later in pairwise(self.year_ends)):
            raise ValueError("year_ends must be in order of time")
        return self


def run(context: Context, parameters: InterventionsParameters) -> list[Table]:
    """Return the work by kind, objective, agency, month and year, and how long cases lasted."""
    sites = list(parameters.sites or context.study.sites)
    counts = action_counts(context, sites)
    return [
        work_table(context, sites, counts),
        objectives_table(context, sites, counts),
        agencies_table(context, sites),
        months_table(context, sites, parameters.months),
        years_table(context, sites, list(parameters.year_ends)),
        *duration_tables(context, sites, parameters.year_ends[-1]),
    ]


ANALYSIS = Analysis(
    id="interventions",
    title="Interventions delivered",
    chapter="Engagement and interventions",
    question="What did case managers do with and around service users, with which agencies, "
    "when in a case, and how long did a case last?",
    population="Service users of the intervention with a case-management record, and the actions "
    "that case managers recorded about them.",
    rules="Work is indirect (background research, multi-agency work, case updates) or direct "
    "(making and sustaining contact, direct support, behaviour-change work). Every action counts, "
    "also equal ones of a day. Multi-agency work has an objective: support, disrupt, or both; "
    "other work has none. Shares by kind, objective and agency are of the actions for which it is "
    "stated. Months are counted from the start of the case; a month's mean is of the time that "
    "cases were open in it. Duration runs from the start to the closure of closed cases, in "
    "complete months; cases still open are counted, not measured.",
    model="Counts, shares, means, quartiles. No model and no comparison between arms: controls "
    "have no case manager.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 6-9, Table 7, and the text "
        "on the duration of the intervention.",
    ),
    limits=(
        "It counts what was recorded: work that a case manager did not write down is not there, "
        "and nothing here tells whether it worked.",
    ),
    catalogue=("D-F6", "D-N4"),
    parameters=InterventionsParameters,
    run=run,
)
