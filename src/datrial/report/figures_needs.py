"""Figures of the perpetrators' needs: prevalence, class indices, class profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.charts import PUBLISHED_CAPTION, highest, mark_of, wrap
from datrial.report.drawing import (
    GREY,
    MARKERS,
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

_CRITERIA = ("aic", "bic", "sabic")


def need_prevalence(entry: RunTable) -> Figure | None:
    """Draw the share of service users with each need, one panel for each time point."""
    if not has_any(entry, "share"):
        return None
    rows = [cell.row for cell in entry.table.cells if cell.statistic == "share"]
    rows, columns = list(dict.fromkeys(rows)), list(entry.table.column_labels)
    with drawing(4.1, len(columns), sharey=True, sharex=True) as (canvas, panels):
        for number, (axes, column) in enumerate(zip(panels, columns, strict=True)):
            for y, row in enumerate(rows):
                value, printed = (f(row, column, "share") for f in (entry.value, entry.printed))
                if value is not None:
                    axes.plot([0, value], [y, y], color=SERIES[number % 4], linewidth=2, alpha=0.5)
                    axes.plot([value], [y], marker=MARKERS[number % 4], color=SERIES[number % 4])
                if printed is not None:
                    published_mark(axes, printed, y)
            axes.set_title(entry.table.column_labels[column])
            axes.set_xlim(0, 1.1 * highest(entry, "share"))
            percent_axis(axes.xaxis)
            axes.grid(axis="x")
        panels[0].set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        panels[0].invert_yaxis()
        svg = to_svg(canvas, "needs-prevalence")
    told = " ".join(
        f"{entry.table.column_labels[c]}: "
        + ", ".join(f"{entry.table.row_labels[r]} {spoken(entry, r, c, 'share')}" for r in rows)
        + "."
        for c in columns
    )
    title = f"Service users with each need{bracket('% of those answered', n_words(entry, 'share'))}"
    caption = PUBLISHED_CAPTION if has_published(entry, "share") else ""
    return Figure("needs-prevalence", title, svg, f"Dot plots. {told}", caption)


def class_indices(entry: RunTable) -> Figure | None:
    """Draw the information criteria and the entropy against the number of classes."""
    if not has_any(entry, "value"):
        return None
    rows = list(entry.table.row_labels)
    with drawing(3.0, 2, width_ratios=[1.6, 1]) as (canvas, (criteria, entropy)):
        for number, column in enumerate(c for c in _CRITERIA if c in entry.table.column_labels):
            _curve(criteria, entry, column, number)
        criteria.set_title("Information criteria: lower is better")
        criteria.legend(loc="upper right")
        if "entropy" in entry.table.column_labels:
            _curve(entropy, entry, "entropy", 3)
        entropy.set_title("Entropy: nearer 1 is clearer")
        entropy.set_ylim(0, 1.03)
        for axes in (criteria, entropy):
            axes.set_xticks(range(len(rows)), [row.removeprefix("classes_") for row in rows])
            axes.set_xlabel("Number of classes")
            axes.grid(axis="y")
        svg = to_svg(canvas, "needs-indices")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[c]} {spoken(entry, row, c, 'value')}"
            for c in (*_CRITERIA, "entropy")
            if c in entry.table.column_labels
        )
        + "."
        for row in rows
    )
    title = f"Fit of models with different numbers of classes{bracket(n_words(entry, 'value'))}"
    caption = PUBLISHED_CAPTION if has_published(entry, "value") else ""
    return Figure("needs-indices", title, svg, f"Line charts. {told}", caption)


def _curve(axes: Axes, entry: RunTable, column: str, number: int) -> None:
    points = [
        (x, value)
        for x, row in enumerate(entry.table.row_labels)
        if (value := entry.value(row, column, "value")) is not None
    ]
    axes.plot(
        [p[0] for p in points],
        [p[1] for p in points],
        color=SERIES[number],
        marker=MARKERS[number],
        label=entry.table.column_labels[column],
    )
    for x, row in enumerate(entry.table.row_labels):
        printed = entry.printed(row, column, "value")
        if printed is not None:
            published_mark(axes, x, printed)


def class_profile(entry: RunTable, sizes: RunTable | None) -> Figure | None:
    """Draw each class's probability of each need: a table of shades with the numbers in it."""
    if not has_any(entry, "probability"):
        return None
    rows, columns = list(entry.table.row_labels), list(entry.table.column_labels)
    with drawing(0.9 + 0.3 * len(rows)) as (canvas, (axes,)):
        for x, column in enumerate(columns):
            for y, row in enumerate(rows):
                _square(axes, entry, (row, column, "probability"), (x, y))
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.xaxis.tick_top()
        axes.set_xticks(range(len(columns)), [_class_head(entry, c, sizes) for c in columns])
        axes.set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        svg = to_svg(canvas, "needs-profile")
    told = " ".join(
        f"{_class_head(entry, c, sizes).replace(chr(10), ' ')}: "
        + ", ".join(
            f"{entry.table.row_labels[r]} {spoken(entry, r, c, 'probability')}" for r in rows
        )
        + "."
        for c in columns
    )
    title = f"Probability of each need in each class{bracket('%', n_words(entry, 'probability'))}"
    return Figure(
        "needs-profile",
        title,
        svg,
        f"Table of shades. {told}",
        "The darker, the likelier the need; in brackets each class's share of people.",
    )


def _class_head(entry: RunTable, column: str, sizes: RunTable | None) -> str:
    share = sizes.value(column, "share", "share") if sizes else None
    label = wrap(entry.table.column_labels[column], 10)
    return label if share is None else f"{label}\n({100 * share:.0f}%)"


def _square(axes: Axes, entry: RunTable, key: tuple[str, str, str], place: tuple[int, int]) -> None:
    from matplotlib.patches import Rectangle

    x, y = place
    value = entry.value(*key)
    if value is None:
        axes.text(x, y, mark_of(entry, *key), ha="center", va="center", color=GREY)
        return
    # From white to the report's blue.
    shade = tuple(1 - value * (1 - end) for end in (0.0, 0.38, 0.62))
    axes.add_patch(Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, facecolor=shade, edgecolor="none"))
    axes.text(
        x,
        y,
        f"{100 * value:.0f}%",
        ha="center",
        va="center",
        color="white" if value > 0.7 else "black",
    )
