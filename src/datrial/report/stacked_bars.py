"""Stacked bars of shares: the parts, their numbers, and the frame around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import is_hidden, strongest
from datrial.report.cell_views import MARKS, NO_SUCH_FIGURE
from datrial.report.drawing import GREY, percent_axis
from datrial.report.numbers import whole_percent
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A narrower part has no number written into it.
NARROWEST = 0.06
#: Colour of a part, and of the number written into it.
Look = tuple[str, str]


@dataclass(frozen=True)
class Bar:
    """A bar: where it lies, what it is called, and the cells (row, column) of its parts."""

    place: float
    label: str
    parts: Sequence[tuple[str, str]]


def draw_bar(
    axes: Axes,
    entry: RunTable,
    bar: Bar,
    looks: Sequence[Look],
    *,
    height: float = 0.78,
    raised: float = 0.0,
) -> None:
    """Draw a bar of shares; without any share, the mark of why there is none.

    What the shares that are told leave open would give a single hidden part back: such a
    bar has its mark only. Two or more hidden parts are drawn as one, hatched.

    Parameters
    ----------
    looks
        Of each part, in their order.
    raised
        How far above the bar's middle its numbers stand.
    """
    why = _why_not_whole(entry, bar)
    left = 0.0
    for part, (colour, ink) in zip(bar.parts, looks, strict=False):
        share = entry.value(*part, "share")
        if share is None or not is_drawn(entry, bar):
            continue
        axes.barh(bar.place, share, left=left, height=height, color=colour, edgecolor="white")
        if share >= NARROWEST:
            axes.text(
                left + share / 2, bar.place - raised, whole_percent(share), ha="center",
                va="center", color=ink, fontsize=8,
            )  # fmt: skip
        left += share
    if why:
        if left and _hidden_parts(entry, bar):
            axes.barh(
                bar.place, max(1 - left, 0), left=left, height=height, color="white",
                edgecolor=GREY, hatch="xxxx", linewidth=0.5,
            )  # fmt: skip
        axes.text(
            min(left, 1) + 0.01, bar.place, why, color=GREY, va="center", fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def is_drawn(entry: RunTable, bar: Bar) -> bool:
    """Tell whether the parts that are told may be drawn: not beside a single hidden one."""
    return _hidden_parts(entry, bar) != 1


def _hidden_parts(entry: RunTable, bar: Bar) -> int:
    return sum(is_hidden(entry.cell(*part, "share")) for part in bar.parts)


def _why_not_whole(entry: RunTable, bar: Bar) -> str:
    """Return the mark of the parts without a share; nothing if every part has one."""
    cells = [entry.cell(*part, "share") for part in bar.parts]
    if all(cell is not None and cell.value is not None for cell in cells):
        return ""
    found = strongest(cells)
    return MARKS[found.state] if found else NO_SUCH_FIGURE


def hidden_caption(entry: RunTable, bars: Sequence[Bar]) -> str:
    """Return what hatched ends of bars mean, if a bar has one."""
    hatched = [
        bar for bar in bars
        if _hidden_parts(entry, bar) > 1
        and any(entry.value(*part, "share") is not None for part in bar.parts)
    ]  # fmt: skip
    return "Hatched: the parts that are hidden, all together." if hatched else ""


def frame_bars(axes: Axes, bars: Sequence[Bar]) -> None:
    """Name the bars, the first on top, on an axis from nothing to all."""
    axes.set_yticks([bar.place for bar in bars], [bar.label for bar in bars])
    axes.set_ylim(bars[-1].place + 0.7, bars[0].place - 0.7)
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", length=0)
    percent_axis(axes.xaxis)


def with_n(entry: RunTable, parts: Sequence[tuple[str, str]], label: str) -> str:
    """Return a bar's name with the number of people of whom its shares are."""
    cells = (entry.cell(*part, "share") for part in parts)
    numbers = [cell.n for cell in cells if cell is not None and cell.value is not None and cell.n]
    return f"{label} (n = {numbers[0]:,})" if numbers else label
