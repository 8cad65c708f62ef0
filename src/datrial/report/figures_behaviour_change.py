"""Figures of the models of behaviour: probabilities over time, by factor, and odds ratios."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.levels import BEHAVIOURS, SEVERITY, TIME_POINTS
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    Figure,
    bracket,
    drawing,
    has_any,
    has_published,
    n_words,
    percent_axis,
    to_svg,
)
from datrial.report.forest_panels import Estimates, Forest, forests
from datrial.report.interval_lines import (
    BEYOND,
    PROBABILITY,
    Dot,
    Line,
    axis_end,
    draw_dot,
    draw_line,
    goes_beyond,
    spoken_interval,
)
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Severity -> its colour, mark and dashes, in every figure that tells severities apart.
SEVERITY_LOOKS = {
    "none": (GREEN, "o", "-"),
    "standard": (BLUE, "s", "--"),
    "moderate": (PURPLE, "^", "-."),
    "high": (ORANGE, "D", "-"),
}
_SEVERE = ("standard", "moderate", "high")
#: A factor is drawn for a behaviour where its test is below.
LEVEL = 0.05


def severity_predictions(entry: RunTable) -> Figure | None:
    """Draw the probability of each severity at the three time points, two panels a behaviour.

    None stands above, on an axis of its own: the severities below would lie flat on
    the ground beside it.
    """
    rows = [row for row in entry.table.row_labels if "__" in row]
    if not rows or not has_any(entry, PROBABILITY):
        return None
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in rows))
    upper = [level for level in entry.table.column_labels if level not in _SEVERE]
    lower = [level for level in entry.table.column_labels if level in _SEVERE]
    severe = [(row, level) for row in rows for level in lower]
    top = axis_end(entry, severe)
    grid = {"height_ratios": [2, 3]}
    with drawing(5.0, len(behaviours), 2, sharex=True, sharey="row", gridspec_kw=grid) as (
        canvas,
        panels,
    ):
        halves = panels[: len(behaviours)], panels[len(behaviours) :]
        for half, levels, end in zip(halves, (upper, lower), (1.1, top), strict=True):
            for axes, behaviour in zip(half, behaviours, strict=True):
                axes.set_ylim(-0.02 * end, end)
                _lines_over_time(axes, entry, behaviour, levels)
        for axes, behaviour in zip(halves[0], behaviours, strict=True):
            axes.set_title(wrap(BEHAVIOURS.get(behaviour, behaviour), 20), fontsize=8.5)
        halves[0][0].set_ylabel("None")
        halves[1][0].set_ylabel("By severity")
        legends = [half[0].get_legend_handles_labels() for half in halves]
        handles, labels = ([*first, *second] for first, second in zip(*legends, strict=True))
        canvas.legend(handles, labels, loc="outside upper right", ncols=4, handlelength=2.6)
        svg = to_svg(canvas, "behaviour-predictions")
    told = _told(entry, rows, list(entry.table.column_labels))
    title = (
        "Adjusted probability of each severity by time point, with 95% intervals"
        f"{bracket('%', n_words(entry, PROBABILITY))}"
    )
    caption = "None stands above, on an axis of its own."
    if goes_beyond(entry, severe, top):
        caption += f" {BEYOND}"
    if has_published(entry, PROBABILITY):
        caption += f" {PUBLISHED_CAPTION}"
    return Figure("behaviour-predictions", title, svg, f"Line charts. {told}", caption)


def _lines_over_time(axes: Axes, entry: RunTable, behaviour: str, levels: Sequence[str]) -> None:
    """Draw a line for each severity of a behaviour, side by side."""
    rows = [row for row in entry.table.row_labels if row.partition("__")[0] == behaviour]
    for number, level in enumerate(levels):
        shift = 0.2 * (number - (len(levels) - 1) / 2)
        label, cells = entry.table.column_labels[level], [(row, level) for row in rows]
        draw_line(axes, entry, Line(label, cells, *SEVERITY_LOOKS[level], shift, number))
    times = [row.partition("__")[2] for row in rows]
    axes.set_xticks(range(len(times)), [wrap(TIME_POINTS.get(time, time), 8) for time in times])
    axes.set_xlim(-0.4, len(times) - 0.6)
    axes.tick_params(axis="x", labelsize=8)
    percent_axis(axes.yaxis)
    axes.grid(axis="y")


def _told(entry: RunTable, rows: Sequence[str], levels: Sequence[str]) -> str:
    return " ".join(
        f"{entry.table.row_labels[row]}: "
        + "; ".join(
            f"{entry.table.column_labels[level].lower()} {spoken_interval(entry, row, level)}"
            for level in levels
        )
        + "."
        for row in rows
    )


def factor_predictions(entry: RunTable, tests: RunTable | None) -> Figure | None:
    """Draw the probability of each severity by the factors that go with a behaviour.

    Parameters
    ----------
    tests
        ``behaviour_change.factor_tests``: which factors those are. Without it there is no figure.
    """
    panels = _factors_that_matter(entry, tests) if tests else []
    if not panels or not has_any(entry, PROBABILITY):
        return None
    down, across = (len(panels) + 1) // 2, min(2, len(panels))
    sizes = [max(len(rows) for _, rows in panels[k : k + 2]) for k in range(0, len(panels), 2)]
    height = 0.9 + sum(0.55 + 0.42 * size for size in sizes)
    grid = {"height_ratios": [0.6 + size for size in sizes]}
    cells = [(row, level) for _, rows in panels for row in rows for level in _SEVERE]
    end = axis_end(entry, cells)
    with drawing(height, across, down, gridspec_kw=grid) as (canvas, all_axes):
        for axes, (title, rows) in zip(all_axes, panels, strict=False):
            axes.set_xlim(-0.012 * end, end)
            _factor_panel(axes, entry, rows)
            axes.set_title(title, fontsize=8.5)
        for axes in all_axes[len(panels) :]:
            axes.set_visible(False)
        canvas.supxlabel("Adjusted probability", fontsize=9.5)
        for level in _SEVERE:
            colour, marker, _ = SEVERITY_LOOKS[level]
            all_axes[0].plot([], [], marker, color=colour, label=SEVERITY[level])
        handles, labels = all_axes[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=3)
        svg = to_svg(canvas, "behaviour-factors")
    told = " ".join(
        f"{title.replace(chr(10), ' ')}. {_told(entry, rows, _SEVERE)}" for title, rows in panels
    )
    what = "Adjusted probability of each severity by the factors that go with it"
    unit = bracket("%", n_words(entry, PROBABILITY))
    caption = f"Factors whose test in the model has a p-value below {LEVEL:g}, not adjusted."
    if goes_beyond(entry, cells, end):
        caption += f" {BEYOND}"
    if any(entry.printed(*cell, PROBABILITY) is not None for cell in cells):
        caption += f" {PUBLISHED_CAPTION}"
    title = f"{what}, with 95% intervals{unit}"
    return Figure("behaviour-factors", title, svg, f"Dot plots. {told}", caption)


def _factors_that_matter(entry: RunTable, tests: RunTable) -> list[tuple[str, list[str]]]:
    """Return the title and the rows of each panel: a behaviour and a factor of low p-value."""
    panels = []
    for behaviour in tests.table.column_labels:
        for factor, label in tests.table.row_labels.items():
            p_value = tests.value(factor, behaviour, "p_value")
            start = f"{behaviour}__{factor}__"
            rows = [row for row in entry.table.row_labels if row.startswith(start)]
            if factor != "time_point" and p_value is not None and p_value < LEVEL and rows:
                name = wrap(f"by {label[0].lower()}{label[1:]}", 46)
                panels.append((f"{BEHAVIOURS.get(behaviour, behaviour)},\n{name}", rows))
    return panels


def _factor_panel(axes: Axes, entry: RunTable, rows: Sequence[str]) -> None:
    for position, row in enumerate(rows):
        known = [level for level in _SEVERE if entry.value(row, level, PROBABILITY) is not None]
        for number, level in enumerate(_SEVERE):
            # Where there is nothing at all, one mark says so.
            if known or level == "moderate":
                colour, marker, _ = SEVERITY_LOOKS[level]
                y = position + 0.24 * (number - 1)
                draw_dot(axes, entry, Dot(row, level, y, colour, marker))
    labels = [entry.table.row_labels[row].rpartition(": ")[2] for row in rows]
    axes.set_yticks(range(len(rows)), [wrap(f"{t[:1].upper()}{t[1:]}", 18) for t in labels])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    percent_axis(axes.xaxis)
    axes.grid(axis="x")


def behaviour_odds_ratios(entry: RunTable, imputed: RunTable | None) -> Figure | None:
    """Draw the odds ratios of the pooled models, of complete cases and of imputed data."""

    def place(panel: str, row: str) -> tuple[str, str]:
        return row, panel

    shown = [Estimates("Complete cases", entry, place)]
    if imputed and has_any(imputed, "odds_ratio"):
        shown.append(Estimates("Multiple imputation", imputed, place, is_hollow=True))
    what = "Odds ratios of a more severe level of each behaviour"
    panels, rows = entry.table.column_labels, entry.table.row_labels
    caption = "Each of the values is compared with the reference of its factor: see the table."
    return forests(Forest("behaviour-odds", what, panels, rows, shown, caption=caption))
