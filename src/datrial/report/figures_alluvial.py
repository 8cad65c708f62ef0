"""The alluvial figure of severity: who went from which level to which, behaviour by behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.report.alluvial_flows import (
    ORDER,
    STEPS,
    TIMES,
    Flows,
    at_times,
    flows_of,
    is_whole,
    marks_of,
    people_words,
)
from datrial.report.cell_views import NO_SUCH_FIGURE
from datrial.report.drawing import GREY, Figure, bracket, drawing, has_any, spoken, to_svg
from datrial.report.figures_behaviours import SEVERITY_LOOKS
from datrial.report.numbers import whole_percent
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {level: look[0] for level, look in SEVERITY_LOOKS.items()} | {"not_known": "#e8e8e8"}
_WIDTH, _GAP, _GAP_OF_PARTS = 0.09, 0.02, 0.045
#: A lower block has no number beside it.
_LOWEST = 0.035

WHOLE = (
    "The height of a block is the share of service users with that severity; the bands "
    "between blocks are the people who went from one to the other."
)
PARTS = (
    "Where steps are not told, a panel shows the others only, without percentages: heights are "
    "numbers of people, on the scale of the panel that shows most."
)


def severity_flows(entry: RunTable) -> Figure | None:
    """Draw the steps between severities over the three time points, a panel for each behaviour.

    A panel with steps that are hidden shows the others only: no share of all is told in
    it, and no height is left from which the hidden ones could be read off.
    """
    if not has_any(entry, "count"):
        return None
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in entry.table.row_labels))
    flows = {each: [flows_of(entry, each, step) for step in STEPS] for each in behaviours}
    most = max(sum(each.values()) for steps in flows.values() for each in at_times(steps))
    lines = (len(behaviours) + 1) // 2
    with drawing(0.4 + 3 * lines, 2, lines) as (canvas, panels):
        for axes in panels[len(behaviours) :]:
            axes.set_visible(False)
        for axes, behaviour in zip(panels, behaviours, strict=False):
            draw_flows(axes, flows[behaviour], marks_of(entry, behaviour), most)
            label = entry.table.row_labels[f"{behaviour}__{STEPS[0]}__none"]
            axes.set_title(label.partition(":")[0])
        handles = [
            panels[0].bar(0, 0, color=COLOURS[level], label=entry.table.column_labels[level])
            for level in ORDER
        ]
        canvas.legend(handles=handles, loc="outside upper right", ncols=5, handlelength=1.2)
        svg = to_svg(canvas, "behaviours-transitions")
    title = "From severity to severity, person by person"
    told = [all(is_whole(step) for step in steps) for steps in flows.values()]
    what = "% of service users" if any(told) else "number of service users"
    unit = bracket(what, people_words(list(flows.values())))
    caption = " ".join([WHOLE] * any(told) + [PARTS] * (not all(told)))
    alt = f"Alluvial chart. {_told(entry, behaviours)}"
    return Figure("behaviours-transitions", f"{title}{unit}", svg, alt, caption)


def draw_flows(
    axes: Axes,
    steps: list[Flows],
    marks: list[dict[str, str]],
    most: float,
    times: Sequence[str] = TIMES,
) -> None:
    """Draw the blocks of the time points and the bands of the steps between them.

    Parameters
    ----------
    most
        The people in the panel that tells of most: the scale where not all are told.
    """
    people = at_times(steps)
    whole = not any(marks)
    total = max(sum(each.values()) for each in people) if whole else most
    gap = _GAP if whole else _GAP_OF_PARTS
    sizes = [{level: size / total for level, size in each.items()} if total else {}
             for each in people]  # fmt: skip
    tops = [_tops(each, marks[place], gap) for place, each in enumerate(sizes)]
    for place, each in enumerate(sizes):
        for level, size in each.items():
            mark = marks[place].get(level, "")
            _block(axes, place, (level, size, tops[place][level]), mark, whole=whole)
    for place, step in enumerate(steps if total else []):
        leaving, arriving = dict(tops[place]), dict(tops[place + 1])
        for level in ORDER:
            for last in ORDER:
                size = (step[level][last] or 0.0) / total
                if size > 0:
                    band = (leaving[level], arriving[last], size)
                    _band(axes, place, band, COLOURS[level])
                    leaving[level] -= size
                    arriving[last] -= size
    if not total:
        axes.text(0.5, 0.5, NO_SUCH_FIGURE, color=GREY, ha="center", transform=axes.transAxes)
    axes.set_xlim(-0.25, len(times) - 0.75)
    axes.set_ylim(-gap * len(ORDER), 1.01)
    axes.set_xticks(range(len(times)), list(times))
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _tops(sizes: dict[str, float], marks: dict[str, str], gap: float) -> dict[str, float]:
    """Return the upper edge of each block, from the top down, with gaps."""
    tops, top = {}, 1.0
    for level, size in sizes.items():
        tops[level] = top
        top -= size + (gap if size > 0 or level in marks else 0)
    return tops


def _block(
    axes: Axes, place: int, block: tuple[str, float, float], mark: str, *, whole: bool
) -> None:
    """Draw a block with its share; where steps of it are not told, with their mark beside it."""
    level, size, top = block
    if mark:
        axes.annotate(
            mark, (place - _WIDTH, top - size / 2), (-2, 0), textcoords="offset points",
            ha="right", va="center", fontsize=6.5, color=GREY, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
        )  # fmt: skip
    if size <= 0:
        return
    axes.bar(
        place,
        size,
        bottom=top - size,
        width=2 * _WIDTH,
        color=COLOURS[level],
        edgecolor=GREY,
        linewidth=0.5,
        zorder=3,
    )
    if size >= _LOWEST and whole:
        ink = SEVERITY_LOOKS[level][1] if level in SEVERITY_LOOKS else "black"
        axes.text(
            place,
            top - size / 2,
            whole_percent(size),
            ha="center",
            va="center",
            fontsize=7.5,
            color=ink,
            zorder=4,
        )


def _band(axes: Axes, place: int, band: tuple[float, float, float], colour: str) -> None:
    """Draw a band of constant height that leaves and arrives level."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    start, end, size = band
    left, right = place + _WIDTH, place + 1 - _WIDTH
    middle = (left + right) / 2
    corners = [
        (left, start),
        (middle, start),
        (middle, end),
        (right, end),
        (right, end - size),
        (middle, end - size),
        (middle, start - size),
        (left, start - size),
        (left, start),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    axes.add_patch(
        PathPatch(Path(corners, codes), facecolor=colour, alpha=0.6, linewidth=0, zorder=2)
    )


def _told(entry: RunTable, behaviours: list[str]) -> str:
    """Return every step that somebody took, in words and numbers."""
    parts = []
    for behaviour in behaviours:
        for step in STEPS:
            for first in ORDER:
                row = f"{behaviour}__{step}__{first}"
                steps = [
                    f"{entry.table.column_labels[last].lower()} {spoken(entry, row, last, 'count')}"
                    for last in ORDER
                    if (cell := entry.cell(row, last, "count")) is not None and cell.value != 0
                ]
                if steps:
                    parts.append(f"{entry.table.row_labels[row]}: {', '.join(steps)}.")
    return " ".join(parts)
