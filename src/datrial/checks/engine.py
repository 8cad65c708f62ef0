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
from typing import TYPE_CHECKING, Any

from datrial.checks.outcomes import Outcome, could_not_be_carried_out
from datrial.checks.suites import MEAN, Rule
from datrial.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

#: COMPLETE gives the row ids of failures; the two options keep their values out.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}


#: The arguments that hold a day where the column is of days.
_BOUNDS = ("min_value", "max_value")


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

        suite = _suite(table, rules, frame)
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
    return {rule.id: _outcome(table, rule, by_id.get(rule.id), frame) for rule in rules}


def _outcome(table: str, rule: Rule, result: dict[str, Any] | None, frame: pd.DataFrame) -> Outcome:
    # A rule that broke has a report per inner step instead of one `raised_exception: False`.
    if result is None or result["exception_info"].get("raised_exception") is not False:
        raise could_not_be_carried_out(table, rule.id)
    found = result["result"]
    if rule.type == MEAN:
        filled = int(frame[rule.columns[0]].notna().sum())
        mean = float(found["observed_value"]) if filled else None
        return Outcome(bool(result["success"]), filled, 0, observed=mean)
    if "unexpected_count" not in found:
        return Outcome(bool(result["success"]), len(frame), 0)
    return Outcome(
        holds=bool(result["success"]),
        looked_at=int(found["element_count"]) - int(found.get("missing_count", 0)),
        failed=int(found["unexpected_count"]),
        row_ids=tuple(int(row) for row in found["unexpected_index_list"] or ()),
    )


def _suite(table: str, rules: Sequence[Rule], frame: pd.DataFrame) -> Any:
    from great_expectations.core import ExpectationSuite

    def build(some: Sequence[Rule]) -> Any:
        configurations = [
            {"type": rule.type, "kwargs": _kwargs(rule, frame), "meta": {"id": rule.id}}
            for rule in some
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


def _kwargs(rule: Rule, frame: pd.DataFrame) -> dict[str, Any]:
    """Return a rule's arguments; a bare day gets the hour that Great Expectations asks for."""
    column = rule.kwargs.get("column")
    kwargs = dict(rule.kwargs)
    if column in frame.columns and str(frame[column].dtype).startswith("datetime"):
        for bound in _BOUNDS:
            if isinstance(kwargs.get(bound), str) and len(kwargs[bound]) == len("2016-01-01"):
                kwargs[bound] += "T00:00:00"
    return kwargs


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
