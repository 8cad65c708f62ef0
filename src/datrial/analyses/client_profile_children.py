"""Children per case, and cases with a child protection plan or a child in care, by site."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from datrial.analyses.client_profile_rows import (
    DONT_KNOW,
    MISSING,
    NO_ANSWER,
    SHARES,
    Answers,
    Clients,
    add_answers,
    answers_of,
)
from datrial.analyses.cohorts import terms
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.config.study import Study

ALL = "all"
#: Codes of ``child_protection`` that say that there is neither.
NEITHER = ("none", "no", "neither")


def children_table(clients: Clients, study: Study) -> Table:
    """Return the mean number of children per case, of all sites and of each."""
    table = Table(
        "client_profile.children",
        "Children per case",
        "Mean number of children of those of whom it is known, with Student's interval."
        f"{clients.cohorts.note}",
        ("R-T7",),
    )
    clients.cohorts.name_columns(table)
    silent = clients.never_told("children_count")
    reason = next(iter(silent.values())) if len(silent) == len(clients.cohorts.labels) else ""
    for site, label, people in _sites(clients, study):
        table.row(site, label)
        values = clients.cohorts.by_arm(people, lambda rows: rows["children_count"].dropna())
        clients.cohorts.add_means(table, site, values, reason=reason)
    return table


def number_table(clients: Clients, most: int) -> Table:
    """Return how many cases have no, one, two, ... children."""
    table = Table(
        "client_profile.children_number",
        "Cases by number of children",
        f"{SHARES}{clients.cohorts.note}",
        ("R-T7",),
    )
    clients.cohorts.name_columns(table)
    people = clients.people.assign(number=numbers(clients.people["children_count"], most))
    unknown = {MISSING: NO_ANSWER[MISSING]}
    answers = Answers(number_labels(most), unknown, clients.never_told("children_count"))
    add_answers(table, clients.cohorts, people, answers, "number")
    return table


def numbers(values: pd.Series, most: int) -> pd.Series:
    """Return numbers as the codes of a distribution, whose last is ``most`` or more."""
    codes = dict(enumerate(number_labels(most)))
    return values.astype(float).clip(upper=most).map(codes).astype(object)


def number_labels(most: int) -> dict[str, str]:
    """Return the rows of a distribution of whole numbers."""
    few = {f"n_{number}": str(number) for number in range(most)}
    return few | {f"n_{most}_over": f"{most} or more"}


def protection_table(clients: Clients, study: Study, counted: Collection[str]) -> Table:
    """Return how many cases have a child protection plan or a child in care, by site."""
    table = Table(
        "client_profile.child_protection",
        "Cases with a child protection plan or a child in care",
        "The share leaves out those of whom it is not known, don't know among them; the share of "
        f"all counts them as cases without. {SHARES}{clients.cohorts.note}",
        ("R-T7",),
    )
    clients.cohorts.name_columns(table)
    silent = clients.never_told("child_protection")
    known = {"yes": "plan or in care", "no": "neither"}
    unknown = {code: NO_ANSWER[code].lower() for code in (DONT_KNOW, MISSING)}
    told = protection_codes(clients, study)
    yes = counted or [code for code in told if code not in NEITHER]
    for site, label, people in _sites(clients, study):
        given = people["child_protection"]
        answer = given.where(given.isna() | (given == DONT_KNOW), DONT_KNOW)
        answer = answer.mask(given.isin(list(told)), "no").mask(given.isin(list(yes)), "yes")
        add_answers(
            table, clients.cohorts, people.assign(answer=answer),
            Answers(known, unknown, silent), "answer", (f"{site}__", f"{label}: "),
        )  # fmt: skip
    return table


def status_table(clients: Clients, study: Study) -> Table:
    """Return what is known of the protection of a case's children, in the service's own terms."""
    table = Table(
        "client_profile.child_protection_status",
        "Protection of the children of a case",
        f"{SHARES}{clients.cohorts.note}",
        ("R-T7",),
    )
    clients.cohorts.name_columns(table)
    codes = terms(study, "child_protection", list(clients.people["child_protection"].dropna()))
    silent = clients.never_told("child_protection")
    answers = answers_of(codes, clients.people["child_protection"], silent)
    add_answers(table, clients.cohorts, clients.people, answers, "child_protection")
    return table


def protection_codes(clients: Clients, study: Study) -> list[str]:
    """Return the codes that tell whether children are protected or in care."""
    found = list(clients.people["child_protection"].dropna())
    return [code for code in terms(study, "child_protection", found) if code not in NO_ANSWER]


def _sites(clients: Clients, study: Study) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield everybody, then each site with its people, where there are several sites."""
    yield ALL, "All", clients.people
    if len(study.sites) > 1:
        for site, about in study.sites.items():
            yield site, about.label, clients.people[clients.people["site"] == site]
