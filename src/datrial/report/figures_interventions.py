"""Figures of the case managers' work: what kind, with whom, when, and how long cases lasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.absent import mark_below, mark_of
from datrial.report.charts import PUBLISHED_CAPTION, bars_by_arm, highest, wrap
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

#: Panel -> its title and the rows of its bars.
_WORK = {
    "indirect": (
        "Indirect work",
        "% of indirect work",
        ("background_research", "multi_agency", "case_update"),
    ),
    "direct": (
        "Direct work",
        "% of direct work",
        ("contact", "direct_support", "behaviour_change"),
    ),
}
_LINES = ("-", "--", ":")


def work_by_type(entry: RunTable) -> Figure | None:
    """Draw the kinds of indirect and of direct work as bars, a panel for each."""
    if all(entry.value(row, "within", "share") is None for row in entry.table.row_labels):
        return None
    with drawing(2.4, 2, sharex=True) as (canvas, panels):
        for number, (axes, (title, unit, rows)) in enumerate(
            zip(panels, _WORK.values(), strict=True)
        ):
            _bars(axes, entry, rows, SERIES[number])
            axes.set_title(title)
            axes.set_xlabel(unit)
            axes.set_xlim(0, 1)
        svg = to_svg(canvas, "interventions-work")
    told = " ".join(
        f"{title}, {spoken(entry, work, 'actions', 'share')} of all actions: "
        + ", ".join(
            f"{entry.table.row_labels[row].lower()} {spoken(entry, row, 'within', 'share')}"
            for row in rows
        )
        + "."
        for work, (title, _, rows) in _WORK.items()
    )
    shares = ", ".join(
        f"{title.lower()} {spoken(entry, work, 'actions', 'share')}"
        for work, (title, _, _) in _WORK.items()
    )
    unit = bracket("% of each", n_words(entry, "share", ["within"], "actions"))
    title = f"Actions of case managers by type of work: {shares} of all{unit}"
    caption = PUBLISHED_CAPTION if has_published(entry, "share") else ""
    return Figure("interventions-work", title, svg, f"Bar charts. {told}", caption)


def _bars(axes: Axes, entry: RunTable, rows: tuple[str, ...], colour: str) -> None:
    for y, row in enumerate(rows):
        value, printed = (f(row, "within", "share") for f in (entry.value, entry.printed))
        text = f"{100 * value:.0f}%" if value is not None else mark_of(
            entry, row, "within", "share"
        )  # fmt: skip
        axes.barh(y, value or 0, height=0.6, color=colour)
        if printed is not None:
            published_mark(axes, printed, y)
        right = max(value or 0, printed or 0)
        axes.annotate(
            text, (right, y), (9, 0), textcoords="offset points", va="center", fontsize=8.5
        )
    axes.set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    percent_axis(axes.xaxis)
    axes.grid(axis="x")


def agencies_by_type(entry: RunTable) -> Figure | None:
    """Draw with whom indirect work was done, a panel for each kind of it."""
    if not has_any(entry, "share"):
        return None
    rows = [row for row in entry.table.row_labels if entry.cell(row, "case_update", "share")]
    columns = list(entry.table.column_labels)
    with drawing(4.8, 3, 2, sharex=True, sharey=True) as (canvas, panels):
        for axes, column in zip(panels, columns, strict=True):
            for y, row in enumerate(rows):
                value, printed = (f(row, column, "share") for f in (entry.value, entry.printed))
                if value is not None:
                    axes.plot([0, value], [y, y], color=SERIES[0], linewidth=2, alpha=0.5)
                    axes.plot([value], [y], marker="o", color=SERIES[0])
                else:
                    mark, across = mark_of(entry, row, column, "share"), axes.get_yaxis_transform()
                    axes.text(0.02, y, mark, color=GREY, va="center", transform=across)
                if printed is not None:
                    published_mark(axes, printed, y)
            axes.set_title(wrap(entry.table.column_labels[column], 22))
            axes.set_xlim(0, 1.1 * highest(entry, "share"))
            percent_axis(axes.xaxis)
            axes.grid(axis="x")
        panels[0].set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.5)
        canvas.supxlabel("% of actions with a stated agency", fontsize=9.5)
        svg = to_svg(canvas, "interventions-agencies")
    told = " ".join(
        f"{entry.table.column_labels[c]}: "
        + ", ".join(f"{entry.table.row_labels[r]} {spoken(entry, r, c, 'share')}" for r in rows)
        + "."
        for c in columns
    )
    unit = bracket("% of actions with a stated agency", n_words(entry, "share", of="actions"))
    caption = PUBLISHED_CAPTION if has_published(entry, "share") else ""
    title = f"Agencies in indirect work{unit}"
    return Figure("interventions-agencies", title, svg, f"Dot plots. {told}", caption)


def actions_by_month(entry: RunTable) -> Figure | None:
    """Draw actions per open case in each month since the start, indirect and direct apart."""
    if not has_any(entry, "mean"):
        return None
    months = [row for row in entry.table.row_labels if row.removeprefix("month_").isdigit()]
    with drawing(3.8, 2) as (canvas, panels):
        for axes, (work, (title, _, kinds)) in zip(panels, _WORK.items(), strict=True):
            for number, column in enumerate((work, *kinds)):
                _line(axes, entry, months, column, number)
            axes.set_title(title)
            axes.set_xlabel("Month since the start of the case")
            axes.set_ylim(bottom=0)
            axes.grid(axis="y")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=1, fontsize=8.5)
        panels[0].set_ylabel("Actions per open case and month")
        svg = to_svg(canvas, "interventions-months")
    told = " ".join(
        f"{entry.table.column_labels[column]}: "
        + ", ".join(
            f"{entry.table.row_labels[row].lower()} {spoken(entry, row, column, 'mean')}"
            for row in months
        )
        + "."
        for column in _WORK
    )
    unit = bracket("mean number", n_words(entry, "mean", of="open cases"))
    title = f"Actions per open case, by month since the start{unit}"
    return Figure("interventions-months", title, svg, f"Line charts. {told}")


def _line(axes: Axes, entry: RunTable, months: list[str], column: str, number: int) -> None:
    places = [int(row.removeprefix("month_")) for row in months]
    values = [entry.value(row, column, "mean") for row in months]
    colour = GREY if number == 0 else SERIES[number - 1]
    for row, place, value in zip(months, places, values, strict=True):
        if value is None:
            mark_below(axes, place, mark_of(entry, row, column, "mean"), colour, number)
    axes.plot(
        places,
        [float("nan") if value is None else value for value in values],
        color=colour,
        linestyle="-" if number == 0 else _LINES[number - 1],
        marker=MARKERS[number % len(MARKERS)],
        markersize=4,
        linewidth=1.6,
        label=f"{entry.table.column_labels[column]}{', all' if number == 0 else ''}",
    )


def duration_of_cases(entry: RunTable) -> Figure | None:
    """Draw the duration of closed cases in bands of months."""
    return bars_by_arm(
        entry,
        "interventions-duration",
        "Duration of closed cases, in complete months",
        "% of closed cases",
        arms=["all", "closed_early"],
    )
