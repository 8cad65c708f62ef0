"""Result tables as the report shows them: number, n, and the published figure beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from datrial.report.cell_views import CellView, Footnotes, cell_view, n_is_told
from datrial.report.numbers import Style, label_of, style_of
from datrial.results.read import RunTable
from datrial.results.wide import statistics_of


@dataclass(frozen=True)
class Group:
    """A column of the table with the statistics that stand under it."""

    label: str
    n: str
    statistics: tuple[str, ...]


@dataclass(frozen=True)
class RowView:
    """One row."""

    label: str
    n: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class Block:
    """Rows under a head of their own; a table that is not stacked is one block without a head."""

    label: str
    n: str
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class TableView:
    """A table ready for the page.

    Attributes
    ----------
    two_headers
        Whether the columns' names stand above their statistics.
    is_long
        Whether the table is folded away; ``outstanding`` are the rows that are shown
        even then, and ``tally`` counts the rows by their verdict.
    """

    id: str
    title: str
    note: str
    n: str
    groups: tuple[Group, ...]
    two_headers: bool
    blocks: tuple[Block, ...]
    is_long: bool
    outstanding: tuple[Block, ...]
    tally: str
    footnotes: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    missing_rows: tuple[str, ...]
    catalogue: tuple[str, ...]


#: Statistics that share a column because no row has more than one of them.
Merged = tuple[str, ...]

#: A table with more columns of numbers than this has its columns one below the other.
_WIDEST = 7
#: Stacked columns may have so many statistics between them that not all of them have.
_NOT_IN_ALL = 3
#: A table with more rows than this is folded away.
_LONGEST = 40
#: The verdict that needs nobody's attention.
_PASSED = "passed"


def table_view(entry: RunTable) -> TableView:
    """Return a result table as it stands in the report."""
    shown = {
        column: _merge(entry, column, merge_interval(names))
        for column, names in statistics_of(entry.table).items()
        if names
    }
    footnotes = Footnotes()
    n_place, n_texts = _place_of_n(entry)
    groups = tuple(
        Group(
            entry.table.column_labels[column],
            n_texts.get(column, "") if n_place == "column" else "",
            tuple(map(_heading, names)),
        )
        for column, names in shown.items()
    )
    in_all = set.intersection(*map(set, shown.values())) if shown else set()
    every = list(dict.fromkeys(merged for names in shown.values() for merged in names))
    is_stacked = (
        len(groups) > 1
        and all(len(names) > 1 for names in shown.values())
        and sum(len(group.statistics) for group in groups) > _WIDEST
        and len(every) - len(in_all) <= _NOT_IN_ALL
    )

    def rows(columns: dict[str, list[Merged]]) -> tuple[RowView, ...]:
        return tuple(
            RowView(
                label,
                n_texts.get(row, "") if n_place == "row" else "",
                _row_cells(entry, row, columns, footnotes, with_n=n_place == "cell"),
            )
            for row, label in entry.table.row_labels.items()
        )

    if is_stacked:
        blocks = tuple(
            Block(group.label, group.n, rows({column: every}))
            for group, column in zip(groups, shown, strict=True)
        )
        groups = (replace(groups[0], statistics=tuple(map(_heading, every))),)
    else:
        blocks = (Block("", "", rows(shown)),)
    return TableView(
        entry.table.id,
        entry.table.title,
        entry.table.note,
        n_texts.get("", "") if n_place == "table" else "",
        groups,
        len(groups) > 1 and len(every) > 1,
        blocks,
        len(entry.table.row_labels) > _LONGEST,
        _outstanding(blocks),
        _tally(blocks),
        footnotes.listed(),
        tuple(dict.fromkeys(value.source for value in entry.published.values())),
        entry.published_without_row,
        entry.table.catalogue,
    )


def _heading(merged: Merged) -> str:
    return " / ".join(label_of(name) for name in merged)


def _outstanding(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the rows with a verdict other than passed."""
    rows = tuple(row for block in blocks for row in block.rows if set(_words(row)) - {_PASSED})
    return (Block("", "", rows),) if rows else ()


def _tally(blocks: tuple[Block, ...]) -> str:
    """Return how many rows have which verdict: ``198 passed, 3 warning``."""
    words = Counter(word for block in blocks for row in block.rows for word in _words(row))
    return ", ".join(f"{times:,} {word}" for word, times in words.most_common())


def _words(row: RowView) -> list[str]:
    return [cell.word for cell in row.cells if cell.word]


def merge_interval(names: list[str]) -> list[str]:
    """Return statistics with the two ends of an interval as one, ``ci``."""
    if "ci_low" not in names or "ci_high" not in names:
        return list(names)
    return ["ci" if name == "ci_low" else name for name in names if name != "ci_high"]


def _merge(entry: RunTable, column: str, names: list[str]) -> list[Merged]:
    """Let counts that never stand in the same row share a column."""
    merged: list[Merged] = []
    for name in names:
        rows = _rows_with(entry, column, name)
        place = next(
            (
                position
                for position, others in enumerate(merged)
                if style_of(name, column) is Style.COUNT
                and style_of(others[0], column) is Style.COUNT
                and not any(rows & _rows_with(entry, column, other) for other in others)
            ),
            None,
        )
        if place is None:
            merged.append((name,))
        else:
            merged[place] += (name,)
    return merged


def _rows_with(entry: RunTable, column: str, statistic: str) -> set[str]:
    return {
        cell.row
        for cell in entry.table.cells
        if cell.column == column and cell.statistic == statistic
    }


def _row_cells(
    entry: RunTable,
    row: str,
    columns: dict[str, list[Merged]],
    footnotes: Footnotes,
    *,
    with_n: bool,
) -> tuple[CellView, ...]:
    cells = []
    for column, names in columns.items():
        for position, merged in enumerate(names):
            statistic = next((s for s in merged if entry.cell(row, column, s)), merged[0])
            view = cell_view(entry, row, column, statistic, footnotes, with_n=with_n)
            view.starts = position == 0
            cells.append(view)
    return tuple(cells)


def _place_of_n(entry: RunTable) -> tuple[str, dict[str, str]]:
    """Return where n is said once: for the table, per column, per row, or in each cell."""
    cells = [cell for cell in entry.table.cells if n_is_told(entry, cell)]
    if not cells:
        return "none", {}
    if len({cell.n for cell in cells}) == 1:
        return "table", {"": f"n = {cells[0].n:,}"}
    for place in ("column", "row"):
        of: dict[str, set[int | None]] = {}
        for cell in cells:
            of.setdefault(getattr(cell, place), set()).add(cell.n)
        if all(len(numbers) == 1 for numbers in of.values()):
            return place, {key: f"n = {next(iter(numbers)):,}" for key, numbers in of.items()}
    return "cell", {}
