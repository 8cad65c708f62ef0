"""Stacked bars of shares: the parts, their numbers, and the frame around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.charts import mark_of
from datrial.report.drawing import GREY, percent_axis
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

    Parameters
    ----------
    looks
        Of each part, in their order.
    raised
        How far above the bar's middle its numbers stand.
    """
    left, told = 0.0, False
    for part, (colour, ink) in zip(bar.parts, looks, strict=False):
        share = entry.value(*part, "share")
        if share is None:
            continue
        told = True
        axes.barh(bar.place, share, left=left, height=height, color=colour, edgecolor="white")
        if share >= NARROWEST:
            axes.text(
                left + share / 2, bar.place - raised, f"{100 * share:.0f}%", ha="center",
                va="center", color=ink, fontsize=8,
            )  # fmt: skip
        left += share
    if not told:
        mark = mark_of(entry, *bar.parts[0], "share")
        axes.text(0.01, bar.place, mark, color=GREY, va="center", fontsize=8)


def frame_bars(axes: Axes, bars: Sequence[Bar]) -> None:
    """Name the bars, the first on top, on an axis from nothing to all."""
    axes.set_yticks([bar.place for bar in bars], [bar.label for bar in bars])
    axes.set_ylim(bars[-1].place + 0.7, bars[0].place - 0.7)
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", length=0)
    percent_axis(axes.xaxis)


def with_n(entry: RunTable, part: tuple[str, str], label: str) -> str:
    """Return a bar's name with the number of people of whom its shares are."""
    cell = entry.cell(*part, "share")
    known = cell is not None and cell.value is not None and cell.n
    return f"{label} ({cell.n:,})" if cell is not None and known else label
