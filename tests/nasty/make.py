"""Make the nasty files of this folder again: `python tests/nasty/make.py`.

All but those that README.md lists as made elsewhere, which our own libraries cannot write.
"""

# ruff: noqa: E501

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.chart import BarChart
from openpyxl.utils.datetime import CALENDAR_MAC_1904

FOLDER = Path(__file__).parent
CANARY = "Zzyxwana Quovadal"
HEAD = ["Perp", "Victim", "Heard", "Repeat", "Children", "Name"]
ROWS: list[list[Any]] = [
    ["P1", "V1", "01/03/2017", "Y", "0", CANARY],
    ["P2", "V2", "26/03/2017", "N", "2", f"é – £ {CANARY}"],
]
TYPED: list[list[Any]] = [
    ["P1", "V1", dt.date(2017, 3, 1), "Y", 0, CANARY],
    ["P2", "V2", dt.date(2017, 3, 26), "N", 2, CANARY],
]
TITLE = ["MARAC cases of site 1", "", "", "", "", ""]
UTC = dt.UTC

FILES: dict[str, Callable[[], bytes]] = {}


def file(name: str, content: bytes | str | Callable[[], bytes]) -> None:
    """Enter a file: its content, or the function that makes it."""
    if callable(content):
        FILES[name] = content
    else:
        FILES[name] = lambda: content.encode() if isinstance(content, str) else content


def csv_text(rows: list[list[Any]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(map(str, row)) + end for row in rows)


def csv_files() -> None:
    standard = csv_text([HEAD, *ROWS])
    file("semicolon.csv", csv_text([HEAD, *ROWS], ";"))
    file("tab.csv", csv_text([HEAD, *ROWS], "\t"))
    file("pipe.csv", csv_text([HEAD, *ROWS], "|"))
    file("utf8.csv", standard)
    file("utf8_mark.csv", standard.encode("utf-8-sig"))
    file("cp1252.csv", standard.encode("cp1252"))
    file("utf16_little_endian.csv", b"\xff\xfe" + standard.encode("utf-16-le"))
    file("utf16_big_endian.csv", b"\xfe\xff" + standard.encode("utf-16-be"))
    file("utf16_no_mark.csv", standard.encode("utf-16-le"))
    quoted = [[f"'{cell}'" for cell in row] for row in [HEAD, *ROWS]]
    quoted[1][5] = f"'{CANARY}''s note, \"quoted\"'"
    file("single_quotes.csv", csv_text(quoted))
    file(
        "line_breaks.csv",
        csv_text([HEAD], end="\r\n") + f'P1,V1,01/03/2017,Y,0,"{CANARY}\r\nsaid ""no"""\r\n'
        "P2,V2,26/03/2017,N,2,x\r\n",
    )
    file("header_row_5.csv", csv_text([TITLE, ["", "", "", "", "", ""], *[["x"]] * 2, HEAD, *ROWS]))
    file("header_below_a_long_title.csv", f'"MARAC cases\nof {CANARY}"\n\n' + standard)
    file("summary_lines.csv", csv_text([HEAD, *ROWS, ["Total: 2"], ["", "Grand total", 2]]))
    file("blank_lines.csv", csv_text([HEAD, [""], ROWS[0], [",,,,,"], [" , ,,,,"], ROWS[1]]))
    dates = ["2017-03-01", "1 March 2017", "01-Mar-2017", "01.03.2017", "1/3/2017", "01/03/17",
             "31/02/2017", "42795", CANARY]  # fmt: skip
    file(
        "dates.csv",
        csv_text([HEAD, *[["P1", f"V{n}", d, "Y", 0, "x"] for n, d in enumerate(dates)]]),
    )
    file("dates_month_first.csv", csv_text([HEAD, ["P1", "V1", "03/01/2017", "Y", 0, "x"],
                                            ["P2", "V2", "03/26/2017", "N", 2, "x"]]))  # fmt: skip
    times = ["30/06/2017 23:30", "2017-03-26 01:30", "2017-06-30T23:30:00Z",
             "2017-06-30T23:30:00+00:00", "2017-01-31T23:30:00Z", "29/10/2017 01:30:00"]  # fmt: skip
    file(
        "times.csv",
        csv_text([HEAD, *[["P1", f"V{n}", t, "Y", 0, "x"] for n, t in enumerate(times)]]),
    )
    numbers = ["2", " 2 ", "2.0", "02", "1.5", "two", CANARY, ""]
    file("numbers_as_text.csv", csv_text([HEAD, *[["P1", f"V{n}", "01/03/2017", "Y", i, "x"]
                                                  for n, i in enumerate(numbers)]]))  # fmt: skip
    file("unclosed_quote.csv", csv_text([HEAD, ROWS[0]]) + f'P2,V2,26/03/2017,N,2,"{CANARY}\nP3\n')
    file("ragged.csv", csv_text([HEAD, ROWS[0][:4], [*ROWS[0], CANARY], [*ROWS[1], ""]]))
    file("zero_rows.csv", csv_text([HEAD]))
    file("empty.csv", b"")
    file("only_blank_lines.csv", "\n\n")
    file("no_header.csv", csv_text(ROWS))
    file("missing_column.csv", csv_text([[r[n] for n in (0, 1, 3, 4, 5)] for r in [HEAD, *ROWS]]))
    file("new_column.csv", csv_text([[*HEAD, "Chair"], *[[*r, CANARY] for r in ROWS]]))
    file("column_twice.csv", csv_text([[*HEAD, " heard "], *[[*r, CANARY] for r in ROWS]]))
    file("empty_column.csv", csv_text([HEAD, *[[*r[:3], "", *r[4:]] for r in ROWS]]))
    file("wrong_encoding.csv", standard.encode("cp1252"))
    file("name_in_a_code.csv", csv_text([HEAD, [*ROWS[0][:3], CANARY, *ROWS[0][4:]], ROWS[1]]))
    file("errors_as_text.csv", csv_text([HEAD, ["#N/A", *ROWS[0][1:3], "#REF!", 0, "x"], ROWS[1]]))


def book(sheets: dict[str, list[list[Any]]], change: Callable[[Any], None] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if change:
        change(workbook)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def merged_title(workbook: Any) -> None:
    workbook["Cases"].merge_cells("A1:F2")


def merged_rows(workbook: Any) -> None:
    workbook["Cases"].merge_cells("A2:A3")
    workbook["Cases"].merge_cells("C2:C3")


def merged_header(workbook: Any) -> None:
    for column in "ABDEF":
        workbook["Cases"].merge_cells(f"{column}1:{column}2")


def hidden(workbook: Any) -> None:
    workbook["Old"].sheet_state = "hidden"


def chart(workbook: Any) -> None:
    workbook.create_chartsheet("Chart", 0).add_chart(BarChart())


def counts_from_1904(workbook: Any) -> None:
    workbook.epoch = CALENDAR_MAC_1904


def formulas() -> bytes:
    """Formulas with their last results, which a spreadsheet program would have stored."""
    content = book({"Cases": [HEAD, ["P1", "V1", dt.date(2017, 3, 1), "Y", 9999, CANARY],
                              ["P2", "V2", dt.date(2017, 3, 26), True, "#N/A", CANARY]]})  # fmt: skip
    return change_part(
        content, "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v>9999</v>", b"<f>1+1</f><v>2</v>"),
    )  # fmt: skip


def change_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return changed.getvalue()


def as_excel_writes(workbook_xml: bytes) -> bytes:
    """Add the second element of this name that Excel 2013 and later write."""
    extension = (
        b'<extLst><ext uri="{140A7094-0E35-4892-8432-C4D2E57EDEB5}" xmlns:x15="http://schemas.'
        b'microsoft.com/office/spreadsheetml/2010/11/main"><x15:workbookPr chartTrackingRefBase'
        b'="1"/></ext></extLst></workbook>'
    )
    return workbook_xml.replace(b"</workbook>", extension)


def workbooks() -> None:
    cases = [HEAD, *TYPED]
    plain = {"Cases": cases}
    other = {"Notes": [["Read me", CANARY]]}
    file("workbook.xlsx", lambda: book(plain))
    file("sheet_in_capitals.xlsx", lambda: book({**other, " CASES ": cases}))
    file("sheet_by_columns.xlsx", lambda: book({**other, CANARY: cases, "Empty": []}))
    file("sheet_missing.xlsx", lambda: book({CANARY: cases, **other}))
    file("sheet_twice.xlsx", lambda: book({"A": cases, CANARY: cases, **other}))
    file("sheet_of_no_columns.xlsx", lambda: book({CANARY: [HEAD[1:], ["V1", CANARY]], **other}))
    file("sheet_hidden.xlsx", lambda: book({**plain, "Old": cases}, hidden))
    file("sheet_of_a_chart.xlsx", lambda: book(plain, chart))
    file("sheet_empty.xlsx", lambda: book({"Cases": []}))
    file("zero_rows.xlsx", lambda: book({"Cases": [HEAD]}))
    title = {"Cases": [TITLE, TITLE[1:], [], *cases]}
    file("merged_title.xlsx", lambda: book(title, merged_title))
    rows = [HEAD, ["P1", "V1", dt.date(2017, 3, 1), "Y", 0, CANARY], ["", "V2", "", "N", 2, CANARY]]
    file("merged_rows.xlsx", lambda: book({"Cases": rows}, merged_rows))
    two = [[*HEAD[:2], "When", *HEAD[3:]], ["", "", "Heard", "", "", ""], *TYPED]
    file("merged_header.xlsx", lambda: book({"Cases": two}, merged_header))
    serial = [HEAD, ["P1", "V1", 42795, "Y", 0, "x"], ["P2", "V2", 42820.75, "N", 2, "x"],
              ["P3", "V3", "42795", "N", 2, "x"]]  # fmt: skip
    file("serial_dates.xlsx", lambda: book({"Cases": serial}))
    old = [HEAD, ["P1", "V1", dt.date(2017, 3, 1), "Y", 0, "x"],
           ["P2", "V2", 42820 - 1462, "N", 2, "x"]]  # fmt: skip
    file("dates_since_1904.xlsx", lambda: change_part(
        book({"Cases": old}, counts_from_1904), "xl/workbook.xml", as_excel_writes))  # fmt: skip
    times = [HEAD, ["P1", "V1", dt.datetime(2017, 3, 26, 1, 30), "Y", 0, "x"],
             ["P2", "V2", dt.datetime(2017, 6, 30, 23, 59, 59), "N", 2, "x"]]  # fmt: skip
    file("times.xlsx", lambda: book({"Cases": times}))
    file("formulas_and_errors.xlsx", formulas)
    text = [HEAD, *[[r[0], r[1], f"{r[2]:%d/%m/%Y}", r[3], f" {r[4]} ", r[5]] for r in TYPED]]
    file("numbers_as_text.xlsx", lambda: book({"Cases": text}))
    file("truncated.xlsx", lambda: book(plain)[:3000])
    file("plain_text.xlsx", csv_text([HEAD, *ROWS]))
    file("web_page.xls", f"<html><table><tr><td>{CANARY}</td></tr></table></html>")
    file("new_format_old_name.xls", lambda: book(plain))
    file("open_document.ods", ods)


def ods() -> bytes:
    """An OpenDocument table with a merged title, real dates and a million repeated blank rows."""

    def row(cells: list[Any]) -> str:
        parts = []
        for cell in cells:
            if isinstance(cell, dt.date):
                value = f'office:value-type="date" office:date-value="{cell}"'
            elif isinstance(cell, int):
                value = f'office:value-type="float" office:value="{cell}"'
            else:
                value = 'office:value-type="string"'
            parts.append(f"<table:table-cell {value}><text:p>{cell}</text:p></table:table-cell>")
        return f"<table:table-row>{''.join(parts)}</table:table-row>"

    title = (
        '<table:table-row><table:table-cell table:number-columns-spanned="6" office:value-type='
        '"string"><text:p>MARAC</text:p></table:table-cell><table:covered-table-cell '
        'table:number-columns-repeated="5"/></table:table-row>'
    )
    error = ["P3", "V3", dt.date(2017, 3, 27), "N", "#N/A", CANARY]
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2" '
        + "".join(
            f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" '
            for name in ("office", "table", "text")
        )
        + '><office:body><office:spreadsheet><table:table table:name="Cases">'
        + title + "".join(map(row, [HEAD, *TYPED, error]))
        + '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/>'
        "</table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )  # fmt: skip
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:'
        'tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{kind}"/><manifest:file-entry manifest:full-path="content.xml" '
        'manifest:media-type="text/xml"/></manifest:manifest>'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return made.getvalue()


def parquet(columns: dict[str, Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def parquet_files() -> None:
    import pyarrow as pa

    typed = {name: [row[n] for row in TYPED] for n, name in enumerate(HEAD)}
    file("table.parquet", lambda: parquet(typed))
    moments = [dt.datetime(2017, 6, 30, 23, 30, tzinfo=UTC), dt.datetime(2017, 1, 31, 23, 30, tzinfo=UTC)]  # fmt: skip
    file("times.parquet", lambda: parquet({**typed, "Heard": pa.array(moments),
                                           "Children": [2.0, float("nan")]}))  # fmt: skip
    file("nested.parquet", lambda: parquet({**typed, "Repeat": [["Y"], ["N", CANARY]]}))
    file("zero_rows.parquet", lambda: parquet({name: pa.array([], pa.string()) for name in HEAD}))
    file(
        "missing_column.parquet", lambda: parquet({k: v for k, v in typed.items() if k != "Heard"})
    )
    file("truncated.parquet", lambda: parquet(typed)[:-20])


def newer_tables() -> None:
    """Questions and lists that agencies were asked for later: what they write in them first."""
    home = ["Perp", "Victim", "Heard", "Address ref"]
    references = ["100012345678", " 1000 12345678 ", "1.00012E+11", "#N/A", "-", "",
                  f"1 {CANARY} Road", "none", "100012345678.0"]  # fmt: skip
    file(
        "address_references.csv",
        csv_text([home, *[[f"P{n}", f"V{n}", "01/03/2017", r] for n, r in enumerate(references)]]),
    )
    file("person_events.csv", csv_text([
        ["Perp", "What", "When", "Told by"],
        ["P1", "Died", "01/03/2017", "x"], ["P1", "DIED ", "1 March 2017", "x"],
        ["P2", f"prison ({CANARY})", "01/03/2017", CANARY], ["P3", "Released", "31/02/2017", "x"],
        ["P4", "Prison", "", "x"], ["", "Moved", "01/03/2017", CANARY],
        ["P5", "Moved", "since 2016", CANARY],
    ]))  # fmt: skip
    numbers = ["1", "2.0", "first", "", "01/03/2017", "1;2"]
    file(
        "police_requests.csv",
        csv_text([
            ["Perp", "Request", "Asked on", "Name"],
            *[[f"P{n}", number, "01/10/2019", CANARY] for n, number in enumerate(numbers)],
            ["P8", "1", CANARY, CANARY],
        ]),
    )  # fmt: skip
    intake = ["Victim", "Perp", "Intake", "Need: mental health", "Calls to police", "GP visits"]
    answers: list[list[Any]] = [
        ["Yes", 2, "3"], ["x", "2-3", "10+"], [True, 1.5, " 4 "], [1, "several", -1],
        ["Y/N", dt.date(2019, 3, 2), 0], [None, "", "N/A"], [f"Yes - {CANARY}", 2.0, CANARY],
    ]  # fmt: skip
    forms = [[f"V{n}", f"P{n}", dt.date(2017, 3, 1), *given] for n, given in enumerate(answers)]
    file("idva_intake_questions.xlsx", lambda: book({"Intake": [intake, *forms]}))
    support = ["Victim", "Left", "Support: housing", "Support: police", "How lasting"]
    exits: list[list[Any]] = [
        ["V1", dt.date(2017, 9, 1), True, "Yes", "Long term"],
        ["V2", dt.date(2017, 9, 1), False, "No ", "long-term"],
        ["V3", dt.date(2017, 9, 1), "=1=1", None, f"short: {CANARY}"],
        ["V4", dt.date(2017, 9, 1), 3, "ticked", None],
    ]
    file("idva_exit_supports.xlsx", lambda: book({"Exit": [support, *exits]}))
    old_form = [[row[0], row[1], row[3], row[4]] for row in [support, *exits]]
    file("idva_exit_old_form.xlsx", lambda: book({"Exit": old_form}))
    twice = [[*support, " support:  HOUSING "], *[[*row, "Yes"] for row in exits]]
    file("idva_exit_support_twice.xlsx", lambda: book({"Exit": twice}))


csv_files()
workbooks()
parquet_files()
newer_tables()

if __name__ == "__main__":
    for name, made in FILES.items():
        (FOLDER / name).write_bytes(made())
