"""A workbook as Excel; same workbook, same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from copy import copy
from typing import TYPE_CHECKING, Any

from datrial.report.workbook_formats import NumberFormat
from datrial.report.workbook_parts import (
    LANGUAGE,
    MOST_FROZEN,
    Entry,
    Grid,
    Line,
    Sheet,
    Workbook,
    column_letters,
    exact,
)

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

#: The earliest time that a zip file can tell.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_FONT = "Arial"
_SIZE = 12
#: Excel reads ``_x0041_`` in a text as the character with that number.
_CHARACTER_CODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_LINE_HEIGHT = 16.0
#: Characters that a cell may hold, with room for those that need others.
_LONGEST = 30_000


class _Archive(zipfile.ZipFile):
    """A zip file in which every entry has the same time."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        entry = zipfile.ZipInfo(str(zinfo_or_arcname), _EARLIEST)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        super().writestr(entry, data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        with open(filename, "rb") as file:  # noqa: PTH123 (a path or its text)
            self.writestr(str(arcname or filename).lstrip("/"), file.read())


def excel_bytes(workbook: Workbook) -> bytes:
    """Return the workbook as the content of an ``.xlsx`` file."""
    from openpyxl import Workbook as Book
    from openpyxl.styles import Font
    from openpyxl.writer.excel import ExcelWriter

    book = Book()
    book.remove(book.active)
    book._named_styles["Normal"].font = Font(name=_FONT, size=_SIZE)
    book._fonts[0] = Font(name=_FONT, size=_SIZE)
    for style in _heading_styles():
        book.add_named_style(style)
    for sheet in workbook.sheets:
        _write_sheet(book.create_sheet(sheet.name), sheet)
    book.active = 0
    book.worksheets[0].sheet_view.tabSelected = True
    about = book.properties
    about.title, about.subject, about.language = workbook.title, workbook.subject, LANGUAGE
    about.creator = "datrial"
    about.created = about.modified = workbook.made
    buffer = io.BytesIO()
    # Not Workbook.save: it notes the time of writing.
    ExcelWriter(book, _Archive(buffer, "w")).save()
    return buffer.getvalue()


def _heading_styles() -> list[Any]:
    """Return Excel's own heading styles, without its colours and lines."""
    from openpyxl.styles import Font, NamedStyle

    return [
        NamedStyle(name, font=Font(name=_FONT, size=size, bold=True), builtinId=number)
        for name, size, number in (("Heading 1", 16, 16), ("Heading 2", 14, 17))
    ]


def _write_sheet(target: Worksheet, sheet: Sheet) -> None:
    from openpyxl.styles import Alignment

    title = _put(target.cell(1, 1), sheet.title)
    title.style = "Heading 1"
    for row, line in enumerate(sheet.lines, start=2):
        _write_line(target.cell(row, 1), line)
    if sheet.grid is None:
        target.column_dimensions["A"].width = 100
        for row in range(2, len(sheet.lines) + 2):
            target.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    else:
        _write_grid(target, sheet.grid, sheet.heading_row)
    target.page_setup.orientation = "landscape"
    target.page_setup.paperSize = target.PAPERSIZE_A4
    target.page_setup.fitToHeight = 0
    target.sheet_properties.pageSetUpPr.fitToPage = True


def _write_line(cell: Cell, line: Line) -> None:
    _put(cell, line.text)
    if line.is_heading:
        cell.style = "Heading 2"
    if line.link:
        _lead(cell, line.link)


def _write_grid(target: Worksheet, grid: Grid, heading_row: int) -> None:
    from openpyxl.styles import Alignment, Font

    bold = Font(name=_FONT, size=_SIZE, bold=True)
    wrapped = Alignment(wrap_text=True, vertical="top")
    for place, (heading, width) in enumerate(zip(grid.headings, grid.widths, strict=True), start=1):
        cell = _put(target.cell(heading_row, place), heading)
        cell.font, cell.alignment = bold, wrapped
        target.column_dimensions[column_letters(place)].width = width
    lines = max(
        -(-len(heading) * 6 // (5 * width))
        for heading, width in zip(grid.headings, grid.widths, strict=True)
    )
    target.row_dimensions[heading_row].height = _LINE_HEIGHT * (lines + 1)
    looks = _Looks()
    for row, entries in enumerate(grid.rows, start=heading_row + 1):
        for place, entry in enumerate(entries, start=1):
            looks.give(_put_entry(target.cell(row, place), entry), entry)
    last = f"{column_letters(len(grid.headings))}{heading_row + len(grid.rows)}"
    _name_table(target, grid, f"A{heading_row}:{last}")
    if heading_row <= MOST_FROZEN:
        target.freeze_panes = f"A{heading_row + 1}"
    target.print_title_rows = f"{heading_row}:{heading_row}"


class _Looks:
    """How entries look; each look is worked out once, for openpyxl is slow at it."""

    def __init__(self) -> None:
        self._known: dict[tuple[bool, bool, NumberFormat | None], Any] = {}

    def give(self, cell: Cell, entry: Entry) -> None:
        """Give a cell the look of its entry."""
        to_the_right = entry.is_mark or not isinstance(entry.value, str)
        key = (to_the_right, bool(entry.link), entry.format)
        if key not in self._known:
            _dress(cell, entry, to_the_right=to_the_right)
            self._known[key] = cell._style
        cell._style = copy(self._known[key])


def _dress(cell: Cell, entry: Entry, *, to_the_right: bool) -> None:
    from openpyxl.styles import Alignment

    if to_the_right:
        cell.alignment = Alignment(horizontal="right", vertical="top")
    else:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    if entry.format:
        cell.number_format = entry.format.excel
    if entry.link:
        cell.font = _link_font()


def _name_table(target: Worksheet, grid: Grid, place: str) -> None:
    """Make the range a table that Excel and screen readers know by its name."""
    from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

    table = Table(displayName=grid.name, ref=place)
    # With columns of our own it gets no filter buttons, which are in the way of screen readers.
    table.tableColumns = [
        TableColumn(id=number, name=_escaped(heading))
        for number, heading in enumerate(grid.headings, start=1)
    ]
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    target.add_table(table)


def _put_entry(cell: Cell, entry: Entry) -> Cell:
    if isinstance(entry.value, str):
        _put(cell, entry.value)
        if entry.link:
            _lead(cell, entry.link)
        return cell
    # As text: openpyxl would round it to 16 digits, and some numbers need 17.
    cell._value = exact(entry.value)
    cell.data_type = "n"
    return cell


def _put(cell: Cell, text: str) -> Cell:
    """Write text as text, also where it looks like a formula or an error."""
    cell._value = _escaped(text[:_LONGEST])
    cell.data_type = "s"
    return cell


def _escaped(text: str) -> str:
    return _CHARACTER_CODE.sub("_x005F_", text)


def _lead(cell: Cell, sheet: str) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    cell._hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1")
    cell.font = _link_font()


def _link_font() -> Any:
    from openpyxl.styles import Font

    return Font(name=_FONT, size=_SIZE, underline="single", color="FF0B4F8A")
