"""The report's tables: states that look different, n where it belongs, published beside ours."""

from __future__ import annotations

from datrial.report.cell_views import CellView
from datrial.report.tables import TableView, table_view
from datrial.results.cells import PublishedValue, State, Table
from datrial.results.read import RunTable


def _view(
    table: Table, published: dict[tuple[str, str, str], PublishedValue] | None = None
) -> TableView:
    return table_view(RunTable("a", table, published or {}))


def _cells(view: TableView) -> list[CellView]:
    return [cell for block in view.blocks for row in block.rows for cell in row.cells]


def _table(columns: int = 1) -> Table:
    names = {f"c{number}": f"Column {number}" for number in range(columns)}
    return Table("a.t", "Title", "Note.", (), {"r": "Row"}, names)


def test_zero_and_each_state_look_different() -> None:
    table = _table(5)
    table.add("r", "c0", "count", 0)
    for column, state in zip(("c1", "c2", "c3"), list(State)[1:], strict=True):
        table.absent("r", column, "count", "why", state=state)
    cells = _cells(_view(table))
    assert [cell.mark or cell.text for cell in cells] == ["0", "[c]", "[x]", "[z]"]
    assert [cell.mark_words for cell in cells[1:]] == [
        "suppressed",
        "not available",
        "not applicable",
    ]


def test_a_statistic_that_a_row_does_not_have_is_no_state() -> None:
    table = _table(1)
    table.row("s", "Other row")
    table.add("r", "c0", "mean", 1.5)
    table.add("s", "c0", "p_value", 0.5)
    assert [cell.text for cell in _cells(_view(table))] == ["1.50", "–", "–", "0.500"]


def test_a_suppressed_cell_shows_neither_its_n_nor_a_difference() -> None:
    table = _table(2)
    table.absent("r", "c0", "share", "small number", state=State.SUPPRESSED, n=41)
    table.add("r", "c1", "share", 0.5, n=342)
    view = _view(table, {("r", "c0", "share"): PublishedValue(0.17, "Figure 29")})
    assert "41" not in repr(view)
    hidden = _cells(view)[0]
    assert (hidden.mark, hidden.published, hidden.difference) == ("[c]", "17%", "")


def test_the_published_number_and_the_difference_stand_beside_ours() -> None:
    table = _table()
    for name, value in (
        ("rate_ratio", 0.907),
        ("p_value", 0.00002),
        ("ci_low", 0.867),
        ("ci_high", 0.949),
    ):
        table.add("r", "c0", name, value, n=469)
    published = {
        ("r", "c0", "rate_ratio"): PublishedValue(0.91, "Table A3.2"),
        ("r", "c0", "p_value"): PublishedValue(0.0, "Table A3.2", "0.00"),
        ("r", "c0", "ci_low"): PublishedValue(0.86, "Table A3.2"),
        ("r", "c0", "ci_high"): PublishedValue(0.95, "Table A3.2"),
    }
    view = _view(table, published)
    ratio, p_value, interval = _cells(view)
    assert (ratio.text, ratio.published, ratio.difference) == ("0.91", "0.91", "0.00")
    assert (p_value.text, p_value.published, p_value.difference) == ("< 0.001", "0.00", "")
    assert (interval.text, interval.published) == ("0.87 to 0.95", "0.86 to 0.95")
    assert view.n == "n = 469"
    assert view.sources == ("Table A3.2",)


def test_an_interval_without_one_end_is_absent_with_that_ends_reason() -> None:
    table = _table()
    table.add("r", "c0", "share", 0.07)
    table.add("r", "c0", "ci_low", 0.04)
    table.absent("r", "c0", "ci_high", "on a boundary")
    view = _view(table)
    assert _cells(view)[1].mark == "[x]"
    assert view.footnotes == (("a", "on a boundary"),)
    assert _cells(view)[1].notes == ["a"]


def test_n_is_said_once_where_it_is_the_same() -> None:
    by_column = _table(2)
    by_column.row("s", "Second")
    for row in ("r", "s"):
        by_column.add(row, "c0", "share", 0.1, n=184)
        by_column.add(row, "c1", "share", 0.1, n=1139)
    assert [group.n for group in _view(by_column).parts[0].groups] == ["n = 184", "n = 1,139"]

    by_row = _table(2)
    by_row.row("s", "Second")
    for row, n in (("r", 485), ("s", 468)):
        by_row.add(row, "c0", "share", 0.1, n=n)
        by_row.add(row, "c1", "share", 0.1, n=n)
    assert [row.n for row in _view(by_row).blocks[0].rows] == ["n = 485", "n = 468"]

    mixed = _table(2)
    mixed.row("s", "Second")
    for row, column, n in (("r", "c0", 1), ("r", "c1", 2), ("s", "c0", 3), ("s", "c1", 4)):
        mixed.add(row, column, "share", 0.1, n=n)
    assert [cell.n for cell in _cells(_view(mixed))] == ["n = 1", "n = 2", "n = 3", "n = 4"]


def test_a_wide_table_has_its_columns_one_below_the_other() -> None:
    table = _table(2)
    for column in ("c0", "c1"):
        for name in ("people", "share", "appearances", "person_years", "rate"):
            table.add("r", column, name, 0.5)
    view = _view(table)
    assert [block.label for block in view.blocks] == ["Column 0", "Column 1"]
    assert [len(part.groups) for part in view.parts] == [1]
    assert all(len(row.cells) == 5 for block in view.blocks for row in block.rows)
    matrix = _table(12)
    for column in matrix.column_labels:
        matrix.add("r", column, "value", 1)
    assert [block.label for block in _view(matrix).blocks] == [""]


def test_a_wide_table_is_stacked_although_columns_have_a_statistic_of_their_own() -> None:
    table = _table(3)
    for column in table.column_labels:
        for statistic in ("odds_ratio", "ci_low", "ci_high", "p_value", "bse"):
            table.add("r", column, statistic, 0.5)
    table.add("r", "c1", "p_value_adjusted", 0.6)
    view = _view(table)
    assert [block.label for block in view.blocks] == ["Column 0", "Column 1", "Column 2"]
    assert [len(part.groups) for part in view.parts] == [1]
    texts = [[cell.text for cell in block.rows[0].cells][-1] for block in view.blocks]
    assert texts == ["–", "0.600", "–"]
    table.add("r", "c0", "fmi", 0.5)  # now neither column has all that the other has
    view = _view(table)
    last = [[cell.text for cell in block.rows[0].cells][-2:] for block in view.blocks]
    assert last == [["50.0%", "–"], ["–", "0.600"], ["–", "–"]]
    for statistic in ("count", "people"):  # and now there is too much that only one has
        table.add("r", "c2", statistic, 4)
    parts = _view(table).parts
    assert [part.label for part in parts] == ["Column 0", "Column 1", "Column 2"]
    assert all(part.two_headers for part in parts)


def test_columns_of_different_kinds_stand_in_parts_of_their_own() -> None:
    table = _table(5)
    for column in ("c0", "c1", "c2"):
        for name in ("mean", "sd", "median"):
            table.add("r", column, name, 1.5)
    for column in ("c3", "c4"):
        for name in ("difference", "ci_low", "ci_high", "p_value"):
            table.add("r", column, name, 0.5)
    view = _view(table)
    assert [part.label for part in view.parts] == [
        "Column 0, Column 1, Column 2",
        "Column 3, Column 4",
    ]
    assert [block.label for block in view.parts[0].blocks] == ["Column 0", "Column 1", "Column 2"]
    assert [group.label for group in view.parts[1].groups] == ["Column 3", "Column 4"]
    assert view.parts[1].groups[0].statistics == ("Difference", "95% interval", "p-value")
    shown = [cell.text for cell in _cells(view)]
    assert shown == [*["1.50"] * 9, *["0.50", "0.50 to 0.50", "0.500"] * 2]


def test_a_reader_may_choose_between_counts_and_shares_only_where_both_are() -> None:
    table = _table(2)
    for column in ("c0", "c1"):
        table.add("r", column, "answered", 120)
        table.add("r", column, "count", 12)
        table.add("r", column, "share", 0.1)
        table.add("r", column, "ci_low", 0.05)
        table.add("r", column, "ci_high", 0.2)
    (part,) = _view(table).parts
    assert part.has_both
    assert part.groups[0].kinds == ("", "count", "share", "share")
    assert [cell.kind for cell in part.blocks[0].rows[0].cells] == [*part.groups[0].kinds]
    alone = _table()
    alone.add("r", "c0", "share", 0.1)
    assert not _view(alone).parts[0].has_both


def test_warnings_are_listed_below_the_table_and_one_word_notes_beside_the_number() -> None:
    table = _table(2)
    table.add("r", "c0", "count", 0, note="passed")
    table.add("r", "c1", "count", 1, warning="few starts")
    view = _view(table)
    assert _cells(view)[0].word == "passed"
    assert view.footnotes == (("a", "Warning: few starts"),)


def test_a_long_table_is_folded_but_what_did_not_pass_stays_in_sight() -> None:
    rules = {f"r{n}": f"Rule {n}" for n in range(50)}
    table = Table("a.t", "Rules", "", (), rules, {"failed": "Failed"})
    for number in range(50):
        table.add(f"r{number}", "failed", "count", 0, note="warning" if number == 7 else "passed")
    view = _view(table)
    assert view.is_long
    assert view.tally == "49 passed, 1 warning"
    assert view.outstanding is not None
    assert [row.label for block in view.outstanding.blocks for row in block.rows] == ["Rule 7"]
    assert not _view(_table()).is_long
