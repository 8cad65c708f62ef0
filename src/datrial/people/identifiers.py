"""Read names, dates of birth and postcodes for linkage: in memory only.

Nothing of this is ever written to disk, logged or quoted. What may reach a
snapshot is what :func:`characteristics` makes of it: age and a coarse area.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import staging_tables
from datrial.extracts.layout import row_judge
from datrial.extracts.readers import read_table
from datrial.extracts.receipts import Receipt
from datrial.extracts.text import NO_REFERENCE, plain
from datrial.people.cleaning import (
    clean_date,
    clean_given_name,
    clean_name,
    clean_postcode,
    split_name,
)
from datrial.people.records import FIELDS, postcode_area

if TYPE_CHECKING:
    import pandas as pd

IDENTIFIER_COLUMNS = ("of", "reference_id", "space", "source", *FIELDS)
#: given name, family name, date of birth, postcode
_Person = tuple[str | None, str | None, str | None, str | None]


class Pseudonymises(Protocol):
    """What turns a reference into a pseudonym."""

    def pseudonym(self, of: str, reference: str, space: str | None = None) -> str:
        """Return the pseudonym of a reference."""


def read_identifiers(
    receipts: Iterable[Receipt],
    mappings: Iterable[SourceMapping],
    landing: Path,
    pseudonymiser: Pseudonymises,
) -> pd.DataFrame:
    """Return the identifiers of everybody whom the extracts identify, cleaned.

    Parameters
    ----------
    receipts
        The extracts to read.
    mappings
        The study's mappings; columns that stand under ``identifiers`` are read.
    landing
        The landing folder.
    pseudonymiser
        Has the method ``pseudonym(of, reference, space)``.

    Returns
    -------
    pandas.DataFrame
        ``of`` (perpetrator or victim), ``reference_id`` (the pseudonym), ``space``
        (none: shared by all agencies), ``source``, ``given_name``, ``family_name``,
        ``date_of_birth`` (ISO text), ``postcode``; missing is None. One row for each
        distinct way in which a source writes a reference's person, in a fixed order.

    Raises
    ------
    DataError
        If a file cannot be read as its mapping says.
    """
    import pandas as pd

    by_key = {mapping.key: mapping for mapping in mappings}
    found: set[tuple[str | None, ...]] = set()
    for receipt in receipts:
        mapping = by_key[receipt.mapping]
        for table in mapping.tables:
            if table.identifiers:
                found.update(_of_file(receipt, mapping, table, landing, pseudonymiser))
    rows = sorted(found, key=lambda row: tuple(value or "" for value in row))
    return pd.DataFrame(rows, columns=list(IDENTIFIER_COLUMNS), dtype=object)


def _of_file(
    receipt: Receipt,
    mapping: SourceMapping,
    table: TableMapping,
    landing: Path,
    pseudonymiser: Pseudonymises,
) -> Iterator[tuple[str | None, ...]]:
    """Yield one file's distinct rows; each distinct text is cleaned once."""
    layout, batches = read_table(receipt.path(landing), mapping, table)
    judge = row_judge(table, layout)
    absent = NO_REFERENCE | {
        plain(text) for text in (*mapping.missing, *mapping.dont_know, *mapping.not_applicable)
    }
    contract = staging_tables()[table.table].columns
    wanted = [
        (contract[column].of or "", layout.columns[column], list(places.values()),
         _cleaner(list(places), mapping, receipt.covers_end, absent))
        for column, places in layout.identifiers.items()
    ]  # fmt: skip
    seen: list[set[tuple[str, ...]]] = [set() for _ in wanted]
    for _, rows in batches:
        for cells in rows:
            if judge(cells) == "data":
                for (_, position, places, _), texts in zip(wanted, seen, strict=True):
                    texts.add((cells[position], *(cells[place] for place in places)))
    for (of, _, _, clean), texts in zip(wanted, seen, strict=True):
        ids: dict[str, str] = {}
        for reference, *received in texts:
            if plain(reference) in absent:
                continue
            if reference not in ids:
                ids[reference] = pseudonymiser.pseudonym(of, reference, mapping.reference_space)
            yield (of, ids[reference], mapping.reference_space, mapping.source, *clean(received))


def _cleaner(
    names: list[str], mapping: SourceMapping, last: dt.date, absent: frozenset[str]
) -> Callable[[list[str]], _Person]:
    """Return what makes a person of the cells of these identifiers."""
    serial = mapping.format in ("excel", "ods")

    def clean(cells: list[str]) -> _Person:
        texts = {
            name: text for name, text in zip(names, cells, strict=True) if plain(text) not in absent
        }
        given, family = split_name(texts["full_name"]) if "full_name" in texts else (None, None)
        if "given_name" in texts:
            given = clean_given_name(texts["given_name"])
        if "family_name" in texts:
            family = clean_name(texts["family_name"])
        birth = texts.get("date_of_birth", "")
        return (
            given,
            family,
            clean_date(birth, mapping.dates, serial=serial, last=last),
            clean_postcode(texts.get("postcode", "")),
        )

    return clean


def characteristics(
    identifiers: pd.DataFrame,
    index_dates: Mapping[str, dt.date],
    person_of: Mapping[tuple[str, str], str] | None = None,
) -> pd.DataFrame:
    """Return age at the index date and coarse area: all that a snapshot may hold of these.

    Where the agencies differ, what most records say counts, of equally many the
    smallest. Areas of few people are not joined here: what may be published is
    decided with the results.

    Parameters
    ----------
    identifiers
        As :func:`read_identifiers` gives them.
    index_dates
        Person id -> index date; nobody else is in the result.
    person_of
        (of, reference id) -> person id, where references were linked; else each
        reference is its own person.

    Returns
    -------
    pandas.DataFrame
        ``person_id, age_at_index, postcode_area``, by person id: completed years,
        and the letters of the postcode (``BS``), missing where not known.
    """
    import pandas as pd

    linked = person_of or {}
    births: dict[str, dict[str, int]] = {}
    areas: dict[str, dict[str, int]] = {}
    columns = [identifiers[name] for name in ("of", "reference_id", "date_of_birth", "postcode")]
    for of, reference, birth, postcode in zip(*columns, strict=True):
        person = linked.get((of, reference), reference)
        if person not in index_dates:
            continue
        _count(births, person, birth)
        _count(areas, person, postcode_area(postcode) if isinstance(postcode, str) else None)
    rows = [
        (person, _age(_most(births.get(person)), day), _most(areas.get(person)))
        for person, day in sorted(index_dates.items())
    ]
    made = pd.DataFrame(rows, columns=["person_id", "age_at_index", "postcode_area"])
    return made.astype({"age_at_index": "Int64", "person_id": object, "postcode_area": object})


def _count(counts: dict[str, dict[str, int]], person: str, value: object) -> None:
    if isinstance(value, str):
        of_person = counts.setdefault(person, {})
        of_person[value] = of_person.get(value, 0) + 1


def _most(counts: dict[str, int] | None) -> str | None:
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


def _age(birth: str | None, day: dt.date) -> int | None:
    """Return completed years, none before birth."""
    if birth is None:
        return None
    born = dt.date.fromisoformat(birth)
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return years if years >= 0 else None
