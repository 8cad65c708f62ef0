"""Figures of the perpetrators' needs: how many they have, and which."""

from __future__ import annotations

from datrial.report.absent import mark_of
from datrial.report.charts import PUBLISHED_CAPTION, highest
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


def number_of_needs(entry: RunTable) -> Figure | None:
    """Draw how many service users have no, one, two, ... needs."""
    column = next(iter(entry.table.column_labels), "")
    rows = [row for row in entry.table.row_labels if row.startswith("needs_")]
    shown = [entry.value(row, column, "share") for row in rows]
    if all(value is None for value in shown):
        return None
    printed = [entry.printed(row, column, "share") for row in rows]
    has_marks = any(value is not None for value in printed)
    with drawing(2.9) as (canvas, (axes,)):
        for x, (row, value, published) in enumerate(zip(rows, shown, printed, strict=True)):
            text = (
                f"{100 * value:.0f}%" if value is not None else mark_of(entry, row, column, "share")
            )
            above = max(value or 0, published or 0)
            axes.bar(x, value or 0, width=0.75, color=SERIES[0])
            if published is not None:
                published_mark(axes, x, published)
            lift = (0, 4 if published is None else 9)
            axes.annotate(
                text, (x, above), lift, textcoords="offset points", ha="center", fontsize=8.5
            )
        if has_marks:
            published_mark(axes, float("nan"), float("nan"), label=True)
            axes.legend(loc="upper right")
        axes.set_xticks(range(len(rows)), [row.removeprefix("needs_") for row in rows])
        axes.set_xlabel("Number of needs")
        axes.set_ylim(0, 1.15 * max(value for value in (*shown, *printed) if value is not None))
        percent_axis(axes.yaxis)
        axes.set_ylabel("% of service users")
        axes.grid(axis="y")
        axes.tick_params(axis="x", length=0)
        svg = to_svg(canvas, "needs-number")
    told = ", ".join(
        f"{entry.table.row_labels[row].lower()} {spoken(entry, row, column, 'share')}"
        for row in rows
    )
    unit = bracket("% of service users with an answered need", n_words(entry, "share", [column]))
    title = f"Number of needs of service users{unit}"
    caption = PUBLISHED_CAPTION if has_marks else ""
    return Figure("needs-number", title, svg, f"Bar chart. {told}.", caption)


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
                else:
                    mark = mark_of(entry, row, column, "share")
                    across = axes.get_yaxis_transform()
                    axes.text(0.02, y, mark, color=GREY, va="center", transform=across)
                if printed is not None:
                    published_mark(axes, printed, y)
            axes.set_title(entry.table.column_labels[column])
            axes.set_xlim(0, 1.1 * highest(entry, "share"))
            percent_axis(axes.xaxis)
            axes.set_xlabel("% of those answered")
            axes.grid(axis="x")
        panels[0].set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.5)
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
