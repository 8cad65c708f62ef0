"""Time to repeated abuse after the allocation, by arm: first events, and events again and again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from datrial.analyses.base import Analysis, Context
from datrial.analyses.follow_up_rates import FollowUpParameters
from datrial.analyses.follow_up_rates_data import concealed
from datrial.analyses.follow_up_times_curves import Curves
from datrial.analyses.follow_up_times_data import times_of
from datrial.analyses.follow_up_times_tables import Regressions
from datrial.results.cells import Table

Month = Annotated[int, Field(ge=0)]


class FollowUpTimesParameters(FollowUpParameters):
    """Parameters of the times to repeated abuse.

    Attributes
    ----------
    months
        At which the curves are read.
    differences_at
        Months at which the arms' mean numbers of events are compared.
    mean_until
        Month until which the mean time without an event is taken.
    """

    months: tuple[Month, ...] = Field(default=(0, 3, 6, 9, 12, 15, 18, 21, 24), min_length=1)
    differences_at: tuple[Month, ...] = Field(default=(6, 12, 24), min_length=1)
    mean_until: int = Field(default=12, gt=0)


def run(context: Context, parameters: FollowUpTimesParameters) -> list[Table]:
    """Return who was observed, curves of first and of all events, tests and hazard ratios."""
    regressions = Regressions(context, ANALYSIS.catalogue)
    curves = Curves(
        context, sorted(set(parameters.months)), sorted(set(parameters.differences_at)),
        parameters.mean_until, ANALYSIS.catalogue,
    )  # fmt: skip
    for name in parameters.outcomes:
        times = times_of(context, name, parameters.sites)
        regressions.add(times)
        curves.add(times)
    people, *others = regressions.all
    return concealed(context, [people, *curves.all, *others])


ANALYSIS = Analysis(
    id="follow_up_times",
    title="Time to repeated abuse after the allocation",
    chapter="Repeated abuse at MARAC and with the police",
    question="Does it take longer until perpetrators who were allocated to the intervention "
    "re-appear at MARAC and with the police, and do they re-appear less often?",
    population="Every allocated perpetrator of the chosen sites, as allocated (intention to "
    "treat); for police outcomes everyone about whom the police were asked, with a record or "
    "without.",
    rules="Days are counted from the index date, the same in both arms; its own events count as "
    "none. A person is at risk on the days for which the source sent data of his site: whose "
    "data begin later enters late, a gap is time not at risk, and he is censored when he died or "
    "moved away or the data end. An event within a gap is not known: the first event is the first "
    "that was observed.",
    model="Kaplan-Meier with log-log intervals, log-rank test and Cox regression stratified by "
    "site, with robust errors and Grambsch and Therneau's test; difference of restricted means; "
    "Andersen-Gill regression with errors by person; mean cumulative function with Lawless and "
    "Nadeau's variance. Stata: stset stop, id(id) failure(event) time0(start) exit(time .); sts "
    "test arm, strata(site); stcox i.arm, strata(site) vce(cluster id) efron; estat phtest. R: "
    "survival::coxph, reda::mcf.",
    references=(
        "Kaplan and Meier (1958), Journal of the American Statistical Association 53, 457-481.",
        "Cox (1972), Journal of the Royal Statistical Society B 34(2), 187-220.",
        "Grambsch and Therneau (1994), Biometrika 81(3), 515-526.",
        "Andersen and Gill (1982), Annals of Statistics 10(4), 1100-1120.",
        "Lin, Wei, Yang and Ying (2000), Journal of the Royal Statistical Society B 62, 711-730.",
        "Lawless and Nadeau (1995), Technometrics 37(2), 158-168.",
        "Royston and Parmar (2011), Statistics in Medicine 30(19), 2409-2421.",
    ),
    limits=(
        "Hazards are compared among those still without an event, a group that the intervention "
        "itself may change: a hazard ratio that varies over time has no simple meaning.",
    ),
    catalogue=("D-F27", "D-P1"),
    parameters=FollowUpTimesParameters,
    run=run,
)
