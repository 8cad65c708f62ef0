"""Figures of the differences in differences of victims-survivors' reports between the arms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.levels import BEHAVIOURS
from datrial.report.absent import is_hidden, mark_of
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    GREY,
    LIGHT,
    MARKERS,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    has_published,
    n_words,
    percent_axis,
    spoken,
    to_svg,
)
from datrial.report.figures_victims import arms_of
from datrial.report.forest_panels import Estimates, Forest, forests
from datrial.report.interval_lines import PROBABILITY, Line, draw_line, spoken_interval
from datrial.report.summary_words import arms_in

if TYPE_CHECKING:
    from datrial.results.read import RunTable

_TIMES = {"intake": "Intake", "exit": "Exit"}
_DASHES = ("-", "--", "-.", ":")
#: Beyond it a difference is worth a look (Austin 2009).
_LOOK = 0.1


def effects_by_model(entry: RunTable) -> Figure | None:
    """Draw the difference in differences of each behaviour, from each model."""

    def place(panel: str, row: str) -> tuple[str, str]:
        return panel, row

    first, second = arms_in(entry.table.title)
    what = f"Odds ratios of the change from intake to exit, {first} against {second}"
    panels, models = entry.table.row_labels, entry.table.column_labels
    shown = [Estimates("Estimate", entry, place)]
    caption = f"Below 1: the behaviour fell more in {first}."
    return forests(Forest("victim-differences", what, panels, models, shown, caption=caption))


def adjusted_prevalence(entry: RunTable, reports: RunTable | None = None) -> Figure | None:
    """Draw the adjusted share reporting each behaviour at intake and exit, a line an arm.

    Parameters
    ----------
    reports
        ``victim_behaviours.prevalence``, whose figure has the same arms: they look alike.
    """
    if not has_any(entry, PROBABILITY):
        return None
    rows = list(entry.table.row_labels)
    order = arms_of(reports, "share") if reports else []
    arms = sorted(
        entry.table.column_labels, key=lambda arm: order.index(arm) if arm in order else len(order)
    )
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in rows))
    with drawing(3.0, len(behaviours), sharey=True) as (canvas, panels):
        for axes, behaviour in zip(panels, behaviours, strict=True):
            for number, arm in enumerate(arms):
                look = SERIES[number % 4], MARKERS[number % 4], _DASHES[number % 4]
                shift = 0.1 * (number - (len(arms) - 1) / 2)
                cells = [(f"{behaviour}__{time}", arm) for time in _TIMES]
                axes.set_ylim(-0.02, 1.03)
                label = entry.table.column_labels[arm]
                draw_line(axes, entry, Line(label, cells, *look, shift, number))
            axes.set_title(wrap(BEHAVIOURS.get(behaviour, behaviour), 20), fontsize=8.5)
            axes.set_xticks([0, 1], list(_TIMES.values()))
            axes.set_xlim(-0.35, 1.35)
            percent_axis(axes.yaxis)
            axes.grid(axis="y")
        panels[0].set_ylabel("% reporting it, adjusted")
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=4, handlelength=2.6)
        svg = to_svg(canvas, "victim-adjusted")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + "; ".join(
            f"{entry.table.column_labels[arm]} {spoken_interval(entry, row, arm)}" for arm in arms
        )
        + "."
        for row in rows
    )
    unit = bracket("%", n_words(entry, PROBABILITY))
    what = "Adjusted share of victims-survivors reporting each behaviour, by arm"
    caption = PUBLISHED_CAPTION if has_published(entry, PROBABILITY) else ""
    title = f"{what}, with 95% intervals{unit}"
    return Figure("victim-adjusted", title, svg, f"Line charts. {told}", caption)


def balance_of_weights(entry: RunTable) -> Figure | None:
    """Draw how alike those with both forms are to all with an intake form, before and after."""
    columns = list(entry.table.column_labels)
    rows = [
        row for row in entry.table.row_labels
        if any(
            cell is not None and (cell.value is not None or is_hidden(cell))
            for cell in (entry.cell(row, column, "smd") for column in columns)
        )
    ]  # fmt: skip
    if not has_any(entry, "smd"):
        return None
    values = [entry.value(row, column, "smd") or 0 for row in rows for column in columns]
    reach = max(0.16, 1.15 * max(abs(value) for value in values))
    with drawing(1.0 + 0.21 * len(rows)) as (canvas, (axes,)):
        axes.axvspan(-_LOOK, _LOOK, color=LIGHT, alpha=0.45, zorder=0)
        axes.axvline(0, color=GREY, linewidth=1, zorder=1)
        for number, column in enumerate(columns):
            points = [
                (value, y)
                for y, row in enumerate(rows)
                if (value := entry.value(row, column, "smd")) is not None
            ]
            axes.plot(
                [x for x, _ in points], [y for _, y in points], MARKERS[number % 4],
                color=SERIES[number % 4], markersize=7 if number == 0 else 4.5,
                markerfacecolor="white" if number == 0 else SERIES[number % 4],
                label=entry.table.column_labels[column],
            )  # fmt: skip
            for y, row in enumerate(rows):
                if entry.value(row, column, "smd") is None:
                    axes.annotate(
                        mark_of(entry, row, column, "smd"), (0.01, y), (22 * number, 0),
                        xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                        color=SERIES[number % 4], fontsize=7, va="center",
                    )  # fmt: skip
        axes.set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(-reach, reach)
        axes.set_xlabel("Standardised mean difference")
        axes.grid(axis="x")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        svg = to_svg(canvas, "victim-weights")
    told = "; ".join(
        f"{entry.table.row_labels[row]} "
        + ", ".join(
            f"{entry.table.column_labels[column].lower()} {spoken(entry, row, column, 'smd')}"
            for column in columns
        )
        for row in rows
    )
    title = "Victims-survivors with both forms against all with an intake form"
    return Figure(
        "victim-weights",
        f"{title}: standardised mean differences{bracket(n_words(entry, 'smd'))}",
        svg,
        f"Dot plot of standardised mean differences. {told}.",
        f"Grey band: differences of up to {_LOOK:g} either way.",
    )
