"""Figures of the Severity of Abuse Grid: profile at intake, both times, steps between them."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.analyses.cohorts import DIFFERENCE
from datrial.analyses.levels import BEHAVIOURS
from datrial.analyses.severity_grid_data import LEVELS, UNKNOWN
from datrial.report.absent import strongest
from datrial.report.alluvial_flows import ORDER, Flows, at_times, is_whole, people_words
from datrial.report.cell_views import MARKS
from datrial.report.drawing import Figure, bracket, drawing, n_words, spoken, to_svg
from datrial.report.figures_alluvial import COLOURS, PARTS, WHOLE, draw_flows
from datrial.report.figures_behaviours import SEVERITY_LOOKS
from datrial.report.paired_dots import Dots, paired_dots
from datrial.report.stacked_bars import Bar, Look, draw_bar, frame_bars, hidden_caption, with_n
from datrial.results.read import RunTable

_LOOKS: dict[str, Look] = {
    **{level: SEVERITY_LOOKS[level] for level in ("high", "moderate", "standard", "none")},
    "dont_know": ("#e8e8e8", "black"),
    "missing": ("white", "black"),
}
_TIMES = ("Intake", "Exit")


def intake_profile(entry: RunTable) -> Figure | None:
    """Draw each type of abuse at intake by severity, a bar for each cohort."""
    return _levels(entry, "severity-intake", "Type and severity of abuse at intake", ("",))


def severity_both_times(entry: RunTable) -> Figure | None:
    """Draw each type of abuse by severity at intake and at exit of the same people."""
    what = "Type and severity of abuse at intake and at exit"
    return _levels(entry, "severity-levels", what, ("intake", "exit"))


def prevalence_fall(entry: RunTable) -> Figure | None:
    """Draw the share using each type of abuse at intake and at exit."""
    statistics = ("share_intake", "share_exit")
    panels = [
        Dots(
            label if len(_arms(entry)) > 1 else "",
            {
                words: [(row, arm, each) for each in statistics]
                for row, words in entry.table.row_labels.items()
            },
        )
        for arm, label in _arms(entry).items()
    ]
    words = ("People using each type of abuse", "% of those with a grid at both times")
    return paired_dots(entry, "severity-prevalence", words, panels, _TIMES)


def grid_flows(entry: RunTable) -> Figure | None:
    """Draw who went from which severity to which, a panel for each type and cohort."""
    starts = list(dict.fromkeys(row.rpartition("__")[0] for row in entry.table.row_labels))
    flows = [_flows(entry, start) for start in starts]
    if not any(people for step in flows for to in step.values() for people in to.values()):
        return None
    marks = [_marks(entry, start) for start in starts]
    most = max(sum(each.values()) for step in flows for each in at_times([step]))
    lines = -(-len(starts) // 2)
    with drawing(0.4 + 2.8 * lines, 2, lines) as (canvas, panels):
        for axes in panels[len(starts) :]:
            axes.set_visible(False)
        for axes, start, step, mark in zip(panels, starts, flows, marks, strict=False):
            draw_flows(axes, [step], mark, most, _TIMES)
            axes.set_title(entry.table.row_labels[f"{start}__none"].partition(":")[0])
        handles = [
            panels[0].bar(0, 0, color=COLOURS[level], label=_words(entry, level)) for level in ORDER
        ]
        canvas.legend(handles=handles, loc="outside upper right", ncols=5, handlelength=1.2)
        svg = to_svg(canvas, "severity-transitions")
    whole = [is_whole(step) for step in flows]
    unit = bracket(
        "% of people" if any(whole) else "number of people",
        people_words([[step] for step in flows]).replace("with a form", "with both grids"),
    )
    caption = " ".join(
        [WHOLE.replace("service users", "people")] * any(whole) + [PARTS] * (not all(whole))
    )
    alt = f"Alluvial chart. {_told(entry, starts)}"
    title = f"From severity to severity, case by case{unit}"
    return Figure("severity-transitions", title, svg, alt, caption)


def _arms(entry: RunTable) -> dict[str, str]:
    return {c: label for c, label in entry.table.column_labels.items() if c != DIFFERENCE}


def _levels(entry: RunTable, figure_id: str, what: str, times: Sequence[str]) -> Figure | None:
    arms, labels = _arms(entry), entry.table.row_labels
    levels = [level for level in LEVELS if level != "missing" or _any_missing(entry)]
    shown = [level for level in _LOOKS if level in levels]
    bars: list[Bar] = []
    place = 0.0
    for kind, words in BEHAVIOURS.items():
        for time in times:
            for arm, cohort in arms.items():
                start = "__".join(filter(None, (kind, time)))
                parts = [(f"{start}__{level}", arm) for level in shown]
                parts = [part for part in parts if part[0] in labels]
                name = ", ".join(filter(None, (words, time, cohort if len(arms) > 1 else "")))
                bars.append(Bar(place, with_n(entry, parts, name), parts))
                place += 1
        place += 0.5
    drawn = [part for bar in bars for part in bar.parts]
    if all(entry.value(*part, "share") is None for part in drawn):
        return None
    unit = "% of people with a grid" if times == ("",) else "% of people with both grids"
    with drawing(1.1 + 0.32 * place) as (canvas, (axes,)):
        for bar in bars:
            draw_bar(axes, entry, bar, [_LOOKS[level] for level in shown], height=0.74)
        for level in shown:
            axes.barh(0, 0, color=_LOOKS[level][0], edgecolor="#5b6672", linewidth=0.4,
                      label=LEVELS[level])  # fmt: skip
        frame_bars(axes, bars)
        axes.set_xlabel(unit)
        handles, names = axes.get_legend_handles_labels()
        canvas.legend(handles, names, loc="outside upper right", ncols=6, handlelength=1.2)
        svg = to_svg(canvas, figure_id)
    told = " ".join(
        f"{bar.label}: "
        + ", ".join(
            f"{LEVELS[row.rpartition('__')[2]].lower()} {spoken(entry, row, arm, 'share')}"
            for row, arm in bar.parts
        )
        + "."
        for bar in bars
    )
    rows = [row for row, _ in drawn]
    title = f"{what}{bracket(unit, n_words(entry, 'share', list(arms), rows=rows))}"
    caption = hidden_caption(entry, bars)
    return Figure(figure_id, title, svg, f"Stacked bar chart. {told}", caption)


def _any_missing(entry: RunTable) -> bool:
    """Tell whether somebody gave no answer, or may have: a hidden number is no zero."""
    cells = [c for c in entry.table.cells if c.row.endswith("__missing") and c.statistic == "count"]
    return any(cell.value != 0 for cell in cells)


def _flows(entry: RunTable, start: str) -> Flows:
    """Return the steps of a type; don't know and no answer are one: not known."""
    return {first: {last: _people(entry, start, first, last) for last in ORDER} for first in ORDER}


def _people(entry: RunTable, start: str, first: str, last: str) -> float | None:
    values = [
        entry.value(f"{start}__{level}", to, "count")
        for level in _codes(first)
        for to in _codes(last)
    ]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _marks(entry: RunTable, start: str) -> list[dict[str, str]]:
    """Return, for each time, the levels of which a step is not told, with its mark."""
    marks: list[dict[str, str]] = [{}, {}]
    for level in ORDER:
        leaving = [
            entry.cell(f"{start}__{code}", to, "count") for code in _codes(level) for to in LEVELS
        ]
        arriving = [
            entry.cell(f"{start}__{first}", code, "count")
            for code in _codes(level)
            for first in LEVELS
        ]
        for time, cells in enumerate((leaving, arriving)):
            if found := strongest(cells):
                marks[time][level] = MARKS[found.state]
    return marks


def _codes(level: str) -> tuple[str, ...]:
    return UNKNOWN if level == "not_known" else (level,)


def _words(entry: RunTable, level: str) -> str:
    return "Not known" if level == "not_known" else entry.table.column_labels[level]


def _told(entry: RunTable, starts: Sequence[str]) -> str:
    """Return every step that somebody took, in words and numbers."""
    parts = []
    for start in starts:
        for first in LEVELS:
            row = f"{start}__{first}"
            steps = [
                f"{entry.table.column_labels[last].lower()} {spoken(entry, row, last, 'count')}"
                for last in LEVELS
                if (cell := entry.cell(row, last, "count")) is not None and cell.value != 0
            ]
            if steps:
                parts.append(f"{entry.table.row_labels[row]}: at exit {', '.join(steps)}.")
    return " ".join(parts)
