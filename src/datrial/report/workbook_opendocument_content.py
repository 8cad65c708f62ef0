"""The cells of an OpenDocument spreadsheet, and the names of its tables."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from datrial.report.workbook_formats import NumberFormat
from datrial.report.workbook_opendocument_styles import (
    NAMESPACES,
    PROLOGUE,
    VERSION,
    column_style,
    number_style,
)
from datrial.report.workbook_parts import (
    Entry,
    Grid,
    Line,
    Sheet,
    Workbook,
    column_letters,
    escape,
    exact,
)

#: Widest column of a sheet that holds text only, in characters.
_TEXT_WIDTH = 100


class _Styles:
    """Styles of columns and numbers, made when they are first asked for."""

    def __init__(self) -> None:
        self.xml: list[str] = []
        self._columns: dict[int, str] = {}
        self._numbers: dict[NumberFormat, str] = {}

    def column(self, width: int) -> str:
        """Return the name of the style of a column so many characters wide."""
        if width not in self._columns:
            self._columns[width] = f"co{len(self._columns) + 1}"
            self.xml.append(column_style(self._columns[width], width))
        return self._columns[width]

    def number(self, form: NumberFormat) -> str:
        """Return the name of the style of cells with such numbers."""
        if form not in self._numbers:
            name = str(len(self._numbers) + 1)
            self._numbers[form] = f"ce{name}"
            self.xml.append(number_style(name, form))
        return self._numbers[form]


def content_xml(workbook: Workbook) -> str:
    """Return the part of the file that holds the sheets."""
    styles = _Styles()
    tables = "".join(_table(sheet, styles) for sheet in workbook.sheets)
    ranges = "".join(_range(sheet, sheet.grid) for sheet in workbook.sheets if sheet.grid)
    return (
        f"{PROLOGUE}<office:document-content {NAMESPACES} {VERSION}>"
        "<office:automatic-styles>"
        '<style:style style:name="ta1" style:family="table" style:master-page-name="Default">'
        '<style:table-properties table:display="true" style:writing-mode="lr-tb"/></style:style>'
        '<style:style style:name="ro1" style:family="table-row"><style:table-row-properties '
        'style:use-optimal-row-height="true"/></style:style>'
        f"{''.join(styles.xml)}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}"
        f"<table:database-ranges>{ranges}</table:database-ranges>"
        "</office:spreadsheet></office:body></office:document-content>"
    )


def _table(sheet: Sheet, styles: _Styles) -> str:
    widths = sheet.grid.widths if sheet.grid else (_TEXT_WIDTH,)
    columns = "".join(
        f'<table:table-column table:style-name="{styles.column(width)}" '
        'table:default-cell-style-name="Default"/>'
        for width in widths
    )
    style = "Running" if sheet.grid else "Wrapped"
    rows = [_row([_text_cell(sheet.title, "Heading_20_1")])]
    rows += [_row([_line_cell(line, style)]) for line in sheet.lines]
    if sheet.grid is not None:
        headings = [_text_cell(heading, "Column_20_heading") for heading in sheet.grid.headings]
        rows.append(f"<table:table-header-rows>{_row(headings)}</table:table-header-rows>")
        rows += [_row([_cell(entry, styles) for entry in line]) for line in sheet.grid.rows]
    return (
        f'<table:table table:name={quoteattr(sheet.name)} table:style-name="ta1">'
        f"<table:title>{escape(sheet.title)}</table:title>{columns}{''.join(rows)}</table:table>"
    )


def _row(cells: list[str]) -> str:
    return f'<table:table-row table:style-name="ro1">{"".join(cells)}</table:table-row>'


def _line_cell(line: Line, style: str) -> str:
    return _text_cell(line.text, "Heading_20_2" if line.is_heading else style, line.link)


def _cell(entry: Entry, styles: _Styles) -> str:
    if isinstance(entry.value, str):
        return _text_cell(entry.value, "Mark" if entry.is_mark else "Wrapped", entry.link)
    form = entry.format or NumberFormat()
    kind = "percentage" if form.is_share else "float"
    return (
        f'<table:table-cell table:style-name="{styles.number(form)}" office:value-type="{kind}" '
        f'office:value="{exact(entry.value)}"><text:p>{escape(form.show(entry.value))}</text:p>'
        "</table:table-cell>"
    )


def _text_cell(text: str, style: str, link: str = "") -> str:
    words = escape(text)
    if link:
        words = f'<text:a xlink:type="simple" xlink:href={quoteattr(_place(link))}>{words}</text:a>'
    return (
        f'<table:table-cell table:style-name="{style}" office:value-type="string">'
        f"<text:p>{words}</text:p></table:table-cell>"
    )


def _place(sheet: str) -> str:
    return f"#'{sheet}'.A1"


def _range(sheet: Sheet, grid: Grid) -> str:
    last = f"{column_letters(len(grid.headings))}{sheet.heading_row + len(grid.rows)}"
    place = f"'{sheet.name}'.A{sheet.heading_row}:'{sheet.name}'.{last}"
    return (
        f"<table:database-range table:name={quoteattr(grid.name)} "
        f'table:target-range-address={quoteattr(place)} table:contains-header="true" '
        'table:display-filter-buttons="false"/>'
    )
