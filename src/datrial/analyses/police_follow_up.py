"""Police incidents around the allocation: who has a record, how many incidents, and when."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.police_follow_up_data import KINDS, Kind, police_data
from datrial.analyses.police_follow_up_people import (
    over_incidents_table,
    per_person_table,
    unit_check_table,
)
from datrial.analyses.police_follow_up_periods import (
    incidents_table,
    people_table,
    police_spells,
    shares_table,
)
from datrial.analyses.police_follow_up_records import counted_table, crimed_table, records_table
from datrial.results.cells import Table

_CATALOGUE = ("D-P1", "D-P3")
_PEOPLE = (
    "All perpetrators about whom the police were asked, as allocated, with a record or without."
)
_PERIODS = (
    f"{_PEOPLE} End of intervention: closure date; for controls the index date plus the mean "
    "duration in the intervention arm. The index date lies in no period. The published figures "
    "are bars without numbers, of people with a record."
)
_WINDOWS = (
    f"{_PEOPLE} Windows of fixed months from the index date, the same for both arms: the end of "
    "the intervention, which is constructed for controls, plays no part (sensitivity)."
)


class PoliceFollowUpParameters(Parameters):
    """Parameters of the police follow-up.

    Attributes
    ----------
    sites
        The sites whose people are followed up, each by itself; empty means all.
    kinds
        Which incidents; all, domestic abuse, other, and those of them that were crimed.
    """

    sites: tuple[str, ...] = Field(default=())
    kinds: tuple[Kind, ...] = Field(default=tuple(KINDS), min_length=1)


def run(context: Context, parameters: PoliceFollowUpParameters) -> list[Table]:
    """Count records, incidents per person, incidents and people by period, and what was crimed."""
    police = police_data(
        context, "police_follow_up", _CATALOGUE, parameters.sites, parameters.kinds
    )
    periods, windows = police_spells(police, "period"), police_spells(police, "window")
    counted = police.incident_counts()
    tables = [
        records_table(police),
        counted_table(police),
        unit_check_table(police, counted),
        per_person_table(
            police, "per_person", "Police incidents per person",
            f"{_PEOPLE} In the evaluation period; people without any have zero.",
        ),
        per_person_table(
            police, "with_record", "Police incidents per person, of people with a record",
            "Only people with at least one incident of any kind in the evaluation period. Having "
            "a record is an outcome: these groups are not comparable by randomisation. The "
            "published ranges are of them.",
            condition="history.has_record",
        ),
        over_incidents_table(
            police, "over_incidents", "Police incidents per person, averaged over incidents",
            f"{_PEOPLE} In the evaluation period.",
        ),
        incidents_table(
            periods, "incidents", "Police incidents by period, kind and arm", _PERIODS
        ),
        people_table(
            periods, "people", "People with police incidents by period, kind and arm", _PERIODS
        ),
        shares_table(
            periods, "shares", "Share of people with police incidents by period, arms compared",
            _PERIODS,
        ),
        people_table(
            windows, "window_people", "People with police incidents by fixed window", _WINDOWS
        ),
        shares_table(
            windows, "window_shares",
            "Share of people with police incidents by fixed window, arms compared", _WINDOWS,
        ),
        crimed_table(police, counted),
    ]  # fmt: skip
    return police.shown(tables)


ANALYSIS = Analysis(
    id="police_follow_up",
    title="Incidents recorded by the police",
    chapter="Police",
    question="Are perpetrators who were allocated to the intervention recorded by the police less "
    "often, for domestic abuse and for other incidents, during the intervention and after it?",
    population="Every allocated perpetrator about whom the police were asked, as allocated "
    "(intention to treat), whether or not there is any record; site by site.",
    rules="An incident counts once for a person, on a day for which the force sent its data. "
    "Incidents outside the evaluation period are left out and counted. An incident is of a kind "
    "only where the force says so. Whoever was asked about and has no record has zero incidents, "
    "on the days for which data were received; a period of which no day was received is not "
    "available. The sites' forces record differently, so each stands by itself.",
    model="Counts; means per person; shares with Wilson's interval; differences of shares with the "
    "score interval and a chi-squared or exact test, adjusted by Holm's method. Stata: csi, rdci.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Figures 30-36, Appendix 5 and "
        "the pages on police data.",
        "Miettinen and Nurminen (1985), Statistics in Medicine 4(2), 213-226.",
        "Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.",
    ),
    limits=(
        "Police records are of abuse that came to the notice of the police; the intervention may "
        "raise reporting as well as lower abuse.",
        "Forces record differently and sent different periods, so that sites cannot be added up.",
        "Controls are a sample of all controls; whoever has no record counts as having had no "
        "incident in that force's area.",
    ),
    catalogue=_CATALOGUE,
    parameters=PoliceFollowUpParameters,
    run=run,
)
