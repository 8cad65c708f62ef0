"""The arms compared by the randomisation itself: replayed draws, adjusted means, contact."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context
from datrial.analyses.follow_up_randomisation_data import allocated
from datrial.analyses.follow_up_randomisation_tables import Tables
from datrial.analyses.follow_up_rates import FollowUpParameters
from datrial.analyses.follow_up_rates_data import concealed
from datrial.results.cells import Table


class FollowUpRandomisationParameters(FollowUpParameters):
    """Parameters of the comparison by the randomisation.

    Attributes
    ----------
    months
        From the allocation: the outcome is the rate of events in these.
    replays
        How often the draw is held again.
    """

    months: int = Field(default=12, gt=0)
    replays: int = Field(default=10_000, ge=100, le=1_000_000)


def run(context: Context, parameters: FollowUpRandomisationParameters) -> list[Table]:
    """Return permutation tests, means and adjusted differences, contact and its effect."""
    tables = Tables(context, parameters.months, parameters.replays, ANALYSIS.catalogue)
    seed = int(context.rng.integers(2**31))
    for name in parameters.outcomes:
        tables.add(allocated(context, name, parameters.sites, parameters.months), seed)
    return concealed(context, tables.all)


ANALYSIS = Analysis(
    id="follow_up_randomisation",
    title="Repeated abuse, compared by the randomisation",
    chapter="Repeated abuse at MARAC and with the police",
    question="Could the lots alone have made the difference of the arms, and what is the effect "
    "of contact with a case manager?",
    population="Every allocated perpetrator of the chosen sites, as allocated (intention to "
    "treat); for police outcomes everyone about whom the police were asked, with a record or "
    "without. Whoever was observed on no day of the months is left out and counted.",
    rules="The outcome is each person's number of events per year observed in the first months "
    "after the allocation, the same months in both arms. Strata are the site and the MARAC "
    "meeting, within which people were drawn for as many places as there were; a stratum with one "
    "arm tells nothing. Contact: direct contact with a case manager recorded in case management; "
    "whoever has none recorded had none.",
    model="Studentised permutation test that draws the places of each site and meeting again; "
    "least squares with the centred covariates and their products with the arm, weighted by one "
    "over the share of the arm in the stratum, HC2 errors; two-stage least squares of contact with "
    "the arm as instrument. R: ri2, estimatr::lm_lin, estimatr::iv_robust. Stata: ritest, "
    "ivregress 2sls.",
    references=(
        "Chung and Romano (2013), Annals of Statistics 41(2), 484-507.",
        "Wu and Ding (2021), Journal of the American Statistical Association 116, 1898-1913.",
        "Lin (2013), Annals of Applied Statistics 7(1), 295-318.",
        "Angrist, Imbens and Rubin (1996), Journal of the American Statistical Association 91, "
        "444-455.",
        "Anderson and Rubin (1949), Annals of Mathematical Statistics 20(1), 46-63.",
    ),
    limits=(
        "It rests on the strata being those within which lots were really drawn; the meeting is "
        "the best that the data tell.",
        "The effect of contact is of those whom the allocation brought into contact, and assumes "
        "that the allocation works through contact alone.",
    ),
    catalogue=("D-F27", "D-P1"),
    parameters=FollowUpRandomisationParameters,
    run=run,
)
