"""The sheets before the tables: cover, contents and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from datrial.report.cell_views import MARKS
from datrial.report.workbook_formats import NumberFormat
from datrial.report.workbook_notes import Notes
from datrial.report.workbook_parts import Entry, Grid, Line, Sheet, clean
from datrial.report.workbook_tables import CONTENTS, NOTES, SIMULATED, sentences
from datrial.results.cells import State
from datrial.results.plan_words import plan_sentences
from datrial.results.read import Run, RunTable

if TYPE_CHECKING:
    from datrial.analyses.base import Analysis

COVER = "Cover"
#: Names of the tables on these sheets; no result table has a name without two underscores.
CONTENTS_TABLE = "contents"
NOTES_TABLE = "notes"

_NOTHING = MARKS[State.NOT_APPLICABLE]
_HOW_MARKS_READ = {
    State.SUPPRESSED: "the number is hidden to protect people, for it could tell of a few",
    State.NOT_AVAILABLE: "not available: the data do not give the number; a note says why",
    State.NOT_APPLICABLE: "not applicable: there is no such number",
}


def cover_sheet(run: Run, tables: int) -> Sheet:
    """Return the first sheet: what the workbook is, and how to read it."""
    manifest = run.manifest
    lines = [Line(SIMULATED)] if manifest.simulated else []
    label = f", called {clean(manifest.label)}" if clean(manifest.label) else ""
    lines += [
        Line(f"Study: {clean(manifest.study)}"),
        Line(f"Run: {manifest.run_id}{label}, on snapshot {clean(manifest.snapshot_id)}"),
        Line(f"Data until: {_long_date(run)}"),
        Line(f"Code version: {clean(manifest.code_version) or 'not recorded'}"),
        Line(f"This workbook has {tables:,} tables of results, each on a worksheet of its own."),
        Line("Contents: all tables, with links to them.", link=CONTENTS),
        Line("Notes: the notes that tables refer to by number.", link=NOTES),
        Line("Marks in place of numbers", is_heading=True),
        *(Line(f"{MARKS[state]} {words}") for state, words in _HOW_MARKS_READ.items()),
        Line("A zero is a number that was counted or computed; no mark stands for zero."),
        Line("Protection of people", is_heading=True),
        *(Line(sentence) for sentence in _disclosure(run)),
        Line("Analysis plan", is_heading=True),
        *(Line(clean(sentence)) for sentence in plan_sentences(manifest)),
        Line("Numbers", is_heading=True),
        Line("Cells hold the numbers with all their digits and show them rounded."),
        Line("Shares show as per cent and are held as fractions of 1."),
        Line("Columns that end in published hold the number printed in the study's report."),
        Line("n is the count that a number rests on: people, forms or rows."),
    ]
    if manifest.failed:
        names = ", ".join(end.id for end in manifest.failed)
        lines += [
            Line("What is missing", is_heading=True),
            Line(f"These analyses failed, and their tables are not here: {names}."),
        ]
    return Sheet(COVER, f"{clean(manifest.title) or clean(manifest.study)}: results", tuple(lines))


def contents_sheet(
    run: Run, sheets: Mapping[str, Sheet], analyses: Mapping[str, Analysis]
) -> Sheet:
    """Return the list of the tables, each with a link to its sheet.

    Parameters
    ----------
    sheets
        Table id -> the table's sheet, in their order.
    """
    chapters = {name: clean(getattr(one, "chapter", "")) for name, one in analyses.items()}
    with_chapters = any(chapters.values())
    headings = ["Table", "Title", "Worksheet", "Analysis", "Answers", "Standing", "Identifier"]
    widths = [8, 80, 34, 40, 18, 16, 42]
    if with_chapters:
        headings.insert(3, "Chapter")
        widths.insert(3, 40)
    rows = []
    for number, entry in enumerate(run.tables, start=1):
        sheet = sheets[entry.table.id]
        analysis = analyses.get(entry.analysis)
        title = analysis.title if analysis else entry.analysis.replace("_", " ").capitalize()
        row = [
            Entry(float(number), NumberFormat()),
            Entry(clean(entry.table.title) or sheet.name, link=sheet.name),
            Entry(sheet.name),
            Entry(clean(title)),
            Entry(", ".join(map(clean, entry.table.catalogue)) or _NOTHING),
            Entry(_standing(run, entry)),
            Entry(clean(entry.table.id)),
        ]
        if with_chapters:
            row.insert(3, Entry(chapters.get(entry.analysis) or _NOTHING))
        rows.append(tuple(row))
    rows = rows or [tuple(Entry(_NOTHING) for _ in headings)]
    lines = [
        Line("This worksheet contains one table: the list of the tables, with links to them."),
        Line("Answers: rows of the catalogue of published tables that a table answers."),
    ]
    if any(entry.table.standing == "exploratory" for entry in run.tables):
        lines.append(Line("Standing: exploratory analyses were not planned as they were run."))
    grid = Grid(CONTENTS_TABLE, tuple(headings), tuple(rows), tuple(widths))
    return Sheet(CONTENTS, "Contents", tuple(lines), grid)


def notes_sheet(notes: Notes) -> Sheet:
    """Return the numbered notes of all tables."""
    rows = tuple(
        (Entry(f"[note {number}]"), Entry(text), Entry(", ".join(map(str, tables))))
        for number, text, tables in notes.listed()
    ) or ((Entry(_NOTHING), Entry("No table has a note."), Entry(_NOTHING)),)
    grid = Grid(NOTES_TABLE, ("Note", "Text", "Tables"), rows, (14, 110, 40))
    lines = (
        Line("This worksheet contains one table: the notes to which the tables refer."),
        Line("Go to the contents.", link=CONTENTS),
    )
    return Sheet(NOTES, "Notes", lines, grid)


def _standing(run: Run, entry: RunTable) -> str:
    if entry.table.standing:
        return clean(entry.table.standing).capitalize()
    return "Planned" if run.manifest.further("plan") else "No plan locked"


def _disclosure(run: Run) -> list[str]:
    """Return what was done so that no number tells of a person."""
    recorded = run.manifest.further("disclosure")
    name = recorded.get("profile") or run.manifest.further("resolved_study").get("disclosure")
    said = [f"Disclosure profile: {clean(str(name)).replace('_', ' ')}."] if name else []
    said += sentences(str(recorded.get("description", "")))
    hidden = sum(cell.state is State.SUPPRESSED for one in run.tables for cell in one.table.cells)
    mark = MARKS[State.SUPPRESSED]
    return [*said, f"Numbers of this workbook that are hidden and stand as {mark}: {hidden:,}."]


def _long_date(run: Run) -> str:
    day = run.manifest.data_until
    return f"{day.day} {day:%B} {day.year}" if day else "not recorded"
