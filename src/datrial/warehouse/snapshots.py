"""Snapshots: immutable warehouses, published by an atomic rename.

DuckDB lets one process write and then keeps every reader out. So a warehouse is
built in a new file, closed, and renamed into place; readers open published
snapshots read-only, and any number of them may do so while the next is built.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.writing import writing
from datrial.errors import DataError

if TYPE_CHECKING:
    import duckdb


_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: What precedes the blocks of a DuckDB file.
_HEADER_BYTES = 3 * 4096


class SnapshotStore:
    """The snapshots of one study under ``DATRIAL_HOME/snapshots/<study>``."""

    def __init__(self, home: Path, study: str) -> None:
        self.folder = home / "snapshots" / study
        self.study = study

    def path(self, snapshot_id: str, cut: float | None = None) -> Path:
        """Return where a snapshot lies (or would lie), or its like at another cut of linkage."""
        at = "" if cut is None else f".cut_{cut:g}"
        return self.folder / f"{snapshot_id}{at}.duckdb"

    def current(self) -> str | None:
        """Return the id of the last good snapshot, if there is one."""
        try:
            snapshot_id = (self.folder / "current").read_bytes().decode().strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        is_id = _ID.fullmatch(snapshot_id) is not None
        return snapshot_id if is_id and self.path(snapshot_id).is_file() else None

    def is_whole(self, snapshot_id: str, cut: float | None = None) -> bool:
        """Tell whether a snapshot (or its like at a cut) is there, as it was published."""
        path = self.path(snapshot_id, cut)
        return path.is_file() and damage(path) is None

    def publish(self, built: Path, snapshot_id: str) -> Path:
        """Move a finished build into place and make it current, each step atomic."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self._into_place(built, self.path(snapshot_id))
        self.make_current(snapshot_id)
        return target

    def keep(self, built: Path, snapshot_id: str, cut: float) -> Path:
        """Move a build at another cut of linkage into place, beside the snapshot to come."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self._into_place(built, self.path(snapshot_id, cut))
        _sync(self.folder)
        return target

    def make_current(self, snapshot_id: str) -> None:
        """Name a published snapshot as the last good one."""
        mark = self.folder / f".current.{os.getpid()}"
        try:
            with writing(mark):
                mark.write_text(snapshot_id + "\n", encoding="utf-8")
                _sync(mark)
            mark.replace(self.folder / "current")
        except BaseException:
            mark.unlink(missing_ok=True)
            raise
        _sync(self.folder)

    def sweep(self) -> None:
        """Remove what a killed writer left behind; the caller holds the run lock."""
        for mark in self.folder.glob(".current.*"):
            mark.unlink(missing_ok=True)

    def open(
        self, snapshot_id: str | None = None, cut: float | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Open a snapshot (without an id: the current one) read-only, or its like at a cut.

        Raises
        ------
        DataError
            If there is no such snapshot, or if its file is not as it was published.
        """
        import duckdb

        chosen = snapshot_id or self.current()
        if chosen is None:
            raise DataError(self._none_is_current())
        path = self.path(chosen, cut)
        at = "" if cut is None else f" at match weight {cut:g}"
        if not path.is_file():
            raise DataError(f"There is no snapshot {chosen} of study {self.study}{at}.")
        fault = damage(path)
        if fault:
            raise DataError(
                f"Snapshot {chosen} of study {self.study}{at} is damaged: {fault}. Run `datrial "
                f"run --study {self.study}`: what the snapshot was made from is kept, and it is "
                "built anew."
            )
        return duckdb.connect(str(path), read_only=True)

    def _into_place(self, built: Path, target: Path) -> Path:
        """Move a finished build to where it is read from."""
        _sync(built)
        built.chmod(0o440)
        _log_beside(target).unlink(missing_ok=True)  # of a damaged one that this replaces
        built.replace(target)
        return target

    def _none_is_current(self) -> str:
        again = f"Run `datrial run --study {self.study}`"
        if not (self.folder / "current").exists():
            return f"There is no snapshot of study {self.study} yet. {again} first."
        there = len([path for path in self.folder.glob("*.duckdb") if ".cut_" not in path.name])
        return (
            f"The file snapshots/{self.study}/current names no snapshot that is there; "
            f"{there} snapshot(s) are kept. {again}: it names the right one again, or builds it."
        )


def damage(path: Path) -> str | None:
    """Return what is wrong with a published warehouse's file; none if it is as it was written.

    DuckDB opens a file that was cut short, and fails only at the rows that are gone.
    """
    import duckdb

    if _log_beside(path).exists():
        return "another program has opened it for writing (a .wal file lies beside it)"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            blocks, block_bytes = connection.execute(
                "select total_blocks, block_size from pragma_database_size()"
            ).fetchall()[0]
    except duckdb.Error:
        return "its file cannot be read as a database"
    if path.stat().st_size < _HEADER_BYTES + blocks * block_bytes:
        return "its file was cut short"
    return None


def _log_beside(path: Path) -> Path:
    """Return where DuckDB would keep the changes of a warehouse that are not yet in its file."""
    return path.with_name(f"{path.name}.wal")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with writing(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
