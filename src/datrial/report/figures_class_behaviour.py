"""Figure of behaviour by class of needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.absent import interval_of, mark_beside, mark_of, spoken_ends
from datrial.report.charts import wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    INK,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    percent_axis,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_STATISTIC = "probability"
_CORRECTED, _MODAL = "ml", "modal"
_APART = 0.16  # how far the two marks of a class stand from its line


def class_behaviour(entry: RunTable) -> Figure | None:
    """Draw the probability of each behaviour in each class, one panel for each behaviour."""
    if not has_any(entry, _STATISTIC):
        return None
    panels = _panels(entry)
    classes = len(next(iter(panels.values())))
    with drawing(1.1 + 2 * (0.45 + 0.34 * classes), 2, 2, sharex=True, sharey=True) as (
        canvas,
        drawn,
    ):
        for axes, (behaviour, rows) in zip(drawn, panels.items(), strict=True):
            for y, row in enumerate(rows):
                _corrected(axes, entry, row, y - _APART)
                _uncorrected(axes, entry, row, y + _APART)
            axes.set_title(wrap(behaviour, 26))
            axes.grid(axis="x")
            axes.set_yticks(range(classes), [wrap(_class_of(entry, row), 30) for row in rows])
            axes.set_ylim(classes - 0.5, -0.5)
            axes.set_xlim(0, _furthest(entry))
            percent_axis(axes.xaxis)
        _legend(canvas, drawn[0])
        svg = to_svg(canvas, "needs-class-behaviour")
    told = " ".join(
        f"{behaviour}: " + "; ".join(_told(entry, row) for row in rows) + "."
        for behaviour, rows in panels.items()
    )
    unit = bracket("% of people in the class", n_words(entry, _STATISTIC, [_CORRECTED]))
    title = f"Behaviour by class of needs, with 95% intervals{unit}"
    return Figure("needs-class-behaviour", title, svg, f"Dot plots. {told}")


def _panels(entry: RunTable) -> dict[str, list[str]]:
    """Return label of the behaviour -> its rows, in the table's order."""
    panels: dict[str, list[str]] = {}
    for row, label in entry.table.row_labels.items():
        panels.setdefault(label.partition(", class ")[0], []).append(row)
    return panels


def _class_of(entry: RunTable, row: str) -> str:
    return f"Class {entry.table.row_labels[row].partition(', class ')[2]}"


def _corrected(axes: Axes, entry: RunTable, row: str, y: float) -> None:
    value = entry.value(row, _CORRECTED, _STATISTIC)
    if value is None:
        mark = mark_of(entry, row, _CORRECTED, _STATISTIC)
        axes.text(0.01, y, mark, color=GREY, va="center", transform=axes.get_yaxis_transform())
        return
    ends = interval_of(entry, row, _CORRECTED, _STATISTIC)
    if ends is not None:
        axes.plot(ends, [y, y], color=BLUE, linewidth=2, zorder=3)
    mark_beside(axes, entry, (row, _CORRECTED), (value, y))
    axes.plot([value], [y], "o", color=BLUE, markersize=6, zorder=4, clip_on=False)


def _uncorrected(axes: Axes, entry: RunTable, row: str, y: float) -> None:
    value = entry.value(row, _MODAL, _STATISTIC)
    if value is None:
        mark = mark_of(entry, row, _MODAL, _STATISTIC)
        across = axes.get_yaxis_transform()
        axes.text(0.01, y, mark, color=GREY, fontsize=7.5, va="center", transform=across)
    else:
        axes.plot(
            [value], [y], "s", markerfacecolor="white", markeredgecolor=GREY, markersize=5,
            zorder=4, clip_on=False,
        )  # fmt: skip


def _legend(canvas: Canvas, axes: Axes) -> None:
    nothing: list[float] = []
    axes.plot(nothing, nothing, "o-", color=BLUE, label="Corrected for errors of assignment")
    axes.plot(
        nothing, nothing, "s", markerfacecolor="white", markeredgecolor=GREY, label="Modal class"
    )
    canvas.legend(loc="outside upper left", ncols=2, labelcolor=INK)


def _furthest(entry: RunTable) -> float:
    ends = [
        value
        for row in entry.table.row_labels
        for column in (_CORRECTED, _MODAL)
        for value in (
            entry.value(row, column, _STATISTIC),
            *(interval_of(entry, row, column, _STATISTIC) or ()),
        )
        if value is not None
    ]
    return min(1.0, 1.05 * max(ends, default=1.0)) or 1.0


def _told(entry: RunTable, row: str) -> str:
    at = row, _CORRECTED, _STATISTIC
    text = f"{_class_of(entry, row)} {spoken(entry, *at)}"
    text += spoken_ends(entry, *at, Style.SHARE)
    return f"{text} (modal {spoken(entry, row, _MODAL, _STATISTIC)})"
