"""The tables and views of the database of all runs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.errors import DatrialError
from datrial.results.files import sha256
from datrial.results.folder import CELLS, MANIFEST, TABLES, TIMES, read_manifest, read_times
from datrial.results.manifest import Manifest, is_run_id
from datrial.results.plan_words import why_exploratory

if TYPE_CHECKING:
    import duckdb

#: Column -> type, table by table; cells come as they are stored. ``selected`` are the
#: analyses that a run was asked for, where it was not asked for all.
_TABLES: dict[str, dict[str, str]] = {
    "run": {
        "run_id": "varchar", "study": "varchar", "title": "varchar", "label": "varchar",
        "snapshot_id": "varchar", "code_version": "varchar", "state": "varchar",
        "simulated": "boolean", "data_until": "date", "started": "varchar", "ended": "varchar",
        "who": "varchar", "primary_outcomes": "varchar[]", "exploratory": "varchar[]",
        "selected": "varchar[]", "is_latest": "boolean",
    },
    "analysis": {
        "run_id": "varchar", "analysis": "varchar", "state": "varchar", "reason": "varchar",
    },
    "parameter": {
        "run_id": "varchar", "analysis": "varchar", "parameter": "varchar", "value": "varchar",
    },
    "table_info": {
        "run_id": "varchar", "table_id": "varchar", "view_name": "varchar",
        "analysis": "varchar", "position": "integer", "title": "varchar", "note": "varchar",
        "catalogue": "varchar[]", "standing": "varchar", "not_about_people": "varchar",
    },
}  # fmt: skip

_CELLS = """
create table cell as
select
    *,
    case state
        when 'suppressed' then '[c]'
        when 'not_available' then '[x]'
        when 'not_applicable' then '[z]'
        else ''
    end as mark
from read_parquet(?, union_by_name = true)
"""

_PUBLISHED = """
create view published as
select
    run_id, analysis, table_id, row_key, row_label, column_key, column_label, statistic,
    value as ours, mark, published, published_printed as printed,
    value - published as difference, published_source as source
from main.cell
where published_source <> ''
"""

_RESULT_TABLE = """
create view {view} as
select
    run_id, study, label, row_key, row_label, column_key, column_label, statistic, value, mark,
    n, note, warning, published, published_printed as printed
from main.cell join main.run using (run_id)
where table_id = {table}
order by ended, run_id, position
"""


@dataclass(frozen=True)
class RunFolder:
    """A stored run as the database needs it.

    Attributes
    ----------
    hash
        Of all that the database takes from the run.
    """

    folder: Path
    manifest: Manifest
    times: dict[str, str]
    hash: str


def stored_runs(home: Path) -> list[RunFolder]:
    """Return the stored runs, the one that finished last at the end.

    Raises
    ------
    DatrialError
        If a run's manifest cannot be read.
    """
    found = []
    for path in (home / "results").glob(f"*/{MANIFEST}"):
        folder = path.parent
        if not is_run_id(folder.name):
            continue
        times = (folder / TIMES).read_bytes() if (folder / TIMES).is_file() else b""
        known = hashlib.sha256(path.read_bytes() + b"\n" + times).hexdigest()
        found.append(RunFolder(folder, read_manifest(folder), read_times(folder), known))
    return sorted(found, key=lambda run: (run.times.get("end", ""), run.manifest.run_id))


def fill(connection: duckdb.DuckDBPyConnection, runs: list[RunFolder]) -> None:
    """Make the tables and views in an empty database.

    Raises
    ------
    DatrialError
        If the files of a run are not the ones that were written.
    """
    for run in runs:
        for name in (CELLS, TABLES):
            _unchanged(run, name)
    described = {
        run.manifest.run_id: json.loads((run.folder / TABLES).read_text(encoding="utf-8"))
        for run in runs
    }
    rows = {
        "run": _run_rows(runs),
        "analysis": [
            (run.manifest.run_id, end.id, end.state, end.reason)
            for run in runs
            for end in run.manifest.analyses
        ],
        "parameter": [
            (run.manifest.run_id, analysis, name, json.dumps(value, ensure_ascii=False))
            for run in runs
            for analysis, parameters in run.manifest.parameters.items()
            for name, value in parameters.items()
        ],
        "table_info": [
            _table_row(run_id, position, entry)
            for run_id, entries in described.items()
            for position, entry in enumerate(entries, start=1)
        ],
    }
    for table, columns in _TABLES.items():
        _insert(connection, table, columns, rows[table])
    connection.execute(_CELLS, [[str(run.folder / CELLS) for run in runs]])
    connection.execute(_PUBLISHED)
    names = dict.fromkeys(entry["id"] for entries in described.values() for entry in entries)
    _views(connection, list(names))


def view_name(table_id: str) -> str:
    """Return the name of the view of a result table: ``risk_score__rate_ratios``."""
    return table_id.replace(".", "__")


def _views(connection: duckdb.DuckDBPyConnection, table_ids: list[str]) -> None:
    for table in table_ids:
        connection.execute(_RESULT_TABLE.format(view=_quoted(view_name(table)), table=_text(table)))
    connection.execute("create schema latest")
    views = [*_TABLES, "cell", "published", *map(view_name, table_ids)]
    for view in views:
        connection.execute(
            f"create view latest.{_quoted(view)} as select * from main.{_quoted(view)} "  # noqa: S608
            "where run_id in (select run_id from main.run where is_latest)"
        )


def _run_rows(runs: list[RunFolder]) -> list[tuple[Any, ...]]:
    newest = {run.manifest.study: run.manifest.run_id for run in runs}
    rows = []
    for run in runs:
        manifest, times = run.manifest, run.times
        rows.append(
            (
                manifest.run_id, manifest.study, manifest.title, manifest.label,
                manifest.snapshot_id, manifest.code_version,
                "done in part" if manifest.failed else "done", manifest.simulated,
                manifest.data_until, times.get("start"), times.get("end"), times.get("who"),
                list(manifest.primary_outcomes),
                list(why_exploratory(manifest)),
                None if manifest.only is None else list(manifest.only),
                newest[manifest.study] == manifest.run_id,
            )
        )  # fmt: skip
    return rows


def _table_row(run_id: str, position: int, entry: dict[str, Any]) -> tuple[Any, ...]:
    return (
        run_id, entry["id"], view_name(entry["id"]), entry["analysis"], position, entry["title"],
        entry["note"], entry["catalogue"], entry.get("standing", ""),
        entry.get("not_about_people", ""),
    )  # fmt: skip


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    rows: list[tuple[Any, ...]],
) -> None:
    import pyarrow as pa

    described = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(f"create table {table} ({described})")
    if not rows:
        return
    data = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
    connection.register("given_rows", pa.table(data))
    connection.execute(f"insert into {table} select * from given_rows")  # noqa: S608 (ours)
    connection.unregister("given_rows")


def _unchanged(run: RunFolder, name: str) -> None:
    """Raise if a file of a run is not the one that was stored."""
    path = run.folder / name
    if not path.is_file() or run.manifest.files.get(name) not in (None, sha256(path)):
        raise DatrialError(
            f"Run {run.folder.name}: {name} was changed or lost since the run was stored. "
            "Delete the run's folder and run again."
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
