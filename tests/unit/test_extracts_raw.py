"""Decoding: our codes, dates and pseudonyms from the agencies' text; problems by name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError, UsageError
from datrial.extracts.landing import land
from datrial.extracts.raw import load
from datrial.people.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

PSEUDONYMS = Pseudonymiser(DEMONSTRATION_KEY)


def marac(**changes: Any) -> SourceMapping:
    table = {
        "table": "marac_case",
        "columns": {
            "perpetrator_id": "Perp",
            "victim_id": "Victim",
            "hearing_date": "Heard",
            "perpetrator_age": "Age",
            "repeat_case": "Repeat",
        },
        "values": {"repeat_case": {"yes": ["Y", "Yes - repeat"], "no": ["N"]}},
        "withheld": ["Name"],
        **changes.pop("table", {}),
    }
    content = {
        "key": "test/marac",
        "source": "marac",
        "site": "site_1",
        "file": "marac*",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "missing": ["-"],
        "dont_know": ["DK"],
        "not_applicable": ["n.a."],
        "tables": [table],
        **changes,
    }
    return SourceMapping.model_validate(content)


class Folders:
    """An inbox, a landing folder and warehouses below a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.inbox, self.landing = folder, folder / "inbox", folder / "landing"
        self.inbox.mkdir()

    def csv(self, name: str, *lines: str) -> None:
        (self.inbox / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def loaded(self, *mappings: SourceMapping, file: str = ":memory:") -> Any:
        connection = duckdb.connect(file)
        receipts = land(mappings, self.inbox, self.landing)
        load(connection, receipts, mappings, self.landing, PSEUDONYMS.pseudonyms)
        return connection


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def decode(
    folders: Folders, column: str, text: str, agency: SourceMapping
) -> tuple[Any, list[str]]:
    """Return one cell's value and problems, as decoded in an otherwise good row."""
    cells = {"Perp": "P1", "Victim": "V1", "Heard": "2017-01-31", "Age": "30", "Repeat": "Y"}
    theirs = agency.tables[0].columns[column]
    cells[theirs] = text
    folders.csv("marac.csv", ",".join([*cells, "Name"]), ",".join([*cells.values(), "Ann"]))
    return (
        folders.loaded(agency)
        .sql(f"select {column}, problems from mapped.marac_case")
        .fetchall()[0]
    )


JANUARY = dt.date(2017, 1, 31)
DATES = [
    ("31/01/2017", JANUARY, None),
    (" 31/1/2017 ", JANUARY, None),
    ("31-01-2017", JANUARY, None),
    ("31.01.2017", JANUARY, None),
    ("2017-01-31", JANUARY, None),
    ("31/01/2017 14:30", JANUARY, None),
    ("2017-01-31 00:00:00", JANUARY, None),
    ("31 January 2017", JANUARY, None),
    ("31st Jan 2017", JANUARY, None),
    ("31-JAN-2017", JANUARY, None),
    ("January 31 2017", JANUARY, None),
    ("1 Sept 2017", dt.date(2017, 9, 1), None),
    ("05/06/2017", dt.date(2017, 6, 5), None),
    ("29/02/2016", dt.date(2016, 2, 29), None),
    ("29/02/2017", None, "impossible date"),
    ("31/02/2017", None, "impossible date"),
    ("31 June 2017", None, "impossible date"),
    ("01/31/2017", None, "impossible date"),
    ("31/01/17", None, "two-digit year"),
    ("31-Jan-17", None, "two-digit year"),
    ("01/01/1900", dt.date(1900, 1, 1), None),
    ("31/12/1899", None, "impossible date"),
    ("30/09/2020", dt.date(2020, 9, 30), None),
    ("01/10/2020", None, "impossible date"),
    ("42766", None, "not a date"),
    ("last Tuesday", None, "not a date"),
    ("2017", None, "not a date"),
    ("", None, "empty"),
    ("-", None, "empty"),
    ("dk", None, "empty"),
]


@pytest.mark.parametrize(("text", "date", "problem"), DATES)
def test_dates_day_first(folders: Folders, text: str, date: dt.date | None, problem: str) -> None:
    """The window is 1900 to one year after the extract's last day (2019-09-30)."""
    expected = [] if problem is None else [f"hearing_date: {problem}"]
    assert decode(folders, "hearing_date", text, marac()) == (date, expected)


@pytest.mark.parametrize(
    ("order", "text", "date", "problem"),
    [
        ("month_first", "05/06/2017", dt.date(2017, 5, 6), None),
        ("month_first", "31/01/2017", None, "impossible date"),
        ("month_first", "2017-01-31", JANUARY, None),
        ("year_first", "2017/01/31", JANUARY, None),
        ("year_first", "31 Jan 2017", JANUARY, None),
        ("year_first", "05/06/2017", None, "day and month in unknown order"),
    ],
)
def test_a_numeric_date_is_read_in_the_mapping_order_alone(
    folders: Folders, order: str, text: str, date: dt.date | None, problem: str | None
) -> None:
    expected = [] if problem is None else [f"hearing_date: {problem}"]
    assert decode(folders, "hearing_date", text, marac(dates=order)) == (date, expected)


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ("30", 30, None),
        (" 30 ", 30, None),
        ("30.0", 30, None),
        ("-1", -1, None),
        ("30.5", None, "not a whole number"),
        ("thirty", None, "not a whole number"),
        ("1e3", None, "not a whole number"),
        ("99999999999999999999", None, "not a whole number"),
        ("", None, None),
        ("-", None, None),
        ("DK", None, None),
    ],
)
def test_whole_numbers(folders: Folders, text: str, number: int | None, problem: str) -> None:
    expected = [] if problem is None else [f"perpetrator_age: {problem}"]
    assert decode(folders, "perpetrator_age", text, marac()) == (number, expected)


@pytest.mark.parametrize(
    ("text", "code", "problem"),
    [
        ("Y", "yes", None),
        (" yes  -  REPEAT ", "yes", None),
        ("Yes\u00a0- repeat", "yes", None),
        ("n", "no", None),
        ("yes", "yes", None),
        ("dont know", "dont_know", None),
        ("dk", "dont_know", None),
        ("N.A.", "not_applicable", None),
        ("-", None, None),
        ("", None, None),
        ("maybe", None, "unknown code"),
    ],
)
def test_codes(folders: Folders, text: str, code: str | None, problem: str | None) -> None:
    expected = [] if problem is None else [f"repeat_case: {problem}"]
    assert decode(folders, "repeat_case", text, marac()) == (code, expected)


def test_dont_know_is_an_absent_answer_where_the_column_has_no_such_code(folders: Folders) -> None:
    folders.csv("marac.csv", "SU,Day,Kind,Action", "P1,2017-01-31,Direct,DK")
    agency = marac(
        table={
            "table": "cms_action",
            "columns": {
                "perpetrator_id": "SU",
                "action_date": "Day",
                "work": "Kind",
                "action": "Action",
            },
            "values": {},
            "withheld": [],
        }
    )
    row = folders.loaded(agency).sql("select work, action, problems from mapped.cms_action")
    assert row.fetchall() == [("direct", None, [])]


@pytest.mark.parametrize("text", ["", " ", "-", "n.a.", "Not known", "UNKNOWN", "?", "N/A", "0"])
def test_a_cell_without_a_reference_is_nobody_and_never_one_shared_person(
    folders: Folders, text: str
) -> None:
    assert decode(folders, "victim_id", text, marac()) == (None, ["victim_id: empty"])


def test_one_reference_written_differently_is_one_pseudonym(folders: Folders) -> None:
    header = "Perp,Victim,Heard,Age,Repeat,Name"
    rows = [f"{ref},V1,2017-01-31,30,Y,Ann" for ref in ("MC 17", " mc  17 ", "Mc 17")]
    folders.csv("marac.csv", header, *rows)
    found = folders.loaded(marac()).sql("select distinct perpetrator_id from mapped.marac_case")
    assert found.fetchall() == [(PSEUDONYMS.pseudonym("perpetrator", "MC 17"),)]


def test_excel_dates_and_unformatted_serial_numbers_are_dates(folders: Folders) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Cases")
    sheet.append(["Perp", "Victim", "Heard", "Age", "Repeat", "Name"])
    sheet.append([1, 2, dt.date(2017, 1, 31), 30, "Y", "Ann"])
    sheet.append([1, 3, 42766, "30", "Y", "Ann"])
    sheet.append([1, 4, "31/01/2017", 30.0, "Y", "Ann"])
    book.save(folders.inbox / "marac.xlsx")
    agency = marac(format="excel", table={"sheet": "Cases"})
    found = folders.loaded(agency).sql(
        "select distinct hearing_date, perpetrator_age, problems from mapped.marac_case"
    )
    assert found.fetchall() == [(JANUARY, 30, [])]


def test_sites_in_a_column(folders: Folders) -> None:
    folders.csv(
        "capacity.csv",
        "Area,Day,Places",
        "North,2017-01-31,2",
        "West,2017-01-31,2",
        ",2017-02-01,1",
    )
    agency = marac(
        site=None,
        file="capacity*",
        table={
            "table": "meeting_capacity",
            "columns": {"meeting_date": "Day", "places": "Places"},
            "values": {},
            "withheld": [],
            "site_column": "Area",
            "site_values": {"site_1": ["North"], "site_2": ["South"]},
        },
    )
    found = folders.loaded(agency).sql(
        "select site, problems from mapped.meeting_capacity order by row_number"
    )
    assert found.fetchall() == [
        ("site_1", []),
        (None, ["site: unknown code"]),
        (None, ["site: empty"]),
    ]


def test_a_constant_holds_for_every_row_and_must_be_a_code(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard", "P1,V1,2017-01-31")
    columns = {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard"}
    table = {"columns": columns, "values": {}, "constants": {"referral_agency": "police"}}
    row = folders.loaded(marac(table=table)).sql("select referral_agency from mapped.marac_case")
    assert row.fetchall() == [("police",)]
    with pytest.raises(UsageError, match="constant 'referral_agency' is 'cops', not a code of"):
        folders.loaded(marac(table={**table, "constants": {"referral_agency": "cops"}}))


def test_one_spelling_of_two_codes_is_refused(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard,Age,Repeat,Name")
    agency = marac(table={"values": {"repeat_case": {"yes": ["1"], "no": [" 1 "]}}})
    with pytest.raises(
        UsageError, match=r"values of 'repeat_case' give the spelling ' 1 ' two codes"
    ):
        folders.loaded(agency)


def test_raw_rows_are_the_text_as_received_and_know_their_line(folders: Folders) -> None:
    folders.csv(
        "marac.csv",
        "Perp,Victim,Heard,Age,Repeat,Name",
        "P1,V1, 31/02/2017 ,thirty,Maybe,Ann",
        ",,,,,",
        "Total: 1,,,,,",
        "Ann,P1,V1,31/01/2017,30,Y,misplaced",
    )
    connection = folders.loaded(marac())
    assert connection.sql(
        "select row_number, row_kind, hearing_date, perpetrator_age, repeat_case, children_count "
        "from raw.marac_case order by row_number"
    ).fetchall() == [
        (2, "data", " 31/02/2017 ", "thirty", "Maybe", None),
        (3, "blank", None, None, None, None),
        (4, "summary", None, None, None, None),
        (5, "ragged", None, None, None, None),
    ]
    assert connection.sql(
        "select row_number, problems from mapped.marac_case order by 1"
    ).fetchall() == [
        (
            2,
            [
                "hearing_date: impossible date",
                "perpetrator_age: not a whole number",
                "repeat_case: unknown code",
            ],
        ),
        (3, []),
        (4, []),
        (5, []),
    ]
    assert connection.sql("select table_name, site, received from raw.extract").fetchall() == [
        ("marac_case", "site_1", 4)
    ]


def test_a_table_of_an_absent_optional_file_exists_without_rows(folders: Folders) -> None:
    connection = folders.loaded(marac(optional=True))
    assert connection.sql("select count(*) from mapped.marac_case").fetchall() == [(0,)]
    assert connection.sql("select count(*) from raw.extract").fetchall() == [(0,)]


def test_loading_the_same_receipts_again_gives_equal_tables(folders: Folders) -> None:
    header = "Perp,Victim,Heard,Age,Repeat,Name"
    folders.csv(
        "marac_1.csv", header, *[f"P{n},V{n},{n % 40}/01/2017,{n},Y,Ann" for n in range(300)]
    )
    folders.csv("marac_2.csv", header, "P1,V1,01/01/2017,1,Y,Ann")
    contents = [
        [
            connection.sql(f"select * from {table} order by all").fetchall()
            for table in ("raw.marac_case", "mapped.marac_case", "raw.extract")
        ]
        for connection in (folders.loaded(marac()), folders.loaded(marac()))
    ]
    assert contents[0] == contents[1]
    assert len(contents[0][1]) == 301


def test_a_landed_file_that_was_altered_is_named_and_no_value_is_told(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard,Age,Repeat,Name", "P1,V1,2017-01-31,30,Y,Ann")
    receipts = land([marac()], folders.inbox, folders.landing)
    kept = receipts[0].path(folders.landing)
    kept.chmod(0o600)
    kept.write_text('Perp,Victim,Heard,Age,Repeat,Name\nP1,V1,CANARY,30,Y,"Ann\n')
    with pytest.raises(DataError, match="quotation marks do not match") as caught:
        load(duckdb.connect(), receipts, [marac()], folders.landing, PSEUDONYMS.pseudonyms)
    assert "CANARY" not in str(caught.value)


def test_a_receipt_without_its_mapping_is_refused(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard,Age,Repeat,Name")
    receipts = land([marac()], folders.inbox, folders.landing)
    with pytest.raises(UsageError, match="mappings that the study does not have: test/marac"):
        load(duckdb.connect(), receipts, [marac(key="x")], folders.landing, PSEUDONYMS.pseudonyms)


def test_no_reference_and_no_withheld_name_enters_the_database_file(folders: Folders) -> None:
    """Every text cell of every table, and every byte of the file, is searched."""
    header = "Perp,Victim,Heard,Age,Repeat,Name"
    rows = [f"CANARYP{n},canaryv{n},31/01/2017,30,Y,Canary Name{n}" for n in range(500)]
    rows.append("Canary Name,CANARYP1,canaryv1,31/01/2017,30,Y,an unquoted comma shifted the row")
    folders.csv("marac.csv", header, *rows, "Total of Canary Name,,,,,")
    file = str(folders.folder / "warehouse.duckdb")
    connection = folders.loaded(marac(), file=file)
    tables = connection.sql("select table_schema, table_name from information_schema.tables")
    searched = 0
    for schema, table in tables.fetchall():
        for row in connection.sql(f"select * from {schema}.{table}").fetchall():
            searched += 1
            assert "canary" not in repr(row).lower(), f"{schema}.{table}"
    assert searched >= 2 * 502
    connection.close()
    assert b"canary" not in Path(file).read_bytes().lower()
