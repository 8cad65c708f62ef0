"""The police request: about whom the police were asked, and of whom they had a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_NO_LIST = "the ledger holds no police request (datrial allocation request-police)"
_NO_DATA = "no police data were received for this site"


class PoliceRequestParameters(Parameters):
    """The police request has no parameters."""


def run(context: Context, parameters: PoliceRequestParameters) -> list[Table]:
    """Count the allocated, those on the list, and those with a police record, by site and arm."""
    del parameters
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
    people, listed = _people(context)
    received = _sites_received(context)
    sites: Mapping[str, str] = {key: about.label for key, about in context.study.sites.items()}
    for site, label in {"all": "all sites", **sites}.items():
        here = people if site == "all" else people[people["site"] == site]
        known = bool(received & set(sites)) if site == "all" else site in received
        for row, words in (
            ("allocated", "Allocated"),
            ("requested", "On the list"),
            ("with_record", "On the list, with a record"),
            ("record_not_requested", "With a record, not on the list"),
        ):
            table.row(f"{row}_{site}", f"{words}, {label}")
        for arm, about in context.study.arms.items():
            own = here[here["arm"] == arm]
            _add(table, site, arm, own, listed=listed, known=known, control=about.role == CONTROL)
    return [table]


def _add(
    table: Table,
    site: str,
    arm: str,
    people: pd.DataFrame,
    *,
    listed: bool,
    known: bool,
    control: bool,
) -> None:
    """Add one arm's cells of one site."""
    table.add(f"allocated_{site}", arm, "count", len(people))
    requested, with_record = f"requested_{site}", f"with_record_{site}"
    if listed:
        on_list = people[people["requested"]]
        table.add(requested, arm, "count", len(on_list), n=len(people))
        share = len(on_list) / len(people) if len(people) else None
        table.add(requested, arm, "share", share, n=len(people), reason="nobody was allocated")
    else:
        # All of the intervention arm are on every list; of the controls, who can tell?
        on_list = people
        table.absent_all([requested], [arm], ["count", "share"], _NO_LIST)
    if not known:
        table.absent_all([with_record], [arm], ["count", "share"], _NO_DATA)
        table.absent(f"record_not_requested_{site}", arm, "count", _NO_DATA)
        return
    found = int(on_list["has_record"].sum())
    told = "" if listed else "with a record, on the list or not: " + _NO_LIST
    if listed or not control:
        table.add(with_record, arm, "count", found, n=len(on_list), note=told)
        share = found / len(on_list) if len(on_list) else None
        table.add(with_record, arm, "share", share, n=len(on_list), reason="nobody is on the list")
    else:
        table.add(with_record, arm, "count", found, note=told)
        table.absent(with_record, arm, "share", _NO_LIST)
    if listed:
        beside = int((people["has_record"] & ~people["requested"]).sum())
        told = "records of people who are not on the list" if beside else ""
        table.add(f"record_not_requested_{site}", arm, "count", beside, warning=told)
    else:
        table.absent(f"record_not_requested_{site}", arm, "count", _NO_LIST)


def _people(context: Context) -> tuple[pd.DataFrame, bool]:
    """Return everyone allocated, whether on the list and with a record; and whether there is one.

    The list is the table ``ledger.police_request``; a snapshot built before there were
    lists has none.
    """
    has_table = context.connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'ledger' and table_name = 'police_request'"
    ).fetchall()[0][0]
    requested = "false"
    listed = False
    if has_table:
        requested = "allocation.person_id in (select person_id from ledger.police_request)"
        count = context.connection.execute("select count(*) from ledger.police_request").fetchall()
        listed = bool(count[0][0])
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
    return people, listed


def _sites_received(context: Context) -> set[str]:
    rows = context.connection.execute(
        "select distinct site from study.coverage where source = 'police'"
    ).fetchall()
    return {site for (site,) in rows}


ANALYSIS = Analysis(
    id="police_request",
    title="The police request",
    question="About whom were the police asked, and of how many had they a record?",
    population="Every allocated perpetrator.",
    rules="The list is drawn from the allocations in the ledger and recorded there with all its "
    "people: the whole intervention arm, and within each site a simple random sample of the "
    "controls of the same size.",
    model="Counts and shares. Stata: bysort site: sample, count.",
    references=(
        "Hester et al. (2019), Evaluation of the Drive Project, footnote 25 and pages on police "
        "data.",
    ),
    catalogue=("D-P4",),
    parameters=PoliceRequestParameters,
    run=run,
)
