"""Rates of repeated abuse after the allocation, by arm: all allocated, with the time observed."""

from __future__ import annotations

from pydantic import Field, model_validator

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.follow_up_rates_data import (
    OUTCOMES,
    OutcomeName,
    baseline_of,
    concealed,
    followed,
    spell_labels,
    spells,
    with_baseline,
)
from datrial.analyses.follow_up_rates_sites import sites_table
from datrial.analyses.follow_up_rates_tables import Tables
from datrial.results.cells import Table


class FollowUpParameters(Parameters):
    """What every analysis of follow-up is asked for.

    Attributes
    ----------
    sites
        The sites whose perpetrators are followed up; empty means all.
    outcomes
        What is counted.
    """

    sites: tuple[str, ...] = Field(default=())
    outcomes: tuple[OutcomeName, ...] = Field(default=tuple(OUTCOMES), min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> FollowUpParameters:
        if len(set(self.outcomes)) < len(self.outcomes):
            raise ValueError("outcomes: each is named once")
        return self


class FollowUpRatesParameters(FollowUpParameters):
    """Parameters of the rates of follow-up: sites and outcomes."""


def run(context: Context, parameters: FollowUpRatesParameters) -> list[Table]:
    """Return events, rate ratios by spell and model, changes from before, checks, sites."""
    baseline = baseline_of(context)
    tables = Tables(context, spell_labels(context), baseline, ANALYSIS.catalogue)
    counted = []
    for name in parameters.outcomes:
        of = followed(context, name, parameters.sites)
        rows = with_baseline(spells(context, of), baseline)
        tables.add(of, rows)
        counted.append((of, rows))
    by_site = sites_table(context, counted, parameters.sites, ANALYSIS.catalogue)
    return concealed(context, [*tables.all, by_site])


ANALYSIS = Analysis(
    id="follow_up_rates",
    title="Rates of repeated abuse after the allocation",
    chapter="Repeated abuse at MARAC and with the police",
    question="Do perpetrators who were allocated to the intervention re-appear at MARAC and with "
    "the police at a lower rate?",
    population="Every allocated perpetrator of the chosen sites, as allocated (intention to "
    "treat); for police outcomes everyone about whom the police were asked, with a record or "
    "without: to have a record is itself an outcome.",
    rules="Each person counts in a spell for the days observed: days for which the source sent "
    "data of his site, until he died or moved away. Events of the index date are in no spell. "
    "Periods around the intervention are the report's; their end is constructed for controls, so "
    "fixed windows from the allocation, the same in both arms, stand beside them. A ratio is not "
    "given where an arm has no event or nobody observed.",
    model="Poisson regression with the time observed as exposure, sites as a factor and errors "
    "robust or, with several rows a person, clustered by person; negative binomial (NB2), without "
    "and with the logarithm of 1 + events per year before the allocation; Poisson weighted by one "
    "over the chance of the own arm at the site and meeting. Arm by spell in one Poisson model "
    "for the change from before; arm by site in one negative binomial model. Stata: poisson y "
    "i.arm i.site, exposure(years) vce(cluster id) irr; nbreg y i.arm i.site logbase, "
    "exposure(years) vce(robust) irr.",
    references=(
        "Gourieroux, Monfort and Trognon (1984), Econometrica 52(3), 701-720.",
        "Cameron and Trivedi (2013), Regression Analysis of Count Data, 2nd ed., Cambridge.",
        "Self and Liang (1987), Journal of the American Statistical Association 82, 605-610.",
        "Robins, Hernan and Brumback (2000), Epidemiology 11(5), 550-560, on weights.",
    ),
    limits=(
        "Events are those recorded by MARAC and the police, so that a rate is one of recorded "
        "abuse and its recording may differ between the arms.",
        "Few meetings and few sites: robust errors are approximate, and ratios of rare events "
        "have wide intervals.",
    ),
    catalogue=("D-F27", "D-P1"),
    parameters=FollowUpRatesParameters,
    run=run,
)
