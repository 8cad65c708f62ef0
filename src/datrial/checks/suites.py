"""The suites of ``expectations/``: one JSON file of rules per staging table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from datrial.config.tables import staging_tables
from datrial.errors import UsageError

Severity = Literal["critical_row", "critical_table", "warning"]

#: The columns that a rule may name beside those of the staging table: where a row
#: comes from, and the first and last day that its extract covers.
ROW_COLUMNS = ("extract_id", "row_number", "site")
COVER_COLUMNS = ("covers_start", "covers_end")
ROW_COUNT = "expect_table_row_count_to_be_between"
#: Only rules that judge row by row (and the row count) give counts without values.
_ROW_RULES = (
    "expect_column_values_",
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
    """

    id: str
    type: str
    kwargs: dict[str, Any]
    description: str
    severity: Severity

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule names."""
        single = [
            self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs
        ]
        return (*single, *self.kwargs.get("column_list", ()))


def load_suite(folder: Path, table: str) -> tuple[Rule, ...]:
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
    problems: list[str] = []
    rules = []
    for number, expectation in enumerate(expectations, start=1):
        rule, faults = _rule(expectation, table)
        problems += [f"rule {number}: {fault}" for fault in faults]
        if rule is not None:
            rules.append(rule)
    ids = [rule.id for rule in rules]
    problems += [
        f"two rules have the id {i!r}" for i in sorted({i for i in ids if ids.count(i) > 1})
    ]
    if problems:
        raise UsageError(f"{name} has {len(problems)} error(s):\n  - " + "\n  - ".join(problems))
    return tuple(rules)


def _rule(expectation: Any, table: str) -> tuple[Rule | None, list[str]]:
    """Return a rule, or the reasons why it is none."""
    if not isinstance(expectation, dict):
        return None, ["not an object with `type`, `kwargs` and `meta`"]
    faults = [
        f"`{key}` is not known; there are `type`, `kwargs` and `meta`"
        for key in sorted(set(expectation) - {"type", "kwargs", "meta"})
    ]
    kind, kwargs, meta = (expectation.get(key) for key in ("type", "kwargs", "meta"))
    if not isinstance(kind, str) or not (kind == ROW_COUNT or kind.startswith(_ROW_RULES)):
        faults.append(f"`type` must be {ROW_COUNT}, or start with one of {', '.join(_ROW_RULES)}")
    if not isinstance(kwargs, dict):
        faults.append("`kwargs` is missing")
    if not isinstance(meta, dict) or set(meta) != {"id", "description", "severity"}:
        return None, [*faults, "`meta` must give `id`, `description` and `severity`, nothing else"]
    if meta["severity"] not in get_args(Severity):
        faults.append(f"severity must be one of {', '.join(get_args(Severity))}")
    if meta["severity"] == "critical_row" and kind == ROW_COUNT:
        faults.append("a row count cannot be critical_row")
    if faults:
        return None, faults
    rule = Rule(meta["id"], str(kind), dict(kwargs or {}), meta["description"], meta["severity"])
    known = {*ROW_COLUMNS, *COVER_COLUMNS, *staging_tables()[table].columns}
    lost = [column for column in rule.columns if column not in known]
    if lost:
        faults.append(f"{table} has no column {', '.join(map(repr, lost))}")
    return (None, faults) if faults else (rule, [])
