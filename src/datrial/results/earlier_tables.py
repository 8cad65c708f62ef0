"""Tables of earlier runs and releases, as far as protection asks for them: cells, no titles."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.errors import DatrialError
from datrial.results.cells import Cell, State, Table
from datrial.results.folder import read_manifest
from datrial.results.read import read_cells
from datrial.results.store import runs

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[str, Table]
_READ = ("row_key", "column_key", "statistic", "value", "n", "state")


class EarlierTables:
    """Reads tables; one that is the same in several places is read from the first only."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.wanted = frozenset(wanted)
        self._seen: set[tuple[str, str]] = set()

    def of(self, folder: Path) -> list[Pair]:
        """Return the wanted tables in a folder's cells that were not read before."""
        frame = read_cells(folder)
        found = []
        for (analysis, name), cells in frame.groupby(["analysis", "table_id"], sort=False):
            if str(name) not in self.wanted:
                continue
            columns = cells[list(_READ)]
            content = columns.to_json(orient="values", double_precision=15)
            if (str(name), content) in self._seen:
                continue
            self._seen.add((str(name), content))
            found.append((str(analysis), _table(str(name), columns.astype(object))))
        return found


def _table(name: str, columns: pd.DataFrame) -> Table:
    import pandas as pd

    table = Table(name, "", "")
    for row, column, statistic, value, n, state in columns.itertuples(index=False):
        table.row_labels[row] = table.column_labels[column] = ""
        number = float(value) if state == State.VALUE else None
        count = None if pd.isna(n) else int(n)
        table.cells.append(Cell(row, column, statistic, number, count, State(state)))
    return table


def runs_on_snapshot(
    home: Path, study: str, snapshot: str, run_id: str, wanted: Collection[str]
) -> dict[str, list[Pair]]:
    """Return the protected runs of a study on a snapshot, but for one: run -> its tables.

    A run under a profile that hides nothing is of simulated data, or of numbers that were
    released before: it is no reason to hide anything.
    """
    reader = EarlierTables(wanted)
    found = {}
    for entry in runs(home):
        name = entry["run_id"]
        if (entry["study"], entry["snapshot_id"]) != (study, snapshot) or name == run_id:
            continue
        folder = home / "results" / name
        if not read_manifest(folder).further("disclosure").get("threshold"):
            continue
        try:
            tables = reader.of(folder)
        except Exception as error:  # whatever a reader of a damaged file says
            raise DatrialError(
                f"Run {name} of the same snapshot cannot be read, so that nobody can tell what it "
                f"hides. `datrial rerun {name}` tells what is damaged; put back its backup, or "
                f"remove it: `datrial runs remove {name}`."
            ) from error
        if tables:
            found[name] = tables
    return found
