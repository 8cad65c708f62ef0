"""``datrial rerun``: repeat a stored run and prove that it gives the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from datrial.cli.options import AsJson
from datrial.cli.output import print_columns, print_json
from datrial.cli.stored_runs import RunName
from datrial.errors import DatrialError

if TYPE_CHECKING:
    from datrial.pipeline.rerun import Rerun
    from datrial.results.cells import Cell
    from datrial.results.differences import CellDifference, RunComparison

_SHOWN_CELLS = 30


def rerun(
    name: RunName,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Build the snapshot again from the landed extracts and the ledger, "
            "though it is there.",
        ),
    ] = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Store the repetition as a run of its own ('rerun of RUN')."),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with 1 if any number differs, whatever the cause."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Repeat a stored run from what is stored; prove it equal, or list the cells that differ.

    It takes the study and the parameters that the run stored, not today's study file, and the
    run's own snapshot; a snapshot that is gone is built again from the landed extracts and the
    ledger as it was then, in a scratch place. Every file of the results and the report is
    compared, byte for byte; the pages that tell of other runs too (checks.html, changes.html)
    are left out. The stored run is never changed.

    Exit codes: 0 equal, or other code (or printed numbers) than then can be why it is not: what
    differs is listed. 1 it differs although code, data and parameters are those of then, or the
    stored files are damaged. 3 it cannot be repeated: what is missing is listed. With --strict
    0 means that every number is equal.
    """  # fmt: skip
    from datrial.config.project import home
    from datrial.pipeline.attempt import open_attempt
    from datrial.pipeline.job import Job
    from datrial.pipeline.rerun import rerun as repeat
    from datrial.pipeline.rerun_words import summary, verdict
    from datrial.results.folder import read_manifest
    from datrial.results.naming import find_run

    run = find_run(home(), name)
    study = read_manifest(home() / "results" / run).study
    tell = None if as_json else typer.echo
    with open_attempt("rerun", Job(study=study, label=f"rerun of {run}")) as attempt:
        repeated = repeat(run, rebuild=rebuild, keep=keep, tell=tell)
        attempt.change(run_id=repeated.kept or repeated.run_id)
    if as_json:
        print_json(_plain(repeated))
    else:
        for line in ("", *summary(repeated)):
            typer.echo(line)
        if repeated.cells is not None:
            _show_cells(repeated.cells)
    if not repeated.is_explained or (strict and not repeated.same_numbers):
        raise DatrialError(verdict(repeated))


def _show_cells(cells: RunComparison) -> None:
    from datrial.report.differences_words import change_of, place_of

    found = cells.differences
    typer.echo(f"\n{len(found):,} of {cells.cells_compared:,} cells differ.")
    for table in cells.tables:
        typer.echo(f"  table {table.table_id} is {table.only_in} ({table.cells:,} cells)")
    for analysis in cells.analyses:
        typer.echo(
            f"  analysis {analysis.analysis}: {analysis.first or 'not made'} then, "
            f"{analysis.second or 'not made'} now"
        )
    if found:
        print_columns(
            ("table", "cell", "then", "now", "change", "cause"),
            [
                (each.table_id, place_of(each), *_texts(each), change_of(each), each.cause)
                for each in found[:_SHOWN_CELLS]
            ],
        )
    if len(found) > _SHOWN_CELLS:
        typer.echo(f"... and {len(found) - _SHOWN_CELLS:,} more: --json lists them all.")


def _texts(each: CellDifference) -> tuple[str, str]:
    """Return both cells as text; what one of the runs hides is not told by the other."""
    from datrial.report.differences_words import pair_of

    texts = pair_of(each)
    return (
        _untold(each, each.first, texts[0]), _untold(each, each.second, texts[1])
    )  # fmt: skip


def _untold(each: CellDifference, cell: Cell | None, text: str) -> str:
    return "a number" if _is_hidden(each) and cell and cell.value is not None else text


def _is_hidden(each: CellDifference) -> bool:
    from datrial.results.cells import State

    return any(cell and cell.state is State.SUPPRESSED for cell in (each.first, each.second))


def _value(each: CellDifference, cell: Cell | None) -> float | None:
    return cell.value if cell and not _is_hidden(each) else None


def _plain(repeated: Rerun) -> dict[str, Any]:
    cells = repeated.cells
    return {
        "run_id": repeated.run_id,
        "repeated": repeated.repeated,
        "kept": repeated.kept or None,
        "equal": repeated.is_equal,
        "same_numbers": repeated.same_numbers,
        "explained": repeated.is_explained,
        "snapshot_built_again": repeated.built_again,
        "files": {
            "equal": repeated.files.equal,
            "names_only": repeated.files.names_only,
            "differing": repeated.files.differing,
            "missing": repeated.files.missing,
            "added": repeated.files.added,
            "damaged": repeated.files.damaged,
            "restored": repeated.files.restored,
        },
        "not_as_then": repeated.other_inputs,
        "other_machine": repeated.other_machine,
        "manifest_changed": repeated.manifest_changed,
        "failed": repeated.failed,
        "cells_compared": cells.cells_compared if cells else None,
        "cells": [
            {
                "analysis": each.analysis,
                "table": each.table_id,
                "row": each.row,
                "column": each.column,
                "statistic": each.statistic,
                "then": _value(each, each.first),
                "now": _value(each, each.second),
                "differs": str(each.differs),
                "change": each.change,
                "cause": each.cause,
            }
            for each in (cells.differences if cells else ())
        ],
        "tables": [
            {"table": each.table_id, "only_in": str(each.only_in), "cells": each.cells}
            for each in (cells.tables if cells else ())
        ],
    }
