"""Link references that are one person, where a study does so, and apply it to what was loaded.

Names, dates of birth and postcodes stay in memory. What reaches a warehouse are
pseudonyms with weights, ages at the index date, and postcode areas.
"""

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml)

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.config.tables import staging_tables
from datrial.people.decisions import load_decisions
from datrial.pipeline.inputs import Inputs, landing_folder

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from datrial.allocation.reading import AllocationRow
    from datrial.extracts.landing import Landed
    from datrial.people.linkage import Links

_PEOPLE = ("perpetrator", "victim")
_LIST = "allocation_list"
#: They keep each reference's own pseudonym: the ledger holds their rows as they were sent.
_AS_SENT = (_LIST, "police_request")


@dataclass(frozen=True)
class Linked:
    """Pairs of references with their weights, and the identifiers (in memory only)."""

    links: Links
    identifiers: pd.DataFrame


def link(inputs: Inputs, landed: Landed) -> Linked | None:
    """Compare the people of all current extracts; none where the study links nobody."""
    settings = inputs.study.linkage
    if settings is None:
        return None
    from datrial.people.identifiers import read_identifiers
    from datrial.people.linkage import link_people

    identifiers = read_identifiers(
        landed.current, inputs.mappings, landing_folder(), inputs.pseudonymiser()
    )
    decisions = load_decisions(inputs.study.study)
    links = link_people(identifiers, settings, inputs.study.seed, decisions=decisions)
    return Linked(links, identifiers)


def apply_linkage(
    connection: duckdb.DuckDBPyConnection,
    linked: Linked,
    weight: float,
    allocated: Sequence[str],
) -> dict[str, str]:
    """Give linked references one person's id in ``mapped.*``; write ``people.identity`` and more.

    ``raw.*`` keeps the reference's own pseudonym, and so do the ledger and the lists
    that are entered there: each reference was allocated by itself. A perpetrator's id
    is the reference of his first allocation where he has one.

    Parameters
    ----------
    weight
        The cut: links of this match weight or more are made.
    allocated
        Pseudonyms in the ledger or on the allocation list, the first allocated first:
        see :func:`allocated_references`.

    Returns
    -------
    dict of str to str
        Pseudonym -> person id, of every perpetrator who has several.
    """
    from datrial.people.clusters import identities
    from datrial.people.linkage_report import write_linkage

    people = identities(linked.links, weight, preferred=allocated)
    write_linkage(connection, linked.links, people)
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'mapped'"
    ).fetchall()
    for (table,) in sorted(tables):
        if table in _AS_SENT:
            continue
        for name, column in staging_tables()[table].columns.items():
            if column.of in _PEOPLE:
                connection.execute(
                    f'update mapped.{table} as row set "{name}" = identity.person_id '
                    "from people.identity as identity "
                    f'where identity.of = $of and identity.reference_id = row."{name}" '
                    "and identity.person_id <> identity.reference_id",
                    {"of": column.of},
                )
    identity = people.identity[people.identity["of"] == "perpetrator"]
    return dict(zip(identity["reference_id"], identity["person_id"], strict=True))


def allocated_references(
    connection: duckdb.DuckDBPyConnection, in_ledger: Iterable[AllocationRow]
) -> list[str]:
    """Return the perpetrators in the ledger and on a loaded allocation list, the first first.

    A list that is not in the ledger yet comes into it as it is; what the ledger says
    of a person, with its corrections, comes before what a list says.
    """
    from datrial.allocation.merging import first_to_last

    found = {row[0]: row for row in in_ledger}
    listed = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'mapped' and table_name = ?",
        [_LIST],
    ).fetchall()
    if listed:
        rows = connection.execute(
            f"select perpetrator_id, site, meeting_date, arm, '' from mapped.{_LIST} "
            "where perpetrator_id is not null and site is not null and meeting_date is not null "
            "order by meeting_date desc, site desc"
        ).fetchall()
        found = {row[0]: row for row in rows} | found
    return [row[0] for row in first_to_last(found.values())]


def write_characteristics(
    connection: duckdb.DuckDBPyConnection,
    linked: Linked | None,
    index_dates: Mapping[str, dt.date],
) -> None:
    """Write ``people.characteristic``: age at the index date and postcode area, where known."""
    connection.execute("create schema if not exists people")
    connection.execute(
        "create or replace table people.characteristic "
        "(person_id varchar, age_at_index integer, postcode_area varchar)"
    )
    if linked is None:
        return
    from datrial.people.identifiers import characteristics

    rows = connection.execute("select of, reference_id, person_id from people.identity").fetchall()
    person_of = {(of, reference): person for of, reference, person in rows}
    found = characteristics(linked.identifiers, index_dates, person_of)
    connection.register("found_characteristic", found)
    connection.execute(
        "insert into people.characteristic "
        "select person_id, age_at_index, postcode_area from found_characteristic order by person_id"
    )
    connection.unregister("found_characteristic")


def other_cuts(inputs: Inputs) -> tuple[float, ...]:
    """Return the other match weights at which the effect estimates are repeated."""
    settings = inputs.study.linkage
    return settings.sensitivity_weights if settings else ()


def main_cut(inputs: Inputs) -> float:
    """Return the match weight from which references are one person (0 where none are linked)."""
    settings = inputs.study.linkage
    return settings.match_weight if settings else 0.0
