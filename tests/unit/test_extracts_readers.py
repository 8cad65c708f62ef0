"""Reading: every cell as text as received, every row with the number a person sees."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.layout import Layout, read_layout, row_judge
from datrial.extracts.readers import cell_text, count_rows, read_rows

COLUMNS = {"perpetrator_id": "Perp", "victim_id": "Victim", "hearing_date": "Heard"}


def mapping(**changes: object) -> SourceMapping:
    table = {
        "table": "marac_case",
        "columns": COLUMNS,
        "withheld": ["Name"],
        **changes.pop("table", {}),
    }
    content = {
        "key": "test/marac",
        "source": "marac",
        "site": "site_1",
        "file": "marac*.csv",
        "format": "csv",
        "covers": {"start": "2016-01-01", "end": "2019-09-30"},
        "tables": [table],
        **changes,
    }
    return SourceMapping.model_validate(content)


def rows(path: Path, agency: SourceMapping) -> list[tuple[int, list[str]]]:
    return list(read_rows(path, agency, agency.tables[0]))


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
    ],
)
def test_csv_text_is_read_in_its_encoding_and_a_byte_order_mark_is_no_text(
    tmp_path: Path, encoding: str, written: str
) -> None:
    path = tmp_path / "marac.csv"
    path.write_text("Perp,Victim\nP1,Zoë – £5\n", encoding=written)
    assert rows(path, mapping(encoding=encoding)) == [
        (1, ["Perp", "Victim"]),
        (2, ["P1", "Zoë – £5"]),
    ]


def test_csv_rows_carry_the_line_on_which_they_start(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    path.write_text('A;B\r\n1;"two\nlines; and ""quotes"""\r\n\r\n 4 ;\r\n', newline="")
    assert rows(path, mapping(delimiter=";")) == [
        (1, ["A", "B"]),
        (2, ["1", 'two\nlines; and "quotes"']),
        (4, []),
        (5, [" 4 ", ""]),
    ]


def test_rows_above_the_header_row_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    path.write_text('"MARAC list\nof site 1"\n\nPerp,Victim\nP1,V1\n')
    assert rows(path, mapping(table={"header_row": 4})) == [
        (4, ["Perp", "Victim"]),
        (5, ["P1", "V1"]),
    ]


def test_a_quotation_mark_that_is_never_closed_is_an_error_and_swallows_no_rows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "marac.csv"
    path.write_text('Perp,Victim\nP1,V1\nP2,"V2\nP3,V3\nCANARY,V4\n')
    with pytest.raises(DataError) as caught:
        rows(path, mapping())
    assert str(caught.value) == (
        "marac.csv: the quotation marks do not match in the row that starts on line 3. "
        "Ask the agency to export the file again, or correct that row."
    )


def test_text_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    path.write_bytes("Perp,Victim\nP1,V1\nP2,Zoë\n".encode("cp1252"))
    with pytest.raises(DataError) as caught:
        rows(path, mapping())
    assert str(caught.value) == (
        "marac.csv: line 3 is not utf-8 text. Correct `encoding` in "
        "configs/sources/test/marac.yaml, or ask the agency for the file in utf-8."
    )


def test_a_file_without_the_byte_order_mark_of_its_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    path.write_bytes(b"Perp,Victim\nP1,V1\n")
    with pytest.raises(DataError, match=r"^marac\.csv: line 1 is not utf-16 text\. "):
        rows(path, mapping(encoding="utf-16"))


@pytest.mark.parametrize("last", ["P2500,V,D", '"P\n2500",V,D'])
def test_faults_far_down_are_found_and_named_by_their_line(tmp_path: Path, last: str) -> None:
    """Behind some thousand rows, and behind a row that stands on two lines."""
    path, agency = tmp_path / "marac.csv", mapping()
    rows = ["Perp,Victim,Heard", *[f"P{n},V{n},31/01/2017" for n in range(2_499)], last]
    lines = "\n".join(rows).count("\n") + 1
    path.write_text("\n".join([*rows, 'CANARY,"V', "P,V"]))
    with pytest.raises(DataError, match=rf"in the row that starts on line {lines + 1}\.") as caught:
        count_rows(path, agency, agency.tables[0])
    assert "CANARY" not in str(caught.value)
    path.write_bytes("\n".join([*rows, "Zoë,V"]).encode("cp1252"))
    with pytest.raises(DataError, match=rf"line {lines + 1} is not utf-8 text\."):
        count_rows(path, agency, agency.tables[0])


def test_the_rows_below_the_header_are_counted_blank_and_ragged_ones_too(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    rows = [
        "Perp,Victim,Heard,Name",
        *["P,V,D,N"] * 2_500,
        "",
        ",,,",
        "P",
        "Total: 4,,,",
        "P,V,D,N",
    ]
    path.write_text("MARAC list\n\n" + "\n".join(rows) + "\n")
    for header_row in (3, "find"):
        agency = mapping(table={"header_row": header_row})
        assert count_rows(path, agency, agency.tables[0]) == 2_505
    path.write_text("Perp,Victim,Heard,Name\n")
    assert count_rows(path, mapping(), mapping().tables[0]) == 0


def test_all_the_problems_of_a_header_are_told(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    path.write_text("Perp,Victim,New\nCANARY,V,N\n")
    with pytest.raises(DataError) as caught:
        count_rows(path, mapping(), mapping().tables[0])
    problems = str(caught.value).splitlines()
    assert len(problems) == 2
    assert "1 expected column(s) missing: 'Heard'" in problems[0]
    assert "neither mapped nor withheld: 'New'" in problems[1]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"), ("utf-16-le", ""), ("UTF_16_BE", "")],
)
def test_a_mark_of_the_byte_order_is_no_part_of_the_first_column(
    tmp_path: Path, encoding: str, mark: str
) -> None:
    path = tmp_path / "marac.csv"
    path.write_bytes(f'{mark}"Perp",Victim\nP1,Zoë\n'.encode(encoding))
    assert rows(path, mapping(encoding=encoding)) == [(1, ["Perp", "Victim"]), (2, ["P1", "Zoë"])]


def test_texts_stand_between_the_marks_that_the_mapping_names(tmp_path: Path) -> None:
    path = tmp_path / "marac.csv"
    path.write_text("Perp|Victim\n'a|b'|\"V\n'it''s'|\n")
    assert rows(path, mapping(delimiter="|", quote="'")) == [
        (1, ["Perp", "Victim"]),
        (2, ["a|b", '"V']),
        (3, ["it's", ""]),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (dt.date(2017, 3, 1), "2017-03-01"),
        (dt.datetime(2017, 3, 1), "2017-03-01"),
        (dt.datetime(2017, 3, 1, 10, 30), "2017-03-01 10:30:00"),
        (12.0, "12"),
        (1.5, "1.5"),
        (123456789012345.0, "123456789012345"),
        (True, "TRUE"),
        ("007", "007"),
        (" as typed ", " as typed "),
        ("", ""),
    ],
)
def test_workbook_cells_become_plain_text(cell: object, text: str) -> None:
    assert cell_text(cell) == text


def test_excel_rows_keep_their_sheet_row_numbers_and_blank_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Cases")
    sheet["B2"], sheet["C2"] = "Perp", "Heard"
    sheet["B3"], sheet["C3"] = 17, dt.date(2017, 3, 1)
    sheet["B5"] = "0018"
    book.save(tmp_path / "marac.xlsx")
    agency = mapping(format="excel", table={"sheet": " cases ", "header_row": 2})
    assert rows(tmp_path / "marac.xlsx", agency) == [
        (2, ["", "Perp", "Heard"]),
        (3, ["", "17", "2017-03-01"]),
        (4, ["", "", ""]),
        (5, ["", "0018", ""]),
    ]


def layout_of(header: list[str], agency: SourceMapping) -> Layout:
    layout, problems = read_layout("f.csv", agency, agency.tables[0], header)
    assert layout is not None, problems
    return layout


def test_column_names_are_compared_without_spaces_and_capitals() -> None:
    layout = layout_of(["victim ", "NAME", " PERP", "Heard", "", " "], mapping())
    assert layout.columns == {"perpetrator_id": 2, "victim_id": 0, "hearing_date": 3}
    assert layout.width == 4


KINDS = [
    (["Ann", "P1", "V1", "1/2/2017"], "data"),
    (["Ann", "P1", "V1", "1/2/2017", "", " "], "data"),
    ([], "blank"),
    (["", " ", "\t", ""], "blank"),
    (["", "", "", ""], "blank"),
    (["Total: 123", "", "", ""], "summary"),
    (["", " TOTAL ", "", ""], "summary"),
    (["", "Grand total", "12", "13"], "summary"),
    (["Total:12", "", "", ""], "summary"),
    (["Totality", "", "", ""], "data"),
    (["Summary offence", "P1", "V1", "1/2/2017"], "data"),
    (["Ann", "P1", "V1"], "ragged"),
    (["Ann", "Bo", "P1", "V1", "1/2/2017"], "ragged"),
]


@pytest.mark.parametrize(("cells", "kind"), KINDS)
def test_the_kind_of_a_row(cells: list[str], kind: str) -> None:
    agency = mapping()
    judge = row_judge(agency.tables[0], layout_of(["Name", "Perp", "Victim", "Heard"], agency))
    assert judge(cells) == kind


def test_a_filled_cell_in_a_column_without_a_name_makes_the_row_ragged() -> None:
    agency = mapping()
    judge = row_judge(agency.tables[0], layout_of(["Perp", "", "Victim", "Heard"], agency))
    assert judge(["P1", "", "V1", "1/2/2017"]) == "data"
    assert judge(["P1", "?", "V1", "1/2/2017"]) == "ragged"
