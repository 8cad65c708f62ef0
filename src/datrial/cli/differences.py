"""The command that compares two stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.results.difference_ranking import TableChanges
    from datrial.results.differences import CellDifference, RunComparison
    from datrial.results.read import RunTable

_Texts = Optional[list[str]]  # noqa: UP045 (typer reads this at run time)

_SHOWN = 5
_KINDS = ("data", "parameters", "code", "disclosure", "failure", "unexplained")


def diff(
    first: Annotated[
        str,
        typer.Argument(
            metavar="RUN_A",
            help="A run: its id, the start of it, its label, `latest` or `previous`.",
        ),
    ] = "previous",
    second: Annotated[str, typer.Argument(metavar="RUN_B", help="The later run.")] = "latest",
    tolerance: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Numbers are equal within this, of themselves plus as a share of the greater.",
        ),
    ] = 1e-9,
    table: Annotated[
        _Texts, typer.Option("--table", metavar="ID", help="Only this table. May be repeated.")
    ] = None,
    analysis: Annotated[
        _Texts,
        typer.Option("--analysis", metavar="ID", help="Only this analysis. May be repeated."),
    ] = None,
    cause: Annotated[
        str, typer.Option(help=f"Only what this may have caused: {', '.join(_KINDS)}.")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="List every difference, not the greatest of each table.")
    ] = False,
    texts: Annotated[
        bool, typer.Option("--texts", help="Compare titles, notes and labels as well.")
    ] = False,
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write a page, which leaves out what tells of a few people.",
        ),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 if anything differs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two stored runs, cell by cell: what differs, by how much, and why.

    Says first what differs between what the runs were made from, then which numbers changed,
    the primary outcomes first. Ends with 0 whether or not the runs differ, and with 1 if numbers
    differ that nothing explains (with --exit-code: if anything differs). The screen and --json
    show every number; two runs side by side can tell of one person, so do not pass them on.
    """  # fmt: skip
    from datrial.config.project import home
    from datrial.report.differences_page import compare, render_differences
    from datrial.results.files import write_atomically
    from datrial.results.naming import find_run

    if cause and cause not in _KINDS:
        raise UsageError(f"--cause {cause}: there are {', '.join(_KINDS)}.")
    names = find_run(home(), first), find_run(home(), second)
    comparison = compare(home(), *names, tolerance=tolerance, texts=texts)
    chosen = _chosen(comparison, table or [], analysis or [], cause)
    if as_json:
        print_json(_as_json(comparison, chosen))
    else:
        _print(comparison, chosen, everything=everything, is_part=bool(table or analysis or cause))
    if html:
        write_atomically(html.absolute(), render_differences(comparison).encode())
        if not as_json:
            typer.echo(f"\nPage: {short(html.absolute())}")
    if comparison.unexplained or (exit_code and not comparison.is_equal):
        raise typer.Exit(1)


def _chosen(
    comparison: RunComparison, tables: list[str], analyses: list[str], cause: str
) -> list[CellDifference]:
    """Return the differences that were asked for; unknown names are errors."""
    runs = (comparison.first, comparison.second)
    known = {entry.table.id for run in runs for entry in run.tables}
    made = {entry.analysis for run in runs for entry in run.tables}
    made |= {entry.id for run in runs for entry in run.manifest.analyses}
    for name in tables:
        if name not in known:
            raise UsageError(f"--table {name}: neither run has such a table.")
    for name in analyses:
        if name not in made:
            raise UsageError(f"--analysis {name}: neither run has it. Analyses: {_list(made)}.")
    return [
        entry
        for entry in comparison.differences
        if (not tables or entry.table_id in tables)
        and (not analyses or entry.analysis in analyses)
        and (not cause or cause in entry.cause.split(" or "))
    ]


def _print(
    comparison: RunComparison, chosen: list[CellDifference], *, everything: bool, is_part: bool
) -> None:
    from datrial.report.differences_page import sentences
    from datrial.results.difference_ranking import ranked

    for name, run in (("A", comparison.first), ("B", comparison.second)):
        label = f"  {run.manifest.label}" if run.manifest.label else ""
        finished = run.times.get("end", "")[:16]
        typer.echo(f"{name}  {run.manifest.run_id}  {run.manifest.study}  {finished}{label}")
    typer.echo("\nWhat the runs were made from")
    for cause in comparison.causes:
        reach = "" if cause.analyses is None or len(cause.lines) > 1 else _reach(cause.analyses)
        for line in cause.lines:
            typer.echo(f"  {cause.kind:<12}{line}{reach}")
    if not comparison.causes:
        typer.echo("  The same data, settings and code.")
    typer.echo("")
    for sentence in sentences(comparison):
        typer.echo(sentence)
    if is_part:
        typer.echo(f"Of these differences {len(chosen):,} were asked for.")
    for entry in ranked(comparison, chosen):
        primary = "  (primary outcome)" if entry.is_primary else ""
        typer.echo(f"\n{entry.analysis}{primary}")
        for table in entry.tables:
            both = comparison.second.table(table.table_id)
            _print_table(table, both, everything=everything)
    if not is_part:
        _print_tables(comparison)
    for text in comparison.texts:
        typer.echo(f"\n{text.table_id}, {text.place}\n  - {text.first}\n  + {text.second}")


def _print_table(table: TableChanges, both: RunTable | None, *, everything: bool) -> None:
    """Print a table's greatest differences, or all of them."""
    from datrial.report.differences_words import (
        change_of,
        pair_of,
        place_of,
        statistics_beside,
    )

    causes = dict.fromkeys(entry.difference.cause for entry in table.differences)
    count = len(table.differences)
    number = "1 number" if count == 1 else f"{count:,} numbers"
    typer.echo(f"  {table.table_id}: {number} ({', '.join(causes)})")
    typer.echo(f"  {table.title}")
    beside = statistics_beside(both)
    for entry in table.differences if everything else table.differences[:_SHOWN]:
        difference = entry.difference
        others = beside.get((difference.row, difference.column), set())
        old, new = pair_of(difference, others)
        said = [change_of(difference, others)]
        said += [f"{entry.in_errors:.1f} SE"] if entry.in_errors is not None else []
        said += [entry.flag.upper()] if entry.flag else []
        detail = f"  ({', '.join(word for word in said if word)})" if any(said) else ""
        typer.echo(f"    {place_of(difference)}: {old} -> {new}{detail}")
    if not everything and count > _SHOWN:
        typer.echo(f"    {count - _SHOWN:,} more: --table {table.table_id} --all")


def _print_tables(comparison: RunComparison) -> None:
    """Print which tables only one of the runs has, of analyses that both were asked for."""
    lost: dict[tuple[str, str, str], int] = {}
    alone = {entry.analysis for entry in comparison.analyses if not (entry.first and entry.second)}
    for table in (entry for entry in comparison.tables if entry.analysis not in alone):
        key = (str(table.only_in), table.analysis, table.cause)
        lost[key] = lost.get(key, 0) + 1
    if lost:
        typer.echo("\nTables that only one run has")
    for (only_in, analysis, cause), count in lost.items():
        tables = "1 table" if count == 1 else f"{count} tables"
        typer.echo(f"  {analysis}: {tables} {only_in} ({cause})")


def _reach(analyses: frozenset[str]) -> str:
    if not analyses:
        return "  (reaches no number)"
    return f"  (reaches {_list(analyses)})" if len(analyses) <= _SHOWN else ""


def _list(names: Any) -> str:
    return ", ".join(sorted(names))


def _as_json(comparison: RunComparison, chosen: list[CellDifference]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "first": comparison.first.manifest.run_id,
        "second": comparison.second.manifest.run_id,
        "tolerance": comparison.tolerance,
        "equal": comparison.is_equal,
        "unexplained": comparison.unexplained,
        "cells_compared": comparison.cells_compared,
        "causes": [
            {
                "kind": cause.kind,
                "lines": list(cause.lines),
                "analyses": None if cause.analyses is None else sorted(cause.analyses),
            }
            for cause in comparison.causes
        ],
        "differences": [asdict(entry) for entry in chosen],
        "tables": [asdict(entry) for entry in comparison.tables],
        "analyses": [asdict(entry) for entry in comparison.analyses],
        "texts": [asdict(entry) for entry in comparison.texts],
    }
