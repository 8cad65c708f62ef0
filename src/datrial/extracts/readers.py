"""Read a CSV file or a workbook's sheet as rows of text, each with its row number.

Nothing is interpreted and nothing is dropped here: a blank row is a row, and a
row with too many or too few cells comes as it stands.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.errors import DataError
from datrial.extracts.text import plain

Row = tuple[int, list[str]]
_LONGEST_CELL = 10_000_000  # characters: a long note is no reason to refuse a file


def read_rows(path: Path, mapping: SourceMapping, table: TableMapping) -> Iterator[Row]:
    """Yield (row number, cells) from the header row on; the first is the header itself.

    Row numbers are those that a person sees in a spreadsheet or a text editor:
    in a CSV file the line on which the row starts. If the file ends before the
    header row, nothing is yielded.

    Raises
    ------
    DataError
        If the file cannot be read as its mapping says; the message names the
        file and, where there is one, the sheet or the line.
    """
    rows = _excel_rows(path, table) if mapping.format == "excel" else _csv_rows(path, mapping)
    return ((number, cells) for number, cells in rows if number >= table.header_row)


def _csv_rows(path: Path, mapping: SourceMapping) -> Iterator[Row]:
    """Yield every record of a CSV file with the line on which it starts."""
    csv.field_size_limit(_LONGEST_CELL)
    line = 0
    try:
        with path.open(encoding=_encoding(mapping.encoding), newline="") as file:
            # strict: a quotation mark that is never closed would otherwise
            # swallow all the following rows into one cell without a word.
            reader = csv.reader(file, delimiter=mapping.delimiter, strict=True)
            for cells in reader:
                yield line + 1, cells
                line = reader.line_num
    except UnicodeError as error:
        raise DataError(
            f"{path.name}: line {_undecodable_line(path, mapping)} is not {mapping.encoding} text. "
            f"Correct `encoding` in configs/sources/{mapping.key}.yaml, or ask the agency for the "
            f"file in {mapping.encoding}."
        ) from error
    except LookupError as error:
        raise DataError(
            f"configs/sources/{mapping.key}.yaml: there is no encoding {mapping.encoding!r}."
        ) from error
    except csv.Error as error:
        raise DataError(
            f"{path.name}: the quotation marks do not match in the row that starts on line "
            f"{line + 1}. Ask the agency to export the file again, or correct that row."
        ) from error
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be read ({error.strerror}).") from error


def _undecodable_line(path: Path, mapping: SourceMapping) -> int:
    """Return the first line that the encoding cannot read."""
    try:
        with path.open(encoding=_encoding(mapping.encoding), errors="replace", newline="") as file:
            return next((n for n, text in enumerate(file, start=1) if "\ufffd" in text), 1)
    except UnicodeError:  # UTF-16 without its byte order mark
        return 1


def _encoding(name: str) -> str:
    """Return the encoding; UTF-8 may always start with a byte order mark."""
    return "utf-8-sig" if name.lower().replace("_", "-") in ("utf-8", "utf8") else name


def _excel_rows(path: Path, table: TableMapping) -> Iterator[Row]:
    """Yield every row of a sheet, from its first row to its last filled one."""
    import python_calamine

    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            names = {plain(name): name for name in workbook.sheet_names}
            if plain(table.sheet or "") not in names:
                raise DataError(
                    f"{path.name}: there is no sheet {table.sheet!r} among its "
                    f"{len(names)} ({', '.join(repr(name) for name in workbook.sheet_names)}). "
                    "Correct the sheet's name in the workbook or `sheet` in the mapping file."
                )
            sheet = workbook.get_sheet_by_name(names[plain(table.sheet or "")])
            rows = sheet.to_python(skip_empty_area=False)
    except python_calamine.PasswordError as error:
        raise DataError(
            f"{path.name}: the workbook has a password. Save it without one and send it by a "
            "protected way."
        ) from error
    except python_calamine.CalamineError as error:
        raise DataError(
            f"{path.name}: the workbook cannot be opened. Open it in a spreadsheet program, "
            "save it again as .xlsx, or ask the agency to send it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be read ({error.strerror}).") from error
    for number, cells in enumerate(rows, start=1):
        yield number, [cell_text(cell) for cell in cells]


def cell_text(cell: Any) -> str:
    """Return a workbook's cell as plain text.

    Dates are ISO (with the time only where there is one), whole numbers have no
    ``.0``, an empty cell is empty text.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    return str(cell)
