"""What a run's page in Prefect shows: counts and results, and nothing about a person."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from datrial.config.project import home
from datrial.pipeline.job import Built, Job, Published

if TYPE_CHECKING:
    from datrial.results.read import RunTable

_log = logging.getLogger(__name__)
#: Standard errors are in the report; an interval's upper end stands with the lower one.
_NOT_SHOWN = ("bse", "ci_high")


def show_snapshot(built: Built) -> None:
    """Show the rows received and quarantined, and the checks' verdicts."""
    rows = [
        {
            "table": row.table,
            "received": row.received,
            "staged": row.staged,
            "quarantined": row.quarantined,
        }
        for row in built.rows
    ]
    checks = [
        {
            "table": check.table,
            "rule": check.rule,
            "severity": check.severity,
            "rows looked at": check.rows_looked_at,
            "rows failed": check.rows_failed,
            "verdict": check.verdict,
        }
        for check in built.checks
    ]
    _show("rows-received", lambda: create_table_artifact(
        rows, key="rows-received", description="Rows received = rows staged + rows quarantined."
    ))  # fmt: skip
    _show("checks", lambda: create_table_artifact(
        checks, key="checks", description="The verdict of every check, in counts."
    ))  # fmt: skip


def show_results(published: Published, job: Job) -> None:
    """Show the primary results and a link to the report."""
    study = job.resolved_study()
    _show("primary-results", lambda: create_markdown_artifact(
        results(published.run_id, study.primary_outcomes or tuple(study.analyses)),
        key="primary-results",
        description="The primary outcomes (or what was asked for, if none of them was), with the "
        "published number beside where there is one.",
    ))  # fmt: skip
    _show("report", lambda: create_link_artifact(
        published.report.as_uri(), link_text=f"Report of run {published.run_id}", key="report"
    ))  # fmt: skip
    _show("checks-page", lambda: create_link_artifact(
        published.checks_page.as_uri(),
        link_text=f"Checks of run {published.run_id}: every rule, with its trend",
        key="checks-page",
    ))  # fmt: skip


def results(run_id: str, analyses: tuple[str, ...]) -> str:
    """Return the tables of some analyses of a stored run as Markdown."""
    from datrial.results.read import read_run

    run = read_run(home(), run_id)
    tables = [table for analysis in analyses for table in run.tables_of(analysis)]
    return "\n\n".join([f"Run {run_id}", *(_markdown(table) for table in tables)])


def _show(what: str, make: Callable[[], object]) -> None:
    """Make an artifact; a page that cannot be filled does not cost the run."""
    try:
        make()
    except Exception as error:
        _log.warning("The artifact %s could not be made (%s).", what, type(error).__name__)


def _markdown(of: RunTable) -> str:
    from datrial.results.wide import statistics_of

    shown = [
        (column, statistic)
        for column, statistics in statistics_of(of.table).items()
        for statistic in statistics
        if statistic not in _NOT_SHOWN
    ]
    header = [f"{of.table.column_labels[column]}: {_words(name)}" for column, name in shown]
    lines = [f"### {of.table.title}", "", _line("", *header)]
    lines.append(_line(*["---"] * (len(shown) + 1)))
    for row, label in of.table.row_labels.items():
        lines.append(_line(label, *(_cell(of, row, *place) for place in shown)))
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _words(statistic: str) -> str:
    return "confidence interval" if statistic == "ci_low" else statistic.replace("_", " ")


def _cell(of: RunTable, row: str, column: str, statistic: str) -> str:
    """Return a statistic (an interval, for its lower end) with the published number."""
    found = of.cell(row, column, statistic)
    if found is None:
        return ""
    if found.value is None:
        return str(found.state).replace("_", " ")
    text = _number(found.value)
    if statistic == "ci_low":
        high = of.cell(row, column, "ci_high")
        if high is None or high.value is None:  # one end tells of the other
            return str(high.state if high else "not_available").replace("_", " ")
        return f"{text} to {_number(high.value)}"
    printed = of.printed(row, column, statistic)
    return text if printed is None else f"{text} (published {_number(printed)})"


def _number(value: float) -> str:
    whole = value.is_integer() or abs(value) >= 1000
    return f"{value:,.0f}" if whole else f"{value:.3g}"
