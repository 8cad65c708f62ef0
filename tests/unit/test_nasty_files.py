"""One small file per fault that agencies' files have: what is read of it, or what is said of it.

The files stand in tests/nasty; README.md there says what each is, make.py makes them.
"""

# ruff: noqa: E501 (the sentences stand whole, as they are said)

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

FOLDER = Path(__file__).parents[1] / "nasty"
CANARY = ("zzyxwana", "quovadal")
#: Written by programs that are none of our dependencies.
MADE_ELSEWHERE = {
    "old_format.xls",
    "old_format_since_1904.xls",
    "damaged.xls",
    "password.xlsx",
}
#: What test_nasty_newer_tables.py reads.
OF_NEWER_TABLES = {
    "address_references.csv",
    "person_events.csv",
    "police_requests.csv",
    "idva_intake_questions.xlsx",
    "idva_exit_supports.xlsx",
    "idva_exit_old_form.xlsx",
    "idva_exit_support_twice.xlsx",
}
PSEUDONYMS = Pseudonymiser(DEMONSTRATION_KEY)
PEOPLE = {
    PSEUDONYMS.pseudonym(of, f"{of[0].upper()}{n}"): f"{of[0].upper()}{n}"
    for of in ("perpetrator", "victim")
    for n in range(10)
}

#: What most files hold: row, perpetrator, victim, hearing, repeat, children, problems.
TWO = ["2: P1 V1 2017-03-01 yes 0", "3: P2 V2 2017-03-26 no 2"]
FOUR = ["4" + TWO[0][1:], "5" + TWO[1][1:]]
EXCEL: dict[str, Any] = {"format": "excel", "table": {"sheet": "Cases"}}
BY_COLUMNS: dict[str, Any] = {"format": "excel", "table": {"header_row": "find"}}
PARQUET = {"format": "parquet"}
SEND_AGAIN = (
    "Open it in a spreadsheet program, save it again as .xlsx, or ask the agency to send it again."
)
CONFIG = "configs/sources/test/nasty.yaml"

#: file, how its mapping differs, the rows read or the sentence said.
Case = tuple[str, dict[str, Any], list[str] | str]
CSV_FILES: list[Case] = [
    ("semicolon.csv", {"delimiter": ";"}, TWO),
    ("tab.csv", {"delimiter": "\t"}, TWO),
    ("pipe.csv", {"delimiter": "|"}, TWO),
    ("single_quotes.csv", {"quote": "'"}, TWO),
    ("utf8.csv", {}, TWO),
    ("utf8_mark.csv", {}, TWO),
    ("cp1252.csv", {"encoding": "cp1252"}, TWO),
    ("utf16_little_endian.csv", {"encoding": "utf-16"}, TWO),
    ("utf16_big_endian.csv", {"encoding": "utf-16"}, TWO),
    ("utf16_no_mark.csv", {"encoding": "utf-16-le"}, TWO),
    ("line_breaks.csv", {}, [TWO[0], "4" + TWO[1][1:]]),
    ("header_row_5.csv", {"table": {"header_row": 5}}, ["6" + TWO[0][1:], "7" + TWO[1][1:]]),
    ("header_row_5.csv", {"table": {"header_row": "find"}}, ["6" + TWO[0][1:], "7" + TWO[1][1:]]),
    ("header_below_a_long_title.csv", {"table": {"header_row": 4}}, ["5" + TWO[0][1:], "6" + TWO[1][1:]]),
    ("header_below_a_long_title.csv", {"table": {"header_row": "find"}}, ["5" + TWO[0][1:], "6" + TWO[1][1:]]),
    ("header_below_a_long_title.csv", {"table": {"header_row": 2}},
     f"header_below_a_long_title.csv: the rows end before row 2, where the 5 column names should stand. Correct `header_row` or `delimiter` in {CONFIG}, or ask the agency for its usual form."),
    ("summary_lines.csv", {}, [*TWO, "4: summary", "5: summary"]),
    ("blank_lines.csv", {}, ["2: blank", "3" + TWO[0][1:], "4: blank", "5: blank", "6" + TWO[1][1:]]),
    ("ragged.csv", {}, ["2: ragged", "3: ragged", "4" + TWO[1][1:]]),
    ("dates.csv", {}, [
        "2: P1 V0 2017-03-01 yes 0", "3: P1 V1 2017-03-01 yes 0", "4: P1 V2 2017-03-01 yes 0",
        "5: P1 V3 2017-03-01 yes 0", "6: P1 V4 2017-03-01 yes 0",
        "7: P1 V5 - yes 0 [hearing_date: two-digit year]",
        "8: P1 V6 - yes 0 [hearing_date: impossible date]",
        "9: P1 V7 - yes 0 [hearing_date: not a date]",
        "10: P1 V8 - yes 0 [hearing_date: not a date]",
    ]),
    ("dates_month_first.csv", {"dates": "month_first"}, TWO),
    ("times.csv", {}, [
        "2: P1 V0 2017-06-30 yes 0", "3: P1 V1 2017-03-26 yes 0", "4: P1 V2 2017-07-01 yes 0",
        "5: P1 V3 2017-07-01 yes 0", "6: P1 V4 2017-01-31 yes 0", "7: P1 V5 2017-10-29 yes 0",
    ]),
    ("numbers_as_text.csv", {}, [
        "2: P1 V0 2017-03-01 yes 2", "3: P1 V1 2017-03-01 yes 2", "4: P1 V2 2017-03-01 yes 2",
        "5: P1 V3 2017-03-01 yes 2",
        "6: P1 V4 2017-03-01 yes - [children_count: not a whole number]",
        "7: P1 V5 2017-03-01 yes - [children_count: not a whole number]",
        "8: P1 V6 2017-03-01 yes - [children_count: not a whole number]",
        "9: P1 V7 2017-03-01 yes -",
    ]),
    ("name_in_a_code.csv", {}, ["2: P1 V1 2017-03-01 - 0 [repeat_case: unknown code]", TWO[1]]),
    ("empty_column.csv", {}, ["2: P1 V1 2017-03-01 - 0", "3: P2 V2 2017-03-26 - 2"]),
    ("zero_rows.csv", {}, []),
    ("empty.csv", {}, "empty.csv: the file is empty (0 bytes). Ask the agency to send it again."),
    ("only_blank_lines.csv", {"table": {"header_row": "find"}},
     f"only_blank_lines.csv: no row among the first 50 has half of the 5 expected columns. Correct `columns` or `delimiter` in {CONFIG}, or ask the agency for its usual form."),
    ("no_header.csv", {},
     f"no_header.csv: no header was found in row 1 (0 of 5 expected columns). Correct `header_row` or `delimiter` in {CONFIG}, or ask the agency for its usual form."),
    ("missing_column.csv", {},
     f"missing_column.csv: 1 expected column(s) missing: 'Heard'. Ask the agency for the complete extract, or correct `columns` in {CONFIG}."),
    ("missing_column.csv", {"table": {"header_row": "find"}},
     f"missing_column.csv: 1 expected column(s) missing: 'Heard'. Ask the agency for the complete extract, or correct `columns` in {CONFIG}."),
    ("new_column.csv", {},
     f"new_column.csv: 1 column(s) neither mapped nor withheld: 'Chair'. The agency may have changed its form: enter each in {CONFIG}, under `columns` if it is needed, else under `withheld`."),
    ("column_twice.csv", {},
     "column_twice.csv: 1 column name(s) stand there more than once: 'heard'. Ask the agency to give each column its own name."),
    ("semicolon.csv", {},
     f"semicolon.csv: no header was found in row 1 (0 of 5 expected columns). Correct `header_row` or `delimiter` in {CONFIG}, or ask the agency for its usual form."),
    ("wrong_encoding.csv", {},
     f"wrong_encoding.csv: line 3 is not utf-8 text. Correct `encoding` in {CONFIG}, or ask the agency for the file in utf-8."),
    ("unclosed_quote.csv", {},
     "unclosed_quote.csv: the quotation marks do not match in the row that starts on line 3. Ask the agency to export the file again, or correct that row."),
]  # fmt: skip
WORKBOOKS: list[Case] = [
    ("workbook.xlsx", EXCEL, TWO),
    ("sheet_in_capitals.xlsx", EXCEL, TWO),
    ("sheet_by_columns.xlsx", BY_COLUMNS, TWO),
    ("sheet_missing.xlsx", EXCEL,
     f"sheet_missing.xlsx: there is no sheet 'Cases' among its 2 sheet(s). Correct the sheet's name in the workbook or `sheet` in {CONFIG}; `sheet: null` finds the sheet by its columns."),
    ("sheet_twice.xlsx", BY_COLUMNS,
     f"sheet_twice.xlsx: 2 sheets (the 1 and 2 of 3) have the columns of marac_case. Say which one it is under `sheet` in {CONFIG}, or remove the others from the workbook."),
    ("sheet_of_no_columns.xlsx", {"format": "excel"},
     f"sheet_of_no_columns.xlsx: no sheet has the 5 expected columns of marac_case in row 1 (2 sheet(s) looked at, the best has 4 of 5). Correct `columns` or `header_row` in {CONFIG}, or ask the agency for its usual form."),
    ("sheet_hidden.xlsx", BY_COLUMNS, TWO),
    ("sheet_hidden.xlsx", {"format": "excel", "table": {"sheet": "Old"}}, TWO),
    ("sheet_of_a_chart.xlsx", BY_COLUMNS, TWO),
    ("sheet_of_a_chart.xlsx", {"format": "excel", "table": {"sheet": "Chart"}},
     f"sheet_of_a_chart.xlsx: there is no sheet 'Chart' among its 1 sheet(s). Correct the sheet's name in the workbook or `sheet` in {CONFIG}; `sheet: null` finds the sheet by its columns."),
    ("sheet_empty.xlsx", EXCEL,
     "sheet_empty.xlsx, sheet 'Cases': there are no rows, not even the column names. Ask the agency to send it again; an extract without cases still has its column names."),
    ("zero_rows.xlsx", EXCEL, []),
    ("merged_title.xlsx", {"format": "excel", "table": {"sheet": "Cases", "header_row": 4}},
     ["5" + TWO[0][1:], "6" + TWO[1][1:]]),
    ("merged_title.xlsx", BY_COLUMNS, ["5" + TWO[0][1:], "6" + TWO[1][1:]]),
    ("merged_rows.xlsx", EXCEL, [TWO[0], "3: P1 V2 2017-03-01 no 2"]),
    ("merged_header.xlsx", {"format": "excel", "table": {"sheet": "Cases", "header_row": 2}},
     ["3" + TWO[0][1:], "4" + TWO[1][1:]]),
    ("serial_dates.xlsx", EXCEL, [*TWO, "4: P3 V3 2017-03-01 no 2"]),
    ("dates_since_1904.xlsx", EXCEL, TWO),
    ("times.xlsx", EXCEL, ["2: P1 V1 2017-03-26 yes 0", "3: P2 V2 2017-06-30 no 2"]),
    ("formulas_and_errors.xlsx", {**EXCEL, "values": {"yes": ["Y"], "no": ["TRUE"]}},
     ["2: P1 V1 2017-03-01 yes 2", "3: P2 V2 2017-03-26 no -"]),
    ("numbers_as_text.xlsx", EXCEL, TWO),
    ("new_format_old_name.xls", EXCEL, TWO),
    ("old_format.xls", BY_COLUMNS, ["3" + TWO[0][1:], "4" + TWO[1][1:]]),
    ("old_format_since_1904.xls", BY_COLUMNS, ["3" + TWO[0][1:], "4" + TWO[1][1:]]),
    ("open_document.ods", {"format": "ods", "table": {"sheet": "cases", "header_row": 2}},
     ["3" + TWO[0][1:], "4" + TWO[1][1:], "5: P3 V3 2017-03-27 no -"]),
    ("password.xlsx", EXCEL,
     "password.xlsx: the workbook has a password. Save it without one and send it by a protected way."),
    ("truncated.xlsx", EXCEL,
     f"truncated.xlsx: the workbook cannot be opened (it is incomplete or damaged). {SEND_AGAIN}"),
    ("plain_text.xlsx", EXCEL,
     f"plain_text.xlsx: the workbook cannot be opened (it is plain text that only bears the name of a workbook: perhaps CSV). {SEND_AGAIN}"),
    ("web_page.xls", EXCEL,
     f"web_page.xls: the workbook cannot be opened (it is a web page that only bears the name of a workbook). {SEND_AGAIN}"),
    ("damaged.xls", EXCEL, f"damaged.xls: the workbook is damaged. {SEND_AGAIN}"),
]  # fmt: skip
PARQUET_FILES: list[Case] = [
    ("table.parquet", PARQUET, TWO),
    ("times.parquet", PARQUET, ["2: P1 V1 2017-07-01 yes 2", "3: P2 V2 2017-01-31 no -"]),
    ("zero_rows.parquet", PARQUET, []),
    ("missing_column.parquet", PARQUET,
     f"missing_column.parquet: 1 expected column(s) missing: 'Heard'. Ask the agency for the complete extract, or correct `columns` in {CONFIG}."),
    ("nested.parquet", PARQUET,
     "nested.parquet: 1 expected column(s) hold lists or records, not plain values: 'Repeat'. Ask the agency for one plain value in each cell."),
    ("truncated.parquet", PARQUET,
     "truncated.parquet: it cannot be read as a Parquet file (it is incomplete, damaged, protected, or of another format). Ask the agency to send it again."),
]  # fmt: skip
CASES = CSV_FILES + WORKBOOKS + PARQUET_FILES


def mapping(file: str, changes: dict[str, Any]) -> SourceMapping:
    rest = {name: value for name, value in changes.items() if name not in ("table", "values")}
    table = {
        "table": "marac_case",
        "columns": {
            "perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard",
            "repeat_case": "Repeat", "children_count": "Children",
        },
        "values": {"repeat_case": changes.get("values", {"yes": ["Y"], "no": ["N"]})},
        "withheld": ["Name"],
        **changes.get("table", {}),
    }  # fmt: skip
    return SourceMapping.model_validate(
        {
            "key": "test/nasty", "source": "marac", "site": "site_1", "file": file,
            "format": "csv", "covers": {"start": "2016-01-01", "end": "2019-09-30"},
            "tables": [table], **rest,
        }
    )  # fmt: skip


def read(file: str, changes: dict[str, Any], home: Path) -> list[str]:
    """Land and load one file; return each row in a line."""
    agency = mapping(file, changes)
    (home / "inbox").mkdir()
    shutil.copy(FOLDER / file, home / "inbox")
    landed = land([agency], home / "inbox", home / "landing")
    connection = duckdb.connect(str(home / "warehouse.duckdb"))
    load(connection, landed.current, [agency], home / "landing", PSEUDONYMS)
    rows = connection.execute("select * from mapped.marac_case order by row_number").fetchall()
    names = [column[0] for column in connection.execute("from mapped.marac_case").description]
    connection.close()
    return [_line(dict(zip(names, row, strict=True))) for row in rows]


def _line(row: dict[str, Any]) -> str:
    if row["row_kind"] != "data":
        return f"{row['row_number']}: {row['row_kind']}"
    people = [PEOPLE.get(row[name], "?") for name in ("perpetrator_id", "victim_id")]
    values = [row[name] for name in ("hearing_date", "repeat_case", "children_count")]
    cells = [*people, *("-" if value is None else str(value) for value in values)]
    problems = f" [{'; '.join(row['problems'])}]" if row["problems"] else ""
    return f"{row['row_number']}: {' '.join(cells)}{problems}"


@pytest.mark.parametrize(("file", "changes", "expected"), CASES)
def test_what_is_read_of_a_nasty_file_or_said_of_it(
    tmp_path: Path, file: str, changes: dict[str, Any], expected: list[str] | str
) -> None:
    if isinstance(expected, list):
        assert read(file, changes, tmp_path) == expected
        stored = (tmp_path / "warehouse.duckdb").read_bytes().lower()
        assert not any(name.encode() in stored for name in CANARY)
    else:
        with pytest.raises(DataError) as told:
            read(file, changes, tmp_path)
        message = str(told.value)
        assert message.removeprefix(message.splitlines()[0] + "\n  - ") == expected
        assert not any(name in message.lower() for name in CANARY)
        # the cause of an error is shown with a traceback, so it says no more than the error
        cause = told.value.__cause__
        assert cause is None or not any(name in repr(cause).lower() for name in CANARY)


def test_an_error_of_a_spreadsheet_is_never_a_reference(tmp_path: Path) -> None:
    """Else everybody whose reference was not found by a formula would be one person."""
    rows = read("errors_as_text.csv", {}, tmp_path)
    assert rows[0].startswith("2: ? V1 2017-03-01 - 0")
    assert "perpetrator_id: empty" in rows[0]


def test_every_file_of_the_folder_is_expected_and_explained() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", ".md", "")}
    assert {file for file, _, _ in CASES} | {"errors_as_text.csv"} | OF_NEWER_TABLES == files
    explained = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert not [file for file in sorted(files) if f"`{file}`" not in explained]


def test_the_files_can_be_made_again() -> None:
    made = runpy.run_path(str(FOLDER / "make.py"))["FILES"]
    files = {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", ".md", "")}
    assert set(made) == files - MADE_ELSEWHERE
    for name, content in made.items():
        if name.endswith(".csv"):
            assert content() == (FOLDER / name).read_bytes(), name
