"""Commands that show results: list and show tables, ask all runs with SQL."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datrial.cli.options import AsJson, group
from datrial.cli.output import print_columns, print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    from datrial.results.database import Answer
    from datrial.results.read import Run

app = group("results", "Result tables: list, show, and ask all stored runs with SQL.")

_SHELL = "In the DuckDB shell: duckdb -readonly FILE, with this file."
_NO_SHELL = "The DuckDB shell (the command duckdb) is not on this machine."

RunName = Annotated[
    str,
    typer.Option(
        "--run", help="A run's id, the start of it, its label, or latest (default) or previous."
    ),
]


@app.command("list")
def list_tables(run: RunName = "latest", as_json: AsJson = False) -> None:
    """List a run's tables: id, title, and the rows of the catalogue that they answer."""
    stored = _run(run)
    listed = [
        {
            "table": entry.table.id,
            "title": entry.table.title,
            "catalogue": list(entry.table.catalogue),
            "standing": entry.table.standing,
        }
        for entry in stored.tables
    ]
    if as_json:
        print_json({"run_id": stored.manifest.run_id, "tables": listed})
        return
    typer.echo(f"Run {stored.manifest.run_id} of study {stored.manifest.study}")
    rows = [
        (
            entry.table.id,
            entry.table.title + (f" ({entry.table.standing})" if entry.table.standing else ""),
            ", ".join(entry.table.catalogue),
        )
        for entry in stored.tables
    ]
    print_columns(("Table", "Title", "Answers"), rows)


@app.command()
def show(
    table: Annotated[str, typer.Argument(help="Id of a table, e.g. risk_score.rate_ratios.")],
    run: RunName = "latest",
    as_json: AsJson = False,
) -> None:
    """Print a table: marks where there is no number, published numbers beside ours."""
    from dataclasses import asdict

    from datrial.report.text_tables import table_text

    stored = _run(run)
    entry = stored.table(table)
    if entry is None:
        near = [other.table.id for other in stored.tables if table and table in other.table.id]
        raise UsageError(
            f"Run {stored.manifest.run_id} has no table {table!r}."
            + (f" Alike: {', '.join(near[:5])}." if near else "")
            + " `datrial results list` lists the tables."
        )
    if as_json:
        beside = [
            {"row": row, "column": column, "statistic": statistic, **asdict(value)}
            for (row, column, statistic), value in entry.published.items()
        ]
        print_json({"analysis": entry.analysis, **asdict(entry.table), "published": beside})
        return
    typer.echo(f"Run {stored.manifest.run_id}\n")
    typer.echo(table_text(entry, shutil.get_terminal_size((120, 24)).columns))


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help='One query, e.g. "select * from run".')],
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer as CSV.")] = False,
) -> None:
    """Ask all stored runs with SQL; reads only.

    Tables: run, analysis, parameter, table_info, cell, published, and one for each result
    table, such as risk_score__rate_ratios; latest.risk_score__rate_ratios has the newest run
    of each study only.
    """
    from datrial.config.project import home
    from datrial.results.database import query as ask

    if as_json and as_csv:
        raise UsageError("Give --json or --csv, not both.")
    answer = ask(home(), sql)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_plain(value) for value in row] for row in answer.rows)
    else:
        _print_answer(answer)


@app.command()
def refresh(as_json: AsJson = False) -> None:
    """Make DATRIAL_HOME/results.duckdb anew from the stored runs."""
    from datrial.config.project import home
    from datrial.results.database import refresh as make

    database = make(home(), anew=True)
    if as_json:
        print_json({"database": str(database)})
        return
    typer.echo(f"All stored runs: {short(database)}")


@app.command("open")
def open_shell(as_json: AsJson = False) -> None:
    """Open all stored runs in the DuckDB shell, or say how to open them from Python."""
    from datrial.config.project import home
    from datrial.results.database import refresh as make

    database = make(home())
    python = f'import duckdb; results = duckdb.connect("{database}", read_only=True)'
    if as_json:
        print_json({"database": str(database), "python": python})
        return
    shell = shutil.which("duckdb")
    if shell and sys.stdin.isatty() and sys.stdout.isatty():
        typer.echo(f"{short(database)}, to read only; .tables lists the tables, .quit leaves.")
        sys.stdout.flush()
        os.execv(shell, [shell, "-readonly", str(database)])  # noqa: S606 (the shell asked for)
    typer.echo(
        f"All stored runs: {short(database)}\n\n"  # noqa: S608 (words to copy)
        f"{_SHELL if shell else _NO_SHELL}\n\nIn Python:\n\n"
        f"    {python}\n"
        '    print(results.sql("from latest.run"))\n'
        "    results.sql(\"from cell where table_id = 'risk_score.rate_ratios'\").df()\n\n"
        'Without Python: datrial results query "select study, run_id, ended from run"'
    )


def _print_answer(answer: Answer) -> None:
    rows = [[_shown(value) for value in row] for row in answer.rows]
    is_number = [
        any(isinstance(row[place], int | float) for row in answer.rows)
        for place in range(len(answer.columns))
    ]
    widths = [max(map(len, texts)) for texts in zip(answer.columns, *rows, strict=True)]
    for line in (answer.columns, *rows):
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_number, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
    number = len(rows)
    typer.echo(f"({number:,} row{'' if number == 1 else 's'})")


def _shown(value: Any) -> str:
    """Return a value with its digits: a small number is not shown as 0, nor nothing as empty."""
    if value is None:
        return "NULL"
    return f"{value:.6g}" if isinstance(value, float) else " ".join(str(_plain(value)).split())


def _plain(value: Any) -> Any:
    """Return a list as JSON, anything else as it is."""
    return json.dumps(value, default=str) if isinstance(value, list | dict) else value


def _run(name: str) -> Run:
    from datrial.config.project import home
    from datrial.results.naming import find_run
    from datrial.results.read import read_run

    return read_run(home(), find_run(home(), name))
