"""What a snapshot was made of, kept in it: a run says what it rests on, and can be repeated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def write_made_of(connection: duckdb.DuckDBPyConnection, parts: dict[str, Any]) -> None:
    """Write ``study.made_of``: a line for each part, its hashes as JSON.

    Parameters
    ----------
    parts
        What :func:`datrial.pipeline.inputs.made_of` returns.
    """
    connection.execute("create or replace table study.made_of (part varchar, content varchar)")
    connection.executemany(
        "insert into study.made_of values (?, ?)",
        [(part, json.dumps(content, sort_keys=True)) for part, content in parts.items()],
    )


def read_made_of(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return what an open snapshot was made of; nothing if it was built before it said so."""
    known = connection.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'study' and table_name = 'made_of'"
    ).fetchall()
    if not known:
        return {}
    rows = connection.execute("select part, content from study.made_of order by part").fetchall()
    return {part: json.loads(content) for part, content in rows}
