"""Any table, whatever its labels and numbers, is a valid workbook that reads back as described."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import python_calamine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datrial.report.workbook import workbook
from datrial.report.workbook_excel import excel_bytes
from datrial.report.workbook_names import sheet_name, table_name
from datrial.report.workbook_opendocument import opendocument_bytes
from datrial.report.workbook_parts import Workbook
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.manifest import Manifest
from datrial.results.read import Run, RunTable

ODD = (
    "=1+1", "#N/A", "_x0041_", "_x005F_x0041_", "[c]", "'", "a\x00b", "\ud800", "\ufffe", " ", "",
    "<&>\"'", "]]>", "Row", "Notes", "row", "tab\tand\nline", "\u00a0wide\u2003space", "👩‍👧", "0",
    "x" * 300, "y" * 300, "\u202eright to left", "http://example.org", "ß", "SS", "true", "1e5",
)  # fmt: skip
LABELS = st.sampled_from(ODD) | st.text(st.characters(), max_size=40)
NUMBERS = st.floats(-1e300, 1e300, allow_subnormal=False) | st.sampled_from(
    (0.0, -0.0, 1.0, 0.1 + 0.2, 0.00004, 1 / 3, 1e15, 123456789.123456789)
)
STATISTICS = st.sampled_from(
    ("count", "share", "mean", "p_value", "ci_low", "ci_high", "odds_ratio", "value", "answered")
)


@st.composite
def tables(draw: st.DrawFn) -> RunTable:
    """Return a result table with any labels, states, notes and published numbers."""
    rows = {f"r{n}": label for n, label in enumerate(draw(st.lists(LABELS, max_size=4)))}
    columns = {f"c{n}": label for n, label in enumerate(draw(st.lists(LABELS, max_size=3)))}
    table = Table("any.table", draw(LABELS), draw(LABELS), (draw(LABELS),), rows, columns)
    published = {}
    statistics = draw(st.lists(STATISTICS, unique=True, max_size=4))
    for row in rows:
        for column in columns:
            for statistic in statistics:
                n = draw(st.none() | st.integers(0, 10**6))
                kind = draw(st.sampled_from(("no cell", *State)))
                if kind == State.VALUE:
                    table.add(
                        row, column, statistic, draw(NUMBERS), n=n, note=draw(LABELS),
                        warning=draw(LABELS),
                    )  # fmt: skip
                elif isinstance(kind, State):
                    table.absent(row, column, statistic, draw(LABELS), state=kind, n=n)
                if kind != "no cell" and draw(st.booleans()):
                    value = draw(NUMBERS)
                    published[row, column, statistic] = PublishedValue(value, draw(LABELS))
    return RunTable("any", table, published, tuple(draw(st.lists(LABELS, max_size=2))))


def _described(entry: RunTable) -> Workbook:
    manifest = Manifest(run_id="r", snapshot_id="s", study="any", title="Any")
    return workbook(Run(Path(), manifest, {}, (entry,)), {})


def _odd_headings() -> RunTable:
    table = Table("any.table", "T", "", (), {"r": "Row"}, {"a": "x" * 300, "b": "x" * 299 + "y"})
    for column in table.column_labels:
        table.add("r", column, "count", 1)
    return RunTable("any", table, {})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
@example(_odd_headings())
def test_any_table_reads_back_as_described(entry: RunTable) -> None:
    made = _described(entry)
    for content in (excel_bytes(made), opendocument_bytes(made)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if name.endswith((".xml", ".rels")):
                    ElementTree.fromstring(archive.read(name))
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert book.sheet_names == [sheet.name for sheet in made.sheets]
        for sheet in made.sheets:
            rows = book.get_sheet_by_name(sheet.name).to_python()
            texts = [sheet.title, *(line.text for line in sheet.lines)]
            assert [row[0] for row in rows[: len(texts)]] == texts
            if sheet.grid:
                assert tuple(rows[len(texts)]) == sheet.grid.headings
                assert rows[len(texts) + 1 :] == [
                    [value.value for value in row] for row in sheet.grid.rows
                ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_any_table_is_one_that_excel_takes(entry: RunTable) -> None:
    book = openpyxl.load_workbook(io.BytesIO(excel_bytes(_described(entry))))
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        for table in sheet.tables.values():
            columns = [column.name for column in table.tableColumns]
            assert all(columns) and all(len(column) <= 255 for column in columns)
            assert len({column.lower() for column in columns}) == len(columns)
        for row in sheet.iter_rows():
            assert all(cell.data_type in ("s", "n", "inlineStr") for cell in row)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_no_place_is_empty_and_no_mark_is_a_number(entry: RunTable) -> None:
    made = _described(entry)
    grid = made.sheets[3].grid
    assert grid is not None
    assert all(value.value != "" for row in grid.rows for value in row)
    assert all(len(row) == len(grid.headings) == len(grid.widths) for row in grid.rows)
    numbers = [value.value for row in grid.rows for value in row[1:]]
    states = [cell.state for cell in entry.table.cells]
    assert sum(isinstance(number, float) for number in numbers) >= states.count(State.VALUE)
    assert numbers.count("[c]") >= states.count(State.SUPPRESSED)
    assert numbers.count("[x]") >= states.count(State.NOT_AVAILABLE)


@given(st.lists(st.tuples(LABELS, LABELS).map(".".join), unique=True, max_size=12))
def test_any_ids_give_names_that_are_allowed_and_given_once(ids: list[str]) -> None:
    sheets = [sheet_name(number, name) for number, name in enumerate(ids, start=1)]
    assert len({name.lower() for name in sheets}) == len(ids)
    assert all(0 < len(name) <= 31 and name.replace("_", "a").isalnum() for name in sheets)
    taken: list[str] = []
    for name in ids:
        taken.append(table_name(name, taken))
    assert len({name.lower() for name in taken}) == len(ids)
    assert all(name.isascii() and name.isidentifier() and "__" in name for name in taken)
