"""Result cells: one row per statistic, and the tables that hold them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class State(StrEnum):
    """Why a cell holds a value, or why it holds none. Zero is a value."""

    VALUE = "value"
    SUPPRESSED = "suppressed"
    NOT_AVAILABLE = "not_available"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Cell:
    """One statistic of a result table.

    Attributes
    ----------
    row, column
        Keys of the table's row and column (snake_case, stable between runs).
    statistic
        What the number is: ``count``, ``share``, ``mean``, ``rate_ratio``,
        ``odds_ratio``, ``p_value``, ``ci_low``, ``ci_high``, ...
    value
        The number; None unless the state is ``value``.
    n
        The count that the number rests on (people, forms, rows), if there is one.
    """

    row: str
    column: str
    statistic: str
    value: float | None
    n: int | None = None
    state: State = State.VALUE
    note: str = ""
    warning: str = ""


@dataclass
class Table:
    """A result table: an id, a title, a note of population and rule, and its cells.

    Rows and columns appear in the order of ``row_labels`` and ``column_labels``.

    Attributes
    ----------
    id
        Stable between runs: ``<analysis>.<table>``.
    catalogue
        The rows of the catalogue of published tables that it answers (``D-TA3.2``).
    not_about_people
        Why no cell of it can tell of a person (it counts a file's rows, a model's
        starts): disclosure control leaves such a table as it is.
    standing
        ``exploratory`` where its analysis was not planned; set when a run is published.
    """

    id: str
    title: str
    note: str
    catalogue: tuple[str, ...] = ()
    row_labels: dict[str, str] = field(default_factory=dict)
    column_labels: dict[str, str] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    not_about_people: str = ""
    standing: str = ""

    def row(self, key: str, label: str) -> None:
        """Name a row; rows appear in the order in which they are named."""
        self.row_labels[key] = label

    def column(self, key: str, label: str) -> None:
        """Name a column; columns appear in the order in which they are named."""
        self.column_labels[key] = label

    def add(
        self,
        row: str,
        column: str,
        statistic: str,
        value: float | None,
        *,
        n: int | None = None,
        note: str = "",
        warning: str = "",
        reason: str = "",
    ) -> None:
        """Add a statistic; a missing or infinite value becomes ``not_available``.

        A value is never replaced by zero. ``reason`` says why the number could
        not be given, should it be missing; where that is known beforehand, use
        :meth:`absent`.
        """
        number = None if value is None else float(value)
        if number is None or not math.isfinite(number):
            self.absent(row, column, statistic, reason or "could not be computed", n=n)
            return
        self._append(Cell(row, column, statistic, number, n, State.VALUE, note, warning))

    def absent(
        self,
        row: str,
        column: str,
        statistic: str,
        note: str,
        *,
        state: State = State.NOT_AVAILABLE,
        n: int | None = None,
    ) -> None:
        """Add a statistic that has no value, with its state and the reason."""
        self._append(Cell(row, column, statistic, None, n, state, note))

    def absent_all(
        self, rows: Iterable[str], columns: Iterable[str], statistics: Iterable[str], reason: str
    ) -> None:
        """Add every statistic of these rows and columns as absent, for one reason."""
        wanted = list(columns), list(statistics)
        for row in rows:
            for column in wanted[0]:
                for statistic in wanted[1]:
                    self.absent(row, column, statistic, reason)

    def _append(self, cell: Cell) -> None:
        if cell.row not in self.row_labels or cell.column not in self.column_labels:
            raise KeyError(f"{self.id}: name row {cell.row!r} and column {cell.column!r} first")
        self.cells.append(cell)

    def get(self, row: str, column: str, statistic: str) -> Cell:
        """Return one cell.

        Raises
        ------
        KeyError
            If the table has no such cell.
        """
        for cell in self.cells:
            if (cell.row, cell.column, cell.statistic) == (row, column, statistic):
                return cell
        raise KeyError(f"{self.id} has no cell {row!r}, {column!r}, {statistic!r}")


CELL_COLUMNS = (
    "run_id", "analysis", "table_id", "position", "row_key", "row_label", "column_key",
    "column_label", "statistic", "value", "n", "state", "note", "warning",
    "published", "published_printed", "published_source", "standing",
)  # fmt: skip


@dataclass(frozen=True)
class PublishedValue:
    """A number printed in a report, with the place where it is printed.

    ``printed`` is the number as it stands there, where writing out ``value`` would
    say something else: ``0.90``, or ``0.00`` for a small p-value.
    """

    value: float
    source: str
    printed: str = ""


PublishedKey = tuple[str, str, str, str]  # table id, row, column, statistic


def cells_frame(
    run_id: str,
    tables: Iterable[tuple[str, Table]],
    published: Mapping[PublishedKey, PublishedValue],
) -> pd.DataFrame:
    """Return the cells of (analysis id, table) pairs as one frame, ``CELL_COLUMNS`` wide.

    Raises
    ------
    KeyError
        If a row that was made lacks a cell for a published value. A row that this run
        was not asked for (fewer classes, another formula) is no error:
        :func:`published_without_row` lists it.
    ValueError
        If two cells have the same table, row, column and statistic.
    """
    import pandas as pd

    rows = []
    made: set[tuple[str, str]] = set()
    used: set[PublishedKey] = set()
    for analysis, table in tables:
        made.update((table.id, row) for row in table.row_labels)
        for position, cell in enumerate(table.cells):
            key = (table.id, cell.row, cell.column, cell.statistic)
            if key in used:
                raise ValueError(f"two cells {key}")
            used.add(key)
            beside = published.get(key)
            rows.append(
                (
                    run_id, analysis, table.id, position, cell.row, table.row_labels[cell.row],
                    cell.column, table.column_labels[cell.column], cell.statistic, cell.value,
                    cell.n, str(cell.state), cell.note, cell.warning,
                    beside.value if beside else None, beside.printed if beside else "",
                    beside.source if beside else "", table.standing,
                )
            )  # fmt: skip
    lost = sorted(key for key in published if key[:2] in made and key not in used)
    if lost:
        raise KeyError(f"published values without a cell beside them: {lost[:3]}")
    frame = pd.DataFrame(rows, columns=list(CELL_COLUMNS))
    return frame.astype({"value": "float64", "n": "Int64", "published": "float64"})


def published_without_row(
    table: Table, published: Mapping[PublishedKey, PublishedValue]
) -> list[str]:
    """Return the rows for which a number is published and which this table does not have."""
    return sorted({key[1] for key in published if key[0] == table.id} - set(table.row_labels))
