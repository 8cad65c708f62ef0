"""Figures of direct work: high severity with and without each kind of it, and odds ratios."""

from __future__ import annotations

from datrial.analyses.interventions_tables import WORK
from datrial.analyses.levels import BEHAVIOURS
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    BLUE,
    ORANGE,
    Figure,
    bracket,
    drawing,
    n_words,
    percent_axis,
    to_svg,
)
from datrial.report.forest_panels import Estimates, Forest, forests
from datrial.report.interval_lines import (
    BEYOND,
    PROBABILITY,
    Dot,
    axis_end,
    draw_dot,
    goes_beyond,
    spoken_interval,
)
from datrial.results.read import RunTable

HIGH = "high"
_HAD = {"no": ("Without this work", BLUE, "o"), "yes": ("With this work", ORANGE, "s")}
_MODELS = ("unadjusted", "adjusted")


def _parts(entry: RunTable, position: int) -> list[str]:
    """Return the exposures (0) or the behaviours (1) of which a table's rows are."""
    return list(dict.fromkeys(row.split("__")[position] for row in entry.table.row_labels))


def exposure_label(exposure: str) -> str:
    """Return the name of a kind of direct work."""
    return WORK["direct"].get(exposure, exposure.replace("_", " "))


def high_severity_by_work(entry: RunTable) -> Figure | None:
    """Draw the probability of high severity with and without each kind of direct work."""
    rows = list(entry.table.row_labels)
    if all(entry.value(row, HIGH, PROBABILITY) is None for row in rows):
        return None
    exposures, behaviours = _parts(entry, 0), _parts(entry, 1)
    lines = [(behaviour, model) for behaviour in behaviours for model in _MODELS]
    cells = [(row, HIGH) for row in rows]
    end = axis_end(entry, cells)
    places = [number + 0.35 * (number // len(_MODELS)) for number in range(len(lines))]
    with drawing(1.3 + 0.36 * len(lines), len(exposures), sharey=True, sharex=True) as (
        canvas,
        panels,
    ):
        for axes, exposure in zip(panels, exposures, strict=True):
            axes.set_xlim(-0.012 * end, end)
            for (behaviour, model), y in zip(lines, places, strict=True):
                for number, had in enumerate(_HAD):
                    row = f"{exposure}__{behaviour}__{had}__{model}"
                    _, colour, marker = _HAD[had]
                    dot = Dot(row, HIGH, y + 0.3 * (number - 0.5), colour, marker)
                    draw_dot(axes, entry, dot)
            axes.set_title(wrap(exposure_label(exposure), 26), fontsize=8.5)
            percent_axis(axes.xaxis)
            axes.grid(axis="x")
        names = [f"{BEHAVIOURS.get(b, b)}, {m}" for b, m in lines]
        panels[0].set_yticks(places, [wrap(name, 26) for name in names])
        panels[0].tick_params(axis="y", labelsize=8)
        panels[0].set_ylim(places[-1] + 0.6, -0.6)
        for label, colour, marker in _HAD.values():
            panels[0].plot([], [], marker, color=colour, label=label)
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=2)
        canvas.supxlabel("Probability of high severity", fontsize=9.5)
        svg = to_svg(canvas, "direct-work-probabilities")
    told = " ".join(
        f"{entry.table.row_labels[row]}: {spoken_interval(entry, row, HIGH)}." for row in rows
    )
    unit = bracket("%", n_words(entry, PROBABILITY, [HIGH]))
    what = "Probability of high severity of each behaviour, with and without each kind of work"
    caption = "Over the three time points together: not a change over time."
    if goes_beyond(entry, cells, end):
        caption += f" {BEYOND}"
    if any(entry.printed(*cell, PROBABILITY) is not None for cell in cells):
        caption += f" {PUBLISHED_CAPTION}"
    title = f"{what}, with 95% intervals{unit}"
    return Figure("direct-work-probabilities", title, svg, f"Dot plots. {told}", caption)


def work_odds_ratios(entry: RunTable) -> Figure | None:
    """Draw the odds ratios of those with each kind of work, unadjusted and adjusted."""
    what = "Odds ratios of a more severe level, those with each kind of work against the others"
    caption = "Over the three time points together; those who got the work differ from the others."
    return _forests(entry, "direct-work-odds", what, caption)


def work_change(entry: RunTable) -> Figure | None:
    """Draw whether behaviour changed more in those with each kind of work."""
    what = "Odds ratios of a change since intake, those with each kind of work against the others"
    caption = "Below 1: severity fell more in those with the work."
    return _forests(entry, "direct-work-change", what, caption)


def _forests(entry: RunTable, figure_id: str, what: str, caption: str) -> Figure | None:
    def estimates(column: str) -> Estimates:
        def place(panel: str, row: str) -> tuple[str, str]:
            return f"{panel}__{row}", column

        return Estimates(entry.table.column_labels[column], entry, place)

    panels = {exposure: exposure_label(exposure) for exposure in _parts(entry, 0)}
    behaviours = _parts(entry, 1) if all("__" in row for row in entry.table.row_labels) else []
    rows = {behaviour: BEHAVIOURS.get(behaviour, behaviour) for behaviour in behaviours}
    shown = [estimates(column) for column in entry.table.column_labels]
    return forests(Forest(figure_id, what, panels, rows, shown, caption=caption))
