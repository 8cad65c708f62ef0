"""What the analyses of follow-up count: outcomes, and of whom and for how long they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from datrial.allocation.schemes import CONTROL
from datrial.analyses.arms import (
    is_coded,
    others_against_reference,
    police_tell_arms,
    withhold,
)
from datrial.analyses.changes import change_warning
from datrial.analyses.police_request import NO_LIST
from datrial.analyses.received import received
from datrial.errors import UsageError
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context

DAYS_PER_YEAR = 365.25
OutcomeName = Literal[
    "marac_appearances", "police_domestic_abuse", "police_incidents", "police_crimed_abuse"
]


@dataclass(frozen=True)
class Outcome:
    """Something that can happen to a person again and again.

    Attributes
    ----------
    source, column
        Who tells of it; its column in marts.marac_spell or marts.police_spell, and in
        marts.follow_up_interval.
    """

    source: str
    column: str
    label: str


OUTCOMES: Mapping[OutcomeName, Outcome] = {
    "marac_appearances": Outcome("marac", "appearances", "Appearances at MARAC"),
    "police_domestic_abuse": Outcome(
        "police", "domestic_abuse", "Domestic abuse recorded by the police"
    ),
    "police_incidents": Outcome("police", "incidents", "All incidents recorded by the police"),
    "police_crimed_abuse": Outcome(
        "police", "domestic_abuse_crimed", "Crimed domestic abuse (police)"
    ),
}
WHOM = (
    "Every allocated perpetrator as allocated (intention to treat); for police outcomes everyone "
    "about whom the police were asked, with a record or without."
)


@dataclass(frozen=True)
class Followed:
    """One outcome of the people of some sites.

    Attributes
    ----------
    people
        person_id, site, arm, compared (1 for another arm than the reference), stratum (site
        and meeting) of whoever the source could tell of.
    nothing
        Why nothing is known of the outcome at all, or nothing.
    warning
        What is missing from the numbers, or not alike in them; mostly nothing.
    """

    name: OutcomeName
    outcome: Outcome
    people: pd.DataFrame = field(repr=False)  # holds rows, which no log may show
    nothing: str
    warning: str


def followed(context: Context, name: OutcomeName, sites: Iterable[str]) -> Followed:
    """Return of whom an outcome can be known, at these sites (none: all of the study).

    Raises
    ------
    UsageError
        If a site is none of the study's.
    """
    outcome = OUTCOMES[name]
    chosen = sorted(sites) or sorted(context.study.sites)
    unknown = [site for site in chosen if site not in context.study.sites]
    if unknown:
        raise UsageError(
            f"The study has no site {', '.join(unknown)}; its sites are "
            f"{', '.join(context.study.sites)}."
        )
    sent = received(context, outcome.source)
    people = context.connection.execute(
        """
        select
            member.person_id, member.site, member.arm,
            member.site || '|' || cast(member.index_date as varchar) as stratum
        from cohort.member as member
        inner join study.coverage as coverage
            on member.site = coverage.site and coverage.source = ?
        where list_contains(?, member.site) and (? <> 'police' or member.police_asked)
        order by member.person_id
        """,
        [outcome.source, chosen, outcome.source],
    ).df()
    people["compared"] = others_against_reference(context.study, people["arm"])
    nothing, told = sent.reason(chosen), [sent.warning(chosen)]
    if outcome.source == "police":
        nothing = nothing or _unlisted(context)
        told.append(change_warning(context, "police_counting", chosen))
    return Followed(name, outcome, people, nothing, "; ".join(filter(None, told)))


def _unlisted(context: Context) -> str:
    """Return why it is not known of whom the police were asked, or nothing.

    Without a list whoever has a record was asked about, and of controls nobody else is known.
    """
    rows = context.connection.execute("select count(*) from ledger.police_request").fetchall()
    has_control = any(arm.role == CONTROL for arm in context.study.arms.values())
    if rows[0][0] or not (has_control or is_coded(context.study)):
        return ""
    return f"about whom the police were asked is not known: {NO_LIST}"


def spells(context: Context, of: Followed) -> pd.DataFrame:
    """Return the people's counts in the study's periods and in the fixed windows.

    Returns
    -------
    DataFrame
        person_id, site, arm, compared, stratum, scheme, spell, years (observed; above 0), count;
        no row for a person and spell without an observed day.
    """
    table, column = f"marts.{of.outcome.source}_spell", of.outcome.column
    counts = context.connection.execute(
        f"select person_id, scheme, spell, observed_days / {DAYS_PER_YEAR} as years, "  # noqa: S608
        f"{column} as count from {table} where {column} is not null "
        "order by person_id, scheme, position"
    ).df()
    return of.people.merge(counts.astype({"count": float}), on="person_id", validate="1:m")


def spell_labels(context: Context) -> dict[str, dict[str, str]]:
    """Return scheme -> spell -> its label, in order."""
    windows = context.connection.execute(
        "select follow_up_window, label from study.window order by position"
    ).fetchall()
    return {
        "period": {period.key: period.label for period in context.study.periods},
        "window": dict(windows),
    }


def baseline_of(context: Context) -> str | None:
    """Return the study's period that ends with the allocation; None without one."""
    for period in context.study.periods:
        if period.until.anchor == "index" and not period.until.months:
            return period.key
    return None


def with_baseline(rows: pd.DataFrame, baseline: str | None) -> pd.DataFrame:
    """Return the rows with log_baseline: log(1 + a person's events per year before).

    NaN where a person was not observed before.
    """
    import numpy as np

    before = rows[(rows["scheme"] == "period") & (rows["spell"] == baseline)]
    per_year = (before["count"] / before["years"]).set_axis(before["person_id"])
    return rows.assign(log_baseline=np.log1p(rows["person_id"].map(per_year)))


def chances(people: pd.DataFrame) -> pd.Series:
    """Return each person's chance of his own arm in his stratum; NaN where it has one arm."""
    share = people.groupby("stratum")["compared"].transform("mean")
    own = share.where(people["compared"] == 1, 1 - share)
    return own.where((share > 0) & (share < 1))


def concealed(context: Context, tables: list[Table]) -> list[Table]:
    """Return tables without what would tell coded arms: numbers by arm of police outcomes."""
    if not police_tell_arms(context):
        return tables
    police = {name for name, outcome in OUTCOMES.items() if outcome.source == "police"}

    def of_police(row: str) -> bool:
        return row.partition("__")[0] in police

    return [withhold(table, context.study.arms, of_police) for table in tables]
