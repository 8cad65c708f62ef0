"""What stands where a number is not: its mark, its words, and intervals told with their point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from datrial.report.cell_views import MARKS, NO_SUCH_FIGURE
from datrial.report.numbers import Style, write_interval
from datrial.results.cells import Cell, State
from datrial.results.wide import STATE_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from datrial.report.drawing import Figure
    from datrial.results.read import RunTable

#: Why a number is hidden, in the words of every sentence, caption and alternative text.
HIDDEN = "hidden to protect people"
_WORDS = {**STATE_WORDS, State.SUPPRESSED: HIDDEN}
#: An interval of which an end is hidden has its own mark beside the point.
_INTERVAL = "Beside a point, [c] stands for its interval."


def words_of(cell: Cell | None) -> str:
    """Return why a cell has no value, with its mark: ``hidden to protect people [c]``."""
    return "no figure" if cell is None else f"{_WORDS[cell.state]} {MARKS[cell.state]}"


def hidden_number(what: str) -> str:
    """Return ``a hidden share [c]``: what stands in a sentence where a number is hidden."""
    return f"a hidden {what} {MARKS[State.SUPPRESSED]}"


def is_hidden(cell: Cell | None) -> bool:
    """Tell whether a cell is suppressed."""
    return cell is not None and cell.state is State.SUPPRESSED


def mark_of(entry: RunTable, row: str, column: str, statistic: str) -> str:
    """Return the mark that stands where a cell has no value; nothing where it has one."""
    cell = entry.cell(row, column, statistic)
    return MARKS.get(cell.state, "") if cell else NO_SUCH_FIGURE


def strongest(cells: Iterable[Cell | None]) -> Cell | None:
    """Return the cell without a value that speaks for all of them: a hidden one before others."""
    without = [cell for cell in cells if cell is not None and cell.value is None]
    return next((cell for cell in without if is_hidden(cell)), without[0] if without else None)


def interval_of(
    entry: RunTable, row: str, column: str, statistic: str
) -> tuple[float, float] | None:
    """Return both ends of an interval; none unless its point and both ends have values.

    From two of the three the third can be worked out: one that is hidden hides all.
    """
    point, low, high = (entry.value(row, column, name) for name in (statistic, "ci_low", "ci_high"))
    return None if point is None or low is None or high is None else (low, high)


def interval_is_hidden(entry: RunTable, row: str, column: str) -> bool:
    """Tell whether an end of an interval is suppressed."""
    return any(is_hidden(entry.cell(row, column, end)) for end in ("ci_low", "ci_high"))


def spoken_ends(entry: RunTable, row: str, column: str, statistic: str, style: Style) -> str:
    """Return ``, interval 0.70 to 0.97`` for an alternative text, or that it is hidden."""
    ends = interval_of(entry, row, column, statistic)
    if ends is not None:
        return f", interval {write_interval(*ends, style)}"
    is_told = entry.value(row, column, statistic) is not None
    return f", interval {HIDDEN} [c]" if is_told and interval_is_hidden(entry, row, column) else ""


def mark_beside(
    axes: Axes, entry: RunTable, cell: tuple[str, str], at: tuple[float, float]
) -> None:
    """Write the mark of a hidden interval just beside its point."""
    if interval_is_hidden(entry, *cell):
        axes.annotate(
            MARKS[State.SUPPRESSED], at, (6, 0), textcoords="offset points", va="center",
            fontsize=7, color="#5b6672",
        )  # fmt: skip


def mark_below(axes: Axes, x: float, mark: str, colour: str, level: int = 0) -> None:
    """Write a mark at the foot of a chart where a line has no point.

    Parameters
    ----------
    level
        How many marks stand below it at the same place.
    """
    axes.text(
        x, 0.01 + 0.07 * level, mark, color=colour, fontsize=7, ha="center", va="bottom",
        transform=axes.get_xaxis_transform(), zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def explain_marks(figure: Figure) -> Figure:
    """Return a figure whose caption says what the marks in it stand for."""
    told = f"{figure.svg} {figure.title} {figure.alt}"
    found = [f"{mark}: {_WORDS[state]}" for state, mark in MARKS.items() if mark in told]
    if not found:
        return figure
    sentences = [figure.caption, f"{'; '.join(found)}."]
    if "interval hidden" in figure.alt:
        sentences.append(_INTERVAL)
    return replace(figure, caption=" ".join(filter(None, sentences)))
