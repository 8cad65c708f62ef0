"""Serial and repeat perpetrators in the police data: how many they are, and their incidents."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.police_follow_up_data import Group, Kind, police_data
from datrial.analyses.police_follow_up_people import over_incidents_table, per_person_table
from datrial.analyses.police_follow_up_periods import (
    incidents_table,
    people_table,
    police_spells,
    shares_table,
)
from datrial.analyses.police_perpetrators_tables import definitions_table, perpetrators_table
from datrial.results.cells import Table

_CATALOGUE = ("D-P2", "D-P3")
_GROUPS = (
    Group("serial", "serial perpetrators", "history.is_serial", "marac"),
    Group("repeat", "repeat perpetrators", "history.is_repeat"),
)


class PolicePerpetratorsParameters(Parameters):
    """Parameters of serial and repeat perpetrators in the police data.

    Attributes
    ----------
    sites
        The sites whose people are looked at, each by itself; empty means all.
    kinds
        Which incidents.
    """

    sites: tuple[str, ...] = Field(default=())
    kinds: tuple[Kind, ...] = Field(default=("incidents", "domestic_abuse", "other"), min_length=1)


def run(context: Context, parameters: PolicePerpetratorsParameters) -> list[Table]:
    """Count serial and repeat perpetrators by arm, under each definition, and their incidents."""
    police = police_data(
        context, "police_perpetrators", _CATALOGUE, parameters.sites, parameters.kinds
    )
    periods = police_spells(police, "period", _GROUPS)
    used = context.study.definitions
    note = (
        "Perpetrators about whom the police were asked. Serial "
        f"{used.words('serial')}. Repeat {used.words('police_repeat')}. Both are known only from "
        "the whole of the data, follow-up included, so these groups are not comparable by "
        "randomisation: a description, not an effect."
    )
    bars = f"{note} The published figures are bars without numbers."
    who = "serial and repeat perpetrators"
    tables = [
        perpetrators_table(police, _GROUPS, note),
        definitions_table(police),
        incidents_table(
            periods, "incidents", f"Police incidents of {who}, by period, kind and arm", bars
        ),
        people_table(
            periods, "people", "Serial and repeat perpetrators with police incidents, by period",
            bars,
        ),
        shares_table(
            periods, "shares", f"Share of {who} with police incidents, by period and arm", bars,
            compares=False,
        ),
        per_person_table(
            police, "per_person", f"Police incidents per person of {who}",
            f"{note} In the evaluation period; people without any have zero.", _GROUPS,
        ),
        over_incidents_table(
            police, "over_incidents", f"Police incidents of {who}, averaged over incidents",
            f"{note} In the evaluation period.", _GROUPS,
        ),
    ]  # fmt: skip
    return police.shown(tables)


ANALYSIS = Analysis(
    id="police_perpetrators",
    title="Serial and repeat perpetrators with the police",
    chapter="Police",
    question="How many of those about whom the police were asked are serial or repeat "
    "perpetrators, and how often are these recorded by the police, by period and arm?",
    population="Every allocated perpetrator about whom the police were asked, with a record or "
    "without; the published shares are of those with a record, which stand beside.",
    rules="Serial is of the MARAC data and repeat of the police data (analysis definitions). Where "
    "MARAC sent nothing of a site, who is serial there is not known. Both groups are made by what "
    "came after the allocation as well, so that their arms are not comparable by randomisation.",
    model="Counts, and shares with Wilson's interval; means per person, and over incidents. "
    "Stata: tabulate, ci proportions.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 37-42, A5.8 and A5.9 and "
        "the text around them.",
        "Hester and Westmarland (2007), Service Provision for Perpetrators of Domestic Violence.",
        "Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.",
    ),
    limits=(
        "Who is serial or repeat is partly a consequence of what happened after the allocation, "
        "so that the arms of these groups are not comparable by randomisation.",
    ),
    catalogue=_CATALOGUE,
    parameters=PolicePerpetratorsParameters,
    run=run,
)
