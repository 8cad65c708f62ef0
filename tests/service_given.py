"""An invented service of two strands: what the tests of its months and waits are made with."""

from __future__ import annotations

from typing import Any

import numpy as np
from given import Warehouse

from datrial.analyses.base import Context
from datrial.analyses.registry import ANALYSES
from datrial.config.load import parse
from datrial.config.project import project_root
from datrial.config.study import Study
from datrial.results.cells import State, Table

SERVICE: dict[str, Any] = {
    "study": "quay", "title": "Quay", "design": "single_arm", "seed": 1,
    "arms": {"intervention": {"label": "Quay", "role": "intervention"}},
    "sites": {"town": {"label": "Town", "recruitment_start": "2024-01-01",
                       "recruitment_end": "2024-04-30"}},
    "sources": ["quay/referrals"], "quarantine_limit": 0.1, "analyses": {},
    "terms": {
        "strand": {"adults": "Adults", "youth": "Young people"},
        "not_taken_on_reason": {"refused": "Refused", "unsuitable": "Unsuitable"},
        "closure_reason": {"done": "Completed", "stopped": "Disengaged", "moved": "Moved away"},
        "activity": {"meeting": "Meeting", "signposting": "Signposting"},
    },
}  # fmt: skip
#: With a cohort that another agency's extract has.
COMPARED: dict[str, Any] = {
    "design": "cohort_comparison",
    "arms": {**SERVICE["arms"],
             "others": {"label": "Others", "role": "control", "sources": ["quay/others"]}},
    "sources": ["quay/referrals", "quay/others"],
}  # fmt: skip
OTHERS = "extract_of_others"
_SQL = ("cohort/client", "marts/service_case", "marts/service_month")


def quay(**changes: Any) -> Study:
    """Return the invented service, some of its settings changed."""
    return parse(Study, SERVICE | changes, "study.yaml")


def house_of(
    referrals: list[dict[str, Any]],
    activities: list[dict[str, Any]] | None = None,
    *,
    covered: tuple[tuple[str, str], ...] = (("2024-01-01", "2024-04-30"),),
    **changes: Any,
) -> Warehouse:
    """Return a warehouse with these rows; what a row does not say is empty."""
    house = Warehouse(quay(**changes))
    if "arms" in changes:
        house.rows("study.arm_extract", "extract_id, arm", (OTHERS, "others"))
    for first, last in covered:
        for site in house.study.sites:
            house.covered("service", site, first, last)
    given = {
        "staging.referral": [
            {"client_id": f"p{number}", "referred_on": "2024-01-10", **row}
            for number, row in enumerate(referrals)
        ],
        "staging.service_activity": [
            {"activity_id": f"a{number}", "activity": "meeting", **row}
            for number, row in enumerate(activities or [])
        ],
    }
    for table, rows in given.items():
        for number, row in enumerate(rows):
            whole = {"extract_id": "own", "row_number": number, "site": "town", **row}
            house.rows(table, ", ".join(whole), tuple(whole.values()))
    for name in _SQL:  # all that the analyses read
        text = (project_root() / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        house.connection.execute(f"create schema if not exists {name.partition('/')[0]}")
        house.connection.execute(f"create table {name.replace('/', '.')} as {text}")
    return house


def note_extracts(house: Warehouse, *extracts: tuple[str, str, str, str, str]) -> None:
    """Note (table, extract, site, first day, last day) of what arrived."""
    house.connection.execute(
        "create schema if not exists raw; create table if not exists raw.extract (table_name "
        "varchar, extract_id varchar, source varchar, site varchar, covers_start date, "
        "covers_end date)"
    )
    for table, extract, site, first, last in extracts:
        house.rows("raw.extract", "table_name, extract_id, source, site, covers_start, covers_end",
                   (table, extract, "service", site, first, last))  # fmt: skip


def tables_of(house: Warehouse, analysis: str, **parameters: Any) -> dict[str, Table]:
    """Run an analysis; its tables by the second part of their ids.

    Every cell without a value says why, and no cell is there twice.
    """
    chosen = ANALYSES[analysis]
    context = Context(house.connection, house.study, np.random.default_rng(0))
    made = chosen.run(context, chosen.parameters.model_validate(parameters))
    for table in made:
        keys = [(cell.row, cell.column, cell.statistic) for cell in table.cells]
        assert len(keys) == len(set(keys)), table.id
        for cell in table.cells:
            assert (cell.state is State.VALUE) == (cell.value is not None)
            assert cell.state is State.VALUE or cell.note, (table.id, cell)
    return {table.id.partition(".")[2]: table for table in made}


def value(
    table: Table, row: str, statistic: str = "count", column: str = "intervention"
) -> float | str | None:
    """Return a cell's value; of one without, its state."""
    cell = table.get(row, column, statistic)
    return str(cell.state) if cell.value is None else cell.value
