"""Load the landed files: ``raw`` (text as received) and ``mapped`` (our types and codes)."""

# ruff: noqa: S608 (names are those of configs/tables.yaml, texts are quoted as literals)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import Column, staging_tables
from datrial.errors import DatrialError, UsageError
from datrial.extracts.batches import Pseudonymise, batch_schema, text_batches
from datrial.extracts.decoding import add_macros, decoded, literal
from datrial.extracts.receipts import Receipt

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SQL_TYPES = {
    "reference": "varchar",
    "date": "date",
    "integer": "bigint",
    "code": "varchar",
    "text": "varchar",
}


def load(
    connection: duckdb.DuckDBPyConnection,
    receipts: Iterable[Receipt],
    mappings: Iterable[SourceMapping],
    landing: Path,
    pseudonymise: Pseudonymise,
) -> None:
    """Make ``raw.<table>``, ``mapped.<table>`` and ``raw.extract`` from landed files.

    Every staging table that one of the mappings feeds is made, if need be with
    no rows. No reference and no withheld column ever enters the database.

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
    pseudonymise
        What the references refer to, and references -> pseudonym of each.

    Raises
    ------
    DataError
        If a landed file cannot be read as its mapping says.
    UsageError
        If a receipt's mapping is not among the mappings, or a mapping gives one
        spelling two meanings.
    """
    by_key = {mapping.key: mapping for mapping in mappings}
    ordered = sorted(receipts, key=lambda receipt: receipt.extract_id)
    strangers = sorted({r.mapping for r in ordered} - set(by_key))
    if strangers:
        raise UsageError(
            f"Receipts of mappings that the study does not have: {', '.join(strangers)}. "
            "Add them to the study file's sources, or leave the receipts out."
        )
    connection.execute("set enable_progress_bar = false")
    add_macros(connection)
    _make_tables(connection, {t.table for m in by_key.values() for t in m.tables})
    for receipt in ordered:
        mapping = by_key[receipt.mapping]
        for table in mapping.tables:
            _load_text(connection, receipt, mapping, table, landing, pseudonymise)
            _decode(connection, receipt, mapping, table)


def _make_tables(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> None:
    connection.execute("create schema raw; create schema mapped")
    connection.execute(
        "create table raw.extract (table_name varchar, extract_id varchar, mapping varchar, "
        "source varchar, site varchar, covers_start date, covers_end date, received bigint)"
    )
    for name in sorted(tables):
        contract = staging_tables()[name].columns
        texts = "".join(f', "{column}" varchar' for column in contract)
        typed = "".join(f', "{column}" {_SQL_TYPES[c.kind]}' for column, c in contract.items())
        first = "extract_id varchar, row_number bigint, row_kind varchar, site varchar"
        connection.execute(f"create table raw.{name} ({first}{texts})")
        connection.execute(f"create table mapped.{name} ({first}{typed}, problems varchar[])")


def _load_text(
    connection: duckdb.DuckDBPyConnection,
    receipt: Receipt,
    mapping: SourceMapping,
    table: TableMapping,
    landing: Path,
    pseudonymise: Pseudonymise,
) -> None:
    """Fill ``raw.<table>`` from one file, counting the rows as they are read."""
    import duckdb
    import pyarrow as pa

    received = 0
    failure: list[DatrialError] = []

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal received
        try:
            for batch in text_batches(receipt.path(landing), mapping, table, pseudonymise):
                received += batch.num_rows
                yield batch
        except DatrialError as error:
            failure.append(error)
            raise

    reader = pa.RecordBatchReader.from_batches(batch_schema(table), counted())
    columns = "".join(f', "{column}"' for column in table.columns)
    site = "site_text" if table.site_column else literal(mapping.site or "")
    connection.register("incoming", reader)
    try:
        connection.execute(
            f"insert into raw.{table.table} (extract_id, row_number, row_kind, site{columns}) "
            f"select {literal(receipt.extract_id)}, row_number, row_kind, {site}{columns} "
            "from incoming"
        )
    except duckdb.Error as error:
        # DuckDB wraps what the reader raised, and its own text could quote a row's value.
        reason = failure[0] if failure else _failed(table, receipt, error)
        raise reason from None
    finally:
        connection.unregister("incoming")
    connection.execute(
        "insert into raw.extract values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            table.table, receipt.extract_id, mapping.key, mapping.source, mapping.site,
            mapping.covers.start, mapping.covers.end, received,
        ],
    )  # fmt: skip


def _decode(
    connection: duckdb.DuckDBPyConnection,
    receipt: Receipt,
    mapping: SourceMapping,
    table: TableMapping,
) -> None:
    """Fill ``mapped.<table>`` from the raw rows of one extract."""
    import duckdb

    connection.execute(
        f"create or replace temp view received as select * from raw.{table.table} "
        f"where extract_id = {literal(receipt.extract_id)}"
    )
    try:
        connection.execute(f"insert into mapped.{table.table} {mapped_select(mapping, table)}")
    except duckdb.Error as error:
        raise _failed(table, receipt, error) from None
    connection.execute("drop view received")


def _failed(table: TableMapping, receipt: Receipt, error: Exception) -> DatrialError:
    """Name the step and the kind of error; DuckDB's own text could quote a row's value."""
    return DatrialError(
        f"{table.table}, extract {receipt.extract_id}: loading failed ({type(error).__name__})."
    )


def mapped_select(mapping: SourceMapping, table: TableMapping) -> str:
    """Return the SELECT that decodes the relation ``received`` (rows of ``raw.<table>``).

    A problem is ``<column>: <kind>``; rows that are not data have none. A
    required column without a value always has one (``empty``).
    """
    columns = {"site": _site_contract(table), **staging_tables()[table.table].columns}
    values, problems, joins = [], [], []
    for name, column in columns.items():
        if name in table.constants:
            value, problem = _constant(name, column, mapping, table), "null"
        elif name != "site" and name not in table.columns:
            value, problem = "null", "null"
        elif column.kind == "reference" or (name == "site" and not table.site_column):
            value, problem = f'received."{name}"', "null"  # decoded when it was read
        else:
            value, problem = f'"{name}_text".value', f"'{name}: ' || \"{name}_text\".problem"
            joins.append(
                f'left join ({_decoded(name, column, mapping, table)}) as "{name}_text" '
                f'on received."{name}" = "{name}_text".received'
            )
        values.append(f'{value} as "{name}"')
        if column.required:
            problem = f"coalesce({problem}, case when {value} is null then '{name}: empty' end)"
        problems.append(problem)
    found = f"list_filter([{', '.join(problems)}]::varchar[], lambda problem: problem is not null)"
    return (
        f"select received.extract_id, received.row_number, received.row_kind, {', '.join(values)}, "
        f"case when received.row_kind = 'data' then {found} else [] end as problems "
        f"from received {' '.join(joins)}"
    )


def _site_contract(table: TableMapping) -> Column:
    """Return the site as a required code; the codes are the mapping's site keys."""
    return Column(kind="code", required=True, codes=tuple(table.site_values) or ("site",))


def _decoded(name: str, column: Column, mapping: SourceMapping, table: TableMapping) -> str:
    if name != "site":
        return decoded(name, column, mapping, table, "received")
    sites = table.model_copy(update={"values": {**table.values, "site": table.site_values}})
    return decoded("site", column, mapping, sites, "received")


def _constant(name: str, column: Column, mapping: SourceMapping, table: TableMapping) -> str:
    """Return SQL for a column that has one code in all of a file's rows.

    Raises
    ------
    UsageError
        If it is not a code of ours.
    """
    code = table.constants[name]
    if code not in column.codes:
        raise UsageError(
            f"configs/sources/{mapping.key}.yaml: constant {name!r} is {code!r}, not a code of "
            f"{table.table}.{name}. Use one of: {', '.join(column.codes) or 'none, map a column'}."
        )
    return literal(code)
