"""The description of an unknown file as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datrial.extracts.describe import DescribedColumn, DescribedTable, Description

_DELIMITERS = {"\t": "tab"}
_HEADS = ("column", "empty", "distinct", "holds", "ours")


def as_text(description: Description) -> str:
    """Return the description in lines of plain text."""
    lines = [f"{description.file}: {_kind(description)}"]
    lines += [f"  note: {note}" for note in description.notes]
    for table in description.tables:
        lines += ["", *_table(table)]
    return "\n".join(lines)


def _kind(description: Description) -> str:
    if description.format != "csv":
        return {"excel": "Excel workbook", "ods": "ODS workbook"}.get(
            description.format, description.format.capitalize()
        )
    delimiter = _DELIMITERS.get(description.delimiter, description.delimiter)
    return f"CSV, {description.encoding}, delimiter {delimiter}, quote {description.quote}"


def _table(table: DescribedTable) -> list[str]:
    found = table.found
    if found.sheet is None:
        title = "Table"
    elif table.sheet:
        title = f"Sheet {found.number} {table.sheet!r}"
    else:
        title = f"Sheet {found.number}"
    if found.header_row is None:
        return [f"{title}: {found.rows:,} rows, no column names found"]
    aside = [
        f"{count:,} {name}"
        for count, name in ((found.blank, "blank"), (found.summary, "summary"))
        if count
    ]
    lines = [
        f"{title}: column names in row {found.header_row}, {found.rows:,} rows"
        f"{' (and ' + ', '.join(aside) + ')' if aside else ''}{' looked at' if found.more else ''}"
    ]
    if table.table:
        lines.append(f"Seems to be {table.table} (fit {table.fit:.0%}).")
    else:
        lines.append("Fits none of our tables; name one with --table if it should.")
    if table.not_found:
        lines.append(f"Not found: {', '.join(table.not_found)}.")
    rows = [_row(column) for column in table.columns]
    widths = [max(len(row[n]) for row in (_HEADS, *rows)) for n in range(len(_HEADS))]
    lines.append("")
    for row in (_HEADS, tuple("-" * width for width in widths), *rows):
        lines.append(
            "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        )
    coded = [column for column in table.columns if column.spellings or column.not_shown]
    if coded:
        lines += ["", "  Codes seen (rows) = ours:"]
        for column in coded:
            lines += _codes(column)
    return lines


def _row(column: DescribedColumn) -> tuple[str, ...]:
    found = column.found
    empty = f"{1 - found.filled / found.rows:.1%}" if found.rows else ""
    match = column.match
    ours = f"{match.column} ({match.confidence})" if match else "withheld"
    return found.name, empty, f"{found.distinct:,}", _holds(column), ours


def _holds(column: DescribedColumn) -> str:
    found = column.found
    if found.sensitive:
        return f"{found.sensitive}: not shown"
    if found.kind == "date":
        order = (found.order or "written").replace("_", " ")
        time = ", with times" if found.with_time else ""
        span = f", {found.first} to {found.last}" if found.first else ""
        return f"date, {order}{time}{span}"
    if found.kind == "integer" and found.smallest is not None:
        kind = "workbook dates as numbers" if found.serial_dates else "whole number"
        return f"{kind}, {found.smallest} to {found.largest}"
    return found.kind


def _codes(column: DescribedColumn) -> list[str]:
    lines = [f"    {column.found.name}:"]
    for spelling in column.spellings:
        meaning = spelling.meaning or "?"
        sure = "" if spelling.sure or not spelling.meaning else "  (check)"
        lines.append(f"      {spelling.text} ({spelling.rows:,}) = {meaning}{sure}")
    if column.not_shown:
        lines.append(f"      ({column.not_shown} other value(s), not shown)")
    return lines
