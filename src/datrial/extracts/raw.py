"""Load the landed files: ``raw`` (text as received) and ``mapped`` (our types and codes).

``raw`` keeps the text of a cell where it was understood: a known code, a usable
date, a whole number, an absent answer. Anything else is null there, and named as a
problem in ``mapped``: it could be anything, a name too.

An extract that a current one has replaced can be loaded beside it, into the
schema ``earlier``, so that the two can be compared.
"""

# ruff: noqa: S608 (names are those of configs/tables.yaml, texts are quoted as literals)

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import staging_tables
from datrial.errors import DatrialError, UsageError
from datrial.extracts.batches import read_ahead, text_batches
from datrial.extracts.decoding import literal
from datrial.extracts.load_columns import SQL_TYPES, mapped_columns, raw_columns
from datrial.extracts.load_desk import Decoder, Pseudonymises, desk
from datrial.extracts.receipts import Receipt

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_EXTRACT = (
    "table_name varchar, extract_id varchar, mapping varchar, source varchar, site varchar, "
    "part varchar, covers_start date, covers_end date, arrival bigint, received bigint"
)
_FIRST = "extract_id varchar, row_number bigint, row_kind varchar, site varchar"
_MEMORY = "2GB"  # of a warehouse in a file; beyond that DuckDB works in a folder beside the file


def load(
    connection: duckdb.DuckDBPyConnection,
    receipts: Iterable[Receipt],
    mappings: Iterable[SourceMapping],
    landing: Path,
    pseudonymiser: Pseudonymises,
    *,
    earlier: Iterable[Receipt] = (),
) -> None:
    """Make ``raw.<table>``, ``mapped.<table>`` and ``raw.extract`` from landed files.

    Every staging table that one of the mappings feeds is made, if need be with no
    rows. Each extract is loaded in one transaction, and its rows stand in the
    order of the file. No reference, no withheld column and no text that was not
    understood ever enters the database.

    Parameters
    ----------
    connection
        A new warehouse.
    receipts
        What to load, each extract once.
    mappings
        The study's mappings.
    landing
        The landing folder.
    pseudonymiser
        Turns references into pseudonyms.
    earlier
        Extracts that the current ones have replaced: they are loaded to
        ``earlier.<table>`` and ``earlier.extract`` and to nothing else.

    Raises
    ------
    DataError
        If a landed file cannot be read as its mapping says.
    UsageError
        If a receipt's mapping is not among the mappings, or a mapping gives one
        spelling two meanings.
    """
    by_key = {mapping.key: mapping for mapping in mappings}
    shelves = {"mapped": _in_order(receipts, by_key), "earlier": _in_order(earlier, by_key)}
    connection.execute("set enable_progress_bar = false")
    _bound_memory(connection)
    _make_tables(connection, {t.table for m in by_key.values() for t in m.tables})
    with desk() as reading:
        for schema, ordered in shelves.items():
            for receipt in ordered:
                mapping = by_key[receipt.mapping]
                decoders = [
                    (table, Decoder(reading, mapping, table, receipt.covers_end, pseudonymiser))
                    for table in mapping.tables
                ]
                _load_extract(connection, schema, receipt, mapping, decoders, landing)


def _in_order(receipts: Iterable[Receipt], mappings: dict[str, SourceMapping]) -> list[Receipt]:
    ordered = sorted(receipts, key=lambda receipt: receipt.extract_id)
    strangers = sorted({r.mapping for r in ordered} - set(mappings))
    if strangers:
        raise UsageError(
            f"Receipts of mappings that the study does not have: {', '.join(strangers)}. "
            "Add them to the study file's sources, or leave the receipts out."
        )
    return ordered


def _bound_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Bound the memory of a warehouse in a file; its temporary folder lies beside the file."""
    file = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchall()[0][0]
    if file:
        connection.execute(f"set memory_limit = '{_MEMORY}'")


def _make_tables(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> None:
    connection.execute("create schema raw; create schema mapped; create schema earlier")
    connection.execute(f"create table raw.extract ({_EXTRACT})")
    connection.execute(f"create table earlier.extract ({_EXTRACT})")
    for name in sorted(tables):
        contract = staging_tables()[name].columns
        texts = "".join(
            f', "{column}" {SQL_TYPES["reference" if c.of else "text"]}'
            for column, c in contract.items()
        )
        typed = "".join(f', "{column}" {SQL_TYPES[c.kind]}' for column, c in contract.items())
        connection.execute(f"create table raw.{name} ({_FIRST}{texts})")
        for schema in ("mapped", "earlier"):
            connection.execute(
                f"create table {schema}.{name} ({_FIRST}{typed}, problems varchar[])"
            )


def _load_extract(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    receipt: Receipt,
    mapping: SourceMapping,
    decoders: list[tuple[TableMapping, Decoder]],
    landing: Path,
) -> None:
    """Load the tables of one extract: all of it or nothing."""
    connection.begin()
    try:
        for table, decode in decoders:
            received = 0
            for batch in read_ahead(text_batches(receipt.path(landing), mapping, table)):
                received += batch.num_rows
                _insert(connection, schema, receipt, mapping, table, decode(batch))
            _note(connection, schema, receipt, table, received)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _note(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    receipt: Receipt,
    table: TableMapping,
    received: int,
) -> None:
    home = "raw" if schema == "mapped" else schema
    connection.execute(
        f"insert into {home}.extract values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            table.table, receipt.extract_id, receipt.mapping, receipt.source, receipt.site,
            receipt.part, receipt.covers_start, receipt.covers_end, receipt.arrival, received,
        ],
    )  # fmt: skip


def _insert(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    receipt: Receipt,
    mapping: SourceMapping,
    table: TableMapping,
    batch: pa.Table,
) -> None:
    """Add decoded rows to ``raw`` and ``mapped``, or to ``earlier``."""
    import duckdb

    # Not by a registered name: the warehouse would keep each batch until it commits.
    incoming = connection.from_arrow(batch)
    extract = literal(receipt.extract_id)
    try:
        if schema == "mapped":
            incoming.project(raw_columns(extract, mapping, table)).insert_into(f"raw.{table.table}")
        incoming.project(mapped_columns(extract, mapping, table)).insert_into(
            f"{schema}.{table.table}"
        )
    except duckdb.Error as error:
        # DuckDB's own text could quote a row's value: only the kind of error is told.
        raise DatrialError(
            f"{table.table}, extract {receipt.extract_id}: loading failed ({type(error).__name__})."
        ) from None
