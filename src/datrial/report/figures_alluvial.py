"""The alluvial figure of severity: who went from which level to which, behaviour by behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.drawing import GREY, Figure, drawing, has_any, spoken, to_svg
from datrial.report.figures_behaviours import SEVERITY_LOOKS
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Two steps after each other; the third of the table, from intake to closure, is not drawn.
_STEPS = ("intake_midpoint", "midpoint_closure")
_TIMES = ("Intake", "Midpoint", "Closure")
#: From the top down; what is not known comes last, so that the severities stand together.
_ORDER = ("high", "moderate", "standard", "none", "not_known")
_COLOURS = {level: look[0] for level, look in SEVERITY_LOOKS.items()} | {"not_known": "#e8e8e8"}
_WIDTH, _GAP = 0.09, 0.02
#: A lower block has no number beside it.
_LOWEST = 0.035

Flows = dict[str, dict[str, float]]


def severity_flows(entry: RunTable) -> Figure | None:
    """Draw the steps between severities over the three time points, a panel for each behaviour."""
    if not has_any(entry, "count"):
        return None
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in entry.table.row_labels))
    lines = (len(behaviours) + 1) // 2
    with drawing(0.4 + 3 * lines, 2, lines) as (canvas, panels):
        for axes in panels[len(behaviours) :]:
            axes.set_visible(False)
        for axes, behaviour in zip(panels, behaviours, strict=False):
            _panel(axes, [_flows(entry, behaviour, step) for step in _STEPS])
            label = entry.table.row_labels[f"{behaviour}__{_STEPS[0]}__none"]
            axes.set_title(label.partition(":")[0])
        handles = [
            panels[0].bar(0, 0, color=_COLOURS[level], label=entry.table.column_labels[level])
            for level in _ORDER
        ]
        canvas.legend(handles=handles, loc="outside upper right", ncols=5, handlelength=1.2)
        svg = to_svg(canvas, "behaviours-transitions")
    title = f"From severity to severity, person by person{_people(entry, behaviours[0])}"
    caption = (
        "The height of a block is the share of service users with that severity; the bands "
        "between blocks are the people who went from one to the other."
    )
    alt = f"Alluvial chart. {_told(entry, behaviours)}"
    return Figure("behaviours-transitions", title, svg, alt, caption)


def _flows(entry: RunTable, behaviour: str, step: str) -> Flows:
    """Return from -> to -> people."""
    return {
        first: {
            last: entry.value(f"{behaviour}__{step}__{first}", last, "count") or 0.0
            for last in _ORDER
        }
        for first in _ORDER
    }


def _people(entry: RunTable, behaviour: str) -> str:
    flows = _flows(entry, behaviour, _STEPS[0])
    number = sum(sum(to.values()) for to in flows.values())
    return f" (n = {number:,.0f} service users with a form)"


def _panel(axes: Axes, steps: list[Flows]) -> None:
    """Draw the blocks of three time points and the bands of two steps."""
    total = sum(sum(to.values()) for to in steps[0].values())
    sizes = [
        {level: sum(steps[0][level].values()) / total for level in _ORDER} if total else {},
        *(
            {level: sum(step[first][level] for first in _ORDER) / total for level in _ORDER}
            for step in steps
            if total
        ),
    ]
    tops = [_tops(each) for each in sizes]
    for place, each in enumerate(sizes):
        for level, size in each.items():
            _block(axes, place, (level, size, tops[place][level]))
    for place, step in enumerate(steps if total else []):
        leaving, arriving = dict(tops[place]), dict(tops[place + 1])
        for first in _ORDER:
            for last in _ORDER:
                size = step[first][last] / total
                if size > 0:
                    band = (leaving[first], arriving[last], size)
                    _band(axes, place, band, _COLOURS[first])
                    leaving[first] -= size
                    arriving[last] -= size
    axes.set_xlim(-0.25, len(_TIMES) - 0.75)
    axes.set_ylim(-_GAP * len(_ORDER), 1.01)
    axes.set_xticks(range(len(_TIMES)), list(_TIMES))
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _tops(sizes: dict[str, float]) -> dict[str, float]:
    """Return the upper edge of each block, from the top down, with gaps."""
    tops, top = {}, 1.0
    for level, size in sizes.items():
        tops[level] = top
        top -= size + (_GAP if size > 0 else 0)
    return tops


def _block(axes: Axes, place: int, block: tuple[str, float, float]) -> None:
    level, size, top = block
    if size <= 0:
        return
    axes.bar(
        place,
        size,
        bottom=top - size,
        width=2 * _WIDTH,
        color=_COLOURS[level],
        edgecolor=GREY,
        linewidth=0.5,
        zorder=3,
    )
    if size >= _LOWEST:
        ink = SEVERITY_LOOKS[level][1] if level in SEVERITY_LOOKS else "black"
        axes.text(
            place,
            top - size / 2,
            f"{100 * size:.0f}%",
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
        for step in _STEPS:
            for first in _ORDER:
                row = f"{behaviour}__{step}__{first}"
                steps = [
                    f"{entry.table.column_labels[last].lower()} {spoken(entry, row, last, 'count')}"
                    for last in _ORDER
                    if entry.value(row, last, "count")
                ]
                if steps:
                    parts.append(f"{entry.table.row_labels[row]}: {', '.join(steps)}.")
    return " ".join(parts)
