"""Every table of which the report draws or says something, as a simulated run had it.

``run_tables.json.gz`` holds them without their machine, times or published numbers. Made
again (after a new table or a changed shape) from stored runs of studies with the profile
``disclosure: open``, so that nothing is hidden yet, with::

    python tests/unit/run_tables_fixture.py DATRIAL_HOME/results/RUN_ID ...

The tables of the first run take the place of those in the file; of the others are added those
that are not there yet. A dash in the place of the first run replaces nothing.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from datrial.results.cells import Cell, State, Table
from datrial.results.manifest import AnalysisEnd, Manifest
from datrial.results.read import Run, RunTable, read_run

STORED = Path(__file__).with_name("run_tables.json.gz")
_STATES = list(State)

#: Tells of a cell in which state it is to be; None leaves it as it is.
Pick = Callable[[RunTable, Cell], State | None]


@cache
def stored_run() -> Run:
    """Return the run of the fixture."""
    content = json.loads(gzip.decompress(STORED.read_bytes()))
    tables = tuple(_table(described) for described in content["tables"])
    ends = tuple(
        AnalysisEnd(id=name, state="done", reason="")
        for name in dict.fromkeys(entry.analysis for entry in tables)
    )
    manifest = Manifest(
        run_id="r", snapshot_id="s", study="drive", analyses=ends,
        primary_outcomes=("marac_follow_up", "victim_differences"),
    )  # fmt: skip
    return Run(Path(), manifest, {}, tables)


def with_states(pick: Pick, run: Run | None = None) -> Run:
    """Return the run with cells in other states: without value, n and note, as they are stored."""
    run = run or stored_run()
    return replace(run, tables=tuple(_with_states(entry, pick) for entry in run.tables))


def _with_states(entry: RunTable, pick: Pick) -> RunTable:
    cells = []
    for cell in entry.table.cells:
        state = pick(entry, cell) if cell.state is State.VALUE else None
        if state is not None:
            note = "hidden" if state is State.SUPPRESSED else "for a reason"
            cell = replace(cell, value=None, n=None, state=state, note=note, warning="")
        cells.append(cell)
    return RunTable(entry.analysis, replace(entry.table, cells=cells), {})


def _table(described: Mapping[str, Any]) -> RunTable:
    table = Table(
        described["id"], described["title"], "", (), described["rows"], described["columns"]
    )
    rows, columns = list(table.row_labels), list(table.column_labels)
    for row, column, statistic, value, n, state, note in described["cells"]:
        table.cells.append(
            Cell(
                rows[row], columns[column], described["statistics"][statistic],
                None if value is None else float(value), n, _STATES[state],
                described["notes"][note],
            )
        )  # fmt: skip
    return RunTable(described["analysis"], table, {})


def _described(entry: RunTable) -> dict[str, Any]:
    table = entry.table
    rows = {key: place for place, key in enumerate(table.row_labels)}
    columns = {key: place for place, key in enumerate(table.column_labels)}
    statistics = list(dict.fromkeys(cell.statistic for cell in table.cells))
    notes = list(dict.fromkeys(cell.note for cell in table.cells))
    return {
        "id": table.id,
        "analysis": entry.analysis,
        "title": table.title,
        "rows": table.row_labels,
        "columns": table.column_labels,
        "statistics": statistics,
        "notes": notes,
        "cells": [
            [
                rows[cell.row], columns[cell.column], statistics.index(cell.statistic),
                _short(cell.value), cell.n,
                _STATES.index(cell.state), notes.index(cell.note),
            ]
            for cell in table.cells
        ],
    }  # fmt: skip


def _short(value: float | None) -> float | int | None:
    """Return a number in few digits; counts stay whole, so that they still add up."""
    if value is None:
        return None
    return int(value) if value.is_integer() else float(f"{value:.6g}")


def _two_arms() -> list[RunTable]:
    """Return the tables of costs and effects by arm, which no analysis of the study makes."""
    import numpy as np

    from datrial.analyses.cost_effectiveness_tables import acceptability_table, plane_table
    from datrial.economics.effectiveness import cost_effectiveness

    rng = np.random.default_rng(1)
    found = cost_effectiveness(
        {"new": rng.normal(9_000, 900, 400), "usual": rng.normal(7_000, 900, 400)},
        {"new": rng.normal(0.6, 0.05, 400), "usual": rng.normal(0.5, 0.05, 400)},
        "new", "usual",
    )  # fmt: skip
    worth = [1_000.0 * step for step in range(0, 61, 5)]
    tables = (
        plane_table(found, "cost_model.plane", "case", ""),
        acceptability_table(found, "cost_model.acceptability", worth, "case", ""),
    )
    return [RunTable("cost_model", table, {}) for table in tables]


def _used(run: Run) -> list[RunTable]:
    """Return the tables of a run of which the report draws or says something."""
    from datrial.report.figures import figure_for
    from datrial.report.summary import findings

    used: set[str] = set()

    class Watched(Run):
        def table(self, table_id: str) -> RunTable | None:
            used.add(table_id)
            return super().table(table_id)

    watched = Watched(run.folder, run.manifest, run.times, run.tables)
    findings(watched, {})
    used |= {entry.table.id for entry in run.tables if figure_for(watched, entry)}
    used |= {entry.table.id for entry in run.tables if entry.analysis == "outcome_families"}
    return [entry for entry in run.tables if entry.table.id in used]


def _main(first: str, *others: str) -> None:
    kept = json.loads(gzip.decompress(STORED.read_bytes()))["tables"]
    found = {table["id"]: table for table in kept}
    for name in (first, *others):
        folder = Path(name)
        for entry in _used(read_run(folder.parent.parent, folder.name)) if name != "-" else ():
            if name == first or entry.table.id not in found:
                found[entry.table.id] = _described(entry)
    for entry in _two_arms():
        found.setdefault(entry.table.id, _described(entry))
    content = json.dumps({"tables": [*found.values()]}, ensure_ascii=False, separators=(",", ":"))
    STORED.write_bytes(gzip.compress(content.encode(), mtime=0))
    sys.stdout.write(f"{len(found)} tables, {STORED.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
