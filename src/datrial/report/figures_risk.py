"""Figures of the Drive-DASH score: rate ratios, and mean scores by time point."""

from __future__ import annotations

from datrial.report.charts import Ratios, forest
from datrial.report.drawing import (
    BLUE,
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
from datrial.results.read import RunTable

_TERMS_THAT_ARE_NO_RATIO = ("alpha", "sigma")


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
