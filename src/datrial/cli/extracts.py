"""Commands about the agencies' files: what arrived, what it covers, what a correction changed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from datrial.cli.options import AsJson, Study, group
from datrial.cli.output import print_columns, print_json, short
from datrial.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt

app = group(
    "extracts", "The agencies' files: describe an unknown one, list what arrived, show coverage."
)

#: One character a month.
_COVERAGE = {"received": "#", "part": "+", "not_received": "."}
#: So wide is a year at least, for its number above.
_YEAR = 4
_DIFFERENCE = ("table", "extract", "earlier_extract", "added", "changed", "gone", "same")


@app.command()
def describe(
    file: Annotated[Path, typer.Argument(help="A file as the agency sent it.")],
    table: Annotated[
        str, typer.Option("--table", help="The staging table it is for (default: guessed).")
    ] = "",
    out: Annotated[
        Optional[Path],  # noqa: UP045 (typer reads this at run time)
        typer.Option("--out", metavar="FILE.yaml", help="Write the proposed mapping to this file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at an unknown file and propose a mapping, which a person then edits.

    Of columns that may tell who somebody is, no value is shown.
    """
    from datrial.extracts.describe import describe as look_at

    if not file.is_file():
        raise UsageError(f"{file.name}: there is no such file.")
    if out is not None and out.exists():
        raise UsageError(f"{short(out)} is there already. Name another file for the mapping.")
    description = look_at(file, table or None)
    if out is not None:
        _write_new(out, description.to_yaml())
    if as_json:
        print_json(description.as_json())
        return
    typer.echo(description.text())
    if out is None:
        typer.echo("\nProposed mapping (--out FILE.yaml writes it):\n")
        typer.echo(description.to_yaml())
    else:
        typer.echo(f"\nProposed mapping: {short(out)}. Look at every line marked `check`.")


@app.command("list")
def list_extracts(study: Study = "drive", as_json: AsJson = False) -> None:
    """List every file that ever arrived: days covered, rows, when, and whether it is in use."""
    from datrial.cli.arrivals import arrivals
    from datrial.config.project import home
    from datrial.config.study import load_study

    listed = arrivals(home(), load_study(study))
    if as_json:
        print_json(listed)
        return
    if not listed:
        typer.echo(f"Nothing has arrived yet. Run `datrial run --study {study}`.")
        return
    heads = ("extract", "file", "from", "until", "rows", "received", "by", "state")
    print_columns(
        heads,
        [
            (one["extract_id"], one["file_name"], one["covers_start"], one["covers_end"],
             one["rows"], one["received_at"][:16].replace("T", " "), one["received_by"],
             one["state"].replace("_", " "))
            for one in listed
        ],
    )  # fmt: skip


@app.command()
def coverage(study: Study = "drive", as_json: AsJson = False) -> None:
    """Show for which months each source sent its data, by site, from the current snapshot."""
    rows = _snapshot_rows(
        study,
        "select source, site, month, state, days_received, days_in_month "
        "from study.coverage_month order by source, site, month",
        "the coverage by month",
    )
    if as_json:
        names = ("source", "site", "month", "state", "days_received", "days_in_month")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    if not rows:
        typer.echo("No month is covered.")
        return
    lines: dict[tuple[str, str], dict[dt.date, str]] = {}
    for source, site, month, state, *_ in rows:
        lines.setdefault((source, site), {})[month] = _COVERAGE[state]
    months = sorted({row[2] for row in rows})
    typer.echo(f"{'':<28}{_years(months)}".rstrip())
    for (source, site), marks in lines.items():
        typer.echo(f"{source + ' ' + site:<28}{_by_year(months, marks)}".rstrip())
    said = ", ".join(f"{mark} {state.replace('_', ' ')}" for state, mark in _COVERAGE.items())
    typer.echo(f"\nOne character a month: {said}. What was not received is not available, not 0.")


@app.command()
def differences(study: Study = "drive", as_json: AsJson = False) -> None:
    """Show what corrected files changed: rows added, changed, gone, from the current snapshot."""
    rows = _snapshot_rows(
        study,
        "select table_name, extract_id, earlier_extract_id, added, changed, gone, same "
        "from accounting.difference order by all",
        "the differences between deliveries",
    )
    if as_json:
        print_json([dict(zip(_DIFFERENCE, row, strict=True)) for row in rows])
    elif rows:
        print_columns(tuple(name.replace("_", " ") for name in _DIFFERENCE), rows)
    else:
        typer.echo("No file of the current snapshot replaced an earlier one.")


def _snapshot_rows(study: str, query: str, what: str) -> list[Any]:
    """Return rows of the current snapshot.

    Raises
    ------
    UsageError
        If the snapshot was built by a version that did not store this.
    """
    import duckdb

    from datrial.config.project import home
    from datrial.config.study import load_study
    from datrial.warehouse.snapshots import SnapshotStore

    load_study(study)
    with SnapshotStore(home(), study).open() as connection:
        try:
            return list(connection.execute(query).fetchall())
        except duckdb.CatalogException:
            raise UsageError(
                f"The current snapshot was built without {what}. Run `datrial run --study "
                f"{study}` first."
            ) from None


def _by_year(months: list[dt.date], marks: dict[dt.date, str]) -> str:
    """Return one character a month, with a space between years."""
    years: dict[int, str] = {}
    for month in months:
        years[month.year] = years.get(month.year, "") + marks.get(month, " ")
    return " ".join(line.ljust(_YEAR) for line in years.values())


def _years(months: list[dt.date]) -> str:
    """Return the years, each above its months."""
    counted = Counter(month.year for month in months)
    return " ".join(str(year).ljust(max(count, _YEAR)) for year, count in counted.items())


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be written ({error.strerror}).") from error
