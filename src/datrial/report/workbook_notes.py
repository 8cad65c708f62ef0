"""The numbered notes of a workbook: each is written once, on a sheet of its own."""

from __future__ import annotations

from datrial.report.workbook_parts import clean


class Notes:
    """Notes by number, with the tables that they stand in."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._tables: dict[str, list[int]] = {}

    def mark(self, text: str, table: int) -> str:
        """Return the mark of a note, ``[note 3]``, and remember where it stands."""
        note = clean(text)
        number = self._numbers.setdefault(note, len(self._numbers) + 1)
        tables = self._tables.setdefault(note, [])
        if table not in tables:
            tables.append(table)
        return f"[note {number}]"

    def listed(self) -> tuple[tuple[int, str, tuple[int, ...]], ...]:
        """Return number, text and tables of each note."""
        return tuple(
            (number, text, tuple(self._tables[text])) for text, number in self._numbers.items()
        )
