"""Columns that a suite makes by SQL, for rules across columns and across tables.

A suite's ``columns`` names them::

    "columns": {
      "intake_date": {
        "sql": "(select min(i.intake_date) from staging.insights_intake as i
                 where i.victim_id = staged.victim_id)",
        "description": "The day of the same victim-survivor's intake form."
      }
    }

The SQL is one expression over ``staged.<column>`` (the row) and ``extract.<column>``
(the extract that it came from); it may read other tables by scalar subqueries. A long one
can be given as a list of lines. Yes and no count as 1 and 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TABLE = re.compile(r"\b(staging|ledger|mapped|people|study)\s*\.\s*(\w+)", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class DerivedColumn:
    """A column that a suite makes.

    Attributes
    ----------
    reads
        The other tables that it reads (``ledger.allocation``). The table's own
        ``staging`` and ``mapped`` rows are no other table.
    """

    name: str
    sql: str
    description: str
    reads: tuple[str, ...]


def derived_columns(
    given: Any, table: str, taken: set[str]
) -> tuple[dict[str, DerivedColumn], list[str]]:
    """Return a suite's columns by name, and what is wrong with the others.

    Parameters
    ----------
    given
        The suite's ``columns``.
    taken
        The names that the table's own columns have.
    """
    if not isinstance(given, dict):
        return {}, ["`columns` must give a `sql` and a `description` for each name"]
    columns, faults = {}, []
    for name, entry in given.items():
        fault = _fault(name, entry, taken)
        if fault:
            faults.append(f"column {name!r}: {fault}")
            continue
        sql = entry["sql"] if isinstance(entry["sql"], str) else "\n".join(entry["sql"])
        columns[name] = DerivedColumn(name, sql, entry["description"], tables_read(sql, table))
    return columns, faults


def tables_read(sql: str, table: str) -> tuple[str, ...]:
    """Return the tables that an expression of a table's suite reads, without its own."""
    found = {f"{schema}.{name}".lower() for schema, name in _TABLE.findall(_QUOTED.sub("''", sql))}
    return tuple(sorted(found - {f"staging.{table}", f"mapped.{table}"}))


def _fault(name: str, entry: Any, taken: set[str]) -> str:
    if not _NAME.fullmatch(name):
        return "a name has small letters, digits and _ only"
    if name in taken:
        return "the table has a column of this name"
    if not isinstance(entry, dict) or set(entry) != {"sql", "description"}:
        return "give `sql` and `description`, nothing else"
    sql, description = entry["sql"], entry["description"]
    lines = [sql] if isinstance(sql, str) else sql
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return "`sql` must be a text or a list of lines"
    if not "".join(lines).strip() or not isinstance(description, str) or not description.strip():
        return "`sql` and `description` must not be empty"
    if any(mark in _QUOTED.sub("''", "\n".join(lines)) for mark in (";", "--", "/*")):
        return "`sql` must be one expression, without ; and without comments"
    return ""
