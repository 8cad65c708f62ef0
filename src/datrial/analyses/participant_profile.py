"""Who the service users and the victims-survivors are, as their intake forms tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.profile_rows import (
    CHILDREN,
    ETHNICITY,
    LIVING_ARRANGEMENT,
    NUMBER_OF_NEEDS,
    RELATIONSHIPS,
    SEX,
    SEXUAL_ORIENTATION,
    VICTIM_RELATIONSHIPS,
    Profile,
)
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_SERVICE_USERS = "service_users"


class ParticipantProfileParameters(Parameters):
    """The profile has no parameters."""


def run(context: Context, parameters: ParticipantProfileParameters) -> list[Table]:
    """Return the profile of service users, of victims-survivors, and statutory involvement."""
    del parameters
    users = _read(context, "service_user", "person_id")
    victims = _read(context, "victim_survivor", "person_id, victim_id")
    return [
        _service_users(context, users),
        _victims(context, victims),
        _involvement(context, users),
    ]


def _service_users(context: Context, users: pd.DataFrame) -> Table:
    table = Table(
        "participant_profile.service_users",
        "Profile of service users at intake",
        "Service users of the intervention with a case-management record. Share: of all of them, "
        "with don't know and missing as rows of their own. Share of known: of those with another "
        "answer.",
        ("D-T3",),
    )
    table.column(_SERVICE_USERS, "Service users")
    profile = Profile(table, {_SERVICE_USERS: users}, received(context, "cms"))
    profile.number("age", "Age (years)")
    profile.codes("sex", "Sex", {"male": "Men", "female": "Women"})
    profile.codes("ethnicity", "Ethnicity", ETHNICITY)
    profile.codes("relationship", "Relationship to the primary victim-survivor", RELATIONSHIPS)
    profile.codes("living_arrangement", "Living with the victim-survivor", LIVING_ARRANGEMENT)
    return table


def _victims(context: Context, victims: pd.DataFrame) -> Table:
    table = Table(
        "participant_profile.victims",
        "Profile of victims-survivors who engaged with an IDVA",
        "Victims-survivors with an IDVA intake form, in the arm of their perpetrator. They "
        "engaged after the allocation, so the arms are not comparable by randomisation. Share: of "
        "all of them, with don't know and missing as rows of their own. Share of known: of those "
        "with another answer. Needs: how many of mental health, self-harm, alcohol misuse, drugs "
        "misuse and financial; don't know and missing count as no need, unless none of the five "
        "has an answer.",
        ("D-T4",),
    )
    table.column("all", "All")
    groups = {"all": victims}
    for arm, about in context.study.arms.items():
        table.column(arm, about.label)
        groups[arm] = victims[victims["arm"] == arm]
    profile = Profile(table, groups, received(context, "insights"))
    profile.number("age", "Age (years)")
    profile.codes("sex", "Sex", SEX)
    victims_ethnicity = {code: label for code, label in ETHNICITY.items() if code != "arab"}
    profile.codes("ethnicity", "Ethnicity", {**victims_ethnicity, "other": "Other"})
    profile.codes_if_any("sexual_orientation", "Sexual orientation", SEXUAL_ORIENTATION)
    profile.codes("living_arrangement", "Living situation", LIVING_ARRANGEMENT)
    profile.codes("relationship", "Relationship to the perpetrator", VICTIM_RELATIONSHIPS)
    profile.codes("children_present", "Children", CHILDREN)
    profile.codes_if_any("number_of_needs", "Number of needs", NUMBER_OF_NEEDS)
    return table


def _involvement(context: Context, users: pd.DataFrame) -> Table:
    table = Table(
        "participant_profile.involvement",
        "Statutory involvement of service users at intake",
        "Service users of the intervention with a case-management record. Answered: yes or no. "
        "Share: of those answered. The published numbers are of the completed cases only.",
        ("D-N1",),
    )
    table.column(_SERVICE_USERS, "Service users")
    sent = received(context, "cms")
    for name, label in (
        ("cyps_involvement", "Children and young people's services involved"),
        ("ccj_involvement", "Current criminal or civil legal proceedings"),
    ):
        table.row(name, label)
        if sent.reason():
            statistics = ("answered", "count", "share")
            table.absent_all([name], [_SERVICE_USERS], statistics, sent.reason())
            continue
        answered = users.loc[users[name].isin(["yes", "no"]), name]
        yes, warning = int((answered == "yes").sum()), sent.warning()
        share = yes / len(answered) if len(answered) else None
        at = (name, _SERVICE_USERS)
        table.add(*at, "answered", len(answered), n=len(users), warning=warning)
        table.add(*at, "count", yes, n=len(answered), warning=warning)
        table.add(*at, "share", share, n=len(answered), warning=warning,
                  reason="no service user has an answer")  # fmt: skip
    return table


def _read(context: Context, mart: str, order: str) -> pd.DataFrame:
    query = f"select * from marts.{mart} order by {order}"  # noqa: S608 (the names are ours)
    return context.connection.execute(query).df()


ANALYSIS = Analysis(
    id="participant_profile",
    title="Profile of participants",
    chapter="Participants",
    question="Who are the service users and the victims-survivors?",
    population="Service users of the intervention with a case-management record; "
    "victims-survivors of allocated perpetrators with an IDVA intake form.",
    rules="As recorded at intake. Don't know and missing are different answers and stand in rows "
    "of their own; every share is given of all and of those known.",
    model="Counts, shares, means and standard deviations. Stata: tabulate, missing; summarize.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, Tables 3 and 4 and pages on "
        "service user needs.",
    ),
    limits=(
        "Only service users with a case-management record and victims-survivors whom an IDVA saw "
        "are described; the others may differ.",
    ),
    catalogue=("D-T3", "D-T4", "D-N1"),
    parameters=ParticipantProfileParameters,
    run=run,
)
