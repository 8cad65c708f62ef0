"""Read a stored run back: its manifest, and its tables with the printed numbers beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.errors import DatrialError
from datrial.results.cells import Cell, PublishedValue, State, Table
from datrial.results.files import sha256
from datrial.results.folder import CELLS, TABLES, read_manifest, read_times, run_folder
from datrial.results.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd


#: The columns of the stored cells that are read back; the tables' texts stand beside them.
_READ = (
    "row_key", "column_key", "statistic", "value", "n", "state", "note", "warning",
    "published", "published_printed", "published_source",
)  # fmt: skip


@dataclass(frozen=True)
class RunTable:
    """A result table of a stored run, with the printed numbers that stand beside it."""

    analysis: str
    table: Table
    published: dict[tuple[str, str, str], PublishedValue]
    published_without_row: tuple[str, ...] = ()
    _cells: dict[tuple[str, str, str], Cell] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for cell in self.table.cells:
            self._cells[cell.row, cell.column, cell.statistic] = cell

    def cell(self, row: str, column: str, statistic: str) -> Cell | None:
        """Return a cell, or None if the table has no such cell."""
        return self._cells.get((row, column, statistic))

    def value(self, row: str, column: str, statistic: str) -> float | None:
        """Return a cell's value, or None if it has none."""
        cell = self.cell(row, column, statistic)
        return cell.value if cell else None

    def printed(self, row: str, column: str, statistic: str) -> float | None:
        """Return the printed number beside a cell, or None if there is none."""
        beside = self.published.get((row, column, statistic))
        return beside.value if beside else None


@dataclass(frozen=True)
class Run:
    """A stored run."""

    folder: Path
    manifest: Manifest
    times: dict[str, str]
    tables: tuple[RunTable, ...]

    def table(self, table_id: str) -> RunTable | None:
        """Return a table by its id, or None if the run has no such table."""
        return next((entry for entry in self.tables if entry.table.id == table_id), None)

    def tables_of(self, analysis: str) -> tuple[RunTable, ...]:
        """Return the tables of one analysis in their order."""
        return tuple(entry for entry in self.tables if entry.analysis == analysis)


def read_run(home: Path, run_id: str) -> Run:
    """Read a stored run.

    Raises
    ------
    UsageError
        If there is no such run.
    DatrialError
        If its files are not the ones that were written.
    """
    folder = run_folder(home, run_id)
    manifest = read_manifest(folder)
    _unchanged(folder, manifest)
    cells = read_cells(folder)
    described = json.loads((folder / TABLES).read_text(encoding="utf-8"))
    of_table = {str(name): frame for name, frame in cells.groupby("table_id", sort=False)}
    tables = tuple(_run_table(entry, of_table.get(entry["id"])) for entry in described)
    return Run(folder, manifest, read_times(folder), tables)


def read_cells(folder: Path) -> pd.DataFrame:
    """Return the cells of a run's folder, ``CELL_COLUMNS`` wide."""
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(folder / CELLS).to_pandas()
    return frame.astype({"n": "Int64"})


def _unchanged(folder: Path, manifest: Manifest) -> None:
    """Raise if a file was changed or lost since the run was stored."""
    changed = [
        name
        for name, expected in manifest.files.items()
        if not (folder / name).is_file() or sha256(folder / name) != expected
    ]
    if changed:
        raise DatrialError(
            f"Run {folder.name}: {len(changed)} file(s) were changed or lost since the run was "
            f"stored, first {changed[0]}. Delete the run's folder and run again."
        )


def _run_table(described: dict[str, Any], cells: pd.DataFrame | None) -> RunTable:
    table = Table(
        described["id"],
        described["title"],
        described["note"],
        tuple(described["catalogue"]),
        {row["key"]: row["label"] for row in described["rows"]},
        {column["key"]: column["label"] for column in described["columns"]},
        not_about_people=described.get("not_about_people", ""),
        standing=described.get("standing", ""),
    )
    published = {}
    columns = [] if cells is None else [cells[name].tolist() for name in _READ]
    for row, column, statistic, value, n, state, note, warning, beside, printed, source in zip(
        *columns, strict=True
    ):
        told = State(state)
        number = float(value) if told is State.VALUE else None
        count = None if _missing(n) else int(n)
        table.cells.append(Cell(row, column, statistic, number, count, told, note, warning))
        if source:
            published[row, column, statistic] = PublishedValue(float(beside), source, printed)
    return RunTable(
        described["analysis"], table, published, tuple(described["published_without_row"])
    )


def _missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
