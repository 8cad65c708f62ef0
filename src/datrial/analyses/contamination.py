"""Contamination: whoever is linked to both arms, and controls in the intervention's records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datrial.allocation.schemes import CONTROL
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.received import received
from datrial.results.cells import State, Table

if TYPE_CHECKING:
    import pandas as pd

_SOURCES = ("marac", "insights")
_NO_HOUSEHOLDS = "no source tells who lives in one household"


class ContaminationParameters(Parameters):
    """The check for contamination has no parameters."""


def run(context: Context, parameters: ContaminationParameters) -> list[Table]:
    """Return who is linked to both arms, and the controls with a case-management record."""
    del parameters
    return [_linked_table(context), _records_table(context)]


def _linked_table(context: Context) -> Table:
    table = Table(
        "contamination.linked",
        "Victims-survivors and households linked to both arms",
        "Victims-survivors named with an allocated perpetrator at MARAC or on an IDVA intake form; "
        "ever: in all data received, whenever; since allocation: on or after the perpetrator's "
        "index date only. Both arms: linked to perpetrators of different arms. A victim-survivor "
        "of perpetrators at two sites counts at each. Household: the address of a case at MARAC; "
        "cases without one are in none.",
    )
    table.column("linked", "Linked to an allocated perpetrator")
    table.column("both_arms", "Of them, to both arms")
    links = _links(context)
    for when, label in (("ever", "ever"), ("since", "since allocation")):
        within = links if when == "ever" else links[links["since_allocation"]]
        told = _told(context, _SOURCES, ())
        _add_linked(table, f"victims_{when}", f"Victims-survivors, {label}", within, told)
        for site, about in context.study.sites.items():
            here = within[within["site"] == site]
            words = f"Victims-survivors, {label}, {about.label}"
            told = _told(context, _SOURCES, (site,))
            _add_linked(table, f"victims_{when}_{site}", words, here, told)
    households = links.dropna(subset=["household"]).assign(linked=lambda f: f["household"])
    nothing, warning = _told(context, ("marac",), ())
    # Whether no source tells of households, or none was told: of both nothing is known.
    if households.empty:
        nothing = nothing or _NO_HOUSEHOLDS
    else:
        silent = [about.label for site, about in context.study.sites.items()
                  if site not in set(households["site"])
                  and not received(context, "marac").reason([site])]  # fmt: skip
        if silent:
            without = f"without {', '.join(silent)}, of which no households are known"
            warning = "; ".join(filter(None, (warning, without)))
    _add_linked(table, "households", "Households, ever", households, (nothing, warning))
    return table


def _told(context: Context, sources: Iterable[str], sites: Iterable[str]) -> tuple[str, str]:
    """Return why nothing is known from sources together, and what is missing where something is."""
    found = [received(context, source) for source in sources]
    reasons = [each.reason(sites) for each in found]
    if all(reasons):
        return "; ".join(reasons), ""
    missing = (reason or each.warning(sites) for each, reason in zip(found, reasons, strict=True))
    return "", "; ".join(filter(None, missing))


def _add_linked(
    table: Table, row: str, label: str, links: pd.DataFrame, told: tuple[str, str]
) -> None:
    """Add who is linked, unless nothing is known; ``told`` is from :func:`_told`."""
    table.row(row, label)
    nothing, warning = told
    if nothing:
        table.absent(row, "linked", "count", nothing)
        table.absent_all([row], ["both_arms"], ["count", "share"], nothing)
        return
    arms = links.groupby("linked")["arm"].nunique()
    both = int((arms > 1).sum())
    table.add(row, "linked", "count", len(arms), warning=warning)
    table.add(row, "both_arms", "count", both, n=len(arms), warning=warning)
    share = both / len(arms) if len(arms) else None
    table.add(row, "both_arms", "share", share, n=len(arms), reason="nobody is linked")


def _links(context: Context) -> pd.DataFrame:
    """Return every link: who, household, perpetrator's site and arm, whether since allocation.

    A snapshot built before cases had households has no column for them.
    """
    has_households = context.connection.execute(
        "select 1 from information_schema.columns where table_schema = 'staging' "
        "and table_name = 'marac_case' and column_name = 'household_id'"
    ).fetchall()
    household = "household_id" if has_households else "cast(null as varchar)"
    return context.connection.execute(
        f"""
        with link as (
            select
                perpetrator_id, victim_id, hearing_date as on_day, {household} as household
            from staging.marac_case
            union all
            select perpetrator_id, victim_id, intake_date, cast(null as varchar)
            from staging.insights_intake
            where perpetrator_id is not null
        )
        select distinct
            link.victim_id as linked, link.household, allocation.site, allocation.arm,
            coalesce(link.on_day >= allocation.meeting_date, false) as since_allocation
        from link
        inner join ledger.allocation as allocation on allocation.person_id = link.perpetrator_id
        order by all
        """  # noqa: S608 (the column's name is ours)
    ).df()


def _records_table(context: Context) -> Table:
    table = Table(
        "contamination.records",
        "People with a case-management record of the intervention",
        "The intervention's own records, in which no control should be. A control found there was "
        "worked with, or was mistaken for somebody else: look before he is called either. Shares "
        "are of the people of the arm at the site.",
    )
    rows = context.connection.execute(
        """
        select
            allocation.site, allocation.arm, count(*),
            count(*) filter (
                where allocation.person_id in (select perpetrator_id from staging.cms_service_user)
            )
        from ledger.allocation as allocation
        group by allocation.site, allocation.arm
        """
    ).fetchall()
    counts = {(site, arm): (people, found) for site, arm, people, found in rows}
    for arm, about in context.study.arms.items():
        table.column(arm, about.label)
    sites = {key: about.label for key, about in context.study.sites.items()}
    for site, label in {"all": "All sites", **sites}.items():
        table.row(site, label)
        nothing, missing = _told(context, ("cms",), () if site == "all" else (site,))
        for arm, about in context.study.arms.items():
            chosen = [n for (where, a), n in counts.items() if a == arm and site in ("all", where)]
            people, found = (sum(n[i] for n in chosen) for i in (0, 1))
            if not people:
                reason = "nobody of this arm was allocated here"
                table.absent(site, arm, "count", reason, state=State.NOT_APPLICABLE)
                continue
            if nothing:
                table.absent_all([site], [arm], ["count", "share"], nothing)
                continue
            strange = found and about.role == CONTROL
            warning = "controls in the intervention's records" if strange else ""
            told = "; ".join(filter(None, (warning, missing)))
            table.add(site, arm, "count", found, n=people, warning=told)
            table.add(site, arm, "share", found / people, n=people)
    return table


ANALYSIS = Analysis(
    id="contamination",
    title="Contamination between the arms",
    chapter="The trial",
    question="Did the intervention reach people of the control arm, through a shared "
    "victim-survivor or household, or directly?",
    population="Every allocated perpetrator, and every victim-survivor linked to one.",
    rules="A link is a case heard at MARAC or an IDVA intake form that names both. What is linked "
    "to both arms stays in the analyses as allocated; it draws the arms together.",
    model="Counts.",
    references=(
        "Torgerson (2001), Contamination in trials: is cluster randomisation the answer?, BMJ "
        "322, 355-357.",
    ),
    limits=("Contact between the arms that no agency recorded is not seen.",),
    catalogue=(),
    parameters=ContaminationParameters,
    run=run,
    tells_arms=("contamination.records",),
)
