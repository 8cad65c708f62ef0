"""Snapshots of a blinded study: codes in the place of arms, and no trace of the arms."""

# ruff: noqa: S608 (the names in the SQL are the warehouse's own)

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.study import CODED, Arm

if TYPE_CHECKING:
    import duckdb

    from datrial.config.study import Study


def code_arms(
    connection: duckdb.DuckDBPyConnection, codes: Mapping[str, str], labels: Mapping[str, str]
) -> None:
    """Put codes in the place of arms, in every table that has a column of arms.

    To be called when every table is built: the SQL needs to know which arm is the
    control's. As agencies wrote it (``raw.*``), an arm is taken out. The file keeps
    what stood there before, until :func:`rewritten`.

    Parameters
    ----------
    codes
        Arm -> its code.
    labels
        Code -> what people read for it.
    """
    tables = connection.execute(
        """
        select columns.table_schema, columns.table_name
        from information_schema.columns as columns
        where columns.column_name = 'arm'
        order by all
        """
    ).fetchall()
    cases = " ".join("when ? then ?" for _ in codes)
    pairs = [value for pair in codes.items() for value in pair]
    for schema, table in tables:
        if schema == "raw":
            connection.execute(f"update {schema}.{table} set arm = null")
        else:
            connection.execute(f"update {schema}.{table} set arm = case arm {cases} end", pairs)
    connection.execute("delete from study.arm")
    connection.executemany(
        "insert into study.arm values (?, ?, ?)",
        [(code, labels[code], CODED) for code in codes.values()],
    )


def rewritten(warehouse: Path) -> Path:
    """Return a new file beside a warehouse, with its tables and nothing of what it held before.

    The old file is removed.
    """
    import duckdb

    fresh = warehouse.with_suffix(".fresh.duckdb")
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(warehouse)}' as old (read_only)")
        connection.execute(f"attach '{_quoted(fresh)}' as new")
        connection.execute("copy from database old to new")
        connection.execute("checkpoint new")
    fresh.replace(warehouse)
    return warehouse


def study_as_shown(connection: duckdb.DuckDBPyConnection, study: Study) -> Study:
    """Return the study with the arms that a snapshot shows: its own, or codes."""
    rows = connection.execute("select arm, label, role from study.arm").fetchall()
    if {arm for arm, _, _ in rows} == set(study.arms):
        return study
    arms = {arm: Arm(label=label, role=CODED) for arm, label, role in rows if role == CODED}
    return study.model_copy(update={"arms": arms})


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
