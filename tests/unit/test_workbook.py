"""The workbooks of a run: what the guidance on accessible spreadsheets asks, and no hidden number.

Excel and OpenDocument are written from one description, so most is asked of both.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import python_calamine
import results_fixture as given

from datrial.analyses.registry import ANALYSES
from datrial.report.numbers import Style, write_number
from datrial.report.workbook import workbook, write_workbooks
from datrial.report.workbook_excel import excel_bytes
from datrial.report.workbook_formats import NumberFormat, format_of, format_of_printed
from datrial.report.workbook_names import headings, sheet_name, table_name
from datrial.report.workbook_opendocument import MIME_TYPE, opendocument_bytes
from datrial.report.workbook_parts import MOST_FROZEN, Workbook
from datrial.results.cells import Cell, PublishedValue, State, Table
from datrial.results.manifest import Manifest
from datrial.results.published import load_published, published_values
from datrial.results.read import Run, RunTable, read_run
from datrial.results.store import write_run

MARKS = {"[c]", "[x]", "[z]"}
WRITERS = {"xlsx": excel_bytes, "ods": opendocument_bytes}
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def _store(home: Path, tables: list[tuple[str, Table]] | None = None, **changes: object) -> Run:
    published = published_values(load_published("drive"), given.PARAMETERS)
    made = given.tables() if tables is None else tables
    write_run(home, given.RUN_ID, given.manifest(**changes), made, published)
    return read_run(home, given.RUN_ID)


def _described(run: Run) -> Workbook:
    return workbook(run, dict(ANALYSES))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _store(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def described(run: Run) -> Workbook:
    return _described(run)


@pytest.fixture(scope="module")
def files(described: Workbook) -> dict[str, bytes]:
    return {kind: write(described) for kind, write in WRITERS.items()}


def _cells(content: bytes) -> dict[str, list[list[Any]]]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def _one_table(*rows: str) -> Table:
    labels = {row: row.capitalize() for row in rows or ("a",)}
    return Table("needs.odd", "Odd", "Note.", (), labels, {"c": "Arm"})


def _run_of(*entries: RunTable) -> Run:
    return Run(Path(), Manifest.model_validate(given.manifest()), {}, entries)


def _grid_texts(run: Run) -> list[str]:
    return [
        str(entry.value)
        for sheet in _described(run).sheets
        if sheet.grid
        for row in sheet.grid.rows
        for entry in row
    ]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_sheet_reads_back_as_it_was_described(
    described: Workbook, files: dict[str, bytes], kind: str
) -> None:
    read = _cells(files[kind])
    assert list(read) == [sheet.name for sheet in described.sheets]
    for sheet in described.sheets:
        rows = read[sheet.name]
        texts = [row[0] for row in rows[: len(sheet.lines) + 1]]
        assert texts == [sheet.title, *(line.text for line in sheet.lines)]
        if sheet.grid is None:
            assert len(rows) == len(texts)
            continue
        assert tuple(rows[sheet.heading_row - 1]) == sheet.grid.headings
        values = [[entry.value for entry in row] for row in sheet.grid.rows]
        assert rows[sheet.heading_row :] == values  # to the last digit


def test_no_place_of_a_table_is_empty_and_what_is_no_number_is_a_mark_or_a_word(
    run: Run, described: Workbook
) -> None:
    by_name = {sheet.grid.name: sheet.grid for sheet in described.sheets if sheet.grid}
    for entry in run.tables:
        grid = by_name[table_name(entry.table.id, ())]
        notes = grid.headings[-1] == "Notes"
        for row in grid.rows:
            assert all(value.value != "" for value in row)
            numbers = row[1:-1] if notes else row[1:]
            assert all(isinstance(value.value, float) or value.value in MARKS for value in numbers)
    shown = {value.value for grid in by_name.values() for row in grid.rows for value in row}
    assert shown >= MARKS


def test_every_number_of_the_run_is_in_its_table_and_the_published_one_beside_it(
    run: Run, described: Workbook
) -> None:
    by_name = {sheet.grid.name: sheet.grid for sheet in described.sheets if sheet.grid}
    for entry in run.tables:
        grid = by_name[table_name(entry.table.id, ())]
        ours = sorted(
            value.value
            for row in grid.rows
            for heading, value in zip(grid.headings, row, strict=True)
            if isinstance(value.value, float)
            and not heading.endswith((", published", ", n", ": n"))
        )
        assert ours == sorted(cell.value for cell in entry.table.cells if cell.value is not None)
        printed = [
            value.value
            for row in grid.rows
            for heading, value in zip(grid.headings, row, strict=True)
            if isinstance(value.value, float) and heading.endswith(", published")
        ]
        assert sorted(printed) == sorted(beside.value for beside in entry.published.values())


@pytest.mark.parametrize("kind", WRITERS)
def test_a_hidden_number_is_in_no_part_of_the_file(kind: str) -> None:
    table = _one_table("a", "b")
    table.add("b", "c", "share", 0.5, n=640)
    # As no stored run has it: a value and an n beneath the mark.
    hidden = Cell("a", "c", "share", 0.73519, 31337, State.SUPPRESSED, "few people", "a warning")
    table.cells.append(hidden)
    printed = {("a", "c", "share"): PublishedValue(0.8, "Table 1")}
    run = _run_of(RunTable("needs", table, printed))
    content = WRITERS[kind](_described(run))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "[c]" in text
    assert not re.search(r"73519|73\.5|31,?337|few people|a warning", text)


def test_the_cover_says_what_the_workbook_is_and_what_the_marks_mean(tmp_path: Path) -> None:
    made = _described(
        _store(
            tmp_path,
            label="nightly",
            resolved_study={"disclosure": "counts_below_5"},
            disclosure={"description": "No count of 1 to 4 is shown. Zero is shown."},
        )
    )
    cover = [made.sheets[0].title, *(line.text for line in made.sheets[0].lines)]
    assert cover[0] == "Drive: high-risk, high-harm perpetrators of domestic abuse: results"
    assert cover[1].startswith("Simulated data")
    text = "\n".join(cover)
    for words in (
        given.RUN_ID, "nightly", "30 September 2019", "[c] ", "[x] ", "[z] ",
        "Disclosure profile: counts below 5.", "No count of 1 to 4 is shown.",
        "stand as [c]: 2.",
    ):  # fmt: skip
        assert words in text


def test_the_contents_lead_to_every_table(run: Run, described: Workbook) -> None:
    contents = described.sheets[1]
    assert contents.name == "Contents" and contents.grid is not None
    place = {heading: number for number, heading in enumerate(contents.grid.headings)}
    rows = contents.grid.rows
    assert [row[place["Identifier"]].value for row in rows] == [one.table.id for one in run.tables]
    names = [sheet.name for sheet in described.sheets[3:]]
    assert [row[place["Title"]].link for row in rows] == names
    assert [row[place["Worksheet"]].value for row in rows] == names
    assert {row[place["Standing"]].value for row in rows} == {"No plan locked"}


def test_an_exploratory_table_says_so_on_its_sheet_and_in_the_contents(tmp_path: Path) -> None:
    table = _one_table()
    table.add("a", "c", "count", 4)
    table.standing = "exploratory"
    why = {"needs": "a changed parameter"}
    plan = {"locked": "2026-01-05", "hash": "0" * 64, "amendments": [], "planned": [],
            "planned_in_all": 1}  # fmt: skip
    made = _described(_store(tmp_path, [("needs", table)], exploratory=why, plan=plan))
    lines = [line.text for line in made.sheets[3].lines]
    assert "Exploratory: not in the analysis plan. Why: a changed parameter." in lines
    assert made.sheets[1].grid is not None
    assert "Exploratory" in [entry.value for entry in made.sheets[1].grid.rows[0]]


def test_notes_are_numbered_once_and_tell_their_tables() -> None:
    first, second = _one_table("a", "b"), _one_table()
    second.id = "needs.other"
    first.add("a", "c", "count", 1, note="the whole of it")
    first.add("a", "c", "share", 0.1)
    first.add("b", "c", "count", 2, note="passed", warning="few of them")
    second.add("a", "c", "count", 3, note="the whole of it")
    run = _run_of(RunTable("needs", first, {}), RunTable("needs", second, {}))
    _, _, notes, one, two = _described(run).sheets
    assert notes.grid and one.grid and two.grid
    assert [[entry.value for entry in row] for row in notes.grid.rows] == [
        ["[note 1]", "the whole of it", "1, 2"],
        ["[note 2]", "Warning: few of them", "1"],
    ]
    assert [row[-1].value for row in one.grid.rows] == [
        "Arm (number): [note 1]",
        "passed; [note 2]",
    ]
    assert [row[-1].value for row in two.grid.rows] == ["[note 1]"]


def test_excel_knows_every_table_by_name_and_no_cells_are_merged(
    described: Workbook, files: dict[str, bytes]
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    assert book.properties.language == "en-GB"
    assert book.properties.title and given.RUN_ID in book.properties.title
    assert book.properties.subject
    assert book.active.title == "Cover" and book.active.sheet_view.selection[0].activeCell == "A1"
    names = []
    for sheet, described_sheet in zip(book.worksheets, described.sheets, strict=True):
        assert not sheet.merged_cells.ranges
        assert len(sheet.title) <= 31 and not re.search(r"[\[\]:*?/\\']", sheet.title)
        assert sheet["A1"].style == "Heading 1"
        assert len(sheet.tables) == (described_sheet.grid is not None)
        for table in sheet.tables.values():
            names.append(table.displayName.lower())
            assert re.fullmatch(r"[a-z_][a-z0-9_.]*", names[-1])
            assert table.autoFilter is None and table.headerRowCount == 1
            first, last = table.ref.split(":")
            header = [cell.value for cell in sheet[int(first[1:])]]
            assert header == [column.name for column in table.tableColumns]
            assert len({heading.lower() for heading in header}) == len(header)
            assert last == sheet.dimensions.partition(":")[2]  # nothing below or beside it
            assert sheet.freeze_panes in (None, f"A{int(first[1:]) + 1}")
            assert (sheet.freeze_panes is not None) == (int(first[1:]) <= MOST_FROZEN)
    assert len(names) == len(set(names)) == len(described.sheets) - 1


def test_excel_links_lead_to_sheets_that_are_there(files: dict[str, bytes]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    links = [
        cell.hyperlink.location
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink
    ]
    assert {link.removesuffix("!A1").strip("'") for link in links} >= set(book.sheetnames[3:])
    assert all(link.removesuffix("!A1").strip("'") in book.sheetnames for link in links)


def test_excel_shows_numbers_by_their_kind(files: dict[str, bytes]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    name = next(name for name in book.sheetnames if name.endswith("risk_score_rate_ratios"))
    sheet = book[name]
    rows = list(sheet.iter_rows())
    heading = next(row for row in rows if row[0].value == "Row")
    place = {cell.value.removeprefix("Rate ratio: "): cell.column - 1 for cell in heading}
    midpoint = next(row for row in rows if row[0].value == "Midpoint")
    ratio, p_value = midpoint[place["Rate ratio"]], midpoint[place["p-value"]]
    assert (ratio.value, ratio.number_format) == (0.907, "#,##0.00")
    assert (p_value.value, p_value.number_format[:9]) == (0.00002, '[<0.001]"')
    printed = midpoint[place["p-value, published"]]
    assert (printed.value, printed.number_format) == (0, "#,##0.00")


def test_the_open_document_is_whole_and_says_its_title_language_and_tables(
    described: Workbook, files: dict[str, bytes]
) -> None:
    with zipfile.ZipFile(io.BytesIO(files["ods"])) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype").decode() == MIME_TYPE
        parts = {
            name: ElementTree.fromstring(archive.read(name))
            for name in archive.namelist()
            if name.endswith(".xml")
        }
        listed = {
            element.get("{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}full-path")
            for element in parts["META-INF/manifest.xml"]
        }
        assert listed == {"/", *parts} - {"META-INF/manifest.xml"}
    said = {element.tag.rpartition("}")[2]: element.text for element in parts["meta.xml"].iter()}
    assert said["language"] == "en-GB" and given.RUN_ID in str(said["title"])
    content = parts["content.xml"]
    ranges = {
        element.get(f"{TABLE}name"): element.get(f"{TABLE}target-range-address")
        for element in content.iter(f"{TABLE}database-range")
    }
    grids = [sheet for sheet in described.sheets if sheet.grid]
    assert list(ranges) == [sheet.grid.name for sheet in grids if sheet.grid]
    for sheet, address in zip(grids, ranges.values(), strict=True):
        assert str(address).startswith(f"'{sheet.name}'.A{sheet.heading_row}:")
    spans = [key for element in content.iter() for key in element.attrib if "spanned" in key]
    assert spans == []


def test_the_styles_that_open_document_cells_name_are_there(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(files["ods"])) as archive:
        both = [ElementTree.fromstring(archive.read(f"{name}.xml")) for name in
                ("content", "styles")]  # fmt: skip
    style = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
    elements = [element for part in both for element in part.iter()]
    made = {element.get(f"{style}name") for element in elements}
    asked = {
        element.get(key)
        for element in elements
        for key in (
            f"{TABLE}style-name", f"{TABLE}default-cell-style-name", f"{style}data-style-name",
            f"{style}parent-style-name", f"{style}apply-style-name", f"{style}master-page-name",
            f"{style}page-layout-name", f"{style}font-name",
        )
    } - {None}  # fmt: skip
    assert asked and asked <= made


def test_the_same_run_gives_the_same_bytes_whenever_it_is_written(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        _store(tmp_path / name, who=name)
        paths = write_workbooks(tmp_path / name, given.RUN_ID)
        assert [path.name for path in paths] == ["results.xlsx", "results.ods"]
        assert {path.name for path in paths[0].parent.iterdir()} == {"results.xlsx", "results.ods"}
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    for content in contents[0]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_table_without_rows_and_a_run_without_tables_are_workbooks_too(tmp_path: Path) -> None:
    empty = Table("needs.none", "Nothing", "", (), {}, {"c": "Arm"})
    for name, tables in (("one", [("needs", empty)]), ("none", [])):
        _store(tmp_path / name, tables)
        for path in write_workbooks(tmp_path / name, given.RUN_ID):
            read = _cells(path.read_bytes())
            assert list(read)[:3] == ["Cover", "Contents", "Notes"]
            assert len(read) == 3 + len(tables)


def test_a_failed_analysis_is_named_on_the_cover(tmp_path: Path) -> None:
    ends = [{"id": "needs", "state": "failed", "reason": "no answered form"}]
    made = _described(_store(tmp_path, [], analyses=ends))
    assert "These analyses failed, and their tables are not here: needs." in [
        line.text for line in made.sheets[0].lines
    ]


def test_numbers_show_as_the_report_writes_them() -> None:
    for style in Style:
        for value in (0.0, 0.00004, 0.0123, 0.05, 0.2714, 0.9999, 1.0, 2.0, 3.456, 123.4, 12345.6):
            if style is Style.P_VALUE and value > 1:
                continue
            shown = format_of(value, style).show(value)
            assert shown.replace("E-0", "e-0") == write_number(value, style)
    assert NumberFormat(2).excel == "#,##0.00" and NumberFormat().excel == "#,##0"
    assert NumberFormat(1, is_share=True).excel == "0.0%"
    assert format_of_printed(0.9, "0.90", Style.RATIO).show(0.9) == "0.90"
    assert format_of_printed(0.29, "", Style.SHARE).show(0.29) == "29%"
    assert format_of_printed(2.7, "", Style.MEAN).show(2.7) == "2.7"


def test_names_are_allowed_and_given_once() -> None:
    assert sheet_name(75, "risk_score.rate_ratios") == "75_risk_score_rate_ratios"
    assert (
        sheet_name(65, "behaviour_change.factor_differences") == "65_behaviour_factor_differences"
    )
    assert all(len(sheet_name(number, "a" * 40 + "." + "b" * 40)) == 31 for number in (1, 1000))
    assert table_name("risk_score.rate_ratios", ()) == "risk_score__rate_ratios"
    assert table_name("a.b", ["A__B"]) == "a__b_2"
    assert headings(["Share", "share", "x" * 300, "x" * 299 + "y"])[1] == "share (2)"
    assert all(len(heading) <= 255 for heading in headings(["x" * 300] * 12))


def test_rows_with_the_same_label_are_told_apart() -> None:
    table = Table("needs.twice", "Twice", "", (), {"one": "Other", "two": "Other"}, {"c": "Arm"})
    for row in table.row_labels:
        table.add(row, "c", "count", 5)
    texts = set(_grid_texts(_run_of(RunTable("needs", table, {}))))
    assert {"Other (one)", "Other (two)"} <= texts
