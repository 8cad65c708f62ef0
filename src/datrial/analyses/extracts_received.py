"""What was received and rejected: row accounting, reasons, checks and coverage."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.extracts_coverage import coverage_table
from datrial.analyses.extracts_tables import corrected_table, extracts_table
from datrial.results.cells import Table


class ExtractsReceivedParameters(Parameters):
    """What was received has no parameters."""


def run(context: Context, parameters: ExtractsReceivedParameters) -> list[Table]:
    """Return row accounting, extracts, coverage, reasons of quarantine, verdicts of the rules."""
    return [
        _rows_table(context),
        extracts_table(context),
        coverage_table(context),
        corrected_table(context),
        _reasons_table(context),
        _problems_table(context),
        _checks_table(context),
    ]


def _rows_table(context: Context) -> Table:
    table = Table(
        "extracts_received.rows",
        "Rows received, staged and quarantined",
        "Every row of every file below its header. Received = staged + quarantined, proved on "
        "every run.",
        not_about_people="it counts rows of files, not people",
    )
    for key, label in (
        ("received", "Received"),
        ("staged", "Staged"),
        ("quarantined", "Quarantined"),
    ):
        table.column(key, label)
    rows = context.connection.execute(
        """
        select
            table_name, split_part(extract_id, '@', 1) as mapping,
            sum(received), sum(staged), sum(quarantined)
        from accounting.extract group by all order by all
        """
    ).fetchall()
    for name, mapping, *counts in rows:
        row = f"{name}__{mapping.rpartition('/')[2]}"
        table.row(row, f"{_words(name)} ({_words(mapping.rpartition('/')[2])})")
        for column, count in zip(("received", "staged", "quarantined"), counts, strict=True):
            table.add(row, column, "count", count)
    return table


def _reasons_table(context: Context) -> Table:
    table = Table(
        "extracts_received.reasons",
        "Why rows were quarantined",
        "The first reason that applies to a row. Blank rows and summary lines hold no record.",
        not_about_people="it counts rows of files, not people",
    )
    table.column("rows", "Rows")
    rows = context.connection.execute(
        "select table_name, reason, count(*) from quarantine.row group by all order by all"
    ).fetchall()
    for name, reason, count in rows:
        row = f"{name}__{_key(reason)}"
        table.row(row, f"{_words(name)}: {reason}")
        table.add(row, "rows", "count", count)
    return table


def _problems_table(context: Context) -> Table:
    table = Table(
        "extracts_received.problems",
        "Answers that could not be read, in rows that were kept",
        "The answer is missing from every analysis; the row stays.",
        not_about_people="it counts rows of files, not people",
    )
    table.column("answers", "Answers")
    rows = context.connection.execute(
        "select table_name, column_name, problem, sum(rows) from accounting.problem "
        "group by all order by all"
    ).fetchall()
    for name, column, problem, count in rows:
        row = f"{name}__{column}__{_key(problem)}"
        table.row(row, f"{_words(name)}: {_words(column)}: {problem}")
        table.add(row, "answers", "count", count)
    return table


def _checks_table(context: Context) -> Table:
    table = Table(
        "extracts_received.checks",
        "Rules checked",
        "Every rule of every suite: rows looked at and rows that failed, with the verdict.",
        not_about_people="it counts rows of files, not people",
    )
    table.column("looked_at", "Rows looked at")
    table.column("failed", "Rows failed")
    rows = context.connection.execute(
        """
        select table_name, rule_id, description, verdict, rows_looked_at, rows_failed
        from checks.result order by table_name, rule_id
        """
    ).fetchall()
    for name, rule, description, verdict, looked_at, failed in rows:
        row = f"{name}__{_key(rule)}"
        table.row(row, f"{_words(name)}: {description}")
        table.add(row, "looked_at", "count", looked_at)
        table.add(row, "failed", "count", failed, note=verdict)
    return table


def _words(name: str) -> str:
    return name.replace("_", " ")


def _key(text: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


ANALYSIS = Analysis(
    id="extracts_received",
    title="What was received",
    chapter="Data received",
    question="Which rows did the agencies send, for which days, and which of them can be used?",
    population="Every row of every extract that counts.",
    rules="A row that cannot be used is quarantined with its reason; nothing is dropped in "
    "silence. A file replaces an earlier one of the same agency whose days lie within its own. A "
    "month for which nothing was received is not available, never zero, and takes no part in any "
    "rate.",
    model="Counts.",
    references=(),
    catalogue=(),
    parameters=ExtractsReceivedParameters,
    run=run,
)
