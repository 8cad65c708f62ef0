"""The accommodation pathway, and what each site did besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.cohorts import not_sent, terms
from datrial.analyses.referral_pathway_data import (
    ALL,
    NOBODY,
    NONE,
    ReferralPathwayParameters,
    Referrals,
    add_shares,
    of_site,
    sites_of,
    tally,
)
from datrial.analyses.referral_pathway_periods import periods_table
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd


def site_tables(of: Referrals, parameters: ReferralPathwayParameters) -> list[Table]:
    """Return referrals by period, accommodation, and the summary of several sites."""
    tables = [periods_table(of, parameters), _accommodation(of)]
    return [*tables, _summary(of, parameters)] if len(of.context.study.sites) > 1 else tables


def _accommodation(of: Referrals) -> Table:
    table = Table(
        "referral_pathway.accommodation",
        "The accommodation pathway",
        "Counts referrals; a person referred again counts again. Referred to the pathway: of all "
        "referrals. Need: of the referrals of which it is known whether there is one. Found: of "
        f"all referrals. 95% intervals: Wilson.{of.cohorts.note}",
        ("R-T1", "E-N1"),
    )
    of.cohorts.name_columns(table)
    for name, column, words in (
        ("accommodation", "is_accommodation_referral", "Referred to the accommodation pathway"),
        ("need", "needs_accommodation", "Has an accommodation need"),
    ):
        known = of.unknown(column)
        sites = sites_of(of)
        for site, label in {ALL: sites.pop(ALL), **sites}.items():
            rows = of_site(of.frame, site)
            row = name if site == ALL else f"{name}__{site}"
            table.row(row, words if site == ALL else f"{words}: {label}")
            base = rows[rows[column].notna()] if name == "need" else rows
            nobody = {arm: NOBODY for arm, own in of.cohorts.split(base) if own.empty}
            counts = tally(of, base, base[column].eq(True))
            add_shares(of, table, row, counts, nobody | known)
            if len(known) == len(of.cohorts.labels):
                break  # nothing is known of any site
    _kinds(of, table)
    return table


def _kinds(of: Referrals, table: Table) -> None:
    """Add which accommodation was found."""
    found = [str(code) for code in of.frame["accommodation"].dropna().unique()]
    for code, label in terms(of.context.study, "accommodation", found).items():
        if code != NONE:
            table.row(f"kind__{code}", f"Found: {label}")
            counts = tally(of, of.frame, of.frame["accommodation"] == code)
            add_shares(of, table, f"kind__{code}", counts, of.unknown("accommodation"))


def _summary(of: Referrals, parameters: ReferralPathwayParameters) -> Table:
    table = Table(
        "referral_pathway.summary",
        "Summary by site",
        "Referrals and referrals to the accommodation pathway count referrals. Training counts "
        "practitioners who attended, each once for every course. Consultations count "
        "consultations. What was not received is not available.",
        ("R-T1",),
    )
    for arm, label in of.cohorts.labels.items():
        before = f"{label}: r" if of.cohorts.is_compared else "R"
        table.column(arm, f"{before}eferrals")
        table.column(f"{arm}__accommodation", f"{before}eferrals to the accommodation pathway")
    table.column("training", "Practitioners who attended training")
    if parameters.consultations:
        table.column("consultations", "Consultations")
    nothing, unknown = of.unknown("person_id"), of.unknown("is_accommodation_referral")
    besides = _besides(of, parameters)
    for site, label in sites_of(of).items():
        table.row(site, label)
        for arm, rows in of.cohorts.split(of_site(of.frame, site)):
            referred = int(rows["is_accommodation_referral"].eq(True).sum())
            for column, count, reasons in (
                (arm, len(rows), nothing),
                (f"{arm}__accommodation", referred, unknown),
            ):
                if arm in reasons:
                    table.absent(site, column, "count", reasons[arm])
                else:
                    table.add(site, column, "count", count)
        for column, (frame, reason) in besides.items():
            if reason:
                table.absent(site, column, "count", reason)
            else:
                table.add(site, column, "count", int(of_site(frame, site)["n"].sum()))
    return table


def _besides(
    of: Referrals, parameters: ReferralPathwayParameters
) -> dict[str, tuple[pd.DataFrame, str]]:
    """Return training attended and consultations held by site, or why they are not known."""
    ask = of.context.connection.execute
    courses, kinds = list(parameters.courses), list(parameters.consultations)
    attended = ask(
        "select site, count(distinct (practitioner_id, course)) as n from staging.training "
        "where attended = 'yes' "
        "and (len($1::varchar[]) = 0 or list_contains($1::varchar[], course)) "
        "group by site order by site",
        [courses],
    ).df()
    found = {"training": (attended, not_sent(of.context, "training"))}
    if kinds:
        held = ask(
            "select site, count(*) as n from staging.service_activity "
            "where list_contains($1::varchar[], activity) group by site order by site",
            [kinds],
        ).df()
        found["consultations"] = (held, not_sent(of.context, "service_activity"))
    return found
