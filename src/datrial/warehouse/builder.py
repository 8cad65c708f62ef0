"""Run the project's SQL files: one file is one table, a plain SELECT."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.tables import staging_tables
from datrial.errors import DatrialError

if TYPE_CHECKING:
    import duckdb

#: Kind of column -> its type; the others are text.
_TYPES = {"date": "date", "integer": "bigint"}
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class TableFile:
    """A SQL file: the table it makes and the tables it reads.

    Attributes
    ----------
    name
        ``<folder>.<stem>``: ``sql/cohort/member.sql`` makes ``cohort.member``.
    """

    name: str
    select: str
    reads: frozenset[str]


def table_files(
    sql_folder: Path, schemas: tuple[str, ...], given: Collection[str] = ()
) -> list[TableFile]:
    """Return the SQL files of some folders, in an order in which they can be run.

    Parameters
    ----------
    given
        Tables of these schemas that are there already (``people.characteristic``).

    Raises
    ------
    DatrialError
        If tables read each other in a circle, or one reads a table of these
        schemas that no file makes and that is not given.
    """
    selects = {
        f"{schema}.{path.stem}": path.read_text(encoding="utf-8").strip().rstrip(";")
        for schema in schemas
        for path in sorted((sql_folder / schema).glob("*.sql"))
    }
    mentioned = re.compile(rf"\b(?:{'|'.join(map(re.escape, schemas))})\.[a-z_0-9]+\b")
    files = {}
    for name, select in selects.items():
        reads = frozenset(mentioned.findall(_COMMENT.sub(" ", select)))
        lost = sorted(reads - set(selects) - set(given))
        if lost:
            raise DatrialError(f"sql: {name} reads {', '.join(lost)}, which no file makes.")
        files[name] = TableFile(name, select, reads & set(selects))
    try:
        order = list(
            TopologicalSorter({n: sorted(f.reads) for n, f in files.items()}).static_order()
        )
    except CycleError as error:
        raise DatrialError(f"sql: tables read each other in a circle: {error.args[1]}") from error
    return [files[name] for name in order]


def build_tables(
    connection: duckdb.DuckDBPyConnection, sql_folder: Path, schemas: tuple[str, ...]
) -> dict[str, int]:
    """Make every table of some folders of ``sql/``; return its number of rows.

    A staging table that no mapping of the study fills is made first, without rows.

    Raises
    ------
    DatrialError
        If a file fails; the message names the table and the kind of error, not the data.
    """
    import duckdb

    made = {}
    for schema in schemas:
        connection.execute(f'create schema if not exists "{schema}"')
    given = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
    ).fetchall()
    files = table_files(sql_folder, schemas, [name for (name,) in given])
    _make_unfed(connection, {name for (name,) in given})
    for file in files:
        try:
            connection.execute(f"create or replace table {file.name} as {file.select}")
        except duckdb.Error as error:
            # A conversion error's text can quote a row's value: only its kind is passed on.
            raise DatrialError(f"sql: {file.name} failed ({type(error).__name__}).") from None
        counted = f"select count(*) from {file.name}"  # noqa: S608 (a file's name)
        made[file.name] = connection.execute(counted).fetchall()[0][0]
    return made


def _make_unfed(connection: duckdb.DuckDBPyConnection, given: Collection[str]) -> None:
    """Make the staging tables that are not there, without rows."""
    connection.execute("create schema if not exists staging")
    for name, table in staging_tables().items():
        if f"staging.{name}" not in given:
            typed = "".join(
                f', "{column}" {_TYPES.get(about.kind, "varchar")}'
                for column, about in table.columns.items()
            )
            connection.execute(
                f"create table staging.{name} "
                f"(extract_id varchar, row_number bigint, site varchar{typed})"
            )
