"""Turn a file's rows into Arrow batches of text, without the withheld columns and references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datrial.config.mapping import SourceMapping, TableMapping
from datrial.config.tables import staging_tables
from datrial.errors import DataError, DatrialError
from datrial.extracts.layout import Layout, read_layout, row_judge
from datrial.extracts.readers import Row, read_rows
from datrial.extracts.text import plain

if TYPE_CHECKING:
    import pyarrow as pa

Pseudonymise = Callable[[str, Iterable[str]], dict[str, str]]
_BATCH = 50_000
#: Never a reference, whatever a mapping says: all these people would become one person.
_NO_REFERENCE = frozenset(
    ("", "-", "--", ".", "?", "0", "n/a", "n.a.", "na", "n/k", "nk", "nil", "none", "null",
     "not known", "not applicable", "unknown", "tbc", "x", "xx", "xxx")
)  # fmt: skip


def text_batches(
    path: Path, mapping: SourceMapping, table: TableMapping, pseudonymise: Pseudonymise
) -> Iterator[pa.RecordBatch]:
    """Yield a file's rows below the header as batches of text columns.

    Parameters
    ----------
    path, mapping, table
        The file, and how it is read.
    pseudonymise
        Takes what the references refer to (``perpetrator``) and references, and
        returns the pseudonym of each.

    Yields
    ------
    pyarrow.RecordBatch
        ``row_number``, ``row_kind``, ``site_text`` (none where the mapping names
        the site) and each mapped column as text as received. A reference is
        replaced by its pseudonym before anything else sees it; a cell that holds
        none ("not known") becomes null. Withheld columns are left out. Rows that
        are not data keep their number and kind alone: in a ragged row a name may
        stand where a code should.

    Raises
    ------
    DataError
        If the file cannot be read as its mapping says.
    """
    rows = read_rows(path, mapping, table)
    header = next(rows, None)
    cells = header[1] if header and header[0] == table.header_row else None
    layout, problems = read_layout(path.name, mapping, table, cells)
    if layout is None:
        raise DataError("\n".join(problems))
    judge = row_judge(table, layout)
    no_reference = _NO_REFERENCE | {
        plain(spelling)
        for spelling in (*mapping.missing, *mapping.dont_know, *mapping.not_applicable)
    }
    while batch := list(islice(rows, _BATCH)):
        yield _batch(batch, table, layout, judge, no_reference, pseudonymise)


def batch_schema(table: TableMapping) -> pa.Schema:
    """Return the Arrow schema of a table's batches."""
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("row_kind", "site_text", *table.columns)]
    return pa.schema([("row_number", pa.int64()), *texts])


def _batch(
    rows: list[Row],
    table: TableMapping,
    layout: Layout,
    judge: Callable[[list[str]], str],
    no_reference: frozenset[str],
    pseudonymise: Pseudonymise,
) -> pa.RecordBatch:
    import pyarrow as pa

    kinds = [judge(cells) for _, cells in rows]
    nothing: list[str | None] = [None] * layout.width
    kept = [
        cells if kind == "data" else nothing for (_, cells), kind in zip(rows, kinds, strict=True)
    ]
    contract = staging_tables()[table.table].columns
    site = [None] * len(rows) if layout.site is None else [cells[layout.site] for cells in kept]
    columns = [
        pa.array([number for number, _ in rows], pa.int64()),
        pa.array(kinds, pa.string()),
        pa.array(site, pa.string()),
    ]
    for name in table.columns:
        received = [cells[layout.columns[name]] for cells in kept]
        of = contract[name].of
        values = received if of is None else _replaced(of, received, no_reference, pseudonymise)
        columns.append(pa.array(values, pa.string()))
    return pa.RecordBatch.from_arrays(columns, schema=batch_schema(table))


def _replaced(
    of: str,
    references: list[str | None],
    no_reference: frozenset[str],
    pseudonymise: Pseudonymise,
) -> list[str | None]:
    """Return the pseudonym of each reference; null where a cell holds none."""
    distinct = {
        reference
        for reference in set(references)
        if reference is not None and plain(reference) not in no_reference
    }
    pseudonyms = pseudonymise(of, distinct)
    lost = len(distinct - pseudonyms.keys())
    if lost:
        raise DatrialError(f"{lost} {of} reference(s) were given no pseudonym.")
    return [None if text is None else pseudonyms.get(text) for text in references]
