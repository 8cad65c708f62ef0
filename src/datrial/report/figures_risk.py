"""Figures of the Drive-DASH score: rate ratios, by other models too, and mean scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.absent import interval_of, mark_below, mark_beside, mark_of, spoken_ends
from datrial.report.charts import Ratios, forest, wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style, label_of
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TERMS_THAT_ARE_NO_RATIO = ("person_effect",)
_RATIOS = ("rate_ratio", "odds_ratio")


def dash_ratios(entry: RunTable) -> Figure | None:
    """Draw the Drive-DASH rate ratios beside the published ones."""
    rows = [row for row in entry.table.row_labels if row not in _TERMS_THAT_ARE_NO_RATIO]
    return forest(
        entry, Ratios("dash-ratios", "Rate ratio of the Drive-DASH score", "rate_ratio"), rows
    )


def dash_means(entry: RunTable) -> Figure | None:
    """Draw mean Drive-DASH scores, observed and predicted, by time point."""
    rows = list(entry.table.row_labels)
    if not has_any(entry, "mean"):
        return None
    with drawing(2.9) as (canvas, (axes,)):
        for number, column in enumerate(entry.table.column_labels):
            shift = -0.06 + 0.12 * number
            values = [entry.value(row, column, "mean") for row in rows]
            colour = (BLUE, ORANGE)[number % 2]
            axes.plot(
                [x + shift for x in range(len(rows))],
                [float("nan") if value is None else value for value in values],
                color=colour,
                marker=MARKERS[number % 4],
                linestyle="-" if number else "--",
                markersize=7,
                label=entry.table.column_labels[column],
            )
            for x, row in enumerate(rows):
                ends, value = interval_of(entry, row, column, "mean"), values[x]
                if ends is not None:
                    axes.plot([x + shift] * 2, ends, color=colour, linewidth=2.2)
                if value is None:
                    mark = mark_of(entry, row, column, "mean")
                    mark_below(axes, x + shift, mark, colour, number)
                else:
                    mark_beside(axes, entry, (row, column), (x + shift, value))
        axes.set_xticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.set_xlim(-0.4, len(rows) - 0.6)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("Mean score (0 to 20)")
        axes.grid(axis="y")
        axes.legend(loc="lower left")
        svg = to_svg(canvas, "dash-means")
    told = _by_row(entry, rows, list(entry.table.column_labels), "mean")
    unit = bracket("score 0 to 20", n_words(entry, "mean", ["observed"], "forms"))
    title = f"Mean Drive-DASH score by time point{unit}"
    return Figure(
        "dash-means",
        title,
        svg,
        f"Line chart. {told}",
        "Bars: 95% intervals of the predicted means.",
    )


def dash_sensitivity(entry: RunTable) -> Figure | None:
    """Draw the ratios of each term by each model, a panel a term; odds ratios are told apart."""
    kinds = {
        column: kind
        for column in entry.table.column_labels
        for kind in _RATIOS
        if any(cell.column == column and cell.statistic == kind for cell in entry.table.cells)
    }
    if not any(has_any(entry, kind) for kind in _RATIOS):
        return None
    rows = list(entry.table.row_labels)
    labels = [wrap(entry.table.column_labels[column], 34) for column in kinds]
    with drawing(1.1 + 0.42 * len(kinds), len(rows), sharey=True, sharex=True) as (canvas, panels):
        for axes, row in zip(panels, rows, strict=True):
            axes.set_xscale("log")
            axes.axvline(1, color=GREY, linewidth=1, linestyle="--", zorder=1)
            for position, (column, kind) in enumerate(kinds.items()):
                _ratio(axes, entry, (row, column, kind), position)
            axes.set_title(wrap(entry.table.row_labels[row], 80 // len(rows)), fontsize=8.5)
            axes.grid(axis="x")
        _ticks(panels[0])
        panels[0].set_yticks(range(len(kinds)), labels)
        panels[0].set_ylim(len(kinds) - 0.4, -0.6)
        canvas.supxlabel("Ratio (log scale; 1 = no difference)", fontsize=9.5)
        svg = to_svg(canvas, "dash-sensitivity")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + "; ".join(
            f"{entry.table.column_labels[column]} {_spoken_ratio(entry, row, column, kind)}"
            for column, kind in kinds.items()
        )
        + "."
        for row in rows
    )
    title = "Ratios of the Drive-DASH score by other models, with 95% intervals"
    return Figure(
        "dash-sensitivity",
        f"{title}{bracket(n_words(entry, 'rate_ratio'))}",
        svg,
        f"Forest plots. {told}",
        "Circles: rate ratios. Squares: odds ratios, which lie farther from 1.",
    )


def _ticks(axes: Axes) -> None:
    """Put few readable ticks on the log axis of a narrow panel."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axes.get_xlim()
    fine, coarse = (0.6, 0.8, 1, 1.25, 1.6), (0.01, 0.1, 1, 10, 100)
    ticks = fine if high / low < 4 else (0.25, 0.5, 1, 2, 4) if high / low < 25 else coarse
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _ratio(axes: Axes, entry: RunTable, at: tuple[str, str, str], position: int) -> None:
    """Draw a ratio with its interval, or why there is none."""
    row, column, kind = at
    value = entry.value(*at)
    if value is None:
        across = axes.get_yaxis_transform()
        axes.text(0.02, position, mark_of(entry, *at), color=GREY, va="center", transform=across)
        return
    is_odds = kind == "odds_ratio"
    colour, marker = (ORANGE, "s") if is_odds else (BLUE, "o")
    ends = interval_of(entry, *at)
    if ends is not None and ends[0] > 0:
        axes.plot(ends, [position] * 2, color=colour, linewidth=1.8, zorder=3)
    mark_beside(axes, entry, (row, column), (value, position))
    axes.plot([value], [position], marker, color=colour, markersize=5, zorder=4)


def _spoken_ratio(entry: RunTable, row: str, column: str, kind: str) -> str:
    at = row, column, kind
    text = f"{label_of(kind).lower()} {spoken(entry, *at)}"
    return text + spoken_ends(entry, *at, Style.RATIO)


def _by_row(entry: RunTable, rows: list[str], columns: list[str], statistic: str) -> str:
    return " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[column]} {spoken(entry, row, column, statistic)}"
            for column in columns
        )
        + "."
        for row in rows
    )
