"""Read a workbook's sheet (.xlsx, .xls, .ods) as rows of text, each with its row number.

What a cell holds is read, not how it is shown: a formula is its last result, a
date is a date however it is formatted. Three things are decided here:

- Cells merged over several rows have their text in each of these rows, as a
  person reads them (in .xlsx and .xls; .ods does not tell). Over several
  columns, only the first has it: a title over a table is no row of data.
- An error (#N/A, #REF!) is an absent answer. It is never a reference.
- Dates stored as plain numbers are given as of the date system of 1900, also
  where the workbook counts from 1904.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.errors import DataError
from datrial.extracts.date_systems import as_of_1900, counts_from_1904
from datrial.extracts.layout import SEARCHED_ROWS, Row, columns_found, expected_columns, from_header
from datrial.extracts.text import cell_text, plain

__all__ = ["cell_text", "open_workbook", "sheet_rows", "workbook_rows", "worksheets"]

_ERRORS = frozenset(
    ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!")
)


def workbook_rows(path: Path, mapping: SourceMapping, table: TableMapping) -> Iterator[Row]:
    """Yield (row number, cells) of a table's sheet from the header row on.

    Parameters
    ----------
    path
        The workbook; its content tells its format, not its name.
    mapping, table
        How it is read. Without ``sheet``, the one visible sheet that has all
        expected columns in its header row is taken.

    Raises
    ------
    DataError
        If the workbook cannot be opened, or the sheet cannot be told.
    """
    with open_workbook(path) as workbook:
        sheet = _sheet(workbook, path, mapping, table)
        rows = from_header(sheet_rows(sheet), table)
        if counts_from_1904(path):
            rows = as_of_1900(rows, table)
        yield from rows


@contextmanager
def open_workbook(path: Path) -> Iterator[Any]:
    """Open a workbook; what goes wrong in it is a DataError that names the file alone."""
    import python_calamine as calamine

    try:
        with _opened(path) as workbook:
            yield workbook
    except DataError:
        raise
    except calamine.PasswordError:
        raise DataError(
            f"{path.name}: the workbook has a password. Save it without one and send it by a "
            "protected way."
        ) from None
    except calamine.CalamineError:
        raise DataError(
            f"{path.name}: the workbook cannot be opened{_why(path)}. Open it in a spreadsheet "
            "program, save it again as .xlsx, or ask the agency to send it again."
        ) from None
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be read ({error.strerror}).") from None
    except BaseException as error:
        # A broken .xls can end the reading library in a panic, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(
            f"{path.name}: the workbook is damaged. Open it in a spreadsheet program, save it "
            "again as .xlsx, or ask the agency to send it again."
        ) from None


def _opened(path: Path) -> Any:
    """Open by the name's ending, else by the content: a .xls is often an .xlsx renamed."""
    import python_calamine as calamine

    try:
        return calamine.CalamineWorkbook.from_path(path)
    except calamine.PasswordError:
        raise
    except calamine.CalamineError:
        with path.open("rb") as file:
            return calamine.CalamineWorkbook.from_filelike(file)


def _why(path: Path) -> str:
    """Return what the file is instead of a workbook, as far as its first bytes tell."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return " (it is empty: 0 bytes)"
    if start.startswith(b"PK"):
        return " (it is incomplete or damaged)"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return " (it is incomplete, damaged, or protected)"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        return " (it is a web page that only bears the name of a workbook)"
    if b"\0" not in start:
        return " (it is plain text that only bears the name of a workbook: perhaps CSV)"
    return ""


def worksheets(workbook: Any, *, hidden: bool = True) -> list[str]:
    """Return the names of the sheets that can hold a table, in the workbook's order."""
    import python_calamine as calamine

    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        and (hidden or sheet.visible == calamine.SheetVisibleEnum.Visible)
    ]


def _sheet(workbook: Any, path: Path, mapping: SourceMapping, table: TableMapping) -> Any:
    """Return the sheet of a table. The names of other sheets are never told: they may be people's.

    Raises
    ------
    DataError
        If there is no such sheet, or several.
    """
    config = f"configs/sources/{mapping.key}.yaml"
    everything = worksheets(workbook)
    if table.sheet is not None:
        named = [name for name in everything if plain(name) == plain(table.sheet)]
        if len(named) == 1:
            return workbook.get_sheet_by_name(named[0])
        count = f"there are {len(named)} sheets" if named else "there is no sheet"
        raise DataError(
            f"{path.name}: {count} {table.sheet!r} among its {len(everything)} sheet(s). Correct "
            f"the sheet's name in the workbook or `sheet` in {config}; `sheet: null` finds the "
            "sheet by its columns."
        )
    shown = worksheets(workbook, hidden=False)
    found = {name: _found(workbook.get_sheet_by_name(name), table) for name in shown}
    expected = len(expected_columns(table))
    fitting = [name for name, columns in found.items() if columns == expected]
    if len(fitting) == 1:
        return workbook.get_sheet_by_name(fitting[0])
    if fitting:
        places = " and ".join(str(1 + everything.index(name)) for name in fitting)
        raise DataError(
            f"{path.name}: {len(fitting)} sheets (the {places} of {len(everything)}) have the "
            f"columns of {table.table}. Say which one it is under `sheet` in {config}, or remove "
            "the others from the workbook."
        )
    concealed = set(everything) - set(shown)
    also = f"; {len(concealed)} hidden sheet(s) were not looked at" if concealed else ""
    raise DataError(
        f"{path.name}: no sheet has the {expected} expected columns of {table.table} "
        f"{_place(table)} ({len(shown)} sheet(s) looked at, the best has "
        f"{max(found.values(), default=0)} of {expected}{also}). Correct `columns` or `header_row` "
        f"in {config}, or ask the agency for its usual form."
    )


def _place(table: TableMapping) -> str:
    if table.header_row == "find":
        return f"in one of its first {SEARCHED_ROWS} rows"
    return f"in row {table.header_row}"


def _found(sheet: Any, table: TableMapping) -> int:
    """Return how many of the expected columns a sheet has in its header row."""
    last = SEARCHED_ROWS if table.header_row == "find" else table.header_row
    rows = [cells for number, cells in sheet_rows(sheet, last) if number <= last]
    if table.header_row != "find":
        rows = rows[last - 1 : last]
    return max((columns_found(cells, table) for cells in rows), default=0)


def sheet_rows(sheet: Any, last: int | None = None) -> Iterator[Row]:
    """Yield every row of a sheet as text, from its first row to its last filled one.

    Parameters
    ----------
    last
        The last row that is needed; without it, all are read.
    """
    if sheet.start is None:
        return
    left = [""] * sheet.start[1]  # iter_rows leaves the empty columns before the table out
    merged = _downwards(sheet)
    filling: dict[int, tuple[int, str]] = {}  # column -> its last row, its text
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if last is not None and number > last:
            return
        texts = [*left, *map(_text, cells)]
        for column, (until, text) in list(filling.items()):
            if number > until:
                del filling[column]
            elif not texts[column]:
                texts[column] = text
        for column, until in merged.get(number, ()):
            filling[column] = (until, texts[column])
        yield number, texts


def _downwards(sheet: Any) -> dict[int, list[tuple[int, int]]]:
    """Return row -> (column, last row) of cells that are merged over several rows."""
    merged: dict[int, list[tuple[int, int]]] = {}
    width = sheet.total_width
    for (top, column), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top and column <= width:
            merged.setdefault(top + 1, []).append((column, bottom + 1))
    return merged


def _text(cell: Any) -> str:
    text = cell_text(cell)
    return "" if text in _ERRORS else text
