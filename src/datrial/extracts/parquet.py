"""Read a Parquet file as rows of text, each with its row number.

Typed values become the text that the same cell of a workbook becomes. The column
names count as row 1 and the first row of data as row 2, so that a row number
means the same in every format.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.errors import DataError
from datrial.extracts.layout import Row, expected_columns
from datrial.extracts.text import cell_text, plain

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 50_000


def parquet_rows(path: Path, mapping: SourceMapping, table: TableMapping) -> Iterator[Row]:
    """Yield (1, column names), then (row number from 2, cells).

    Parameters
    ----------
    path, mapping, table
        The file, and how it is read.

    Raises
    ------
    DataError
        If it is no Parquet file, is damaged, or an expected column holds lists
        or records instead of plain values.
    """
    wanted = {plain(theirs) for theirs in expected_columns(table).values()}
    yield from parquet_file_rows(path, wanted)


def parquet_file_rows(path: Path, wanted: set[str] | None = None) -> Iterator[Row]:
    """Yield the rows of any Parquet file; only wanted columns must hold plain values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            yield 1, list(schema.names)
            nested = [field.name for field in schema if pa.types.is_nested(field.type)]
            unusable = [name for name in nested if plain(name) in (wanted or set())]
            if unusable:
                raise DataError(
                    f"{path.name}: {len(unusable)} expected column(s) hold lists or records, not "
                    f"plain values: {', '.join(map(repr, unusable))}. Ask the agency for one plain "
                    "value in each cell."
                )
            number = 2
            for batch in file.iter_batches(_BATCH):
                texts = [_texts(column, path) for column in batch.columns]
                for cells in zip(*texts, strict=True) if texts else ():
                    yield number, list(cells)
                    number += 1
    except pa.ArrowException:
        raise DataError(
            f"{path.name}: it cannot be read as a Parquet file (it is incomplete, damaged, "
            "protected, or of another format). Ask the agency to send it again."
        ) from None
    except OSError as error:
        reason = f" ({error.strerror})" if error.strerror else ""
        raise DataError(f"{path.name}: the file cannot be read{reason}.") from None


def _texts(column: pa.Array, path: Path) -> list[str]:
    """Return a column's values as text."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_nested(kind):
        return [""] * len(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return column.cast(pa.string()).fill_null("").to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            return [(value or b"").decode() for value in column.to_pylist()]
        except UnicodeDecodeError:
            raise DataError(
                f"{path.name}: a column holds bytes that are no UTF-8 text. Ask the agency for a "
                "column of text."
            ) from None
    if pa.types.is_timestamp(kind):  # Python knows no nanoseconds
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    return [cell_text(value) for value in column.to_pylist()]
