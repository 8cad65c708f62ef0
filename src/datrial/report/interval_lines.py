"""Lines of estimates with their intervals, beside each other so that none hides another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import interval_of, mark_below, mark_beside, mark_of, spoken_ends
from datrial.report.drawing import GREY, published_mark, spoken
from datrial.report.numbers import Style
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROBABILITY = "probability"
BEYOND = "An arrow: the interval goes on beyond the axis."


@dataclass(frozen=True)
class Line:
    """A line: its cells (row, column) from left to right, and how it looks.

    Attributes
    ----------
    shift
        How far it stands to the right of the ticks, so that lines do not hide each other.
    level
        How high the marks of its missing points stand, for the same reason.
    """

    label: str
    cells: Sequence[tuple[str, str]]
    colour: str
    marker: str
    dashes: str = "-"
    shift: float = 0.0
    level: int = 0


def draw_line(axes: Axes, entry: RunTable, line: Line, statistic: str = PROBABILITY) -> None:
    """Draw a line with 95% intervals and published marks; what is missing has its mark."""
    places: list[float] = []
    values: list[float] = []
    for tick, cell in enumerate(line.cells):
        x, value = tick + line.shift, entry.value(*cell, statistic)
        printed = entry.printed(*cell, statistic)
        if printed is not None:
            published_mark(axes, x, printed)
        if value is None:
            mark_below(axes, x, mark_of(entry, *cell, statistic), line.colour, line.level)
        places.append(x)
        values.append(float("nan") if value is None else value)  # the line breaks there
        ends = interval_of(entry, *cell, statistic)
        if ends is not None:
            _bar(axes, x, ends, line.colour)
        elif value is not None:
            mark_beside(axes, entry, cell, (x, value))
    axes.plot(
        places, values, color=line.colour, marker=line.marker, linestyle=line.dashes,
        linewidth=1.4, markersize=5, label=line.label, zorder=3,
    )  # fmt: skip


def _bar(axes: Axes, x: float, interval: tuple[float, float], colour: str) -> None:
    """Draw an upright interval, with an arrow where it goes on above the axis."""
    top = axes.get_ylim()[1]
    low, high = interval
    axes.plot([x, x], [low, min(high, top)], color=colour, linewidth=2.6, alpha=0.55, zorder=2)
    if high > top:
        axes.plot([x], [top], "^", color=colour, markersize=5, clip_on=False, zorder=4)


@dataclass(frozen=True)
class Dot:
    """A probability drawn across: its cell, how high it stands, how it looks."""

    row: str
    column: str
    y: float
    colour: str
    marker: str


def draw_dot(axes: Axes, entry: RunTable, dot: Dot) -> None:
    """Draw a probability with its interval and the published mark, or why there is none."""
    cell = dot.row, dot.column
    value, printed = entry.value(*cell, PROBABILITY), entry.printed(*cell, PROBABILITY)
    if printed is not None:
        published_mark(axes, printed, dot.y)
    if value is None:
        across = axes.get_yaxis_transform()
        mark = mark_of(entry, *cell, PROBABILITY)
        axes.text(0.02, dot.y, mark, color=GREY, fontsize=7.5, va="center", transform=across)
        return
    ends, right = interval_of(entry, *cell, PROBABILITY), axes.get_xlim()[1]
    mark_beside(axes, entry, cell, (value, dot.y))
    if ends is not None:
        shown = [ends[0], min(ends[1], right)]
        axes.plot(shown, [dot.y] * 2, color=dot.colour, linewidth=1.8, alpha=0.6, zorder=2)
        if ends[1] > right:
            axes.plot([right], [dot.y], ">", color=dot.colour, markersize=5, clip_on=False)
    axes.plot([value], [dot.y], dot.marker, color=dot.colour, markersize=4.5, zorder=3)


def axis_end(entry: RunTable, cells: Iterable[tuple[str, str]]) -> float:
    """Return where an axis of probabilities ends: a third beyond the highest estimate.

    Intervals are let go on beyond it: one that is very wide would press all else flat.
    """
    estimates = [
        value
        for cell in cells
        for value in (entry.value(*cell, PROBABILITY), entry.printed(*cell, PROBABILITY))
        if value is not None
    ]
    return min(1.04, 1.35 * max(estimates, default=0.1)) or 0.1


def goes_beyond(entry: RunTable, cells: Iterable[tuple[str, str]], end: float) -> bool:
    """Tell whether an interval goes on beyond the end of the axis."""
    shown = (interval_of(entry, *cell, PROBABILITY) for cell in cells)
    return any(ends is not None and ends[1] > end for ends in shown)


def spoken_interval(entry: RunTable, row: str, column: str, statistic: str = PROBABILITY) -> str:
    """Return a share for an alternative text, with its interval and the published number."""
    at = row, column, statistic
    return spoken(entry, *at) + spoken_ends(entry, *at, Style.SHARE)
