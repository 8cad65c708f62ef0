"""Figures of training: who passed, and test scores before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.analyses.training_groups import ALL_COURSES
from datrial.report.absent import interval_of, mark_of, spoken_ends
from datrial.report.answer_bars import Group, Panel, answer_bars
from datrial.report.charts import PUBLISHED_CAPTION, wrap
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
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.results.cells import State
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TIMES = ("before", "after")


def training_passed(entry: RunTable) -> Figure | None:
    """Draw the share of those who attended that passed, a panel for each course and round."""
    rows = [row for row in entry.table.row_labels
            if _is_told(entry, row) and not row.startswith(ALL_COURSES)]  # fmt: skip
    panels = []
    for start in dict.fromkeys(row.rpartition("__")[0] for row in rows):
        own = [row for row in rows if row.rpartition("__")[0] == start]
        labels = [entry.table.row_labels[row] for row in own]
        title = labels[-1].rpartition(":")[0]
        answers = [_upper_first(label.removeprefix(f"{title}: ")) for label in labels]
        panels.append(Panel(title, answers, [Group("", own, "passed")]))
    what = "Who passed the training", "% of those who attended and whose result is known"
    return answer_bars(entry, "training-passed", what, panels, "share")


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_told(entry: RunTable, row: str) -> bool:
    cell = entry.cell(row, "passed", "share")
    return cell is not None and cell.state in (State.VALUE, State.SUPPRESSED)


def training_scores(entry: RunTable) -> Figure | None:
    """Draw mean scores before and after with their intervals."""
    if not has_any(entry, "mean"):
        return None
    rows = list(entry.table.row_labels)
    with drawing(1.0 + 0.5 * len(rows)) as (canvas, (axes,)):
        for place, row in enumerate(rows):
            for number, time in enumerate(_TIMES):
                _point(axes, entry, (row, time), place + 0.3 * number - 0.15, number)
        for number, time in enumerate(_TIMES):
            axes.plot([], [], MARKERS[number], color=SERIES[number],
                      label=entry.table.column_labels[time])  # fmt: skip
        labels = [wrap(entry.table.row_labels[row], 36) for row in rows]
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel("Mean score, per cent of the test's points")
        axes.grid(axis="x")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        svg = to_svg(canvas, "training-scores")
    n = n_words(entry, "mean", _TIMES)
    title = f"Test scores before and after the training{bracket(n)}"
    captions = ["Lines: 95% intervals."]
    captions += [PUBLISHED_CAPTION] if has_published(entry, "mean") else []
    alt = f"Points with intervals. {_told(entry, rows)}"
    return Figure("training-scores", title, svg, alt, " ".join(captions))


def _point(axes: Axes, entry: RunTable, at: tuple[str, str], place: float, number: int) -> None:
    value, printed = entry.value(*at, "mean"), entry.printed(*at, "mean")
    if value is None:
        axes.text(
            0.01, place, mark_of(entry, *at, "mean"), color=GREY, va="center", fontsize=8,
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        return
    ends = interval_of(entry, *at, "mean")
    if ends is not None:
        axes.plot(ends, [place] * 2, color=SERIES[number], linewidth=2)
    axes.plot([value], [place], MARKERS[number], color=SERIES[number])
    if printed is not None:
        published_mark(axes, printed, place)


def _told(entry: RunTable, rows: Sequence[str]) -> str:
    parts = []
    for row in rows:
        told = [
            f"{time} {spoken(entry, row, time, 'mean')}"
            f"{spoken_ends(entry, row, time, 'mean', Style.MEAN)}"
            for time in _TIMES
        ]
        parts.append(f"{entry.table.row_labels[row]}: {', '.join(told)}")
    return "; ".join(parts) + "."
