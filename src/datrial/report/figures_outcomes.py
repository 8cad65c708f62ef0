"""Figures of behaviour change and of the Drive-DASH score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.charts import PUBLISHED_CAPTION, Ratios, forest, wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    LIGHT,
    MARKERS,
    ORANGE,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    has_published,
    n_words,
    percent_axis,
    published_mark,
    spoken,
    to_svg,
)
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TERMS_THAT_ARE_NO_RATIO = ("alpha", "sigma")


def behaviour_counts(entry: RunTable) -> Figure | None:
    """Draw the recorded severity at each time point as stacked shares."""
    if not has_any(entry, "share"):
        return None
    rows = list(entry.table.row_labels)
    with_share = [cell.column for cell in entry.table.cells if cell.statistic == "share"]
    levels = list(dict.fromkeys(with_share))
    shades = dict(zip(levels, ("#cfe3f1", "#8fbbd9", "#3d88ba", "#0b4f7d", LIGHT), strict=False))
    with drawing(0.9 + 0.5 * len(rows)) as (canvas, (axes,)):
        for position, row in enumerate(rows):
            left = 0.0
            for level in levels:
                share = entry.value(row, level, "share")
                if share is None:
                    continue
                axes.barh(
                    position,
                    share,
                    left=left,
                    height=0.62,
                    color=shades.get(level, GREY),
                    edgecolor="white",
                )
                if share >= 0.05:
                    ink = "white" if level in ("moderate", "high") else "black"
                    axes.text(
                        left + share / 2,
                        position,
                        f"{100 * share:.0f}%",
                        ha="center",
                        va="center",
                        color=ink,
                    )
                left += share
        for level in levels:
            axes.barh(0, 0, color=shades.get(level, GREY), label=entry.table.column_labels[level])
        axes.set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        percent_axis(axes.xaxis)
        axes.set_xlabel("Share of forms")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=5, handlelength=1.2)
        svg = to_svg(canvas, "behaviour-counts")
    told = _by_row(entry, rows, levels, "share")
    unit = bracket("% of forms with a known severity", n_words(entry, "share"))
    title = f"Recorded severity at each time point{unit}"
    return Figure("behaviour-counts", title, svg, f"Stacked bar chart. {told}")


def predicted_probabilities(entry: RunTable) -> Figure | None:
    """Draw adjusted probabilities of each level by time point, one panel for each level."""
    if not has_any(entry, "probability"):
        return None
    rows, levels = list(entry.table.row_labels), list(entry.table.column_labels)
    with drawing(2.9, len(levels), sharey=True) as (canvas, panels):
        for number, (axes, level) in enumerate(zip(panels, levels, strict=True)):
            _panel(axes, entry, rows, level, number)
            axes.set_title(entry.table.column_labels[level])
        panels[0].set_ylabel("Adjusted probability")
        svg = to_svg(canvas, "behaviour-predictions")
    told = _by_row(entry, rows, levels, "probability")
    title = (
        "Adjusted probability of each severity by time point, with 95% intervals"
        f"{bracket('%', n_words(entry, 'probability'))}"
    )
    caption = PUBLISHED_CAPTION if has_published(entry, "probability") else ""
    return Figure("behaviour-predictions", title, svg, f"Four line charts. {told}", caption)


def _panel(axes: Axes, entry: RunTable, rows: list[str], level: str, number: int) -> None:
    points = [
        (position, value, entry.value(row, level, "ci_low"), entry.value(row, level, "ci_high"))
        for position, row in enumerate(rows)
        if (value := entry.value(row, level, "probability")) is not None
    ]
    colour = SERIES[number % len(SERIES)]
    axes.plot(
        [p[0] for p in points],
        [p[1] for p in points],
        color=colour,
        linewidth=1.6,
        marker=MARKERS[number % len(MARKERS)],
        markersize=6,
        zorder=3,
    )
    for position, _, low, high in points:
        if low is not None and high is not None:
            axes.plot([position] * 2, [low, high], color=colour, linewidth=3.5, alpha=0.4)
    for position, row in enumerate(rows):
        printed = entry.printed(row, level, "probability")
        if printed is not None:
            published_mark(axes, position, printed)
    axes.set_xticks(range(len(rows)), [wrap(entry.table.row_labels[row], 9) for row in rows])
    axes.set_xlim(-0.4, len(rows) - 0.6)
    axes.set_ylim(-0.03, 1.03)
    axes.tick_params(axis="x", labelsize=8)
    percent_axis(axes.yaxis)
    axes.grid(axis="y")


def odds_ratios(entry: RunTable) -> Figure | None:
    """Draw the ordered logit's odds ratios."""
    spec = Ratios("behaviour-odds", "Odds ratio of a more severe level", "odds_ratio")
    return forest(entry, spec, list(entry.table.row_labels))


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
            points = [(x + shift, y) for x, y in enumerate(values) if y is not None]
            colour = (BLUE, ORANGE)[number % 2]
            axes.plot(
                [p[0] for p in points],
                [p[1] for p in points],
                color=colour,
                marker=MARKERS[number % 4],
                linestyle="-" if number else "--",
                markersize=7,
                label=entry.table.column_labels[column],
            )
            for x, row in enumerate(rows):
                low, high = (entry.value(row, column, end) for end in ("ci_low", "ci_high"))
                if low is not None and high is not None:
                    axes.plot([x + shift] * 2, [low, high], color=colour, linewidth=2.2)
        axes.set_xticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.set_xlim(-0.4, len(rows) - 0.6)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("Mean score")
        axes.grid(axis="y")
        axes.legend(loc="lower left")
        svg = to_svg(canvas, "dash-means")
    told = _by_row(entry, rows, list(entry.table.column_labels), "mean")
    unit = bracket("score 0 to 20", f"forms: {n_words(entry, 'mean', ['observed'])}")
    title = f"Mean Drive-DASH score by time point{unit}"
    return Figure(
        "dash-means",
        title,
        svg,
        f"Line chart. {told}",
        "Bars: 95% intervals of the predicted means.",
    )


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
