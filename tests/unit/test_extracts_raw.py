"""Decoding: our codes, dates and pseudonyms from the agencies' text; problems by name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from datrial.config.mapping import SourceMapping
from datrial.config.tables import staging_tables
from datrial.errors import DataError, DatrialError, UsageError
from datrial.extracts.decoding import decoded
from datrial.extracts.landing import land
from datrial.extracts.load_desk import desk
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
        receipts = land(mappings, self.inbox, self.landing).current
        load(connection, receipts, mappings, self.landing, PSEUDONYMS)
        return connection


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def decode(column: str, text: str) -> tuple[Any, str | None]:
    """Return one cell's value and problem, as decoded at the desk."""
    contract = staging_tables()["marac_case"].columns[column]
    agency = marac()
    with desk() as connection:
        connection.execute(
            "create temp table texts as select 0 as place, $t as received", {"t": text}
        )
        select = decoded(column, contract, agency, agency.tables[0], dt.date(2019, 9, 30))
        ((_, value, problem),) = connection.execute(select).fetchall()
    return value, problem


def decode_in_a_row(folders: Folders, column: str, text: str) -> tuple[Any, list[str]]:
    """Return one cell's value and problems, as loaded in an otherwise good row."""
    agency = marac()
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


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ("30", 30, None),
        (" 30 ", 30, None),
        ("30.0", 30, None),
        ("+30.00", 30, None),
        ("1,234", None, "not a whole number"),
        ("1,234,567", None, "not a whole number"),
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
def test_whole_numbers(text: str, number: int | None, problem: str | None) -> None:
    assert decode("perpetrator_age", text) == (number, problem)


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
def test_codes(text: str, code: str | None, problem: str | None) -> None:
    assert decode("repeat_case", text) == (code, problem)


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


@pytest.mark.parametrize(
    "text", ["", " ", "-", "n.a.", "Not known", "UNKNOWN", "?", "N/A", "0", "withheld", "#N/A"]
)
def test_a_cell_without_a_reference_is_nobody_and_never_one_shared_person(
    folders: Folders, text: str
) -> None:
    assert decode_in_a_row(folders, "victim_id", text) == (None, ["victim_id: empty"])


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


def test_a_constant_holds_for_every_row(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard", "P1,V1,2017-01-31")
    columns = {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard"}
    table = {"columns": columns, "values": {}, "constants": {"referral_agency": "police"}}
    row = folders.loaded(marac(table=table)).sql("select referral_agency from mapped.marac_case")
    assert row.fetchall() == [("police",)]


def test_raw_rows_are_the_text_that_was_understood_and_know_their_line(folders: Folders) -> None:
    folders.csv(
        "marac.csv",
        "Perp,Victim,Heard,Age,Repeat,Name",
        "P1,V1, 31/02/2017 ,thirty,Maybe,Ann",
        ",,,,,",
        "P1,V1, 31/01/2017 , 30,y ,Ann",
        "Total: 1,,,,,",
        "Ann,P1,V1,31/01/2017,30,Y,misplaced",
    )
    connection = folders.loaded(marac())
    assert connection.sql(
        "select row_number, row_kind, hearing_date, perpetrator_age, repeat_case, children_count "
        "from raw.marac_case order by row_number"
    ).fetchall() == [
        (2, "data", None, None, None, None),
        (3, "blank", None, None, None, None),
        (4, "data", " 31/01/2017 ", " 30", "y ", None),
        (5, "summary", None, None, None, None),
        (6, "ragged", None, None, None, None),
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
        (6, []),
    ]
    assert connection.sql(
        "select table_name, mapping, source, site, part, covers_start, covers_end, arrival, "
        "received from raw.extract"
    ).fetchall() == [
        (
            "marac_case",
            "test/marac",
            "marac",
            "site_1",
            None,
            dt.date(2016, 1, 1),
            dt.date(2019, 9, 30),
            1,
            5,
        )
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
    parts = marac(file="marac_{part}.csv")
    contents = [
        [
            connection.sql(f"select * from {table} order by all").fetchall()
            for table in ("raw.marac_case", "mapped.marac_case", "raw.extract")
        ]
        for connection in (folders.loaded(parts), folders.loaded(parts))
    ]
    assert contents[0] == contents[1]
    assert len(contents[0][1]) == 301


def test_a_landed_file_that_was_altered_is_named_and_no_value_is_told(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard,Age,Repeat,Name", "P1,V1,2017-01-31,30,Y,Ann")
    receipts = land([marac()], folders.inbox, folders.landing).current
    kept = receipts[0].path(folders.landing)
    kept.chmod(0o600)
    kept.write_text('Perp,Victim,Heard,Age,Repeat,Name\nP1,V1,CANARY,30,Y,"Ann\n')
    with pytest.raises(DataError, match="quotation marks do not match") as caught:
        load(duckdb.connect(), receipts, [marac()], folders.landing, PSEUDONYMS)
    assert "CANARY" not in str(caught.value)


def test_a_receipt_without_its_mapping_is_refused(folders: Folders) -> None:
    folders.csv("marac.csv", "Perp,Victim,Heard,Age,Repeat,Name")
    receipts = land([marac()], folders.inbox, folders.landing).current
    with pytest.raises(UsageError, match="mappings that the study does not have: test/marac"):
        load(duckdb.connect(), receipts, [marac(key="x")], folders.landing, PSEUDONYMS)


HEADER = "Perp,Victim,Heard,Age,Repeat,Name"


def every_byte(folder: Path) -> bytes:
    """Return what stands in all the files below a folder, in small letters."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()


def test_nothing_that_was_not_understood_enters_the_database_file(folders: Folders) -> None:
    """Every text cell of every table, and every byte of the file, is searched.

    Names stand where a reference, a date, a whole number and a code should, in a
    column that is withheld, and in rows that are not data.
    """
    rows = [f"CANARYP{n},canaryv{n},31/01/2017,30,Y,Canary Name{n}" for n in range(500)]
    rows += [f"P{n},V{n},Canary{n},30,Y,Ann" for n in range(500)]
    rows += [f"P{n},V{n},31/01/2017,Canary{n},Y,Ann" for n in range(500)]
    rows += [f"P{n},V{n},31/01/2017,30,Canary{n},Ann" for n in range(500)]
    rows.append("Canary Name,CANARYP1,canaryv1,31/01/2017,30,Y,an unquoted comma shifted the row")
    folders.csv("marac.csv", HEADER, *rows, "Total of Canary Name,,,,,")
    (folders.folder / "warehouse").mkdir()
    file = str(folders.folder / "warehouse" / "w.duckdb")
    connection = folders.loaded(marac(), file=file)
    tables = connection.sql("select table_schema, table_name from information_schema.tables")
    searched = 0
    for schema, table in tables.fetchall():
        for row in connection.sql(f"select * from {schema}.{table}").fetchall():
            searched += 1
            assert "canary" not in repr(row).lower(), f"{schema}.{table}"
    assert searched >= 2 * 2002
    assert b"canary" not in every_byte(folders.folder / "warehouse")
    connection.close()
    assert b"canary" not in every_byte(folders.folder / "warehouse")
    assert b"31/01/2017" in every_byte(folders.folder / "warehouse"), "the search finds text"


class Watched:
    """A pseudonymiser that looks at the warehouse's files each time that it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.looks = folder, 0

    def column(self, of: str, references: Any, space: str | None = None) -> Any:
        assert b"canary" not in every_byte(self.folder)
        self.looks += 1
        return PSEUDONYMS.column(of, references, space)


def test_it_does_not_enter_for_a_moment_either(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at in the middle of the load, with little memory and a folder for what is too much."""
    monkeypatch.setattr("datrial.extracts.batches._ROWS", 2_000)
    monkeypatch.setattr("datrial.extracts.raw._MEMORY", "40MB")
    rows = [f"P{n},V{n},Canary{n},Canary{n},Canary{n},Canary{n}" for n in range(12_000)]
    folders.csv("marac.csv", HEADER, *rows)
    receipts = land([marac()], folders.inbox, folders.landing).current
    warehouse = folders.folder / "warehouse"
    warehouse.mkdir()
    watched = Watched(warehouse)
    with duckdb.connect(str(warehouse / "w.duckdb")) as connection:
        load(connection, receipts, [marac()], folders.landing, watched)
        assert connection.sql("select count(*) from mapped.marac_case").fetchall() == [(12_000,)]
    assert watched.looks >= 2 * 6
    assert b"canary" not in every_byte(warehouse)


@pytest.mark.parametrize(
    ("perpetrator", "victim", "is_same"),
    [
        ("MC 17", " mc  17 ", True),
        ("MC 17", "MC 17", True),
        ("MC 17", "MC 18", False),
        ("", "", False),
        ("not known", "not known", False),
        ("MC 17", "", False),
    ],
)
def test_a_victim_who_is_the_perpetrator_is_a_problem_for_the_checks(
    folders: Folders, perpetrator: str, victim: str, is_same: bool
) -> None:
    for space in (None, "north"):
        folders.csv("marac.csv", HEADER, f"{perpetrator},{victim},31/01/2017,30,Y,Ann")
        found = folders.loaded(marac(reference_space=space)).sql(
            "select list_contains(problems, 'same_person: victim_id is perpetrator_id') "
            "from mapped.marac_case"
        )
        assert found.fetchall() == [(is_same,)]


def test_the_references_of_an_agency_of_its_own_are_other_people(folders: Folders) -> None:
    """Of people only: an incident's number is no person's."""
    columns = {
        "incident_id": "Number",
        "perpetrator_id": "Perp",
        "incident_date": "Day",
        "domestic_abuse": "DA",
    }
    table = {"table": "police_incident", "columns": columns, "values": {}, "withheld": []}
    folders.csv("marac.csv", "Number,Perp,Day,DA", "I1,P1,31/01/2017,yes")
    found = folders.loaded(marac(table=table, reference_space="north")).sql(
        "select incident_id, perpetrator_id from mapped.police_incident"
    )
    assert found.fetchall() == [
        (PSEUDONYMS.pseudonym("incident", "I1"), PSEUDONYMS.pseudonym("perpetrator", "P1", "north"))
    ]


def test_an_earlier_extract_stands_beside_the_current_one_and_in_no_other_table(
    folders: Folders,
) -> None:
    folders.csv("marac.csv", HEADER, "P1,V1,31/01/2017,30,Y,Ann")
    (first,) = land([marac()], folders.inbox, folders.landing).current
    folders.csv("marac.csv", HEADER, "P1,V1,31/01/2017,31,Y,Ann", "P2,V2,31/01/2017,40,N,Bo")
    landed = land([marac()], folders.inbox, folders.landing)
    assert landed.earlier == [first]
    connection = duckdb.connect()
    load(connection, landed.current, [marac()], folders.landing, PSEUDONYMS, earlier=landed.earlier)
    for schema, ages, extract in (
        ("mapped", [(31,), (40,)], (landed.current[0].extract_id, 2, 2)),
        ("earlier", [(30,)], (first.extract_id, 1, 1)),
    ):
        found = connection.sql(
            f"select perpetrator_age from {schema}.marac_case order by row_number"
        )
        assert found.fetchall() == ages
        home = "raw" if schema == "mapped" else schema
        found = connection.sql(f"select extract_id, arrival, received from {home}.extract")
        assert found.fetchall() == [extract]
        columns = f"describe {schema}.marac_case"
        assert (
            connection.sql(columns).fetchall()
            == connection.sql("describe mapped.marac_case").fetchall()
        )
    assert connection.sql("select count(*) from raw.marac_case").fetchall() == [(2,)]


class Failing:
    """A pseudonymiser that fails at its n-th call."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def column(self, of: str, references: Any, space: str | None = None) -> Any:
        self.calls -= 1
        if self.calls < 0:
            raise DatrialError("the key was lost")
        return PSEUDONYMS.column(of, references, space)


def test_an_extract_is_loaded_as_a_whole_or_not_at_all(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datrial.extracts.batches._ROWS", 1_000)
    rows = [f"P{n},V{n},31/01/2017,30,Y,Ann" for n in range(3_000)]
    folders.csv("marac_1.csv", HEADER, *rows)
    folders.csv("marac_2.csv", HEADER, *rows[:2_000])
    agency = marac(file="marac_{part}.csv")
    receipts = land([agency], folders.inbox, folders.landing).current
    received = {receipt.extract_id: receipt.rows["marac_case"] for receipt in receipts}
    first = min(received)
    whole = 3 * (received[first] // 1_000)  # two references, and one of them for the other person
    connection = duckdb.connect()
    with pytest.raises(DatrialError, match="the key was lost"):
        load(connection, receipts, [agency], folders.landing, Failing(whole + 4))
    for table in ("raw.marac_case", "mapped.marac_case"):
        found = connection.sql(f"select extract_id, count(*) from {table} group by all")
        assert found.fetchall() == [(first, received[first])]
    assert connection.sql("select extract_id from raw.extract").fetchall() == [(first,)]


def test_the_rows_stand_in_the_order_of_the_file(folders: Folders) -> None:
    """Also where DuckDB works on several parts of a file at once."""
    folders.csv("marac.csv", HEADER, *[f"P{n},V{n},31/01/2017,30,Y,Ann" for n in range(260_000)])
    connection = folders.loaded(marac())
    for table in ("raw.marac_case", "mapped.marac_case"):
        numbers = connection.sql(f"select row_number from {table}").fetchnumpy()["row_number"]
        assert numbers.tolist() == list(range(2, 260_002))
    some = connection.sql("select row_number, perpetrator_id from mapped.marac_case").fetchall()
    for number, pseudonym in some[::9_973]:
        assert pseudonym == PSEUDONYMS.pseudonym("perpetrator", f"P{number - 2}")
