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

    def path(self, snapshot_id: str) -> Path:
        """Return where a snapshot lies (or would lie)."""
        return self.folder / f"{snapshot_id}.duckdb"

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

    def make_current(self, snapshot_id: str) -> None:
        """Name a published snapshot as the last good one."""
        mark = self.folder / f".current.{os.getpid()}"
        mark.write_text(snapshot_id + "\n", encoding="utf-8")
        _sync(mark)
        mark.replace(self.folder / "current")
        _sync(self.folder)

    def open(self, snapshot_id: str | None = None) -> duckdb.DuckDBPyConnection:
        """Open a snapshot (without an id: the current one) read-only.

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
        if not self.path(chosen).is_file():
            raise DataError(f"There is no snapshot {chosen} of study {self.study}.")
        return duckdb.connect(str(self.path(chosen)), read_only=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
