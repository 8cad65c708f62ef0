"""Tables of a stored run as Markdown, as Prefect's page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from datrial.config.project import home

if TYPE_CHECKING:
    from datrial.results.read import RunTable

#: Standard errors are in the report; an interval's upper end stands with the lower one.
_NOT_SHOWN = ("bse", "ci_high")


def results(run_id: str, analyses: tuple[str, ...]) -> str:
    """Return the tables of some analyses of a stored run as Markdown."""
    from datrial.results.read import read_run

    run = read_run(home(), run_id)
    tables = [table for analysis in analyses for table in run.tables_of(analysis)]
    return "\n\n".join([f"Run {run_id}", *(_run_table(table) for table in tables)])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    return "\n".join([_line(header), _line(["---"] * len(header)), *(_line(row) for row in rows)])


def _run_table(of: RunTable) -> str:
    from datrial.results.wide import statistics_of

    shown = [
        (column, statistic)
        for column, statistics in statistics_of(of.table).items()
        for statistic in statistics
        if statistic not in _NOT_SHOWN
    ]
    header = [f"{of.table.column_labels[column]}: {_words(name)}" for column, name in shown]
    rows = (
        [label, *(_cell(of, row, *place) for place in shown)]
        for row, label in of.table.row_labels.items()
    )
    return f"### {of.table.title}\n\n" + table(["", *header], rows)


def _line(cells: Sequence[str]) -> str:
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
