"""Literal warehouses for the tests of the checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from datrial.checks.verdicts import RuleResult
from datrial.config.project import project_root
from datrial.config.tables import staging_tables
from datrial.extracts.staging import stage

SUITES = project_root() / "expectations"
SQL = project_root() / "sql" / "staging"
TYPES = {"date": "date", "integer": "bigint"}
SAME_PERSON = "same_person: victim_id is perpetrator_id"


def warehouse(table: str, *rows: dict[str, Any]) -> Any:
    """Return a warehouse with staged rows of one extract, which covers 2016 to September 2019."""
    return warehouse_of({table: list(rows)})


def warehouse_of(tables: dict[str, list[dict[str, Any]]]) -> Any:
    """Return a warehouse with staged rows of several tables, one extract each."""
    connection = duckdb.connect()
    connection.execute(
        "create schema raw; create schema mapped; "
        "create table raw.extract (table_name varchar, extract_id varchar, mapping varchar, "
        "source varchar, site varchar, part varchar, covers_start date, covers_end date, "
        "arrival integer, received bigint)"
    )
    for table, rows in tables.items():
        connection.execute(
            "insert into raw.extract values "
            "(?, 'x@1', 'x', 'x', 'site_1', null, '2016-01-01', '2019-09-30', 1, ?)",
            [table, len(rows)],
        )
        _map(connection, table, rows)
    stage(connection, list(tables), SQL)
    return connection


def _map(connection: Any, table: str, rows: list[dict[str, Any]]) -> None:
    contract = staging_tables()[table].columns
    typed = "".join(f", {name} {TYPES.get(c.kind, 'varchar')}" for name, c in contract.items())
    first = "extract_id varchar, row_number bigint, row_kind varchar, site varchar"
    connection.execute(f"create table mapped.{table} ({first}{typed}, problems varchar[])")
    for number, row in enumerate(rows, start=2):
        full = {"extract_id": "x@1", "row_number": number, "row_kind": "data", "site": "site_1"}
        full |= {"problems": [], **row}
        connection.execute(
            f"insert into mapped.{table} ({', '.join(full)}) values ({', '.join('?' * len(full))})",
            list(full.values()),
        )
    connection.execute(f"create table raw.{table} as select * from mapped.{table}")


def allocate(connection: Any, *rows: tuple[str, str, str, str]) -> None:
    """Write the ledger: (person, site, meeting date, arm)."""
    connection.execute(
        "create schema if not exists study; create or replace table study.arm as "
        "from (values ('intervention', 'intervention'), ('control', 'control')) as arm(arm, role)"
    )
    connection.execute(
        "create schema if not exists ledger; create or replace table ledger.allocation "
        "(person_id varchar, site varchar, meeting_date date, arm varchar, scheme varchar); "
        "create or replace table ledger.merged (person_id varchar, reference_id varchar, "
        "site varchar, meeting_date date, arm varchar, stands boolean, same_arm boolean)"
    )
    for row in rows:
        connection.execute("insert into ledger.allocation values (?, ?, ?, ?, 'imported')", row)
    name_instruments(connection)


#: Instrument -> its staging table, number of items, and the ends of its scale.
INSTRUMENTS: dict[str, tuple[str, int, int | None, int | None]] = {
    "matrix": ("need_score", 10, 0, 10),
    "star": ("star_reading", 10, 1, 5),
    "form": ("outcome_rating", 12, None, None),
    "list": ("checklist", 20, None, None),
}


def name_instruments(connection: Any) -> None:
    """Write the study's instruments."""
    connection.execute(
        "create schema if not exists study; create or replace table study.instrument "
        "(instrument varchar, table_name varchar, lowest integer, highest integer); "
        "create or replace table study.instrument_item "
        "(instrument varchar, item varchar, position integer)"
    )
    for name, (table, items, lowest, highest) in INSTRUMENTS.items():
        row = [name, table, lowest, highest]
        connection.execute("insert into study.instrument values (?, ?, ?, ?)", row)
        connection.executemany(
            "insert into study.instrument_item values (?, ?, ?)",
            [(name, f"thing_{number}", number) for number in range(1, items + 1)],
        )


def cases(count: int = 45, **changes: Any) -> list[dict[str, Any]]:
    """Return good rows of marac_case, one a month; the first one changed.

    Every third hearing is of the people of the hearing before, and marked repeat.
    """
    rows: list[dict[str, Any]] = [
        {
            "perpetrator_id": f"p_{number - (number % 3 == 2)}",
            "victim_id": f"v_{number - (number % 3 == 2)}",
            "hearing_date": f"{2016 + number // 12}-{number % 12 + 1:02d}-15",
            "perpetrator_age": 30,
            "referral_agency": "police",
            "repeat_case": "yes" if number % 3 == 2 else "no",
            "children_count": 1,
        }
        for number in range(count)
    ]
    rows[0] |= changes
    return rows


def verdicts(results: list[RuleResult]) -> dict[str, str]:
    """Return the verdicts that are not `passed`."""
    return {r.rule_id: r.verdict for r in results if r.verdict != "passed"}


def rules_in(table: str, *, cross: bool) -> int:
    """Return how many rules of the project's suite read other tables, or do not."""
    content = json.loads((SUITES / f"{table}.json").read_text())
    made = content.get("columns", {})
    reading = {
        name
        for name, column in made.items()
        if any(
            other in "".join(column["sql"])
            for other in ("ledger.", *(f"staging.{t} " for t in staging_tables() if t != table))
        )
    }
    named = [
        {e["kwargs"].get(key) for key in ("column", "column_A", "column_B")}
        for e in content["expectations"]
    ]
    return sum(bool(columns & reading) == cross for columns in named)


def suite(
    folder: Path,
    table: str,
    *rules: tuple[str, dict[str, Any], str, str],
    columns: dict[str, str] | None = None,
) -> Path:
    """Write a suite of (type, kwargs, id, severity) with derived columns (name -> SQL)."""
    expectations = [
        {
            "type": kind,
            "kwargs": kwargs,
            "meta": {"id": rule, "description": f"About {rule}.", "severity": severity},
        }
        for kind, kwargs, rule, severity in rules
    ]
    made = {name: {"sql": sql, "description": name} for name, sql in (columns or {}).items()}
    content = {"columns": made, "expectations": expectations}
    (folder / f"{table}.json").write_text(json.dumps(content))
    return folder
