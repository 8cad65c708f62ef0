"""The description of an unknown file for machines; it shows no value that the text does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datrial.extracts.describe import DescribedColumn, DescribedTable, Description


def as_json(description: Description) -> dict[str, Any]:
    """Return the description as plain lists and dictionaries."""
    is_csv = description.format == "csv"
    return {
        "file": description.file,
        "format": description.format,
        "encoding": description.encoding,
        "delimiter": description.delimiter if is_csv else None,
        "quote": description.quote if is_csv else None,
        "notes": list(description.notes),
        "tables": [_table_json(table) for table in description.tables],
    }


def _table_json(table: DescribedTable) -> dict[str, Any]:
    found = table.found
    return {
        "sheet": table.sheet,
        "sheet_number": found.number,
        "hidden": found.hidden,
        "header_row": found.header_row,
        "rows": found.rows,
        "more_rows": found.more,
        "blank_rows": found.blank,
        "summary_rows": found.summary,
        "ragged_rows": found.ragged,
        "table": table.table,
        "fit": round(table.fit, 3),
        "not_found": list(table.not_found),
        "columns": [_column_json(column) for column in table.columns],
    }


def _column_json(column: DescribedColumn) -> dict[str, Any]:
    found = column.found
    shown = not found.sensitive
    return {
        "name": found.name,
        "kind": found.kind,
        "sensitive": found.sensitive,
        "share_empty": round(1 - found.filled / found.rows, 4) if found.rows else None,
        "distinct": found.distinct,
        "order": found.order if shown else None,
        "first": found.first.isoformat() if shown and found.first else None,
        "last": found.last.isoformat() if shown and found.last else None,
        "smallest": found.smallest if shown else None,
        "largest": found.largest if shown else None,
        "proposal": column.proposal,
        "confidence": column.match.confidence if column.match else None,
        "codes": [asdict(spelling) for spelling in column.spellings],
        "codes_not_shown": column.not_shown,
    }
