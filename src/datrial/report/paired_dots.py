"""Two numbers of the same people in each row, joined by a line: at intake and at exit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import mark_of
from datrial.report.charts import PUBLISHED_CAPTION
from datrial.report.drawing import (
    GREY,
    LIGHT,
    MARKERS,
    SERIES,
    Figure,
    bracket,
    drawing,
    n_words,
    percent_axis,
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style, style_of
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Row, column and statistic of a number.
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Dots:
    """A panel: its title, and what each of its rows is called, with a number of each series."""

    title: str
    rows: Mapping[str, Sequence[Place]]


def paired_dots(
    entry: RunTable,
    figure_id: str,
    words: tuple[str, str],
    panels: Sequence[Dots],
    names: Sequence[str],
    *,
    columns: int = 1,
    limits: tuple[float, float] | None = None,
) -> Figure | None:
    """Draw panels of rows with a dot for each series; none where there is nothing to draw.

    Parameters
    ----------
    words
        What the figure shows, and the unit of its axis.
    names
        Of the series, in the order of each row's numbers.
    columns
        Panels beside each other.
    limits
        The ends of the axis; shares go from nothing to all without them.
    """
    places = [place for panel in panels for row in panel.rows.values() for place in row]
    if all(entry.value(*place) is None for place in places):
        return None
    lines = -(-len(panels) // columns)
    longest = max(len(panel.rows) for panel in panels)
    height, beside = lines * (0.9 + 0.27 * longest), columns > 1
    with drawing(height, columns, lines, sharex=True, sharey=beside) as (canvas, axes):
        for each in axes[len(panels) :]:
            each.set_visible(False)
        for each, panel in zip(axes, panels, strict=False):
            _panel(each, entry, panel, limits)
            each.set_xlabel(words[1])
        for number, name in enumerate(names):
            axes[0].plot([], [], MARKERS[number], color=SERIES[number], label=name)
        handles, labels = axes[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=len(names))
        svg = to_svg(canvas, figure_id)
    told = " ".join(_told(entry, panel, names) for panel in panels)
    rows = [place[0] for place in places]
    title = f"{words[0]}{bracket(words[1], n_words(entry, places[0][2], rows=rows))}"
    is_printed = any(entry.printed(*place) is not None for place in places)
    return Figure(
        figure_id, title, svg, f"Dot plot. {told}", PUBLISHED_CAPTION if is_printed else ""
    )


def _panel(axes: Axes, entry: RunTable, panel: Dots, limits: tuple[float, float] | None) -> None:
    is_share = False
    for y, places in enumerate(panel.rows.values()):
        values = [entry.value(*place) for place in places]
        known = [value for value in values if value is not None]
        if len(known) > 1:
            axes.plot([min(known), max(known)], [y, y], color=LIGHT, linewidth=4, zorder=1)
        for number, (place, value) in enumerate(zip(places, values, strict=True)):
            is_share = is_share or style_of(place[2], place[1]) is Style.SHARE
            if value is None:
                axes.annotate(
                    mark_of(entry, *place), (1.0, y), (-24 * (len(places) - number) + 24, 0),
                    xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                    color=SERIES[number], va="center", ha="right", fontsize=8,
                )  # fmt: skip
            else:
                # The second lies above the first where both are the same: the first is larger.
                axes.plot([value], [y], MARKERS[number], color=SERIES[number], zorder=3 + number,
                          markersize=8.5 - 3 * number, clip_on=False)  # fmt: skip
            printed = entry.printed(*place)
            if printed is not None:
                published_mark(axes, printed, y, clip_on=False)
    axes.set_yticks(range(len(panel.rows)), list(panel.rows))
    axes.set_ylim(len(panel.rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    if limits or is_share:
        low, high = limits or (0.0, 1.0)
        axes.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    if is_share:
        percent_axis(axes.xaxis)
    axes.grid(axis="x", color=LIGHT)
    axes.spines["left"].set_color(GREY)
    axes.set_title(panel.title)


def _told(entry: RunTable, panel: Dots, names: Sequence[str]) -> str:
    start = f"{panel.title}. " if panel.title else ""
    return start + " ".join(
        f"{label}: "
        + ", ".join(
            f"{name.lower()} {spoken(entry, *place)}"
            for name, place in zip(names, places, strict=True)
        )
        + "."
        for label, places in panel.rows.items()
    )
