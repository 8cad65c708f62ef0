"""What the checks found: verdicts in counts, and the errors that stop a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

from datrial.checks.verdicts import RuleResult
from datrial.errors import DataError
from datrial.extracts.staging import NOTHING_LOST

if TYPE_CHECKING:
    import duckdb


def save_results(
    connection: duckdb.DuckDBPyConnection,
    results: Sequence[RuleResult],
    tables: Iterable[str],
    *,
    cross: bool,
) -> None:
    """Write results to ``checks.result``, in place of earlier ones of the same tables.

    Parameters
    ----------
    cross
        Whether the results are of rules that read other tables. Results of the
        other rules stay.
    """
    connection.execute("create schema if not exists checks")
    connection.execute(
        "create table if not exists checks.result (table_name varchar, rule_id varchar, "
        "description varchar, severity varchar, rows_looked_at bigint, rows_failed bigint, "
        "verdict varchar, message varchar, engine varchar, reads varchar, observed double)"
    )
    for table in tables:
        connection.execute(
            "delete from checks.result where table_name = ? and (reads <> '') = ?", [table, cross]
        )
    if results:
        connection.executemany(
            "insert into checks.result values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [astuple(result) for result in results],
        )


def raise_on_critical(results: Iterable[RuleResult]) -> None:
    """Stop if a critical rule of a table failed.

    Raises
    ------
    DataError
        Naming every such table and rule, with counts.
    """
    failed = [result for result in results if result.verdict == "failed"]
    if failed:
        raise DataError(
            f"{len(failed)} critical check(s) failed:\n"
            + "\n".join(f"  - {_sentence(result)}" for result in failed)
        )


def _sentence(result: RuleResult) -> str:
    return (
        f"{result.table_name}, rule {result.rule_id} ({result.description}): {result.message} "
        "Ask the agency to correct the extract, or correct its mapping file."
    )


def enforce_quarantine_limit(connection: duckdb.DuckDBPyConnection, limit: float) -> None:
    """Stop if too many of an extract's rows are quarantined.

    Each extract is judged by itself, lest one force's spoiled file hide among
    the others. Blank rows, summary lines and duplicates of an earlier row do not
    count: nothing is lost with them (an agency may send last quarter's rows again).

    Parameters
    ----------
    connection
        A warehouse after staging and checks.
    limit
        The largest allowed share (0 to 1) of an extract's rows of one table.

    Raises
    ------
    DataError
        Naming each table and extract, the share, the limit and the most frequent reasons.
    """
    counts = connection.execute(
        """
        with nothing_lost as (
            select table_name, extract_id, count(*) as rows
            from quarantine.row where list_contains(?, reason) group by all
        )
        select
            extract.table_name, extract.extract_id,
            extract.received - coalesce(nothing_lost.rows, 0),
            extract.quarantined - coalesce(nothing_lost.rows, 0)
        from accounting.extract as extract
        left join nothing_lost using (table_name, extract_id)
        order by all
        """,
        [list(NOTHING_LOST)],
    ).fetchall()
    problems = [
        f"{table}, extract {extract}: {quarantined:,} of {received:,} data rows "
        f"({quarantined / received:.1%}) are quarantined, more than the limit of {limit:.1%} "
        f"({_most_frequent(connection, table, extract)})."
        for table, extract, received, quarantined in counts
        if received and quarantined / received > limit
    ]
    if problems:
        raise DataError(
            "Too many rows cannot be used:\n"
            + "\n".join(f"  - {problem}" for problem in problems)
            + "\nCorrect the mapping file, or ask the agency to correct the extract."
        )


def _most_frequent(connection: duckdb.DuckDBPyConnection, table: str, extract: str) -> str:
    """Return the three most frequent reasons with their number of rows."""
    reasons = connection.execute(
        "select reason, count(*) from quarantine.row "
        "where table_name = ? and extract_id = ? and not list_contains(?, reason) "
        "group by reason order by count(*) desc, reason limit 3",
        [table, extract, list(NOTHING_LOST)],
    ).fetchall()
    return "; ".join(f"{reason}: {rows:,} rows" for reason, rows in reasons)
