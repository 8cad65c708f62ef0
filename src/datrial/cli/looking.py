"""Commands that look at what is there: checks, explain."""

from __future__ import annotations

from typing import Annotated

import typer

from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_json
from datrial.errors import UsageError


def checks(
    study: Study = "drive",
    only_problems: Annotated[
        bool, typer.Option("--only-problems", help="Leave out the rules that passed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every rule's verdict on the current snapshot: counts only."""
    from datrial.config.project import home
    from datrial.warehouse.snapshots import SnapshotStore

    connection = SnapshotStore(home(), study).open()
    try:
        rows = connection.execute(
            "select table_name, rule_id, severity, rows_looked_at, rows_failed, verdict "
            "from checks.result where verdict <> 'passed' or not $only_problems "
            "order by table_name, rule_id",
            {"only_problems": only_problems},
        ).fetchall()
    finally:
        connection.close()
    names = ("table", "rule", "severity", "rows_looked_at", "rows_failed", "verdict")
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    if only_problems and not rows:
        typer.echo("Every rule passed.")
    for table, rule, severity, looked, failed, verdict in rows:
        typer.echo(f"{verdict:<12} {table}.{rule} ({severity}): {failed} of {looked} rows failed")


def explain(
    analysis: Annotated[str, typer.Argument(help="Id of an analysis; none lists them.")] = "",
) -> None:
    """Say what an analysis asks, of whom, by which rules and model, and on what it rests."""
    from datrial.analyses.registry import ANALYSES

    if not analysis:
        for name, entry in ANALYSES.items():
            typer.echo(f"{name:<20} {entry.question}")
        return
    if analysis not in ANALYSES:
        raise UsageError(f"There is no analysis {analysis!r}. Analyses: {', '.join(ANALYSES)}.")
    entry = ANALYSES[analysis]
    parameters = {
        name: about.get_default(call_default_factory=True)
        for name, about in entry.parameters.model_fields.items()
    }
    lines = [
        entry.title, "", f"Question:   {entry.question}", f"Population: {entry.population}",
        f"Rules:      {entry.rules}", f"Model:      {entry.model}",
        f"Answers:    {', '.join(entry.catalogue) or 'no published table'}", "Parameters:",
        *(f"  {name} (default {default!r})" for name, default in parameters.items()),
        *(("Limits:", *(f"  {limit}" for limit in entry.limits)) if entry.limits else ()),
        "References:", *(f"  {reference}" for reference in entry.references),
    ]  # fmt: skip
    typer.echo("\n".join(lines))
