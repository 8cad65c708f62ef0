"""The store of runs: ``results/<run_id>/``, written whole or not at all."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.config.load import parse
from datrial.errors import DatrialError
from datrial.results.cells import (
    PublishedKey,
    PublishedValue,
    Table,
    cells_frame,
    published_without_row,
)
from datrial.results.check_history import CHECKS, encode_checks
from datrial.results.files import sha256, sync_folder, write_synced
from datrial.results.folder import (
    CELLS,
    MANIFEST,
    PROTECTION,
    TABLES,
    TIMES,
    TURN,
    read_manifest,
    read_times,
    turn_of,
)
from datrial.results.labels import later_labels
from datrial.results.manifest import VOLATILE, Manifest, is_run_id
from datrial.results.wide import wide_arrow, wide_csv

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DONE", "IN_PART", "MANIFEST", "read_manifest", "runs", "sweep", "write_run"]

#: How a run ended.
DONE, IN_PART = "done", "done in part"

_UNFINISHED = ".writing-"
_DAY = 86_400


def write_run(
    home: Path,
    run_id: str,
    manifest: Mapping[str, Any],
    tables: Sequence[tuple[str, Table]],
    published: Mapping[PublishedKey, PublishedValue],
    checks: Mapping[str, Any] | None = None,
    protection: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run's results and return their folder ``results/<run_id>``.

    Same cells and manifest, same bytes, apart from ``times.json``, which takes
    what is of this time and machine: the manifest's ``start``, ``end`` (without
    one: now), ``who`` and all else of ``VOLATILE``.

    Parameters
    ----------
    manifest
        What :class:`datrial.results.manifest.Manifest` describes.
    tables
        (analysis id, table) pairs in the order of the report.
    published
        The printed numbers that this run can be compared with
        (:func:`datrial.results.published.published_values`).
    checks
        The checks of the snapshot (:func:`datrial.checks.record.checks_of`).
    protection
        What was heeded of earlier runs (:func:`datrial.results.guard_file.encode_guard`).

    Raises
    ------
    DatrialError
        If the run is already stored with other results: the stored run is kept,
        unless one of its analyses had failed, when the new one takes its place.
    """
    results = home / "results"
    results.mkdir(parents=True, exist_ok=True)
    _each_table_once(tables)
    given = {name: value for name, value in manifest.items() if name not in VOLATILE}
    record = parse(Manifest, {**given, "run_id": run_id, "files": {}}, "The run's manifest")
    times: dict[str, Any] = {"end": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    times |= {name: _plain(manifest[name]) for name in VOLATILE if name in manifest}
    times[TURN] = _next_turn(results)
    unfinished = results / f"{_UNFINISHED}{run_id}-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        unfinished.mkdir()
        _write_tables(unfinished, run_id, tables, published)
        if checks is not None:
            write_synced(unfinished / CHECKS, encode_checks(dict(checks)))
        if protection is not None:
            write_synced(unfinished / PROTECTION, _json(protection))
        files = {name: sha256(unfinished / name) for name in _files(unfinished)}
        record = record.model_copy(update={"files": files})
        # In the order given: the order of a study's sites or analyses belongs to it.
        write_synced(unfinished / MANIFEST, _json(record.model_dump(mode="json"), ordered=True))
        write_synced(unfinished / TIMES, _json(times))
        for folder in (unfinished / "tables", unfinished):
            sync_folder(folder)
        return _publish(unfinished, results / run_id, record)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def runs(home: Path) -> list[dict[str, str]]:
    """Return a line for each stored run, the one that finished last at the end.

    Their turns and no clock tell which finished last; runs of earlier versions, which have
    none, come before all others in the order of the time.

    Returns
    -------
    list of dict
        ``run_id``, ``study``, ``snapshot_id``, ``label``, ``later_label`` (given after it
        was made), ``state`` (``done``, or ``done in part`` where an analysis failed) and
        ``finished``.

    Raises
    ------
    DatrialError
        If a run's manifest cannot be read.
    """
    listed, turns, later = [], {}, later_labels(home)
    for path in (home / "results").glob(f"*/{MANIFEST}"):
        if not is_run_id(path.parent.name):
            continue
        manifest, times = read_manifest(path.parent), read_times(path.parent)
        turns[manifest.run_id] = turn_of(times)
        listed.append(
            {
                "run_id": manifest.run_id,
                "study": manifest.study,
                "snapshot_id": manifest.snapshot_id,
                "label": manifest.label,
                "later_label": later[manifest.run_id].text if manifest.run_id in later else "",
                "state": IN_PART if manifest.failed else DONE,
                "finished": times.get("end", ""),
            }
        )
    return sorted(listed, key=lambda e: (turns[e["run_id"]], e["finished"], e["run_id"]))


def give_turn(home: Path, folder: Path) -> None:
    """Let a run's finished folder, made elsewhere, be the last one of this store."""
    times = read_times(folder) | {TURN: _next_turn(home / "results")}
    write_synced(folder / TIMES, _json(times))


def sweep(home: Path, older_than: float = _DAY) -> int:
    """Remove what killed writers left behind; return how many folders that were.

    Parameters
    ----------
    older_than
        Seconds; younger folders may belong to a writer at work.
    """
    removed = 0
    for folder in (home / "results").glob(f"{_UNFINISHED}*"):
        if time.time() - folder.stat().st_mtime >= older_than:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _next_turn(results: Path) -> int:
    """Return a number after those of all stored runs: the clock may be set back."""
    turns = [turn_of(read_times(path.parent)) for path in results.glob(f"*/{TIMES}")]
    return max(turns, default=0) + 1


def _each_table_once(tables: Sequence[tuple[str, Table]]) -> None:
    names = [table.id for _, table in tables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatrialError(f"Two result tables have the same id: {', '.join(twice)}.")


def _write_tables(
    folder: Path,
    run_id: str,
    tables: Sequence[tuple[str, Table]],
    published: Mapping[PublishedKey, PublishedValue],
) -> None:
    import pyarrow as pa

    (folder / "tables").mkdir()
    frame = cells_frame(run_id, tables, published)
    cells = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    write_synced(folder / CELLS, _parquet(cells))
    write_synced(folder / TABLES, _json([_describe(*pair, published) for pair in tables]))
    for _, table in tables:
        write_synced(folder / "tables" / f"{table.id}.csv", wide_csv(table, published))
        write_synced(folder / "tables" / f"{table.id}.parquet", _parquet(wide_arrow(table)))


def _describe(
    analysis: str, table: Table, published: Mapping[PublishedKey, PublishedValue]
) -> dict[str, Any]:
    return {
        "id": table.id,
        "analysis": analysis,
        "title": table.title,
        "note": table.note,
        "catalogue": list(table.catalogue),
        "not_about_people": table.not_about_people,
        "standing": table.standing,
        "rows": [{"key": key, "label": label} for key, label in table.row_labels.items()],
        "columns": [{"key": key, "label": label} for key, label in table.column_labels.items()],
        "published_without_row": published_without_row(table, published),
    }


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)


def _json(content: Any, *, ordered: bool = False) -> bytes:
    text = json.dumps(content, sort_keys=not ordered, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _publish(unfinished: Path, final: Path, manifest: Manifest) -> Path:
    """Rename the finished folder into its place; never change a stored run in silence."""
    try:
        unfinished.rename(final)
    except OSError:
        if not (final / MANIFEST).is_file():
            raise
        stored = read_manifest(final)
        if stored.files == manifest.files or len(stored.failed) < len(manifest.failed):
            return final
        if not stored.failed:
            raise DatrialError(
                f"Run {final.name} is already stored with other results, although the same inputs "
                "must give the same results. The stored run was kept; compare the inputs with "
                f"results/{final.name}/{MANIFEST}, or delete that folder and run again."
            ) from None
        aside = unfinished.with_name(f"{unfinished.name}-old")
        final.rename(aside)
        unfinished.rename(final)
        shutil.rmtree(aside, ignore_errors=True)
    sync_folder(final.parent)
    return final
