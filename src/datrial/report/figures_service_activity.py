"""Figures of a service's months: bars with the fitted trend, by strand; activities as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import mark_below, mark_of
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    GREY,
    INK,
    MARKERS,
    SERIES,
    Figure,
    drawing,
    has_any,
    published_mark,
    spoken,
    to_svg,
)
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL, MONTHS = "all", "months"
#: More panels than this are too small to read: all strands together then.
_MOST = 6
#: More bars than this have no room for their numbers and the names of all months.
_ROOMY = 12
_DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Panel:
    """A series of months: its rows in order, the arm, and its title."""

    rows: Sequence[str]
    arm: str
    title: str


def _month(row: str) -> str:
    return row.rpartition("__")[2]


def _short(entry: RunTable, row: str) -> str:
    """Return ``Jan 22`` of a row of a month."""
    name = entry.table.row_labels[row].rpartition(", ")[2]
    month, _, year = name.partition(" ")
    return f"{month[:3]} {year[2:]}"


def panels_of(entry: RunTable) -> list[Panel]:
    """Return a panel for each strand and arm; all strands together where there is but one."""
    rows = [row for row in entry.table.row_labels if _month(row) != MONTHS]
    strands = list(dict.fromkeys(row.rpartition("__")[0] for row in rows))
    own = [strand for strand in strands if strand != ALL] or strands
    arms = list(entry.table.column_labels)
    if len(own) * len(arms) > _MOST:
        own = [ALL]
    found = []
    for arm in arms:
        for strand in own:
            series = [row for row in rows if row.rpartition("__")[0] == strand]
            label = entry.table.row_labels[series[0]].rpartition(", ")[0]
            names = [label, entry.table.column_labels[arm] if len(arms) > 1 else ""]
            found.append(Panel(series, arm, ", ".join(filter(None, names))))
    return found


def months_with_trend(entry: RunTable) -> Figure | None:
    """Draw a number of each month as bars, with the fitted trend and its interval."""
    if not has_any(entry, "count"):
        return None
    panels = panels_of(entry)
    figure_id = entry.table.id.replace(".", "-").replace("_", "-")
    columns = min(len(panels), 2)
    height = -(-len(panels) // columns)
    with drawing(0.6 + 2.5 * height, columns, height, sharey=True) as (canvas, axes):
        for number, (own, panel) in enumerate(zip(axes, panels, strict=False)):
            _bars(own, entry, panel, number)
            _trend(own, entry, panel)
            own.set_title(panel.title)
        _frame(axes[: len(panels)])
        for spare in axes[len(panels) :]:
            spare.set_axis_off()
        axes[0].set_ylabel("Number")
        svg = to_svg(canvas, figure_id)
    told = " ".join(_told(entry, panel) for panel in panels)
    trend = any(_fitted(entry, panel) for panel in panels)
    caption = (
        "Line: the fitted trend; band: its 95% interval, which is no band for single months."
        if trend
        else "No trend could be fitted, or it is hidden."
    )
    drawn = [(row, panel.arm, "count") for panel in panels for row in panel.rows]
    if any(entry.printed(*cell) is not None for cell in drawn):
        caption += f" {PUBLISHED_CAPTION}"
    return Figure(figure_id, f"{entry.table.title} (number)", svg, f"Bar charts. {told}", caption)


def _bars(axes: Axes, entry: RunTable, panel: Panel, number: int) -> None:
    roomy = len(panel.rows) <= _ROOMY
    for x, row in enumerate(panel.rows):
        value = entry.value(row, panel.arm, "count")
        printed = entry.printed(row, panel.arm, "count")
        if printed is not None:
            published_mark(axes, x, printed, clip_on=False)
        if value is None:
            mark_below(axes, x, mark_of(entry, row, panel.arm, "count"), GREY)
            continue
        axes.bar(x, value, width=0.75, color=SERIES[number % len(SERIES)], alpha=0.75)
        if roomy:
            axes.annotate(
                f"{value:,.0f}", (x, 0), (0, 3), textcoords="offset points", ha="center",
                fontsize=7.5, color="white" if value else INK, zorder=5,
            )  # fmt: skip
    step = 1 if roomy else -(-len(panel.rows) // _ROOMY)
    shown = list(range(0, len(panel.rows), step))
    names = [_short(entry, panel.rows[x]).replace(" ", "\n") for x in shown]
    axes.set_xticks(shown, names, fontsize=7.5)
    axes.set_xlim(-0.6, len(panel.rows) - 0.4)
    axes.tick_params(axis="x", length=0)


def _fitted(entry: RunTable, panel: Panel) -> list[tuple[int, float, float, float]]:
    """Return the months with a fitted trend, the trend and both ends of its interval."""
    found = []
    for x, row in enumerate(panel.rows):
        point, low, high = (
            entry.value(row, panel.arm, name) for name in ("fitted", "ci_low", "ci_high")
        )
        if point is not None and low is not None and high is not None:
            found.append((x, point, low, high))
    return found


def _trend(axes: Axes, entry: RunTable, panel: Panel) -> None:
    found = _fitted(entry, panel)
    if found:
        places, points, lows, highs = zip(*found, strict=True)
        axes.fill_between(places, lows, highs, color=GREY, alpha=0.25, linewidth=0, zorder=2)
        axes.plot(places, points, color=INK, linewidth=1.6, zorder=4)


def _told(entry: RunTable, panel: Panel) -> str:
    numbers = ", ".join(
        f"{_short(entry, row)} {spoken(entry, row, panel.arm, 'count')}" for row in panel.rows
    )
    fitted = _fitted(entry, panel)
    trend = f"; fitted trend from {fitted[0][1]:.1f} to {fitted[-1][1]:.1f}" if fitted else ""
    return f"{panel.title + ': ' if panel.title else ''}{numbers}{trend}."


def activities_by_month(entry: RunTable) -> Figure | None:
    """Draw each activity by month, a panel for each and a line for each strand and arm."""
    if not has_any(entry, "count"):
        return None
    rows = list(entry.table.row_labels)
    kinds = list(dict.fromkeys(row.rsplit("__", 2)[0] for row in rows))
    columns = min(len(kinds), 2)
    height = -(-len(kinds) // columns)
    with drawing(0.9 + 2.2 * height, columns, height) as (canvas, axes):
        for own, kind in zip(axes, kinds, strict=False):
            _lines(own, entry, [row for row in rows if row.rsplit("__", 2)[0] == kind])
        for spare in axes[len(kinds) :]:
            spare.set_axis_off()
        handles, labels = axes[0].get_legend_handles_labels()
        if len(labels) > 1:
            canvas.legend(handles, labels, loc="outside upper right", ncols=3)
        svg = to_svg(canvas, "service-activity-activities")
    arms = list(entry.table.column_labels)
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[arm] + ' ' if len(arms) > 1 else ''}"
            f"{spoken(entry, row, arm, 'count')}"
            for arm in arms
        )
        + "."
        for row in rows
        if row.rsplit("__", 2)[1] != ALL or len({r.rsplit("__", 2)[1] for r in rows}) == 1
    )
    title = f"{entry.table.title} (number)"
    return Figure("service-activity-activities", title, svg, f"Line charts. {told}")


def _lines(axes: Axes, entry: RunTable, rows: Sequence[str]) -> None:
    """Draw one activity."""
    strands = list(dict.fromkeys(row.rsplit("__", 2)[1] for row in rows))
    own = [strand for strand in strands if strand != ALL] or strands
    name, arms = "", list(entry.table.column_labels)
    for number, (arm, strand) in enumerate((arm, strand) for arm in arms for strand in own):
        series = [row for row in rows if row.rsplit("__", 2)[1] == strand]
        label = entry.table.row_labels[series[0]].rpartition(", ")[0]
        name, _, strand_label = label.partition(": ") if len(own) > 1 else (label, "", "")
        values = [entry.value(row, arm, "count") for row in series]
        colour = SERIES[number % len(SERIES)]
        for x, (row, value) in enumerate(zip(series, values, strict=True)):
            if value is None:
                mark_below(axes, x, mark_of(entry, row, arm, "count"), colour, number)
        several = [strand_label, entry.table.column_labels[arm] if len(arms) > 1 else ""]
        axes.plot(
            range(len(series)), [float("nan") if value is None else value for value in values],
            color=colour, marker=MARKERS[number % len(MARKERS)], markersize=4, linewidth=1.5,
            linestyle=_DASHES[number % len(_DASHES)],
            label=", ".join(filter(None, several)) or name,
        )  # fmt: skip
    first = [row for row in rows if row.rsplit("__", 2)[1] == own[0]]
    step = 1 if len(first) <= _ROOMY else -(-len(first) // _ROOMY)
    shown = list(range(0, len(first), step))
    names = [_short(entry, first[x]).replace(" ", "\n") for x in shown]
    axes.set_xticks(shown, names, fontsize=7.5)
    axes.set_xlim(-0.4, len(first) - 0.6)
    _frame([axes])
    axes.set_title(wrap(name, 44))


def _frame(panels: Sequence[Axes]) -> None:
    """Let the numbers of panels begin at nothing, with room above, and name whole ones only."""
    from math import isfinite

    from matplotlib.ticker import MaxNLocator

    tops = [float(axes.dataLim.ymax) for axes in panels]
    highest = max([top for top in tops if isfinite(top)], default=0.0)
    for axes in panels:
        axes.set_ylim(0, max(1.0, 1.06 * highest))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.grid(axis="y")
