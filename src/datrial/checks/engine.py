"""Great Expectations behind one function: a frame and rules in, counts and row ids out.

It works without a project folder, network, analytics, progress bars or log, and
its results are asked for without values.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.checks.suites import Rule
from datrial.errors import DatrialError, UsageError

if TYPE_CHECKING:
    import pandas as pd

#: COMPLETE gives the row ids of failures; the two options keep their values out.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}


@dataclass(frozen=True)
class Outcome:
    """What a rule found, in counts and row ids.

    Attributes
    ----------
    looked_at
        Rows with something to judge: rows whose cell is empty are left out,
        unless the rule is about empty cells.
    """

    holds: bool
    looked_at: int
    failed: int
    row_ids: tuple[int, ...]


def evaluate(frame: pd.DataFrame, table: str, rules: Sequence[Rule]) -> dict[str, Outcome]:
    """Judge a frame by rules.

    Parameters
    ----------
    frame
        Rows of one staging table, indexed by row id.
    table
        The staging table's name, for messages.
    rules
        Rules that name columns of the frame.

    Returns
    -------
    dict
        Rule id -> outcome.

    Raises
    ------
    UsageError
        If a rule's type or arguments do not exist.
    DatrialError
        If a rule could not be evaluated: a fault of the rule, not of the data.
    """
    if not rules:
        return {}
    with _quietly():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        suite = _suite(table, rules)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("staging").add_dataframe_asset(table)
        batch = asset.add_batch_definition_whole_dataframe("all rows").get_batch(
            # Row ids come as a plain list only if the index has no name.
            {"dataframe": frame.rename_axis(index=None)}
        )
        validation = batch.validate(suite, result_format=_RESULT_FORMAT)
        results = [result.to_json_dict() for result in validation.results]
    by_id = {result["expectation_config"]["meta"]["id"]: result for result in results}
    return {rule.id: _outcome(table, rule, by_id.get(rule.id), len(frame)) for rule in rules}


def _outcome(table: str, rule: Rule, result: dict[str, Any] | None, rows: int) -> Outcome:
    # A rule that broke has a report per inner step instead of one `raised_exception: False`.
    if result is None or result["exception_info"].get("raised_exception") is not False:
        raise DatrialError(
            f"expectations/{table}.json, rule {rule.id}: the check could not be carried out. This "
            "is a fault of the rule (does it fit the kind of its column?), not of the data."
        )
    found = result["result"]
    if "unexpected_count" not in found:
        return Outcome(bool(result["success"]), rows, 0, ())
    return Outcome(
        holds=bool(result["success"]),
        looked_at=int(found["element_count"]) - int(found.get("missing_count", 0)),
        failed=int(found["unexpected_count"]),
        row_ids=tuple(int(row) for row in found["unexpected_index_list"] or ()),
    )


def _suite(table: str, rules: Sequence[Rule]) -> Any:
    from great_expectations.core import ExpectationSuite

    def build(some: Sequence[Rule]) -> Any:
        configurations = [
            {"type": rule.type, "kwargs": rule.kwargs, "meta": {"id": rule.id}} for rule in some
        ]
        suite = ExpectationSuite(name=table, expectations=configurations)
        if len(suite.expectations) < len(some):  # it leaves out a type it does not know
            raise ValueError("unknown type")
        return suite

    try:
        return build(rules)
    except Exception as error:
        faulty = [rule.id for rule in rules if not _can_be_built(build, rule)]
        raise UsageError(
            f"expectations/{table}.json: Great Expectations does not know the type or the kwargs "
            f"of {len(faulty)} rule(s): {', '.join(faulty)}. Correct them."
        ) from error


def _can_be_built(build: Any, rule: Rule) -> bool:
    try:
        build([rule])
    except Exception:
        return False
    return True


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Great Expectations from sending, printing or logging anything."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
