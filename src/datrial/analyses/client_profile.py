"""Who the clients of a service are: age, sex, ethnicity, area, children, needs, experiences."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.client_profile_ages import bands_table, people_table
from datrial.analyses.client_profile_answers import (
    Group,
    area_table,
    ethnic_groups_table,
    ethnicity_table,
    sex_table,
)
from datrial.analyses.client_profile_checklists import checklist_tables
from datrial.analyses.client_profile_children import (
    children_table,
    number_table,
    protection_table,
    status_table,
)
from datrial.analyses.client_profile_rows import UNKNOWN_STRAND, Clients
from datrial.analyses.cohorts import cohorts, not_sent, terms
from datrial.errors import UsageError
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.config.instruments import Instrument
    from datrial.config.study import Study


class EthnicGroup(BaseModel):
    """Some of the service's ethnicities, told together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    codes: tuple[str, ...] = Field(min_length=1)


class ClientProfileParameters(Parameters):
    """How ages are cut and codes are put together.

    Attributes
    ----------
    clients
        Everybody referred, or those taken on: with a day on which they were accepted or started.
    age_bands
        The first age of each band but the youngest, which is everybody below.
    ethnic_groups
        Group -> its ethnicities; groups may overlap.
    protection_or_care
        Codes of ``child_protection`` that count; none: all but those that say neither.
    checklists
        Instruments; none: all that are checklists.
    most_children, most_items
        From here on, numbers stand in one row.
    """

    clients: Literal["referred", "taken_on"] = "referred"
    age_bands: tuple[int, ...] = Field(default=(20, 25, 35, 45, 55, 60), min_length=1)
    ethnic_groups: dict[str, EthnicGroup] = Field(default={})
    protection_or_care: tuple[str, ...] = ()
    checklists: tuple[str, ...] = ()
    most_children: int = Field(default=4, ge=1)
    most_items: int = Field(default=4, ge=1)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.age_bands[0] < 1 or any(a >= b for a, b in pairwise(self.age_bands)):
            raise ValueError("`age_bands` are first ages, each higher than the one before")
        return self


def run(context: Context, parameters: ClientProfileParameters) -> list[Table]:
    """Return who the clients are, each person once."""
    study = context.study
    clients = _clients(context, parameters)
    groups = {
        key: Group(group.label, group.codes) for key, group in parameters.ethnic_groups.items()
    }
    tables = [
        people_table(clients),
        sex_table(clients),
        bands_table(clients, parameters.age_bands),
        ethnicity_table(clients, study),
    ]
    if groups:
        tables.append(ethnic_groups_table(clients, groups))
    tables += [
        area_table(clients, study),
        children_table(clients, study),
        number_table(clients, parameters.most_children),
        protection_table(clients, study, parameters.protection_or_care),
        status_table(clients, study),
    ]
    chosen = _checklists(study, parameters.checklists)
    if chosen:
        reason = clients.reason or not_sent(context, "checklist")
        tables += checklist_tables(context, clients, chosen, parameters.most_items, reason)
    return tables


def _clients(context: Context, parameters: ClientProfileParameters) -> Clients:
    people = context.connection.execute("select * from cohort.client order by person_id").df()
    if parameters.clients == "taken_on":
        taken_on = context.connection.execute(
            "select distinct client_id from staging.referral "
            "where accepted_on is not null or started_on is not null"
        ).df()["client_id"]
        people = people[people["person_id"].isin(taken_on)].reset_index(drop=True)
    # Completed years; of somebody whose months alone are known, those of the months.
    months = people["age_months"].astype(float)
    people["age_years"] = people["age"].astype(float).fillna(months // 12)
    strands = _strands(context.study, people)
    if strands:
        people["strand"] = people["strand"].where(
            people["strand"].isin([start.removesuffix("__") for start in strands]), UNKNOWN_STRAND
        )
    return Clients(
        cohorts(context.study), people, strands or {"": ""}, not_sent(context, "referral")
    )


def _strands(study: Study, people: pd.DataFrame) -> dict[str, str]:
    """Return the starts of rows' keys with their labels; nothing in a study without strands."""
    named = terms(study, "strand", list(people["strand"].dropna()))
    starts = {f"{code}__": label for code, label in named.items()}
    if starts and not people["strand"].isin(list(named)).all():
        starts[f"{UNKNOWN_STRAND}__"] = "Strand not known"
    return starts


def _checklists(study: Study, chosen: tuple[str, ...]) -> dict[str, Instrument]:
    """Return the checklists that are asked for.

    Raises
    ------
    UsageError
        If the study has no such checklist.
    """
    there = {key: one for key, one in study.instruments.items() if one.table == "checklist"}
    unknown = [key for key in chosen if key not in there]
    if unknown:
        raise UsageError(
            f"client_profile: `checklists` names {', '.join(unknown)}, which is no instrument of "
            f"the table checklist. There are: {', '.join(there) or 'none'}."
        )
    return {key: there[key] for key in chosen or there}


ANALYSIS = Analysis(
    id="client_profile",
    title="Profile of clients",
    chapter="Clients",
    question="Who are the people whom the service works with, and what do they bring with them?",
    population="Everybody referred (or everybody taken on), each person once; needs and "
    "experiences: those of them who were assessed.",
    rules="A person referred more than once counts once, each fact as at the first referral that "
    "tells it. Don't know and missing stand in rows of their own; every share is given of those "
    "known and of everybody. An age belongs to one band: of bands that are printed with the same "
    "age at two ends (16 to 20, 20 to 25), it is in the older one. A column in which no referral "
    "has a value is not available, not none.",
    model="Shares with Wilson's interval, their differences between cohorts with Newcombe's; means "
    "with Student's interval, their differences with Welch's; medians with the exact interval of "
    "order statistics. Stata: cii proportions, wilson; ci means; centile; prtesti; ttest, unequal. "
    'R: DescTools::BinomCI, MedianCI(method = "exact"), BinomDiffCI(method = "score"), t.test.',
    references=(
        "Wilson (1927), Journal of the American Statistical Association 22, 209-212.",
        "Newcombe (1998), Statistics in Medicine 17, 873-890.",
        "Thompson (1936), Annals of Mathematical Statistics 7, 122-128.",
    ),
    limits=(
        "Everybody was counted: the intervals tell how far such shares may be off for the next "
        "people referred, not for these.",
        "What is known is what the referrer wrote down; of whom it is not known may differ.",
        "Needs and experiences are of those assessed, who are those who came.",
    ),
    catalogue=("E-N1", "R-T7", "R-T16", "F-F14"),
    parameters=ClientProfileParameters,
    run=run,
)
