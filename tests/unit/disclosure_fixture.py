"""Tables of a simulated run as they were counted, before any of it was hidden.

``disclosure_tables.json.gz`` holds those of which the attacker knows how they add up. Made
again from a run that was published under the profile ``open``, with::

    python tests/unit/disclosure_fixture.py DATRIAL_HOME RUN_ID
"""

from __future__ import annotations

import gzip
import json
import sys
from functools import cache
from pathlib import Path

from datrial.results.cells import Cell, State, Table
from datrial.results.read import read_run

STORED = Path(__file__).with_name("disclosure_tables.json.gz")
NAMES = (
    "participant_flow.perpetrators", "participant_flow.victims", "participant_flow.flow",
    "participant_profile.service_users", "participant_profile.victims",
    "interventions.duration", "interventions.duration_bands",
    "behaviours.severity", "behaviours.change", "behaviours.transitions",
    "victim_behaviours.prevalence", "victim_behaviours.change", "victim_behaviours.severity",
    "victim_behaviours.severity_change", "victim_support.types", "victim_support.types_by_site",
    "victim_risk.change", "victim_risk.sustainability", "victim_risk.tests",
    "police_follow_up.incidents", "police_follow_up.per_person",
)  # fmt: skip


@cache
def raw_tables() -> tuple[tuple[str, Table], ...]:
    """Return the (analysis, table) pairs of the fixture."""
    content = json.loads(gzip.decompress(STORED.read_bytes()))
    return tuple((entry["analysis"], _table(entry)) for entry in content)


def _table(entry: dict) -> Table:
    table = Table(entry["id"], entry["title"], "", (), entry["rows"], entry["columns"])
    rows, columns = list(table.row_labels), list(table.column_labels)
    for row, column, statistic, value, n in entry["cells"]:
        state = State.NOT_AVAILABLE if value is None else State.VALUE
        number = None if value is None else float(value)
        table.cells.append(Cell(rows[row], columns[column], statistic, number, n, state))
    return table


def _main(home: Path, run_id: str) -> None:
    entries = []
    for stored in read_run(home, run_id).tables:
        table = stored.table
        if table.id not in NAMES:
            continue
        rows, columns = list(table.row_labels), list(table.column_labels)
        cells = [
            [rows.index(c.row), columns.index(c.column), c.statistic, _short(c.value), c.n]
            for c in table.cells
        ]
        entries.append(
            {
                "id": table.id, "analysis": stored.analysis, "title": table.title,
                "rows": table.row_labels, "columns": table.column_labels, "cells": cells,
            }
        )  # fmt: skip
    content = json.dumps(entries, separators=(",", ":")).encode()
    STORED.write_bytes(gzip.compress(content, mtime=0))
    sys.stdout.write(f"{len(entries)} tables, {STORED.stat().st_size:,} bytes\n")


def _short(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2])
