"""The police request: about whom the police were asked, and of whom they had a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.police_proportion import proportion_table
from datrial.analyses.received import Received, received
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

NO_LIST = "the ledger holds no police request (datrial allocation request-police)"


class PoliceRequestParameters(Parameters):
    """The police request has no parameters."""


def run(context: Context, parameters: PoliceRequestParameters) -> list[Table]:
    """Count the allocated, those on the list, and those with a police record, by site and arm."""
    del parameters
    people, listed, strangers = _people(context)
    availability = _availability(context, people, listed=listed, strangers=strangers)
    return [availability, proportion_table(context, people, "" if listed else NO_LIST)]


def _availability(context: Context, people: pd.DataFrame, *, listed: bool, strangers: int) -> Table:
    table = Table(
        "police_request.availability",
        "The police request and the records found",
        "The list for the police: all of the intervention arm, and controls drawn at random in "
        "proportion per site. With a record: at least one incident that can be used, in all days "
        "received. Having a record is an outcome, not a rule of inclusion: people without one "
        "stay in every analysis.",
        ("D-P4",),
    )
    for arm, about in context.study.arms.items():
        table.column(arm, about.label)
    sent = received(context, "police")
    sites: Mapping[str, str] = {key: about.label for key, about in context.study.sites.items()}
    for site, label in {"all": "all sites", **sites}.items():
        here = people if site == "all" else people[people["site"] == site]
        for row, words in (
            ("allocated", "Allocated"),
            ("requested", "On the list"),
            ("with_record", "On the list, with a record"),
            ("record_not_requested", "With a record, not on the list"),
        ):
            table.row(f"{row}_{site}", f"{words}, {label}")
        for arm, about in context.study.arms.items():
            own = here[here["arm"] == arm]
            table.add(f"allocated_{site}", arm, "count", len(own))
            _add_requested(table, site, arm, own, listed, strangers if site == "all" else 0)
            _add_records(table, site, arm, own, sent, listed, control=about.role == CONTROL)
    return table


def _add_requested(
    table: Table, site: str, arm: str, people: pd.DataFrame, listed: bool, strangers: int
) -> None:
    """Add how many of an arm at a site are on the list."""
    row = f"requested_{site}"
    if not listed:
        table.absent_all([row], [arm], ["count", "share"], NO_LIST)
        return
    told = f"{strangers} on the list were not allocated and are in no arm" if strangers else ""
    on_list = int(people["requested"].sum())
    table.add(row, arm, "count", on_list, n=len(people), warning=told)
    share = on_list / len(people) if len(people) else None
    table.add(row, arm, "share", share, n=len(people), reason="nobody was allocated")


def _add_records(
    table: Table,
    site: str,
    arm: str,
    people: pd.DataFrame,
    sent: Received,
    listed: bool,
    *,
    control: bool,
) -> None:
    """Add how many of an arm at a site have a record, on the list and beside it."""
    with_record, beside = f"with_record_{site}", f"record_not_requested_{site}"
    asked = () if site == "all" else (site,)
    nothing, missing = sent.reason(asked), sent.warning(asked)
    if nothing:
        table.absent_all([with_record], [arm], ["count", "share"], nothing)
        table.absent(beside, arm, "count", nothing)
        return
    # Without a list: all of the intervention arm are on every list; of the controls, who can tell?
    on_list = people[people["requested"]] if listed else people
    found = int(on_list["has_record"].sum())
    told = "" if listed else "with a record, on the list or not: " + NO_LIST
    if listed or not control:
        n = len(on_list)
        table.add(with_record, arm, "count", found, n=n, note=told, warning=missing)
        reason = "nobody is on the list"
        table.add(with_record, arm, "share", found / n if n else None, n=n, reason=reason)
    else:
        table.add(with_record, arm, "count", found, note=told, warning=missing)
        table.absent(with_record, arm, "share", NO_LIST)
    if listed:
        others = int((people["has_record"] & ~people["requested"]).sum())
        told = "records of people who are not on the list" if others else ""
        table.add(beside, arm, "count", others, warning=told)
    else:
        table.absent(beside, arm, "count", NO_LIST)


def _people(context: Context) -> tuple[pd.DataFrame, bool, int]:
    """Return everyone allocated, whether there is a list, and who is on it and not allocated.

    The list is the table ``ledger.police_request``; a snapshot built before there were
    lists has none.
    """
    has_table = context.connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'ledger' and table_name = 'police_request'"
    ).fetchall()[0][0]
    requested, listed, strangers = "false", 0, 0
    if has_table:
        requested = "allocation.person_id in (select person_id from ledger.police_request)"
        listed, strangers = context.connection.execute(
            """
            select
                count(distinct person_id),
                count(distinct person_id) filter (
                    person_id not in (select allocation.person_id from ledger.allocation)
                )
            from ledger.police_request
            """
        ).fetchall()[0]
    people = context.connection.execute(
        f"""
        select
            allocation.person_id, allocation.site, allocation.arm,
            {requested} as requested,
            allocation.person_id in (
                select perpetrator_id from staging.police_incident
                where perpetrator_id is not null
            ) as has_record
        from ledger.allocation as allocation
        order by allocation.person_id
        """  # noqa: S608 (the condition is ours)
    ).df()
    return people, bool(listed), int(strangers)


ANALYSIS = Analysis(
    id="police_request",
    title="The police request",
    chapter="The trial",
    question="About whom were the police asked, and of how many had they a record?",
    population="Every allocated perpetrator.",
    rules="The list stands in the allocation ledger with all its people. It is drawn there from "
    "the allocations (the whole intervention arm, and within each site a simple random sample of "
    "the controls of the same size), or it is imported as it was sent to the police.",
    model="Counts and shares. Stata: bysort site: sample, count. The controls on the list by site "
    "are compared with two expectations, each by a Pearson chi-square whose p-value is found by "
    "drawing at random: in proportion to the intervention (multinomial), and drawn from all "
    "controls whatever their site (multivariate hypergeometric).",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, footnote 25 and pages on police "
        "data.",
        "Davison and Hinkley (1997), Bootstrap Methods and their Application, 4.2 (Monte Carlo "
        "tests).",
    ),
    limits=(
        "The police were asked about a sample of the controls only, so police outcomes are less "
        "precise than an analysis of all allocated people would be.",
    ),
    catalogue=("D-P4",),
    parameters=PoliceRequestParameters,
    run=run,
    tells_arms=("police_request.availability",),
)
