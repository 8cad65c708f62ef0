"""Turn a file's rows into Arrow batches of text, without the withheld columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.extracts.layout import Layout, row_judge
from datrial.extracts.readers import Batch, read_table

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_ROWS = 250_000


def text_batches(
    path: Path, mapping: SourceMapping, table: TableMapping
) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows below the header as batches of text columns.

    What stands in them is as the agency wrote it, references included: it is for
    the memory alone, until it is decoded.

    Yields
    ------
    pyarrow.RecordBatch
        ``row_number``, ``row_kind``, ``site`` (where the rows tell it) and each
        mapped column. Withheld columns are left out. Rows that are not data keep
        their number and kind alone: in a ragged row a name may stand where a code
        should.

    Raises
    ------
    DataError
        If the file cannot be read as its mapping says.
    """
    import pyarrow as pa

    layout, batches = read_table(path, mapping, table)
    places = {**({} if layout.site is None else {"site": layout.site}), **layout.columns}
    all_data, judge = _all_data(table, layout), row_judge(table, layout)
    gathered: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        gathered.append(_batch(batch, places, layout.width, all_data, judge))
        rows += len(batch[1])
        if rows >= _ROWS:
            yield from pa.Table.from_batches(gathered).combine_chunks().to_batches()
            gathered, rows = [], 0
    if gathered:
        yield from pa.Table.from_batches(gathered).combine_chunks().to_batches()


def read_ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items of an iterator, getting the next one ready while one is worked on."""
    with ThreadPoolExecutor(1) as reader:
        ready = reader.submit(next, items, None)
        while (item := ready.result()) is not None:
            ready = reader.submit(next, items, None)
            yield item


def _batch(
    batch: Batch,
    places: dict[str, int],
    width: int,
    all_data: Callable[[list[tuple[str, ...]]], bool],
    judge: Callable[[list[str]], str],
) -> pa.RecordBatch:
    import pyarrow as pa

    numbers, rows = batch
    columns = list(zip(*rows, strict=True)) if len(set(map(len, rows))) == 1 else []
    kinds = ["data"] * len(rows)
    if not all_data(columns):
        kinds = [judge(cells) for cells in rows]
        columns = _kept(rows, kinds, width)
    arrays = {
        "row_number": pa.array(numbers, pa.int64()),
        "row_kind": pa.array(kinds, pa.string()),
        **{name: pa.array(columns[place], pa.string()) for name, place in places.items()},
    }
    return pa.RecordBatch.from_pydict(arrays)


def _kept(rows: list[list[str]], kinds: list[str], width: int) -> list[tuple[Any, ...]]:
    """Return the columns of the rows of data; nothing of the other rows."""
    nothing = [None] * width
    kept = (
        cells[:width] if kind == "data" else nothing
        for cells, kind in zip(rows, kinds, strict=True)
    )
    return list(zip(*kept, strict=True))


def _all_data(table: TableMapping, layout: Layout) -> Callable[[list[tuple[str, ...]]], bool]:
    """Return a quick test of a batch's columns: true only if each row is a row of data.

    It looks at whole columns: no cell under no name is filled, and each row's
    first cell is filled and starts with no summary word. Where it says no, each
    row has to be judged.
    """
    words = "".join(f"|(?:{re.escape(word)})" for word in table.summary_prefixes)
    doubtful = re.compile(rf"\n\s*(?:\n|\Z{words})", re.IGNORECASE)

    def all_data(columns: list[tuple[str, ...]]) -> bool:
        if len(columns) < layout.width:
            return False
        for place in (*layout.unnamed, *range(layout.width, len(columns))):
            if any(map(str.strip, columns[place])):
                return False
        return not doubtful.search("\n" + "\n".join(columns[0]))

    return all_data
