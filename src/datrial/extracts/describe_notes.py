"""What a person should know of an unknown file before its mapping is used, in sentences."""

from __future__ import annotations

from datrial.extracts.describe_file import LOOKED_AT
from datrial.extracts.describe_tables import Table
from datrial.extracts.text import plain


def notes_of(found: list[Table]) -> list[str]:
    """Return the sentences about the sheets of a file."""
    notes = []
    if any(sheet.more for sheet in found):
        notes.append(f"Only the first {LOOKED_AT:,} rows of a sheet were looked at.")
    if any(sheet.hidden for sheet in found):
        notes.append("A sheet is hidden. It is read only where a mapping gives its name.")
    for sheet in found:
        place = "the file" if sheet.sheet is None else f"sheet {sheet.number}"
        if sheet.header_row is None:
            notes.append(
                f"No row with column names was found in {place}. None of its cells is shown: "
                "they may be people's."
            )
        if sheet.ragged:
            notes.append(
                f"{sheet.ragged:,} row(s) of {place} have more or fewer cells than there are "
                "columns; they would be quarantined."
            )
        names = [plain(column.name) for column in sheet.columns]
        twice = len({name for name in names if names.count(name) > 1})
        if twice:
            notes.append(
                f"{twice} column name(s) of {place} stand there more than once: the file is "
                "refused until the agency gives each column its own name."
            )
        orders = {column.order for column in sheet.columns if not column.sensitive}
        if "mixed" in orders or {"day_first", "month_first"} <= orders:
            notes.append(f"Dates in {place} are written in two orders: ask the agency which is so.")
        elif "ambiguous" in orders and not orders & {"day_first", "month_first"}:
            notes.append(f"No date in {place} tells whether the day or the month comes first.")
    return notes
