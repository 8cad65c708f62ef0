"""Read a file through before it is kept: what is wrong with it, and how many rows it has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.layout import header_cells, read_layout
from datrial.extracts.readers import count_rows, read_rows

#: Raised when a file that was found readable must be looked at again.
_RULES_VERSION = 1
_OF_FILE = {"format", "encoding", "delimiter", "quote"}
_OF_TABLE = {"table", "sheet", "header_row", "columns", "withheld", "identifiers", "site_column"}


def reading_rules(mapping: SourceMapping) -> str:
    """Return a mark of the rules that decide whether a file can be read at all.

    A file that was read through under the same rules need not be read again.
    How its answers are understood is no matter of these.
    """
    file = mapping.model_dump(mode="json", include=_OF_FILE)
    tables = [table.model_dump(mode="json", include=_OF_TABLE) for table in mapping.tables]
    text = json.dumps([_RULES_VERSION, file, tables], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def examine(path: Path, mapping: SourceMapping) -> tuple[list[str], dict[str, int]]:
    """Return every reason why a file cannot be read as its mapping says, and its rows.

    Returns
    -------
    tuple
        One sentence for each problem, and staging table -> rows below the
        header, blank ones included.
    """
    if path.stat().st_size == 0:
        return [f"{path.name}: the file is empty (0 bytes). Ask the agency to send it again."], {}
    problems: list[str] = []
    counts: dict[str, int] = {}
    for table in mapping.tables:
        try:
            rows = read_rows(path, mapping, table)
            header = header_cells(next(rows, None), table)
            faults = read_layout(path.name, mapping, table, header)[1]
            problems += faults
            # to the end: a fault further down is found before anything is kept
            is_fast = mapping.format == "csv" and not faults
            received = count_rows(path, mapping, table) if is_fast else sum(1 for _ in rows)
            counts[table.table] = counts.get(table.table, 0) + received
        except DataError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems)), counts
