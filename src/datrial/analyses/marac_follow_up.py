"""Serial and repeat perpetration at MARAC, by follow-up period and arm."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.marac_data import marac_history, marac_periods, number
from datrial.analyses.marac_history_tables import (
    appearances_table,
    serial_periods_table,
    serial_table,
)
from datrial.analyses.marac_tables import rate_ratio_table, reappearance_table
from datrial.analyses.received import received
from datrial.results.cells import Table


class MaracFollowUpParameters(Parameters):
    """Parameters of the MARAC follow-up.

    Attributes
    ----------
    sites
        The sites whose perpetrators are followed up; empty means all.
    """

    sites: tuple[str, ...] = Field(default=())


def run(context: Context, parameters: MaracFollowUpParameters) -> list[Table]:
    """Re-appearance by period and arm, rate ratios, number of appearances, serial perpetrators."""
    chosen = list(parameters.sites or context.study.sites)
    periods, history = marac_periods(context, chosen), marac_history(context, chosen)
    labels = ", ".join(context.study.sites[site].label for site in chosen)
    people = (
        f"All allocated perpetrators of {labels}, as allocated: "
        + ", ".join(
            f"{number(history[history['arm'] == arm])} {settings.label}"
            for arm, settings in context.study.arms.items()
        )
        + ". An appearance is a case heard at MARAC."
        + _left_out(context, chosen)
    )
    note = (
        f"{people} The index meeting lies in no period. End of intervention: closure date; for "
        "controls the index date plus the mean duration in the intervention arm."
    )
    return [
        reappearance_table(context, periods, note),
        rate_ratio_table(context, periods, note),
        appearances_table(context, history, people),
        serial_table(context, history, people),
        serial_periods_table(context, periods, people),
    ]


def _left_out(context: Context, sites: list[str]) -> str:
    """Return who is in no number, because nothing was received of their site."""
    sent = received(context, "marac")
    silent = [site for site in sites if sent.reason([site])]
    if not silent or len(silent) == len(sites):
        return ""
    labels = ", ".join(context.study.sites[site].label for site in silent)
    return f" No MARAC data were received of {labels}: its perpetrators are in no number."


ANALYSIS = Analysis(
    id="marac_follow_up",
    title="Re-appearance at MARAC",
    chapter="MARAC",
    question="Are perpetrators who were allocated to the intervention heard at MARAC again less "
    "often, and do fewer of them turn to further victims-survivors?",
    population="Every allocated perpetrator of the chosen sites, as allocated "
    "(intention to treat), whether or not there is any record.",
    rules="Index date: the meeting of the allocation. Periods run from the index date and from "
    "the end of intervention as the study file states. A person counts in a period only for the "
    "days for which MARAC data were received; whoever was not observed on any day of a period is "
    "no person who did not appear. The published shares are of all allocated nevertheless and "
    "stand as such, each with its warning and beside the share of those observed. The end of "
    "intervention of controls is constructed, so the later periods rest on an assumption.",
    model="Counts and shares; Poisson regression of appearances on arm with the time observed as "
    "exposure and robust standard errors. Stata: poisson appearances i.arm, exposure(years) "
    "vce(cluster id) irr.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 25-29 and pages on MARAC "
        "data.",
        "Huber (1967); White (1982), Econometrica 50(1), 1-25.",
    ),
    limits=(
        "An appearance at MARAC is a referral and not the abuse itself: it depends on who "
        "reports, who refers and each MARAC's threshold, and a case manager's own referrals may "
        "raise it in the intervention arm.",
        "The end of intervention of controls is constructed, so that the periods after it rest "
        "on an assumption; fixed windows from the allocation do not.",
        "It is of the sites that sent enough MARAC data and need not hold elsewhere.",
    ),
    catalogue=("D-F27", "D-N6", "D-F28"),
    parameters=MaracFollowUpParameters,
    run=run,
)
