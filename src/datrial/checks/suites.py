"""The suites of ``expectations/``: one JSON file of rules per staging table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from datrial.checks.derived import DerivedColumn, derived_columns
from datrial.config.tables import staging_tables
from datrial.errors import UsageError

Severity = Literal["critical_row", "critical_table", "warning"]

#: The columns that a rule may name beside those of the staging table: where a row
#: comes from, and the first and last day that its extract covers.
ROW_COLUMNS = ("extract_id", "row_number", "site")
COVER_COLUMNS = ("covers_start", "covers_end")
ROW_COUNT = "expect_table_row_count_to_be_between"
#: A mean is a figure of many rows: it says nothing of one of them.
MEAN = "expect_column_mean_to_be_between"
#: Rules about the table as a whole: no row fails them.
_TABLE_RULES = (ROW_COUNT, MEAN)
#: Only rules that judge row by row (and those two) give counts without values.
_ROW_RULES = (
    "expect_column_values_",
    "expect_column_value_lengths_",
    "expect_column_pair_values_",
    "expect_compound_columns_",
    "expect_multicolumn_",
    "expect_select_column_values_",
)


@dataclass(frozen=True)
class Rule:
    """One expectation of a suite.

    Attributes
    ----------
    severity
        ``critical_row``: failing rows go to quarantine; ``critical_table``: a
        failure stops the run; ``warning``: a failure is recorded.
    reads
        The other tables that its columns read; a rule that reads some is a
        cross rule.
    """

    id: str
    type: str
    kwargs: dict[str, Any]
    description: str
    severity: Severity
    reads: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule names."""
        single = [
            self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs
        ]
        return (*single, *self.kwargs.get("column_list", ()))


@dataclass(frozen=True)
class Suite:
    """The rules of one staging table, and the columns that they make by SQL."""

    table: str
    rules: tuple[Rule, ...]
    derived: Mapping[str, DerivedColumn]

    def rules_of(self, *, cross: bool) -> tuple[Rule, ...]:
        """Return the rules that read other tables, or those that do not."""
        return tuple(rule for rule in self.rules if bool(rule.reads) == cross)


def load_suite(folder: Path, table: str) -> Suite:
    """Read ``<folder>/<table>.json``.

    Raises
    ------
    UsageError
        If the file is missing or not JSON, or with all its faulty rules.
    """
    name = f"expectations/{table}.json"
    try:
        content = json.loads((folder / f"{table}.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{name}: the suite cannot be read ({error.strerror}). Every staging table needs one."
        ) from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}, line {error.lineno}: not valid JSON ({error.msg}).") from error
    expectations = content.get("expectations") if isinstance(content, dict) else None
    if not isinstance(expectations, list) or not expectations:
        raise UsageError(f"{name}: give a list of at least one rule under `expectations`.")
    own = {*ROW_COLUMNS, *COVER_COLUMNS, *staging_tables()[table].columns}
    derived, problems = derived_columns(content.get("columns", {}), table, own)
    problems += [
        f"`{key}` is not known; there are `name`, `columns` and `expectations`"
        for key in sorted(set(content) - {"name", "columns", "expectations"})
    ]
    rules = []
    for number, expectation in enumerate(expectations, start=1):
        rule, faults = _rule(expectation, table, own, derived)
        problems += [f"rule {number}: {fault}" for fault in faults]
        if rule is not None:
            rules.append(rule)
    ids = [rule.id for rule in rules]
    problems += [
        f"two rules have the id {i!r}" for i in sorted({i for i in ids if ids.count(i) > 1})
    ]
    if problems:
        raise UsageError(f"{name} has {len(problems)} error(s):\n  - " + "\n  - ".join(problems))
    return Suite(table, tuple(rules), derived)


def _rule(
    expectation: Any, table: str, own: set[str], derived: Mapping[str, DerivedColumn]
) -> tuple[Rule | None, list[str]]:
    """Return a rule, or the reasons why it is none."""
    if not isinstance(expectation, dict):
        return None, ["not an object with `type`, `kwargs` and `meta`"]
    faults = [
        f"`{key}` is not known; there are `type`, `kwargs` and `meta`"
        for key in sorted(set(expectation) - {"type", "kwargs", "meta"})
    ]
    kind, kwargs, meta = (expectation.get(key) for key in ("type", "kwargs", "meta"))
    if not isinstance(kind, str) or not (kind in _TABLE_RULES or kind.startswith(_ROW_RULES)):
        allowed = f"{' or '.join(_TABLE_RULES)}, or start with one of {', '.join(_ROW_RULES)}"
        faults.append(f"`type` must be {allowed}")
    faults += _kwargs_faults(kwargs)
    if not isinstance(meta, dict) or set(meta) != {"id", "description", "severity"}:
        return None, [*faults, "`meta` must give `id`, `description` and `severity`, nothing else"]
    if meta["severity"] not in get_args(Severity):
        faults.append(f"severity must be one of {', '.join(get_args(Severity))}")
    if meta["severity"] == "critical_row" and kind in _TABLE_RULES:
        what = "row count" if kind == ROW_COUNT else "mean"
        faults.append(f"a {what} cannot be critical_row")
    if faults:
        return None, faults
    rule = Rule(meta["id"], str(kind), dict(kwargs or {}), meta["description"], meta["severity"])
    lost = [column for column in rule.columns if column not in own and column not in derived]
    if lost:
        return None, [f"{table} has no column {', '.join(map(repr, lost))}"]
    return _with_reads(rule, (derived[name] for name in rule.columns if name in derived)), []


def _kwargs_faults(kwargs: Any) -> list[str]:
    if not isinstance(kwargs, dict):
        return ["`kwargs` is missing"]
    if {"row_condition", "condition_parser"} & set(kwargs):
        return ["`row_condition` is not used here: make a column that is null in the other rows"]
    return []


def _with_reads(rule: Rule, made: Iterable[DerivedColumn]) -> Rule:
    reads = tuple(sorted({table for column in made for table in column.reads}))
    return Rule(rule.id, rule.type, rule.kwargs, rule.description, rule.severity, reads)
