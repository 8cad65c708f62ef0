"""Snapshots: immutable warehouses, published by an atomic rename.

DuckDB lets one process write and then keeps every reader out. So a warehouse is
built in a new file, closed, and renamed into place; readers open published
snapshots read-only, and any number of them may do so while the next is built.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.errors import DataError

if TYPE_CHECKING:
    import duckdb


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
            snapshot_id = (self.folder / "current").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        return snapshot_id if self.path(snapshot_id).is_file() else None

    def publish(self, built: Path, snapshot_id: str) -> Path:
        """Move a finished build into place and make it current, each step atomic."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.path(snapshot_id)
        _sync(built)
        built.chmod(0o440)
        built.replace(target)
        self.make_current(snapshot_id)
        return target

    def keep(self, built: Path, snapshot_id: str, cut: float) -> Path:
        """Move a build at another cut of linkage into place, beside the snapshot to come."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.path(snapshot_id, cut)
        _sync(built)
        built.chmod(0o440)
        built.replace(target)
        _sync(self.folder)
        return target

    def make_current(self, snapshot_id: str) -> None:
        """Name a published snapshot as the last good one."""
        mark = self.folder / f".current.{os.getpid()}"
        mark.write_text(snapshot_id + "\n", encoding="utf-8")
        _sync(mark)
        mark.replace(self.folder / "current")
        _sync(self.folder)

    def open(
        self, snapshot_id: str | None = None, cut: float | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Open a snapshot (without an id: the current one) read-only, or its like at a cut.

        Raises
        ------
        DataError
            If there is no such snapshot.
        """
        import duckdb

        chosen = snapshot_id or self.current()
        if chosen is None:
            raise DataError(
                f"There is no snapshot of study {self.study} yet. Run `datrial run --study "
                f"{self.study}` first."
            )
        path = self.path(chosen, cut)
        if not path.is_file():
            at = "" if cut is None else f" at match weight {cut:g}"
            raise DataError(f"There is no snapshot {chosen} of study {self.study}{at}.")
        return duckdb.connect(str(path), read_only=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
