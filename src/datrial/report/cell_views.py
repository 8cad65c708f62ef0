"""One cell of the report: a number or the mark of its state, its n, and the published figure."""

from __future__ import annotations

from dataclasses import dataclass, field

from datrial.report.numbers import (
    Style,
    style_of,
    write_difference,
    write_interval,
    write_number,
    write_printed,
)
from datrial.results.cells import Cell, State
from datrial.results.read import RunTable
from datrial.results.wide import STATE_WORDS, statistics_of

#: Stands where the table has no such statistic in a row; it is no state of a cell.
NO_SUCH_FIGURE = "–"
MARKS = {State.SUPPRESSED: "[c]", State.NOT_AVAILABLE: "[x]", State.NOT_APPLICABLE: "[z]"}


@dataclass
class CellView:
    """One cell as text.

    Attributes
    ----------
    mark, mark_words
        Stand in place of a number that is not there, and say why.
    word
        A note of one word, shown beside the number instead of below the table.
    starts
        True for the first statistic under a column's head.
    kind
        Whether it is a count beside its share, a share, or neither (nothing).
    """

    text: str = ""
    word: str = ""
    starts: bool = False
    kind: str = ""
    mark: str = ""
    mark_words: str = ""
    n: str = ""
    published: str = ""
    difference: str = ""
    notes: list[str] = field(default_factory=list)


class Footnotes:
    """The notes of a table's cells, each listed once, with a letter."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letter(self, text: str) -> str:
        """Return the letter of a note."""
        if text not in self._letters:
            self._letters[text] = _letter(len(self._letters))
        return self._letters[text]

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Return (letter, note) in the order of the letters."""
        return tuple((letter, text) for text, letter in self._letters.items())


def _letter(position: int) -> str:
    """Return a, b, ... z, aa, ab, ..."""
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def cell_view(
    entry: RunTable, row: str, column: str, statistic: str, footnotes: Footnotes, *, with_n: bool
) -> CellView:
    """Return a cell of the report; the statistic ``ci`` is the interval of two cells."""
    if statistic == "ci":
        view = _interval_view(entry, row, column)
        cell = _deciding_end(entry, row, column)
    else:
        view = _number_view(entry, row, column, statistic)
        cell = entry.cell(row, column, statistic)
    if cell is not None:
        if cell.note and " " not in cell.note:
            view.word = cell.note
        for text in ("" if view.word else cell.note, cell.warning and f"Warning: {cell.warning}"):
            if text:
                view.notes.append(footnotes.letter(text))
        if with_n and n_is_told(entry, cell):
            view.n = f"n = {cell.n:,}"
    return view


def _number_view(entry: RunTable, row: str, column: str, statistic: str) -> CellView:
    cell = entry.cell(row, column, statistic)
    style = _style(entry, column, statistic)
    view = CellView() if cell and cell.value is not None else _absent(cell)
    if cell is not None and cell.value is not None:
        view.text = write_number(cell.value, style)
    beside = entry.published.get((row, column, statistic))
    if beside:
        view.published = write_printed(beside.value, beside.printed, style)
        if cell is not None and cell.value is not None and style is not Style.P_VALUE:
            view.difference = write_difference(cell.value, beside.value, style)
    return view


def _interval_view(entry: RunTable, row: str, column: str) -> CellView:
    low, high = (entry.value(row, column, name) for name in ("ci_low", "ci_high"))
    style = _style(entry, column, "ci_low")
    if low is None or high is None:
        view = _absent(_deciding_end(entry, row, column))
    else:
        view = CellView(write_interval(low, high, style))
    ends = [entry.published.get((row, column, name)) for name in ("ci_low", "ci_high")]
    if ends[0] and ends[1]:
        view.published = " to ".join(
            write_printed(end.value, end.printed, style) for end in ends if end
        )
    return view


def _deciding_end(entry: RunTable, row: str, column: str) -> Cell | None:
    """Return the end of an interval that has no value, or else the lower end."""
    ends = [entry.cell(row, column, name) for name in ("ci_low", "ci_high")]
    return next((end for end in ends if end is None or end.value is None), ends[0])


def _absent(cell: Cell | None) -> CellView:
    if cell is None:
        return CellView(NO_SUCH_FIGURE)
    return CellView(mark=MARKS[cell.state], mark_words=STATE_WORDS[cell.state])


def _style(entry: RunTable, column: str, statistic: str) -> Style:
    return style_of(statistic, column, statistics_of(entry.table)[column])


def n_is_told(entry: RunTable, cell: Cell) -> bool:
    """Tell whether a cell's n is worth a place: not beside its own number of answers.

    A count is its own n, and a cell without a value shows none: a suppressed
    number could be worked out from it.
    """
    return (
        cell.n is not None
        and cell.value is not None
        and style_of(cell.statistic, cell.column) is not Style.COUNT
        and entry.cell(cell.row, cell.column, "answered") is None
    )
