"""Result tables as the report shows them: number, n, and the published figure beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from datrial.report.cell_views import CellView, Footnotes, cell_view, n_is_told
from datrial.report.table_layout import (
    COUNT,
    SHARE,
    Columns,
    every_statistic,
    heading,
    is_stacked,
    kind_of,
    merge_interval,
    merged_statistics,
    split_columns,
)
from datrial.results.read import RunTable
from datrial.results.wide import statistics_of


@dataclass(frozen=True)
class Group:
    """A column of the table with the statistics that stand under it.

    Attributes
    ----------
    kinds
        Of each statistic: :data:`COUNT`, :data:`SHARE`, or nothing.
    """

    label: str
    n: str
    statistics: tuple[str, ...]
    kinds: tuple[str, ...] = ()


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
class Part:
    """Columns that stand side by side; a wide table has several parts, one below the other.

    Attributes
    ----------
    two_headers
        Whether the columns' names stand above their statistics.
    """

    groups: tuple[Group, ...]
    two_headers: bool
    blocks: tuple[Block, ...]
    label: str = ""

    @property
    def has_both(self) -> bool:
        """Tell whether it has counts and shares, of which a reader may want one kind only."""
        kinds = {kind for group in self.groups for kind in group.kinds}
        return {COUNT, SHARE} <= kinds


@dataclass(frozen=True)
class TableView:
    """A table ready for the page.

    Attributes
    ----------
    is_long
        Whether the table is folded away; ``outstanding`` are the rows that are shown
        even then, and ``tally`` counts the rows by their verdict.
    """

    id: str
    title: str
    note: str
    n: str
    parts: tuple[Part, ...]
    is_long: bool
    outstanding: Part | None
    tally: str
    footnotes: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    missing_rows: tuple[str, ...]
    catalogue: tuple[str, ...]
    rows: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of all parts."""
        return tuple(block for part in self.parts for block in part.blocks)


#: A table with more rows than this is folded away.
_LONGEST = 40
#: The verdict that needs nobody's attention.
_PASSED = "passed"


def table_view(entry: RunTable) -> TableView:
    """Return a result table as it stands in the report."""
    shown = {
        column: merged_statistics(entry, column, merge_interval(names))
        for column, names in statistics_of(entry.table).items()
        if names
    }
    footnotes = Footnotes()
    n_place, n_texts = _place_of_n(entry)

    def rows(columns: Columns) -> tuple[RowView, ...]:
        return tuple(
            RowView(
                label,
                n_texts.get(row, "") if n_place == "row" else "",
                _row_cells(entry, row, columns, footnotes, with_n=n_place == "cell"),
            )
            for row, label in entry.table.row_labels.items()
        )

    def part(columns: Columns) -> Part:
        groups = tuple(
            Group(
                entry.table.column_labels[column],
                n_texts.get(column, "") if n_place == "column" else "",
                tuple(map(heading, names)),
                tuple(kind_of(entry, column, name) for name in names),
            )
            for column, names in columns.items()
        )
        every = every_statistic(columns)
        if not is_stacked(columns):
            two = len(shown) > 1 and len(every) > 1
            return Part(groups, two, (Block("", "", rows(columns)),))
        blocks = tuple(
            Block(group.label, group.n, rows({column: every}))
            for group, column in zip(groups, columns, strict=True)
        )
        kinds = tuple(kind_of(entry, next(iter(columns)), name) for name in every)
        head = replace(groups[0], statistics=tuple(map(heading, every)), kinds=kinds)
        return Part((head,), False, blocks)

    parts = tuple(map(part, split_columns(shown)))
    if len(parts) > 1:
        parts = tuple(replace(p, label=", ".join(_labels(p))) for p in parts)
    return TableView(
        entry.table.id,
        entry.table.title,
        entry.table.note,
        n_texts.get("", "") if n_place == "table" else "",
        parts,
        len(entry.table.row_labels) > _LONGEST,
        _outstanding(parts),
        _tally(parts),
        footnotes.listed(),
        tuple(dict.fromkeys(value.source for value in entry.published.values())),
        entry.published_without_row,
        entry.table.catalogue,
        len(entry.table.row_labels),
    )


def _labels(part: Part) -> list[str]:
    heads = [block.label for block in part.blocks if block.label]
    return heads or [group.label for group in part.groups]


def _outstanding(parts: tuple[Part, ...]) -> Part | None:
    """Return the rows with a verdict other than passed; none where there is no such row."""
    if len(parts) != 1 or len(parts[0].blocks) != 1:
        return None
    (block,) = parts[0].blocks
    rows = tuple(row for row in block.rows if set(_words(row)) - {_PASSED})
    return replace(parts[0], blocks=(Block("", "", rows),)) if rows else None


def _tally(parts: tuple[Part, ...]) -> str:
    """Return how many rows have which verdict: ``198 passed, 3 warning``."""
    rows = [row for part in parts for block in part.blocks for row in block.rows]
    words = Counter(word for row in rows for word in _words(row))
    return ", ".join(f"{times:,} {word}" for word, times in words.most_common())


def _words(row: RowView) -> list[str]:
    return [cell.word for cell in row.cells if cell.word]


def _row_cells(
    entry: RunTable,
    row: str,
    columns: Columns,
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
            view.kind = kind_of(entry, column, merged)
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
