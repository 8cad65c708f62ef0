"""Compare the cells of one table in two runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from datrial.results.cells import Cell, State
from datrial.results.difference_causes import Cause, cause_of
from datrial.results.read import RunTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_Pair = tuple[Cell | None, Cell | None]


class Differs(StrEnum):
    """In what two cells of the same place differ; the first that applies."""

    STATE = "state"
    VALUE = "value"
    N = "n"
    ONLY_FIRST = "only in the first run"
    ONLY_SECOND = "only in the second run"


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell that is not the same in both runs.

    Attributes
    ----------
    first, second
        The cell of each run; None where its table has no such cell.
    change
        Second value minus first value; None unless both cells have a value.
    cause
        ``data``, ``parameters``, ``code``, ``disclosure``, several of them joined by
        ``or`` where the runs do not tell which, or ``unexplained``.
    """

    analysis: str
    table_id: str
    table_title: str
    row: str
    row_label: str
    column: str
    column_label: str
    statistic: str
    first: Cell | None
    second: Cell | None
    change: float | None
    cause: str
    differs: Differs


def cells_that_differ(
    first: RunTable, second: RunTable, tolerance: float, causes: Sequence[Cause]
) -> Iterator[CellDifference]:
    """Yield the cells of a table that differ, in the second run's order, lost ones last."""
    pairs = _pairs(first.table.cells, second.table.cells)
    usual, hiding = (cause_of(causes, second.analysis, hiding=each) for each in (False, True))
    for (one, other), value in zip(pairs, _values_differ(pairs, tolerance), strict=True):
        if one is None:
            differs = Differs.ONLY_SECOND
        elif other is None:
            differs = Differs.ONLY_FIRST
        elif one.state is not other.state:
            differs = Differs.STATE
        elif value:
            differs = Differs.VALUE
        elif one.n != other.n:
            differs = Differs.N
        else:
            continue
        is_hidden = _is_hidden(one) or _is_hidden(other)
        yield _difference(first, second, one, other, differs, hiding if is_hidden else usual)


def _is_hidden(cell: Cell | None) -> bool:
    return cell is not None and cell.state is State.SUPPRESSED


def _pairs(old: Sequence[Cell], new: Sequence[Cell]) -> list[_Pair]:
    """Return the cells of the same row, column and statistic; None where one is missing."""
    known = [(cell.row, cell.column, cell.statistic) for cell in old]
    keys = [(cell.row, cell.column, cell.statistic) for cell in new]
    if keys == known:
        return list(zip(old, new, strict=True))
    by_key = dict(zip(known, old, strict=True))
    there = set(keys)
    pairs: list[_Pair] = [(by_key.get(key), cell) for key, cell in zip(keys, new, strict=True)]
    lost = [cell for key, cell in zip(known, old, strict=True) if key not in there]
    return pairs + [(cell, None) for cell in lost]


def _values_differ(pairs: Sequence[_Pair], tolerance: float) -> list[bool]:
    """Tell of each pair of cells whether the values differ; two missing ones do not."""
    import numpy as np

    old = _numbers(one for one, _ in pairs)
    new = _numbers(other for _, other in pairs)
    with np.errstate(invalid="ignore", over="ignore"):
        room = tolerance + tolerance * np.maximum(np.abs(old), np.abs(new))
        differ = (np.isnan(old) != np.isnan(new)) | (np.abs(new - old) > room)
    answer: list[bool] = differ.tolist()
    return answer


def _numbers(cells: Iterable[Cell | None]) -> npt.NDArray[np.float64]:
    import numpy as np

    values = [None if cell is None else cell.value for cell in cells]
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _difference(
    first: RunTable,
    second: RunTable,
    one: Cell | None,
    other: Cell | None,
    differs: Differs,
    cause: str,
) -> CellDifference:
    cell, table = (other, second.table) if other else (one, first.table)
    if cell is None:
        raise ValueError("a difference needs a cell")
    values = (one.value if one else None, other.value if other else None)
    return CellDifference(
        second.analysis,
        table.id,
        table.title,
        cell.row,
        table.row_labels[cell.row],
        cell.column,
        table.column_labels[cell.column],
        cell.statistic,
        one,
        other,
        values[1] - values[0] if values[0] is not None and values[1] is not None else None,
        cause,
        differs,
    )
