"""How a result table is laid out: statistics that share a column, and columns that are stacked."""

from __future__ import annotations

from datrial.report.numbers import Style, label_of, style_of
from datrial.results.read import RunTable
from datrial.results.wide import statistics_of

#: Statistics that share a column because no row has more than one of them.
Merged = tuple[str, ...]
#: A table's columns with their statistics.
Columns = dict[str, list[Merged]]

#: Kinds of statistics between which a reader may choose.
COUNT, SHARE = "count", "share"
#: Counts that stand beside their own share; other counts say of how many it is.
_COUNTED = ("count", "people", "appearances")
#: A table with more columns of numbers than this has its columns one below the other.
_WIDEST = 7
#: Stacked columns have no more statistics than this between them.
_WIDEST_STACK = 9
#: Stacked columns may have so many statistics between them that not all of them have.
_NOT_IN_ALL = 3


def split_columns(shown: Columns) -> list[Columns]:
    """Split the columns of a table that is too wide into parts that are not.

    Columns with the same statistics stay together, one below the other if need be;
    what does not fit beside the ones before it begins a new part.
    """
    if _width(shown) <= _WIDEST or is_stacked(shown) or all(len(s) == 1 for s in shown.values()):
        return [shown]
    parts: list[Columns] = []
    for column, names in shown.items():
        last = parts[-1] if parts else {}
        alike = len(names) > 2 and all(others == names for others in last.values())
        fits = _width(last) + len(names) <= _WIDEST and not _is_alike(last)
        if last and (alike or fits):
            last[column] = names
        else:
            parts.append({column: names})
    return parts


def _is_alike(columns: Columns) -> bool:
    """Tell whether several columns have the same statistics, which others would break up."""
    kinds = list(columns.values())
    return len(kinds) > 1 and len(kinds[0]) > 2 and all(kind == kinds[0] for kind in kinds)


def _width(columns: Columns) -> int:
    return sum(map(len, columns.values()))


def every_statistic(columns: Columns) -> list[Merged]:
    """Return the statistics of all columns, each once, in their order."""
    return list(dict.fromkeys(merged for names in columns.values() for merged in names))


def is_stacked(columns: Columns) -> bool:
    """Tell whether columns stand one below the other: wide, and with alike statistics."""
    in_all = set.intersection(*map(set, columns.values())) if columns else set()
    return (
        len(columns) > 1
        and all(len(names) > 1 for names in columns.values())
        and _width(columns) > _WIDEST
        and len(every_statistic(columns)) - len(in_all) <= _NOT_IN_ALL
        and len(every_statistic(columns)) <= _WIDEST_STACK
    )


def kind_of(entry: RunTable, column: str, merged: Merged) -> str:
    """Return whether a statistic is a count beside its share, a share, or neither."""
    if merged[0] == "ci":
        points = statistics_of(entry.table)[column]
        return SHARE if any(name.startswith("share") for name in points) else ""
    if all(name in _COUNTED for name in merged):
        return COUNT
    return SHARE if merged[0].startswith("share") else ""


def heading(merged: Merged) -> str:
    """Return what stands above a column of numbers."""
    return " / ".join(label_of(name) for name in merged)


def merge_interval(names: list[str]) -> list[str]:
    """Return statistics with the two ends of an interval as one, ``ci``."""
    if "ci_low" not in names or "ci_high" not in names:
        return list(names)
    return ["ci" if name == "ci_low" else name for name in names if name != "ci_high"]


def merged_statistics(entry: RunTable, column: str, names: list[str]) -> list[Merged]:
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
