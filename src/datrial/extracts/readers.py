"""Read a table of an agency's file as rows of text, whatever the file's format.

Nothing is interpreted and nothing is dropped here: a blank row is a row, and a
row with too many or too few cells comes as it stands. Row numbers are those that
a person sees in a spreadsheet or a text editor: in a CSV file the line on which
the row starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from pathlib import Path

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.errors import DataError
from datrial.extracts.csv_rows import Batch, count_records, csv_batches
from datrial.extracts.layout import Layout, Row, from_header, header_cells, read_layout
from datrial.extracts.parquet import parquet_rows
from datrial.extracts.text import cell_text
from datrial.extracts.workbooks import workbook_rows

__all__ = ["Batch", "Row", "cell_text", "count_rows", "read_rows", "read_table"]

_ROWS = 1_000


def read_rows(path: Path, mapping: SourceMapping, table: TableMapping) -> Iterator[Row]:
    """Yield (row number, cells) from the header row on; the first is the header itself.

    If the file ends before the header row, nothing is yielded.

    Raises
    ------
    DataError
        If the file cannot be read as its mapping says; the message names the
        file and, where there is one, the sheet or the line.
    """
    if mapping.format == "parquet":
        return parquet_rows(path, mapping, table)
    if mapping.format == "csv":
        batches = csv_batches(path, mapping)
        return from_header((row for batch in batches for row in zip(*batch, strict=True)), table)
    return workbook_rows(path, mapping, table)


def read_table(
    path: Path, mapping: SourceMapping, table: TableMapping
) -> tuple[Layout, Iterator[Batch]]:
    """Return where the mapped columns stand, and the rows below the header in batches.

    Returns
    -------
    tuple
        The layout, and an iterator of (row numbers, rows of cells).

    Raises
    ------
    DataError
        If the file cannot be read as its mapping says. The header is judged at
        once, with all its problems, one a line; the rows as they are read.
    """
    rows = read_rows(path, mapping, table)
    header = next(rows, None)
    layout, problems = read_layout(path.name, mapping, table, header_cells(header, table))
    if layout is None or header is None:
        raise DataError("\n".join(problems))
    if mapping.format == "csv":
        return layout, _below(csv_batches(path, mapping), header[0])
    return layout, _in_batches(rows)


def count_rows(path: Path, mapping: SourceMapping, table: TableMapping) -> int:
    """Read a table to its end and return its rows below the header, blank ones included.

    Raises
    ------
    DataError
        If the file cannot be read as its mapping says, wherever the fault stands.
    """
    _, batches = read_table(path, mapping, table)
    if mapping.format != "csv":
        return sum(len(rows) for _, rows in batches)
    first = next((numbers[0] for numbers, _ in batches), None)
    if first is None:
        return 0
    above = sum(
        sum(number < first for number in numbers)
        for numbers, _ in takewhile(lambda batch: batch[0][0] < first, csv_batches(path, mapping))
    )
    return count_records(path, mapping) - above


def _below(batches: Iterable[Batch], header: int) -> Iterator[Batch]:
    """Leave out the header row and those above it."""
    for numbers, rows in batches:
        if numbers[0] > header:
            yield numbers, rows
        elif numbers[-1] > header:
            first = next(place for place, number in enumerate(numbers) if number > header)
            yield numbers[first:], rows[first:]


def _in_batches(rows: Iterable[Row]) -> Iterator[Batch]:
    rest = iter(rows)
    while batch := list(islice(rest, _ROWS)):
        yield [number for number, _ in batch], [cells for _, cells in batch]
