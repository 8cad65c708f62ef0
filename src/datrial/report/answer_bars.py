"""Bars of answers lying one below the other, a bar for each group of people, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import interval_is_hidden, interval_of, mark_of, spoken_ends
from datrial.report.cell_views import MARKS
from datrial.report.charts import PUBLISHED_CAPTION, highest, wrap
from datrial.report.drawing import (
    GREY,
    HATCHES,
    INK,
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
from datrial.report.numbers import Style, whole_percent
from datrial.results.cells import State
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INTERVALS = "Lines: 95% intervals."


@dataclass(frozen=True)
class Group:
    """One bar for each answer: its rows in the order of the answers, and their column."""

    label: str
    rows: Sequence[str]
    column: str


@dataclass(frozen=True)
class Panel:
    """Answers and the groups that gave them.

    Attributes
    ----------
    colour
        Place of the first group's colour among the series.
    """

    title: str
    answers: Sequence[str]
    groups: Sequence[Group]
    colour: int = 0


def answer_bars(
    entry: RunTable, figure_id: str, what: tuple[str, str], panels: Sequence[Panel], statistic: str
) -> Figure | None:
    """Draw shares as lying bars; none if there is nothing to draw.

    A share without a value has the mark of its state and no bar.

    Parameters
    ----------
    what
        What is shown, and of whom the shares are.
    """
    panels = [panel for panel in panels if panel.answers and panel.groups]
    if not panels or not has_any(entry, statistic):
        return None
    bars = [len(panel.answers) * max(len(panel.groups), 1.4) for panel in panels]
    height = 0.5 + sum(0.45 + 0.21 * number for number in bars)
    has_lines = False
    options = {"height_ratios": bars, "sharex": True}
    with drawing(height, 1, len(panels), **options) as (canvas, axes_of):
        for axes, panel in zip(axes_of, panels, strict=True):
            has_lines |= _panel(axes, entry, panel, statistic)
        last = axes_of[-1]
        last.set_xlim(0, 1.12 * _furthest(entry, panels, statistic))
        percent_axis(last.xaxis)
        last.set_xlabel(what[1])
        if len(panels) == 1 and len(panels[0].groups) > 1:
            last.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        svg = to_svg(canvas, figure_id)
    columns = list(dict.fromkeys(group.column for panel in panels for group in panel.groups))
    rows = [row for panel in panels for group in panel.groups for row in group.rows]
    n = n_words(entry, statistic, columns, rows=rows)
    captions = [_INTERVALS if has_lines else ""]
    captions.append(PUBLISHED_CAPTION if has_published(entry, statistic) else "")
    told = " ".join(_told(entry, panel, statistic) for panel in panels)
    return Figure(
        figure_id, f"{what[0]}{bracket(what[1], n)}", svg, f"Bar chart. {told}",
        " ".join(filter(None, captions)),
    )  # fmt: skip


def _panel(axes: Axes, entry: RunTable, panel: Panel, statistic: str) -> bool:
    """Draw a panel's bars, the first answer on top; return whether one has an interval."""
    height = 0.8 / len(panel.groups)
    has_lines = False
    for number, group in enumerate(panel.groups):
        colour = SERIES[(panel.colour + number) % len(SERIES)]
        shift = (number - (len(panel.groups) - 1) / 2) * height
        for place, row in enumerate(group.rows):
            at = (place + shift, 0.9 * height, colour, HATCHES[number % 2])
            has_lines |= _bar(axes, entry, (row, group.column, statistic), at)
        axes.barh(0, 0, color=colour, hatch=HATCHES[number % 2], label=group.label)
    axes.set_yticks(range(len(panel.answers)), [wrap(answer, 34) for answer in panel.answers])
    axes.set_ylim(len(panel.answers) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    if panel.title:
        axes.set_title(panel.title)
    return has_lines


def _bar(
    axes: Axes, entry: RunTable, key: tuple[str, str, str], at: tuple[float, float, str, str]
) -> bool:
    """Draw one bar with its number and interval; return whether it has an interval."""
    place, height, colour, hatch = at
    value, printed = entry.value(*key), entry.printed(*key)
    ends = interval_of(entry, *key) if key[2] == "share" else None
    if value is None:
        axes.text(0.003, place, mark_of(entry, *key), color=GREY, va="center", fontsize=8)
    else:
        axes.barh(place, value, height=height, color=colour, hatch=hatch, edgecolor="white",
                  linewidth=0.5, alpha=0.85)  # fmt: skip
        if ends is not None:
            axes.plot(ends, [place] * 2, color=INK, linewidth=1, zorder=4)
        furthest = max(value, ends[1] if ends else 0, printed or 0)
        hidden = key[2] == "share" and interval_is_hidden(entry, *key[:2])
        text = whole_percent(value) + f" {MARKS[State.SUPPRESSED]}" * hidden
        axes.annotate(text, (furthest, place), (7 if printed else 4, 0),
                      textcoords="offset points", va="center", fontsize=8)  # fmt: skip
    if printed is not None:
        published_mark(axes, printed, place)
    return ends is not None and value is not None


def _furthest(entry: RunTable, panels: Sequence[Panel], statistic: str) -> float:
    """Return how far the bars, their intervals and the published marks reach."""
    ends = [
        interval_of(entry, row, group.column, statistic)
        for panel in panels for group in panel.groups for row in group.rows
    ] if statistic == "share" else []  # fmt: skip
    return max([highest(entry, statistic), *(end[1] for end in ends if end)])


def _told(entry: RunTable, panel: Panel, statistic: str) -> str:
    parts = []
    for group in panel.groups:
        numbers = ", ".join(
            f"{answer} {spoken(entry, row, group.column, statistic)}"
            + (spoken_ends(entry, row, group.column, statistic, Style.SHARE)
               if statistic == "share" else "")
            for answer, row in zip(panel.answers, group.rows, strict=True)
        )  # fmt: skip
        start = ": ".join(filter(None, (panel.title, group.label)))
        parts.append(f"{start}: {numbers}." if start else f"{numbers}.")
    return " ".join(parts)
