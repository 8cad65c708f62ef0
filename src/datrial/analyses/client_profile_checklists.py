"""Needs, adverse childhood experiences and the like: who has which item of a checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from datrial.analyses.client_profile_children import number_labels, numbers
from datrial.analyses.client_profile_rows import (
    DONT_KNOW,
    MISSING,
    NO_ANSWER,
    Clients,
    add_known,
    add_of_all,
)
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

    from datrial.analyses.base import Context
    from datrial.config.instruments import Instrument

_FIRST = "The first assessment of each client counts."
#: Told of an item that no form of an arm answers.
_NOT_ASKED = "no assessment has an answer: it may not have been asked"


class Checklist(NamedTuple):
    """A checklist with its first assessment of each client: a column for each item."""

    key: str
    about: Instrument
    forms: pd.DataFrame


def checklist_tables(
    context: Context, clients: Clients, chosen: Mapping[str, Instrument], most: int, reason: str
) -> list[Table]:
    """Return the items of checklists, those not known, and how many items people have.

    An item that is known of everybody assessed has no row among those not known.
    """
    items, unknown, number = _tables(clients)
    for key, about in chosen.items():
        forms = first_forms(context, key, about)
        checklist = Checklist(key, about, forms[forms.index.isin(clients.people["person_id"])])
        _items(items, unknown, clients, checklist, reason)
        _numbers(number, clients, checklist, most, reason)
    return [items, *([unknown] if unknown.cells else ()), number]


def first_forms(context: Context, key: str, about: Instrument) -> pd.DataFrame:
    """Return a checklist's first assessment of each client: arm and answers, by person."""
    import pandas as pd

    rows = context.connection.execute(
        "select person_id, arm, item, answer from marts.instrument_reading "
        "where instrument = ? and arm is not null "
        "qualify read_on = min(read_on) over (partition by person_id) "
        "order by person_id, position",
        [key],
    ).fetchall()
    forms: dict[str, dict[str, str | None]] = {}
    for person, arm, item, answer in rows:
        forms.setdefault(person, {"arm": arm})[item] = answer
    columns = ["arm", *about.items]
    return pd.DataFrame(list(forms.values()), list(forms), columns, dtype=object)


def _tables(clients: Clients) -> tuple[Table, Table, Table]:
    note = clients.cohorts.note
    items = Table(
        "client_profile.checklists",
        "Needs and experiences of clients",
        f"{_FIRST} Number: clients with a yes. Share: of those answered with yes or no, with "
        f"Wilson's interval. Share of all: of everybody assessed.{note}",
        ("R-T16",),
    )
    unknown = Table(
        "client_profile.checklist_unknown",
        "Needs and experiences: not known",
        f"{_FIRST} Share: of everybody assessed.",
        ("R-T16",),
    )
    number = Table(
        "client_profile.checklist_numbers",
        "How many needs and experiences clients have",
        f"{_FIRST} Of those with an answer to any item; an item without an answer counts as not "
        f"there.{note}",
        ("R-T16",),
    )
    clients.cohorts.name_columns(items)
    clients.cohorts.name_columns(unknown, difference=False)
    clients.cohorts.name_columns(number)
    return items, unknown, number


def _items(
    items: Table, unknown: Table, clients: Clients, checklist: Checklist, reason: str
) -> None:
    cohorts, forms = clients.cohorts, checklist.forms
    for item, label in checklist.about.items.items():
        row = f"{checklist.key}__{item}"
        items.row(row, f"{checklist.about.label}: {label}")
        given = forms[item].where(forms[item].notna(), MISSING)
        told = given.isin(["yes", "no"])
        silent = {
            arm: reason or _NOT_ASKED
            for arm, rows in cohorts.split(forms)
            if reason or (len(rows) and not told[rows.index].any())
        }
        for arm, rows in cohorts.split(forms):
            if arm in silent:
                items.absent(row, arm, "answered", silent[arm])
            else:
                items.add(row, arm, "answered", int(told[rows.index].sum()), n=len(rows))
        add_known(items, cohorts, row, (forms, given == "yes", told), silent)
        if told.all():
            continue
        for code in (DONT_KNOW, MISSING):
            at = f"{row}__{code}"
            unknown.row(at, f"{checklist.about.label}: {label}: {NO_ANSWER[code].lower()}")
            holds = given == code if code == DONT_KNOW else ~told & (given != DONT_KNOW)
            add_of_all(unknown, cohorts, at, (forms, holds), silent)


def _numbers(table: Table, clients: Clients, checklist: Checklist, most: int, reason: str) -> None:
    """Add how many were assessed, how many items they have, and how that is spread."""
    cohorts, key, about, forms = clients.cohorts, *checklist
    table.row(f"{key}__assessed", f"{about.label}: clients assessed")
    assessed = {
        arm: (int((forms["arm"] == arm).sum()), int((clients.people["arm"] == arm).sum()))
        for arm in cohorts.labels
    }
    cohorts.add_shares(table, f"{key}__assessed", assessed, reason=reason)
    given = forms[list(about.items)]
    any_answer = given.isin(["yes", "no"]).any(axis=1)
    answered = forms[any_answer].assign(number=(given == "yes").sum(axis=1)[any_answer])
    table.row(f"{key}__items", f"{about.label}: items of a client")
    values = cohorts.by_arm(answered, lambda rows: rows["number"])
    cohorts.add_means(table, f"{key}__items", values, reason=reason)
    codes = numbers(answered["number"], most)
    for code, label in number_labels(most).items():
        row = f"{key}__{code}"
        table.row(row, f"{about.label}: {label}")
        counts = {
            arm: (int((codes[rows.index] == code).sum()), len(rows))
            for arm, rows in cohorts.split(answered)
        }
        cohorts.add_shares(table, row, counts, reason=reason)
    row = f"{key}__none_answered"
    table.row(row, f"{about.label}: no item answered")
    for arm, rows in cohorts.split(forms):
        if reason:
            table.absent(row, arm, "count", reason)
        else:
            table.add(row, arm, "count", int((~any_answer)[rows.index].sum()), n=len(rows))
