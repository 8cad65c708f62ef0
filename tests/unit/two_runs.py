"""Two small stored runs, literal cells and manifests, to be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datrial.results.cells import State, Table
from datrial.results.read import Run, read_run
from datrial.results.store import write_run

STUDY: dict[str, Any] = {
    "study": "drive",
    "title": "Drive",
    "seed": 1,
    "disclosure": "counts_below_5",
    "arms": {"arm_1": {"label": "Arm 1"}},
    "periods": [{"key": "before", "label": "Before", "months": 6}],
    "windows": [0, 6, 12],
    "sources": ["drive/cms", "drive/marac_site_1"],
}
MADE_OF: dict[str, Any] = {
    "extracts": [
        "current:drive/cms@aaaaaaaa 2016-01-01 2019-09-30 #1",
        "current:drive/marac_site_1@bbbbbbbb 2016-01-01 2019-09-30 #2",
    ],
    "ledger": "l1",
    "data_rules": "r1",
    "mappings": {"drive/cms": "m1", "drive/marac_site_1": "m2"},
    "key": "k1",
    "decisions": "",
    "warehouse_code": "w1",
}
PARAMETERS = {"risk_score": {"effect": "gamma"}, "marac_follow_up": {"sites": ["site_1"]}}


def manifest(**changes: Any) -> dict[str, Any]:
    """Return a manifest as the pipeline gives it, with changes."""
    return {
        "snapshot_id": "s1",
        "study": "drive",
        "title": "Drive",
        "code_version": "c1",
        "seeds": {"study": 1},
        "parameters": PARAMETERS,
        "primary_outcomes": ["marac_follow_up"],
        "analyses": [{"id": name, "state": "done"} for name in PARAMETERS],
        "resolved_study": STUDY,
        "made_of": MADE_OF,
        "end": "2026-11-03T02:00:00+00:00",
        "who": "nightly",
    } | changes


def counts(*values: float | None, table_id: str = "marac_follow_up.people", n: int = 500) -> Table:
    """Return a table of counts, a row each; None is a hidden cell."""
    table = Table(table_id, "People at MARAC", "All allocated.", (), {}, {"people": "People"})
    for place, value in enumerate(values):
        table.row(f"row_{place}", f"Row {place}")
        if value is None:
            table.absent(f"row_{place}", "people", "count", "small number", state=State.SUPPRESSED)
        else:
            table.add(f"row_{place}", "people", "count", value, n=n)
    return table


def ratios(
    *numbers: tuple[float, float, float, float], table_id: str = "risk_score.ratios"
) -> Table:
    """Return a table of rate ratios: estimate, interval and p-value, a row each."""
    table = Table(table_id, "Rate ratios", "Poisson.", (), {}, {"estimate": "Rate ratio"})
    for place, row in enumerate(numbers):
        table.row(f"row_{place}", f"Row {place}")
        for name, value in zip(("rate_ratio", "ci_low", "ci_high", "p_value"), row, strict=True):
            table.add(f"row_{place}", "estimate", name, value, n=487)
    return table


def store(home: Path, name: str, *tables: Table, **changes: Any) -> Run:
    """Store a run with these tables, each of the analysis that its id begins with."""
    pairs = [(table.id.partition(".")[0], table) for table in tables]
    write_run(home, name, manifest(**changes), pairs, {})
    return read_run(home, name)
