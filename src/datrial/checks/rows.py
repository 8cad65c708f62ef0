"""The rows that rules look at: a staging table with its extract's days and derived columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.checks.suites import COVER_COLUMNS, Rule, Suite
from datrial.config.tables import staging_tables
from datrial.errors import DatrialError, UsageError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

# ruff: noqa: S608 (the names in the SQL are those of configs/tables.yaml and of the suites)

_NAN = "case when isnan({0}) then null else {0} end as {0}"


@dataclass(frozen=True)
class Rows:
    """Rows of one staging table with the columns that some rules name.

    Attributes
    ----------
    sql
        A select of ``row_id`` and the columns; yes and no are 1 and 0.
    types
        Column -> DuckDB type.
    """

    connection: duckdb.DuckDBPyConnection
    suite: Suite
    sql: str
    types: dict[str, str]
    derived: tuple[str, ...]

    def query(self, select: str, rest: str = "", source: str = "") -> list[tuple[Any, ...]]:
        """Return ``select <select> from <the rows, or a query of them> <rest>``."""
        source = source or f"({self.sql})"
        return list(self._run(f"select {select} from {source} as checked {rest}").fetchall())

    def frame(self) -> pd.DataFrame:
        """Return the rows as a frame, indexed by row id; whole numbers become floats."""
        frame = self._run(f"select * from ({self.sql}) as checked order by row_id").df()
        for column in frame.columns[1:]:
            if str(frame[column].dtype).startswith(("Int", "int", "UInt", "uint")):
                frame[column] = frame[column].astype("float64")
        return frame.set_index("row_id")

    def filled(self, columns: Sequence[str]) -> dict[str, int]:
        """Return how many cells of each column are not empty."""
        counts = self.query(", ".join(f'count("{column}")' for column in columns))[0]
        return dict(zip(columns, counts, strict=True))

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:  # its text can quote a row's value: only its kind is told
            kind = type(error).__name__
        for name in self.derived:
            if not _can_run(
                self.connection, f'select count("{name}") from ({self.sql}) as checked'
            ):
                raise _faulty_column(self.suite.table, name, kind)
        raise DatrialError(
            f"expectations/{self.suite.table}.json: the checks could not be carried out ({kind}). "
            "This is a fault of a rule or of ours, not of the data."
        )


def rows_for(connection: duckdb.DuckDBPyConnection, suite: Suite, rules: Sequence[Rule]) -> Rows:
    """Return a table's rows with the columns that the rules name.

    Raises
    ------
    UsageError
        If the staging table has no such column, or a derived column's SQL is faulty.
    """
    table = suite.table
    present = _columns(connection, f"select * from staging.{table}")
    for rule in rules:
        for column in rule.columns:
            if column not in (*present, *COVER_COLUMNS, *suite.derived):
                raise UsageError(_lost(table, rule.id, column))
    named = sorted({column for rule in rules for column in rule.columns})
    derived = tuple(name for name in named if name in suite.derived)
    staged = "".join(f', staged."{name}"' for name in named if name in present)
    start = (
        f"select staged.rowid as row_id{staged}, extract.covers_start, extract.covers_end{{}} "
        f"from staging.{table} as staged left join raw.extract as extract "
        f"on staged.extract_id = extract.extract_id and extract.table_name = '{table}'"
    )
    sql = start.format("".join(_select_item(suite, name) for name in derived))
    types = _columns(connection, sql)
    if not types:
        for name in derived:
            refused = _refusal(connection, start.format(_select_item(suite, name)))
            if refused:
                raise _faulty_column(table, name, refused)
        raise DatrialError(f"staging.{table} cannot be read with its extracts (raw.extract).")
    items = ", ".join(_plain(name, kind) for name, kind in types.items())
    plain = f"select {items} from ({sql}) as made"
    return Rows(connection, suite, plain, _columns(connection, plain), derived)


def _select_item(suite: Suite, name: str) -> str:
    return f', ({suite.derived[name].sql}\n) as "{name}"'


def _plain(name: str, kind: str) -> str:
    """Return a column so that both engines see the same in it."""
    if kind == "BOOLEAN":
        return f'cast("{name}" as integer) as "{name}"'
    return _NAN.format(f'"{name}"') if kind in ("DOUBLE", "FLOAT") else f'"{name}"'


def _columns(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, str]:
    """Return a select's columns with their types; none if DuckDB refuses it."""
    import duckdb

    try:
        return {row[0]: row[1] for row in connection.execute(f"describe {select}").fetchall()}
    except duckdb.Error:
        return {}


def _refusal(connection: duckdb.DuckDBPyConnection, select: str) -> str:
    """Return why DuckDB refuses a select before it reads any row; empty if it does not."""
    import duckdb

    try:
        connection.execute(f"describe {select}").fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


def _can_run(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    import duckdb

    try:
        connection.execute(sql).fetchall()
    except duckdb.Error:
        return False
    return True


def _faulty_column(table: str, name: str, why: str) -> UsageError:
    return UsageError(
        f"expectations/{table}.json, column {name!r}: its SQL cannot be carried out ({why}). "
        "Correct it: one expression over staged.<column>, with scalar subqueries of other tables "
        "that give one row at most."
    )


def _lost(table: str, rule: str, column: str) -> str:
    contract = staging_tables()[table].columns.get(column)
    required = " required" if contract is not None and contract.required else ""
    return (
        f"expectations/{table}.json, rule {rule}: staging.{table} has no{required} column "
        f"{column!r}. Correct the rule, or sql/staging/{table}.sql."
    )
