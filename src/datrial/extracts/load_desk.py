"""Decode batches of text in memory: what was not understood goes no further than here.

The desk is a database of its own, in memory and without a folder for temporary
files. The received text, references among it, is read here alone; the warehouse
is handed pseudonyms, and text that a mapping explains. A name that was typed into
a column of codes is never in the warehouse's file, not even for a moment.
"""

# ruff: noqa: S608 (names are those of configs/tables.yaml, texts are quoted as literals)

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import Column, staging_tables
from datrial.errors import DatrialError
from datrial.extracts.decoding import add_macros, compared_literals, decoded
from datrial.extracts.text import NO_REFERENCE

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_PEOPLE = ("perpetrator", "victim")
#: The problem of a long reference of which a spreadsheet kept a few digits (1.00012E+11): all
#: whose references begin alike would be one person, or one household.
ROUNDED = "a number that a spreadsheet has rounded"
_ROUNDED = (
    "coalesce(contains(received, '+') "
    "and regexp_full_match(trim(received), '[0-9]([.,][0-9]+)?[eE][+][0-9]+'), false)"
)
#: A reference of digits that a spreadsheet took for a number is still that reference.
_WHOLE = (
    "case when contains(received, '.') "
    r"then regexp_replace(received, '^\s*([0-9]+)[.]0+\s*$', '\1') else received end"
)


class Pseudonymises(Protocol):
    """What turns references into pseudonyms."""

    def column(self, of: str, references: pa.Array, space: str | None = None) -> pa.Array:
        """Return the pseudonym of each reference to a perpetrator, victim, incident..."""


@contextmanager
def desk() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that never writes to a disk."""
    import duckdb

    with duckdb.connect(":memory:", config={"temp_directory": ""}) as connection:
        connection.execute("set enable_progress_bar = false")
        add_macros(connection)
        yield connection


class Decoder:
    """Turns a table's text batches into what the warehouse may hold.

    Parameters
    ----------
    connection
        See :func:`desk`.
    mapping, table
        How the agency writes it.
    last_day
        The last day that the extract covers.
    pseudonymiser
        Turns references into pseudonyms.

    Raises
    ------
    UsageError
        If the mapping gives one spelling two meanings.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        mapping: SourceMapping,
        table: TableMapping,
        last_day: dt.date,
        pseudonymiser: Pseudonymises,
    ) -> None:
        self._connection = connection
        self._pseudonymiser = pseudonymiser
        self._table = table.table
        self._space = mapping.reference_space
        contract = staging_tables()[table.table].columns
        self._references = {n: c for n, c in contract.items() if c.of and n in table.columns}
        absent = compared_literals(
            (*sorted(NO_REFERENCE), *mapping.missing, *mapping.dont_know, *mapping.not_applicable)
        )
        self._named = (
            f"select place, case when not list_contains([{absent}], as_compared(received)) "
            f"and not {_ROUNDED} then {_WHOLE} end as value, "
            f"case when {_ROUNDED} then '{ROUNDED}' end as problem from texts"
        )
        read = {n: c for n, c in contract.items() if n in table.columns and not c.of}
        self._selects = {n: decoded(n, c, mapping, table, last_day) for n, c in read.items()}
        if table.site_column is not None:
            sites = table.model_copy(update={"values": {"site": table.site_values}})
            self._selects["site"] = decoded("site", site_contract(table), mapping, sites, last_day)

    def __call__(self, batch: pa.RecordBatch) -> pa.Table:
        """Decode a batch of :func:`datrial.extracts.batches.text_batches`.

        Returns
        -------
        pyarrow.Table
            ``row_number``, ``row_kind``; of each reference ``<column>`` (the
            pseudonym) and ``<column>_problem``; of each other column ``<column>`` (the value),
            ``<column>_text`` (as received, null if not understood) and
            ``<column>_problem``; ``<column>_same`` where two references of a row
            that never are one person are one.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = {name: batch[name] for name in ("row_number", "row_kind")}
        for name in self._selects:
            columns |= self._understood(name, batch[name])
        for name, contract in self._references.items():
            named = self._ask(self._named, batch[name])
            columns[name] = self._pseudonyms(contract.of or "", named)
            columns[f"{name}_problem"] = named["problem"].combine_chunks()
        for name, contract in self._references.items():
            other = contract.differs_from or ""
            if other in self._references:
                # the reference taken for one to the other person: is it that person?
                named = self._ask(self._named, batch[name])
                taken = self._pseudonyms(self._references[other].of or "", named)
                columns[f"{name}_same"] = pc.fill_null(pc.equal(taken, columns[other]), False)
        return pa.table(columns)

    def _understood(self, name: str, received: pa.Array) -> dict[str, pa.Array]:
        """Decode a column once per distinct text."""
        import pyarrow.compute as pc

        coded = received.dictionary_encode()
        found = self._ask(self._selects[name], coded.dictionary)
        value, problem = (found[column].combine_chunks() for column in ("value", "problem"))
        text = pc.if_else(pc.is_null(problem), coded.dictionary, None)
        return {
            name: value.take(coded.indices),
            f"{name}_text": text.take(coded.indices),
            f"{name}_problem": problem.take(coded.indices),
        }

    def _pseudonyms(self, of: str, named: pa.Table) -> pa.Array:
        """Return the pseudonym of each reference, null where a cell holds none ("not known")."""
        references = named["value"].combine_chunks()
        found = self._pseudonymiser.column(of, references, self._space if of in _PEOPLE else None)
        if len(found) != len(references) or found.null_count != references.null_count:
            raise DatrialError(f"{self._table}: some {of} references were given no pseudonym.")
        return found

    def _ask(self, select: str, texts: pa.Array) -> pa.Table:
        """Run a SELECT on texts, in their order; what DuckDB says of a fault could quote one."""
        import duckdb
        import numpy as np
        import pyarrow as pa

        places = pa.array(np.arange(len(texts), dtype=np.int32))
        given = pa.table({"place": places, "received": texts})
        self._connection.register("texts", given)
        try:
            found = self._connection.sql(select).to_arrow_table().combine_chunks()
        except duckdb.Error as error:
            raise DatrialError(
                f"{self._table}: decoding failed ({type(error).__name__})."
            ) from None
        finally:
            self._connection.unregister("texts")
        return found if found["place"].equals(given["place"]) else found.sort_by("place")


def site_contract(table: TableMapping) -> Column:
    """Return the site as a required code; the codes are the mapping's site keys."""
    return Column(kind="code", required=True, codes=tuple(table.site_values) or ("site",))
