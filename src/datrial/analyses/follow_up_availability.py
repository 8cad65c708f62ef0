"""For how long who could be followed up: people and days observed, by source, period and arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.received import received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_YEAR = 365.25
_SOURCES = {"marac": "MARAC", "police": "police"}
_STATISTICS = (
    "people", "observed", "share", "share_fully_observed", "person_years", "share_of_days"
)  # fmt: skip


class FollowUpAvailabilityParameters(Parameters):
    """The availability of follow-up has no parameters."""


def run(context: Context, parameters: FollowUpAvailabilityParameters) -> list[Table]:
    """Return who was observed in the study's periods, and in the fixed windows."""
    del parameters
    windows = context.connection.execute(
        "select follow_up_window, label from study.window order by position"
    ).fetchall()
    periods = {period.key: period.label for period in context.study.periods}
    return [
        _availability(
            context, "periods", "cohort.follow_up", "period", periods,
            "Days observed in the study's periods",
            "The later periods begin at the end of intervention, which is constructed for "
            "controls, so arms can differ here by construction.",
        ),
        _availability(
            context, "windows", "cohort.fixed_window", "follow_up_window", dict(windows),
            "Days observed in fixed windows from the allocation",
            "Windows of fixed months from the index date are the same for both arms "
            "(sensitivity). Where the arms differ here, they were recruited at other times.",
        ),
    ]  # fmt: skip


def _availability(
    context: Context, name: str, source_table: str, key: str, keys: dict[str, str],
    title: str, note: str,
) -> Table:  # fmt: skip
    table = Table(
        f"follow_up_availability.{name}",
        title,
        f"All allocated perpetrators. {note} Observed: for at least one day for which the source "
        "sent data for the person's site; for the police only those about whom they were asked. "
        "Shares: of all allocated, observed on any day and throughout. Share of days: days "
        "observed over days of the period, of those who could be observed and whose period is "
        "known. Whoever was observed on no day has no zero: nothing is known of him.",
    )
    for arm, about in context.study.arms.items():
        table.column(arm, about.label)
    people = context.connection.execute(
        "select person_id, site, arm from cohort.member order by person_id"
    ).df()
    rows = context.connection.execute(
        f"""
        select days.*, days.{key} as spell
        from {source_table} as days
        inner join cohort.member as member on days.person_id = member.person_id
        where days.source <> 'police' or member.police_asked
        order by days.person_id, days.source, days.position
        """  # noqa: S608 (the names are ours)
    ).df()
    for source, source_label in _SOURCES.items():
        for spell, label in keys.items():
            row = f"{source}_{spell}"
            table.row(row, f"{source_label[0].upper()}{source_label[1:]}, {label}")
            of_row = rows[(rows["source"] == source) & (rows["spell"] == spell)]
            for arm in table.column_labels:
                allocated = people[people["arm"] == arm]
                _add(context, table, (source, row, arm), allocated, of_row[of_row["arm"] == arm])
    return table


def _add(
    context: Context, table: Table, at: tuple[str, str, str], allocated: pd.DataFrame,
    rows: pd.DataFrame,
) -> None:  # fmt: skip
    """Add one period's and arm's cells; rows: those who could be observed at all."""
    source, row, arm = at
    table.add(row, arm, "people", len(allocated))
    sent, sites = received(context, source), sorted(set(allocated["site"]))
    reason = "nobody is in this arm" if allocated.empty else sent.reason(sites)
    known = rows[rows["observed_days"].notna()]
    if not reason and rows.empty:
        reason = f"the {_SOURCES[source]} were asked about nobody of this arm, as far as is known"
    elif not reason and known.empty:
        reason = "the end of the intervention is not known"
    if reason:
        table.absent_all([row], [arm], _STATISTICS[1:], reason)
        return
    warning = sent.warning(sites)
    days = known["observed_days"].astype(float)
    any_day, whole = int((days > 0).sum()), int(known["fully_observed"].sum())
    length = (known["last_day"] - known["first_day"]).dt.days + 1
    begun = length > 0
    total = float(length[begun].sum())
    for statistic, value, n in (
        ("observed", any_day, len(allocated)),
        ("share", any_day / len(allocated), len(allocated)),
        ("share_fully_observed", whole / len(allocated), len(allocated)),
        ("person_years", float(days.sum()) / DAYS_PER_YEAR, any_day),
        ("share_of_days", float(days[begun].sum()) / total if total else None, int(begun.sum())),
    ):
        table.add(row, arm, statistic, value, n=n, warning=warning,
                  reason="nobody's period has begun")  # fmt: skip


ANALYSIS = Analysis(
    id="follow_up_availability",
    title="Availability of follow-up",
    chapter="The trial",
    question="For how many of each arm, and for how long, could re-offending have been seen?",
    population="Every allocated perpetrator, as allocated.",
    rules="A day counts as observed if the source sent data for the person's site and that day; "
    "with the police, if they were asked about the person as well. "
    "Nobody is observed after he died or moved away, where a source tells of it; where none does, "
    "his time at risk ends with the data. Time in prison counts.",
    model="Counts and person-time. Stata: stdescribe, by(arm).",
    references=("Schulz, Altman and Moher (2010), CONSORT 2010, BMJ 340, c332.",),
    limits=(
        "A move out of the area or a death of which no source tells is not seen: such a person "
        "counts as observed without an event.",
    ),
    catalogue=(),
    parameters=FollowUpAvailabilityParameters,
    run=run,
    tells_arms=("follow_up_availability.periods", "follow_up_availability.windows"),
)
