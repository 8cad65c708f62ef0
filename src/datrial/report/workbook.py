"""Make ``reports/<run_id>/results.xlsx`` and ``results.ods``: every table of a run, to work with.

They follow what the UK Government Analysis Function asks of spreadsheets: a cover, a list
of contents, notes by number, one table a sheet with one row of headings, no merged and no
empty cells, and words or marks wherever there is no number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.report.workbook_excel import excel_bytes
from datrial.report.workbook_names import sheet_name, table_name
from datrial.report.workbook_notes import Notes
from datrial.report.workbook_opendocument import opendocument_bytes
from datrial.report.workbook_parts import Sheet, Workbook, clean
from datrial.report.workbook_sheets import (
    CONTENTS_TABLE,
    NOTES_TABLE,
    contents_sheet,
    cover_sheet,
    notes_sheet,
)
from datrial.report.workbook_tables import table_sheet
from datrial.results.files import write_atomically
from datrial.results.plan_words import why_exploratory
from datrial.results.read import Run, read_run

if TYPE_CHECKING:
    from datrial.analyses.base import Analysis

#: Dates the files of a run that does not say until when its data reach.
_EARLIEST = dt.date(1980, 1, 1)


def write_workbooks(home: Path, run_id: str) -> tuple[Path, ...]:
    """Write the workbooks of a stored run and return their paths.

    They are made from ``results/<run_id>`` and the analyses' titles: same run, same bytes.

    Raises
    ------
    UsageError
        If there is no such run.
    DatrialError
        If its files were changed since the run was stored.
    """
    from datrial.analyses.registry import ANALYSES

    run = read_run(home, run_id)
    wanted = dict.fromkeys(entry.analysis for entry in run.tables)
    described = workbook(run, {name: ANALYSES[name] for name in wanted if name in ANALYSES})
    folder = home / "reports" / run_id
    paths = (folder / "results.xlsx", folder / "results.ods")
    write_atomically(paths[0], excel_bytes(described))
    write_atomically(paths[1], opendocument_bytes(described))
    return paths


def workbook(run: Run, analyses: Mapping[str, Analysis]) -> Workbook:
    """Return the sheets of a run.

    Parameters
    ----------
    analyses
        Analysis id -> the analysis, for titles and chapters.
    """
    notes = Notes()
    why = why_exploratory(run.manifest)
    taken = [CONTENTS_TABLE, NOTES_TABLE]
    sheets: dict[str, Sheet] = {}
    for number, entry in enumerate(run.tables, start=1):
        table = entry.table.id
        taken.append(table_name(table, taken))
        sheets[table] = table_sheet(
            entry, number, sheet_name(number, table), taken[-1], notes,
            why_exploratory=why.get(entry.analysis, ""), simulated=run.manifest.simulated,
        )  # fmt: skip
    title = clean(run.manifest.title) or clean(run.manifest.study)
    until = run.manifest.data_until or _EARLIEST
    return Workbook(
        f"{title}: results of run {run.manifest.run_id}",
        "Result tables of the evaluation"
        + (" from simulated data" if run.manifest.simulated else ""),
        dt.datetime.combine(max(until, _EARLIEST), dt.time()),
        (
            cover_sheet(run, len(run.tables)),
            contents_sheet(run, sheets, analyses),
            notes_sheet(notes),
            *sheets.values(),
        ),
    )
