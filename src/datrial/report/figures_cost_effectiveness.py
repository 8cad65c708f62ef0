"""Two arms with costs and effects: the plane, and the acceptability curve."""

from __future__ import annotations

from datrial.report.charts import wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    Figure,
    drawing,
    percent_axis,
    to_svg,
)
from datrial.report.figures_costs import COST, pounds
from datrial.report.numbers import Style, write_number
from datrial.results.read import RunTable

_QUADRANTS = {
    "dearer_and_better": (0.98, 0.97, "right", "top"),
    "dearer_and_worse": (0.02, 0.97, "left", "top"),
    "cheaper_and_better": (0.98, 0.03, "right", "bottom"),
    "cheaper_and_worse": (0.02, 0.03, "left", "bottom"),
}


def effectiveness_plane(entry: RunTable) -> Figure | None:
    """Draw what an intervention costs and does more than its comparison, draw by draw."""
    rows = [row for row in entry.table.row_labels if row.startswith("draw_")]
    points = [
        (effect, cost)
        for row in rows
        if (effect := entry.value(row, "effect", "amount")) is not None
        and (cost := entry.value(row, "cost", COST)) is not None
    ]
    mean = entry.value("mean", "effect", "amount"), entry.value("mean", "cost", COST)
    if not points or mean[0] is None or mean[1] is None:
        return None
    name = entry.table.id.replace(".", "-").replace("_", "-")
    with drawing(4.4) as (canvas, (axes,)):
        axes.axhline(0, color=GREY, linewidth=1)
        axes.axvline(0, color=GREY, linewidth=1)
        axes.plot(*zip(*points, strict=True), "o", color=BLUE, markersize=3, alpha=0.45)
        axes.plot([mean[0]], [mean[1]], "D", color=ORANGE, markersize=8, label="Mean", zorder=4)
        # Nothing gained and nothing spent is always in sight.
        axes.update_datalim([(0, 0)])
        axes.autoscale_view()
        axes.margins(0.12)
        for key, (x, y, across, up) in _QUADRANTS.items():
            share = entry.value(key, "share", "share")
            if share is not None:
                words = f"{entry.table.row_labels[key]}\n{100 * share:.0f}% of draws"
                axes.text(
                    x, y, words, ha=across, va=up, transform=axes.transAxes, fontsize=8,
                    color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                    zorder=5,
                )  # fmt: skip
        axes.set_xlabel(wrap(entry.table.column_labels["effect"], 90))
        axes.set_ylabel(wrap(entry.table.column_labels["cost"], 44))
        _pounds_on(axes.yaxis)
        axes.grid(visible=True)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1))
        svg = to_svg(canvas, name)
    shares = "; ".join(
        f"{entry.table.row_labels[key]} {write_number(share, Style.SHARE)}"
        for key in _QUADRANTS
        if (share := entry.value(key, "share", "share")) is not None
    )
    alt = (
        f"Scatter plot of {len(points)} draws. Mean difference in effect "
        f"{write_number(mean[0], Style.RATIO)}, in cost {pounds(mean[1])}. Of the draws: {shares}."
    )
    title = "Cost-effectiveness plane: difference in cost and in effect, a point for each draw"
    caption = "On the right of the upright line the intervention does better, below the level one "
    return Figure(name, title, svg, alt, f"{caption}it costs less.")


def acceptability(entry: RunTable) -> Figure | None:
    """Draw how sure it is that the intervention is worth its money, by what an effect is worth."""
    points = [
        (worth, share)
        for row in entry.table.row_labels
        if (worth := entry.value(row, "worth", COST)) is not None
        and (share := entry.value(row, "gain", "share")) is not None
    ]
    if len(points) < 2:
        return None
    name = entry.table.id.replace(".", "-").replace("_", "-")
    with drawing(3.2) as (canvas, (axes,)):
        axes.plot(*zip(*points, strict=True), color=BLUE, linewidth=2, marker="o", markersize=3.5)
        axes.axhline(0.5, color=GREY, linewidth=1, linestyle="--")
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlim(left=points[0][0])
        percent_axis(axes.yaxis)
        axes.set_ylabel("Draws with a gain")
        axes.set_xlabel(wrap(entry.table.column_labels["worth"], 90))
        _pounds_on(axes.xaxis)
        axes.grid(visible=True)
        svg = to_svg(canvas, name)
    told = "; ".join(
        f"{pounds(worth)} {write_number(share, Style.SHARE)}" for worth, share in points
    )
    title = "Acceptability curve: draws in which the intervention is worth its money (%)"
    alt = f"Line chart. If one unit of effect is worth: {told}."
    return Figure(name, title, svg, alt, "Dashed: half of the draws.")


def _pounds_on(axis: object) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(6))  # type: ignore[attr-defined]
    axis.set_major_formatter(FuncFormatter(lambda tick, _: pounds(tick)))  # type: ignore[attr-defined]
