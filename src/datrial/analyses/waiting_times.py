"""How long people wait: from the request to the assessment and to the start, by strand."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.waiting_times_data import waits
from datrial.analyses.waiting_times_tables import (
    censored_table,
    mean_table,
    median_table,
    people_table,
)
from datrial.results.cells import Table


class WaitingTimesParameters(Parameters):
    """Waiting times have no parameters."""


def run(context: Context, parameters: WaitingTimesParameters) -> list[Table]:
    """Return who got from step to step, in how many days, and with those who still wait."""
    del parameters
    found = waits(context)
    return [people_table(found), mean_table(found), median_table(found), censored_table(found)]


ANALYSIS = Analysis(
    id="waiting_times",
    title="Waiting times",
    chapter="Referrals and activity",
    question="How many days does it take from the request to the assessment, from there to the "
    "start of the intervention, and from the request to the start?",
    population="Mean and median of those who got there: referrals assessed, or started, in the "
    "reporting period. With those who still wait: referrals whose step began in it, by the day "
    "of the request, of the second step by the day of the assessment. Each referral counts, a "
    "person referred again with each.",
    rules="Days between the two days; the same day is 0. Whoever has not got there and is not "
    "closed waits still, until the last day that the extract covers. Whoever was closed or turned "
    "down before waits no more and is no long wait: the tables give the median with them waiting "
    "until that day, and without them. A referral whose days are out of order (a start before the "
    "assessment) is counted and set aside, as is one closed on a day that is not recorded.",
    model="Of those who got there: mean with Student's interval, median with the exact interval "
    "of order statistics. With those who wait: Kaplan-Meier, median with the interval by "
    "Brookmeyer and Crowley. Stata: mean; centile; stset, failure(reached) and stci. R: "
    "survfit(Surv(days, reached) ~ 1, conf.type = 'log-log').",
    references=(
        "Elmore Community Services (2023), evaluation of Family Solutions Plus, section 2.",
        "Thompson (1936), Annals of Mathematical Statistics 7, 122-128.",
        "Kaplan and Meier (1958), JASA 53, 457-481.",
        "Brookmeyer and Crowley (1982), Biometrics 38, 29-41.",
    ),
    limits=(
        "Means and medians of those who got there leave out those who still wait, and are too "
        "short while a waiting list grows.",
        "Closure before the start is a competing risk: the two ways of treating it are what can "
        "be said without knowing who would have started.",
        "The mean days of two steps add up to those of the whole way only for the same people.",
    ),
    catalogue=("F-N1",),
    parameters=WaitingTimesParameters,
    run=run,
)
