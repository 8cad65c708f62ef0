"""Figure of rated outcomes: the share of cases improved in each area, by each reading of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.absent import interval_of, mark_beside, mark_of, spoken_ends
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
    percent_axis,
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AVERAGE = "__average"
_DIFFERENCE = "difference"


def improved_cases(entry: RunTable) -> Figure | None:
    """Draw the share of cases improved on average in each area, with Wilson's intervals."""
    if not has_any(entry, "share"):
        return None
    rows = [row for row in entry.table.row_labels if row.endswith(_AVERAGE)]
    arms = [column for column in entry.table.column_labels if column != _DIFFERENCE]
    labels = [entry.table.row_labels[row].removesuffix(", on average") for row in rows]
    with drawing(0.9 + (0.24 + 0.14 * len(arms)) * len(rows)) as (canvas, (axes,)):
        for place, row in enumerate(rows):
            for number, arm in enumerate(arms):
                shift = (number - (len(arms) - 1) / 2) * 0.5 / len(arms)
                _share(axes, entry, (row, arm), place + shift, number)
        if len(arms) > 1:
            for number, arm in enumerate(arms):
                axes.plot([], [], MARKERS[number % 4], color=SERIES[number % 4],
                          label=entry.table.column_labels[arm])  # fmt: skip
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
        axes.set_yticks(range(len(rows)), [wrap(label, 46) for label in labels])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 1.02)
        percent_axis(axes.xaxis)
        axes.set_xlabel("Share of cases with a rating in the area")
        axes.grid(axis="x")
        svg = to_svg(canvas, "improved-cases")
    told = " ".join(
        f"{label}: "
        + ", ".join(f"{entry.table.column_labels[arm]} {_told(entry, row, arm)}" for arm in arms)
        + "."
        for row, label in zip(rows, labels, strict=True)
    )
    counted = n_words(entry, "share", arms, rows=rows)
    title = f"Cases improved on average, with 95% intervals{bracket(counted)}"
    caption = PUBLISHED_CAPTION if has_published(entry, "share") else ""
    return Figure("improved-cases", title, svg, f"Dot chart. {told}", caption)


def _share(axes: Axes, entry: RunTable, at: tuple[str, str], y: float, number: int) -> None:
    value, printed = entry.value(*at, "share"), entry.printed(*at, "share")
    if printed is not None:
        published_mark(axes, printed, y)
    if value is None:
        axes.text(0.01, y, mark_of(entry, *at, "share"), color=GREY, va="center")
        return
    colour, ends = SERIES[number % 4], interval_of(entry, *at, "share")
    if ends is not None:
        axes.plot(ends, [y, y], color=colour, linewidth=2)
    mark_beside(axes, entry, at, (value, y))
    axes.plot([value], [y], MARKERS[number % 4], color=colour, markersize=6)


def _told(entry: RunTable, row: str, arm: str) -> str:
    ends = spoken_ends(entry, row, arm, "share", Style.SHARE)
    return f"{spoken(entry, row, arm, 'share')}{ends}"
