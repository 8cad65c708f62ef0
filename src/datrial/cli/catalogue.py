"""The catalogue of published tables and figures: what of it is answered, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from datrial.cli.options import AsJson, Study
from datrial.cli.output import print_json
from datrial.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from datrial.results.catalogue import AnsweringTable, CatalogueState
    from datrial.results.read import Run

State = Annotated[
    str,
    typer.Option(
        "--state",
        help="Only rows in this state: answered (done or partly not available), done, "
        "partly_not_available, not_available, failed, not_in_this_run, in_a_cost_model, not_built.",
    ),
]
Report = Annotated[
    str,
    typer.Option(
        "--report", help="Of which published report, e.g. drive, or all (default: the study's)."
    ),
]
OfRun = Annotated[
    str, typer.Option("--run", help="A stored run (default: the study's latest whole run).")
]
_ANSWERED = "answered"
_ALL = "all"


def catalogue(
    study: Study = "drive", run: OfRun = "", state: State = "", report: Report = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the published tables and figures, the tables that answer each, and their state.

    Those of the report that the study is held against, also where nothing answers them; all
    reports' with `--report all`, or of a study that is held against none.
    """
    from datrial.config.project import home
    from datrial.config.study import load_study
    from datrial.results.catalogue import STATE_WORDS, RowState, catalogue_states, load_catalogue

    wanted = [_ANSWERED, *RowState]
    if state and state not in wanted:
        raise UsageError(f"--state {state}: there are {', '.join(wanted)}.")
    known = load_catalogue()
    if report and report not in (_ALL, *known.reports):
        raise UsageError(f"--report {report}: there are {', '.join([_ALL, *known.reports])}.")
    report = report or load_study(study).published or _ALL
    looked_at = _run(home(), study, run)
    states = [
        one
        for one in catalogue_states(looked_at, known)
        if report in (_ALL, one.row.report)
        and (not state or one.state == state or (state == _ANSWERED and one.is_answered))
    ]
    if as_json:
        print_json({
            "study": study, "run": looked_at.manifest.run_id if looked_at else None,
            "rows": [_as_json(one) for one in states],
        })  # fmt: skip
        return
    if looked_at is None:
        typer.echo(f"There is no run of {study} yet: `datrial run --study {study}`.\n")
    else:
        manifest = looked_at.manifest
        label = f" ({manifest.label})" if manifest.label else ""
        typer.echo(f"In run {manifest.run_id}{label} of {manifest.study}:\n")
    shown = ""
    for one in states:
        if one.row.report != shown:
            shown = one.row.report
            typer.echo(f"{known.reports[shown].title} ({shown})\n")
        for line in _lines(one):
            typer.echo(line)
    counted = [
        f"{count} {word}"
        for each, word in STATE_WORDS.items()
        if (count := sum(one.state == each for one in states))
    ]
    typer.echo(f"{len(states)} rows{': ' if counted else ''}{', '.join(counted)}.")


def _run(home: Path, study: str, named: str) -> Run | None:
    """Return the run to look at: the one named, or the study's latest, a whole one if there is."""
    from datrial.config.study import load_study
    from datrial.results.folder import read_manifest
    from datrial.results.naming import find_run
    from datrial.results.read import read_run
    from datrial.results.store import runs

    if named:
        return read_run(home, find_run(home, named))
    load_study(study)
    ids = [entry["run_id"] for entry in runs(home) if entry["study"] == study]
    whole = [name for name in ids if read_manifest(home / "results" / name).only is None]
    latest = [*ids[-1:], *whole[-1:]]
    return read_run(home, latest[-1]) if latest else None


def _lines(one: CatalogueState) -> list[str]:
    from datrial.results.catalogue import STATE_WORDS

    lines = [
        f"{one.row.id:<9}{STATE_WORDS[one.state]}",
        f"         {one.row.place}: {one.row.shows}",
    ]
    lines += [f"         {name} failed: {reason}" for name, reason in one.reasons]
    lines += [f"         - {table.id}: {_counts(table)}" for table in one.tables]
    there = {table.analysis for table in one.tables} | {name for name, _ in one.reasons}
    absent = [name for name in one.row.answered_by if name not in there]
    if absent:
        lines.append(f"         ({', '.join(absent)}: not in this run)")
    lines += [f"         - datrial cost --model {name}" for name in one.row.cost_models]
    return [*lines, ""]


def _counts(table: AnsweringTable) -> str:
    from datrial.results.cells import State as CellState

    applying = sum(table.cells.values()) - table.cells[CellState.NOT_APPLICABLE]
    said = [f"{table.cells[CellState.VALUE]} of {applying} cells have a value"]
    hidden, absent = table.cells[CellState.SUPPRESSED], table.cells[CellState.NOT_AVAILABLE]
    if absent:
        said.append(f"{absent} not available")
    if hidden:
        said.append(f"{hidden} suppressed")
    if table.published:
        said.append(f"published numbers beside: {table.published}")
    if table.published_without_row:
        said.append(f"published rows that this run lacks: {table.published_without_row}")
    if table.standing:
        said.append(table.standing)
    return ", ".join(said)


def _as_json(one: CatalogueState) -> dict[str, Any]:
    return {
        **one.row.model_dump(mode="json"),
        "state": str(one.state),
        "reasons": dict(one.reasons),
        "tables": [
            {**vars(table), "cells": {str(state): count for state, count in table.cells.items()}}
            for table in one.tables
        ],
    }
