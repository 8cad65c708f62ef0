"""Write a workbook (.xlsx) of plain tables: the same rows give the same bytes.

Case management has some hundred thousand rows. A library that can write everything a
workbook may hold takes half a minute for them; texts, numbers and dates alone take two
seconds. The parts are those of ECMA-376 that every spreadsheet program needs.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

#: A workbook carries no time at which it was written, but a zip entry must have one.
_ZIP_TIME = (2019, 10, 1, 9, 0, 0)
_DAY_0 = dt.date(1899, 12, 30).toordinal()
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)

Row = Sequence[object]


def workbook(sheets: Sequence[tuple[str, Iterable[Row]]]) -> bytes:
    """Return a workbook.

    Parameters
    ----------
    sheets
        The name of each sheet and its rows, in order. A cell is a text, a number, a
        date, or None for an empty one.

    Raises
    ------
    TypeError
        If a cell is anything else.
    """
    texts: dict[str, int] = {}
    pages = [_page(rows, texts) for _, rows in sheets]
    names = [name for name, _ in sheets]
    parts = {
        "[Content_Types].xml": _content_types(len(pages)),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _book(names),
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", f"worksheets/sheet{number + 1}.xml") for number in range(len(pages))]
            + [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
        ),
        "xl/styles.xml": _STYLES,
        "xl/sharedStrings.xml": _shared(texts),
    }
    parts |= {f"xl/worksheets/sheet{n + 1}.xml": page for n, page in enumerate(pages)}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content.encode())
    return written.getvalue()


def _page(rows: Iterable[Row], texts: dict[str, int]) -> str:
    """Return a worksheet; texts that are new get the next number."""
    letters: list[str] = []
    lines = []
    for number, row in enumerate(rows, start=1):
        while len(letters) < len(row):
            letters.append(_letters(len(letters)))
        cells = [
            _cell(f"{letter}{number}", cell, texts)
            for letter, cell in zip(letters, row, strict=False)
            if cell is not None
        ]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    # Readers that look for the size of the table would otherwise read it all to find none.
    corner = f"{letters[-1] if letters else 'A'}{max(len(lines), 1)}"
    data = "".join(lines)
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><dimension ref="A1:{corner}"/>'
        f"<sheetData>{data}</sheetData></worksheet>"
    )


def _cell(place: str, cell: object, texts: dict[str, int]) -> str:
    if isinstance(cell, str):
        text = texts.setdefault(cell, len(texts))
        return f'<c r="{place}" t="s"><v>{text}</v></c>'
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        return f'<c r="{place}" s="1"><v>{cell.toordinal() - _DAY_0}</v></c>'
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return f'<c r="{place}"><v>{cell}</v></c>'
    raise TypeError(f"a cell of type {type(cell).__name__} cannot be written to a workbook")


def _letters(column: int) -> str:
    """Return a column's letters: A for 0, Z for 25, AA for 26."""
    letters = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def _shared(texts: dict[str, int]) -> str:
    items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    return f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(texts)}">{items}</sst>'


def _book(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr/>'
        f"<sheets>{sheets}</sheets></workbook>"
    )


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'


def _content_types(pages: int) -> str:
    kinds = {
        "workbook": "sheet.main", "styles": "styles", "sharedStrings": "sharedStrings",
        **{f"worksheets/sheet{number + 1}": "worksheet" for number in range(pages)},
    }  # fmt: skip
    items = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_TYPE}.{kind}+xml"/>'
        for part, kind in kinds.items()
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{items}</Types>"
    )
