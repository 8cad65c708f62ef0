"""Sex, ethnicity and where clients live, in the words of the service, by strand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from datrial.analyses.client_profile_rows import (
    NO_ANSWER,
    SHARES,
    Clients,
    add_answers,
    add_known,
    add_of_all,
    answers_of,
)
from datrial.analyses.cohorts import terms
from datrial.results.cells import Table

if TYPE_CHECKING:
    from datrial.config.study import Study

SEX = {"female": "Women", "male": "Men"}


class Group(NamedTuple):
    """Some ethnicities taken together."""

    label: str
    codes: tuple[str, ...]


def sex_table(clients: Clients) -> Table:
    """Return the clients' sex."""
    table = _table(clients, "sex", "Sex of clients", ("E-N1", "F-F14"))
    found = {str(code) for code in clients.people["sex"].dropna()} - set(NO_ANSWER)
    others = {code: code.replace("_", " ").capitalize() for code in sorted(found - set(SEX))}
    return _filled(table, clients, "sex", SEX | others)


def ethnicity_table(clients: Clients, study: Study) -> Table:
    """Return the clients' ethnicity by the service's own terms."""
    title = "Ethnicity of clients"
    table = _table(clients, "ethnicity", title, ("E-N1", "R-T16", "F-F14"))
    return _filled(table, clients, "ethnicity", _terms(clients, study, "ethnicity"))


def area_table(clients: Clients, study: Study) -> Table:
    """Return where the clients live."""
    table = _table(clients, "area", "Where clients live", ("F-F14",))
    return _filled(table, clients, "area", _terms(clients, study, "area"))


def ethnic_groups_table(clients: Clients, groups: Mapping[str, Group]) -> Table:
    """Return the clients' ethnicity by groups of terms, which may overlap."""
    table = _table(
        clients, "ethnic_groups", "Ethnicity of clients, by groups", ("E-N1",),
        " Groups may overlap: they need not add to all.",
    )  # fmt: skip
    silent = clients.never_told("ethnicity")
    for start, words, people in clients.groups():
        given = people["ethnicity"]
        known = given.notna() & ~given.isin(list(NO_ANSWER))
        for code, group in groups.items():
            row = f"{start}{code}"
            table.row(row, f"{words}{group.label}")
            holds = given.isin(list(group.codes))
            add_known(table, clients.cohorts, row, (people, holds, known), silent)
        row = f"{start}not_known"
        table.row(row, f"{words}{NO_ANSWER['not_known']}")
        add_of_all(table, clients.cohorts, row, (people, ~known), silent)
    return table


def _terms(clients: Clients, study: Study, vocabulary: str) -> dict[str, str]:
    return terms(study, vocabulary, list(clients.people[vocabulary].dropna()))


def _table(
    clients: Clients, name: str, title: str, catalogue: tuple[str, ...], more: str = ""
) -> Table:
    table = Table(
        f"client_profile.{name}",
        title,
        f"As at the first referral that tells it.{more} {SHARES}{clients.cohorts.note}",
        catalogue,
    )
    clients.cohorts.name_columns(table)
    return table


def _filled(table: Table, clients: Clients, name: str, known: Mapping[str, str]) -> Table:
    answers = answers_of(known, clients.people[name], clients.never_told(name))
    for start, words, people in clients.groups():
        add_answers(table, clients.cohorts, people, answers, name, (start, words))
    return table
