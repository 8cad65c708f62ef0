"""The Severity of Abuse Grids that the tables of severity are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datrial.analyses.cohorts import Cohorts, cohorts, not_sent, terms
from datrial.analyses.levels import BEHAVIOURS

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

#: In the order of a grid's columns.
LEVELS = {
    "high": "High",
    "moderate": "Moderate",
    "standard": "Standard",
    "dont_know": "Don't know",
    "none": "None",
    "missing": "No answer",
}
#: The severities in their order, lowest first.
ORDERED = ("none", "standard", "moderate", "high")
ABUSE = ("standard", "moderate", "high")
UNKNOWN = ("dont_know", "missing")
#: The code of a grid of which the extract does not tell whose account it is.
NOT_SAID = "not_said"
NOTHING = "not known for most of them: nothing can be concluded"
LastReading = Literal["exit", "exit_or_midway"]


@dataclass(frozen=True)
class Grids:
    """One teller's grids, a row per person, and how many people were referred.

    Attributes
    ----------
    every
        The rows of all tellers.
    frame
        Those of the teller whose grids the tables by type count.
    told_by
        That teller's words; nothing where there is only one.
    clients
        Arm -> people referred.
    reason
        Why nothing is known; mostly nothing.
    not_referred
        People with a grid of the teller who were never referred, and so are in no arm.
    """

    cohorts: Cohorts
    tellers: dict[str, str]
    every: pd.DataFrame
    frame: pd.DataFrame
    told_by: str
    clients: dict[str, int]
    reason: str
    not_referred: int

    def assessed(self) -> pd.DataFrame:
        """Return who has a grid at intake."""
        return self.frame[self.frame["intake_on"].notna()]

    def both(self) -> pd.DataFrame:
        """Return who has a grid at intake and a last one."""
        return self.frame[self.frame["intake_on"].notna() & self.frame["last_on"].notna()]

    @property
    def said(self) -> str:
        """What a table's note says of whose grids it counts, and of the cohorts."""
        told = f" As told by: {self.told_by}." if self.told_by else ""
        lost = (
            " Warning: people with a grid who were never referred are left out "
            f"({self.not_referred})."
        )
        return f"{told}{lost if self.not_referred else ''}{self.cohorts.note}"


def grids(context: Context, told_by: str | None, last_reading: LastReading) -> Grids:
    """Return the grids of a study, with the answers that are missing as a level of their own."""
    every = context.connection.execute(
        "select * from marts.severity_pair order by person_id, told_by"
    ).df()
    late = last_reading == "exit_or_midway"
    every["last_on"] = every["exit_on"]
    for kind in BEHAVIOURS:
        every[f"{kind}_last"] = every[f"{kind}_exit"].where(every["exit_on"].notna(), None)
    if late:
        only = every["exit_on"].isna() & every["midway_on"].notna()
        every.loc[only, "last_on"] = every.loc[only, "midway_on"]
        for kind in BEHAVIOURS:
            every.loc[only, f"{kind}_last"] = every.loc[only, f"{kind}_midway"]
    for kind in BEHAVIOURS:
        for time in ("intake", "last"):
            every[f"{kind}_{time}"] = every[f"{kind}_{time}"].astype(object).fillna("missing")
    found = list(dict.fromkeys(every["told_by"]))
    named = terms(context.study, "rater", [each for each in found if each != NOT_SAID])
    tellers = {code: label for code, label in named.items() if code in found}
    if NOT_SAID in found:
        tellers[NOT_SAID] = "Not said by whom"
    chosen = told_by or next(iter(tellers), NOT_SAID)
    own = every[every["told_by"] == chosen]
    counted = context.connection.execute(
        "select arm, count(*) from cohort.client where arm is not null group by arm"
    ).fetchall()
    several = len(tellers) > 1 or told_by is not None
    return Grids(
        cohorts(context.study),
        tellers,
        every[every["arm"].notna()],
        own[own["arm"].notna()],
        named.get(chosen, tellers.get(chosen, chosen)) if several else "",
        {arm: int(people) for arm, people in counted},
        not_sent(context, "severity_reading"),
        int(own["arm"].isna().sum()),
    )
