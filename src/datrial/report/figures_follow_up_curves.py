"""Curves by month since the allocation, a panel an outcome, with the numbers at risk below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import (
    HIDDEN,
    interval_is_hidden,
    interval_of,
    mark_below,
    mark_beside,
    mark_of,
)
from datrial.report.drawing import (
    GREY,
    MARKERS,
    SERIES,
    Figure,
    bracket,
    drawing,
    has_any,
    n_words,
    percent_axis,
    spoken,
    to_svg,
)
from datrial.report.figures_follow_up import outcomes_of
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MONTH = "__month_"
_LINES = ("-", "--")
#: Letters of a number at risk that fit between two months.
_AT_MOST = 5


@dataclass(frozen=True)
class _Spec:
    """What a figure of curves shows."""

    id: str
    what: str
    statistic: str
    axis: str
    unit: str
    at_risk: str
    is_share: bool


def first_event_curves(entry: RunTable) -> Figure | None:
    """Draw the share with a first event by month, outcome and arm."""
    return _curves(
        entry,
        _Spec(
            "follow-up-first-event", "Perpetrators with a first event since the allocation",
            "probability", "% with an event", "% of perpetrators",
            "Without an event and observed", is_share=True,
        ),
    )  # fmt: skip


def mean_event_curves(entry: RunTable) -> Figure | None:
    """Draw the mean number of events by month, outcome and arm."""
    return _curves(
        entry,
        _Spec(
            "follow-up-mean-events", "Mean number of events since the allocation", "mean",
            "Events per person", "events per person", "Observed", is_share=False,
        ),
    )  # fmt: skip


def _curves(entry: RunTable, spec: _Spec) -> Figure | None:
    if not has_any(entry, spec.statistic):
        return None
    outcomes = outcomes_of(entry)
    months = sorted({int(row.partition(_MONTH)[2]) for row in entry.table.row_labels})
    columns = 2 if len(outcomes) > 1 else 1
    rows = -(-len(outcomes) // columns)
    height = 0.6 + rows * (2.3 + 0.16 * len(entry.table.column_labels))
    with drawing(height, columns, rows) as (canvas, panels):
        for axes in panels[len(outcomes) :]:
            axes.set_visible(False)
        for axes, (outcome, label) in zip(panels, outcomes.items(), strict=False):
            _panel(axes, entry, spec, outcome, months)
            axes.set_title(label)
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=len(labels))
        svg = to_svg(canvas, spec.id)
    unit = bracket(spec.unit, n_words(entry, spec.statistic))
    title = f"{spec.what}, by month and arm{unit}"
    caption = (
        "Shaded: 95% intervals, month by month; lines join the estimates. Numbers below: "
        f"{spec.at_risk.lower()} at that month."
    )
    return Figure(spec.id, title, svg, f"Line charts. {_told(entry, spec, months)}", caption)


def _panel(axes: Axes, entry: RunTable, spec: _Spec, outcome: str, months: list[int]) -> None:
    """Draw the arms' curves of one outcome, and their numbers at risk."""
    shown, is_any = _shown(months), False
    for number, (arm, label) in enumerate(entry.table.column_labels.items()):
        colour = SERIES[number % len(SERIES)]
        line, band = _points(entry, spec.statistic, (outcome, arm), months)
        is_any = is_any or any(value == value for value in line[1])  # not one is missing: NaN
        axes.plot(
            line[0], line[1], color=colour, linestyle=_LINES[number % 2],
            marker=MARKERS[number % 4], markersize=4, label=label,
        )  # fmt: skip
        for month in months:
            cell = f"{outcome}{_MONTH}{month}", arm
            if entry.cell(*cell, spec.statistic) and entry.value(*cell, spec.statistic) is None:
                mark = mark_of(entry, *cell, spec.statistic)
                mark_below(axes, month, mark, colour, number)
            elif interval_is_hidden(entry, *cell):
                mark_beside(axes, entry, cell, (month, entry.value(*cell, spec.statistic) or 0))
        axes.fill_between(band[0], band[1], band[2], color=colour, alpha=0.16, linewidth=0)
        _numbers(axes, entry, (outcome, arm), shown, (number, colour))
    if not is_any:
        axes.text(0.5, 0.5, "not available", color=GREY, ha="center", transform=axes.transAxes)
    axes.set_xticks(shown)
    axes.set_xlim(min(0, *months), max(*months, 1))
    axes.set_ylim(bottom=0)
    if spec.is_share:
        axes.set_ylim(0, 1)
        percent_axis(axes.yaxis)
    axes.set_ylabel(spec.axis)
    axes.set_xlabel("Months since the allocation", fontsize=8.5, labelpad=_room(entry))
    axes.grid(axis="y")


def _points(
    entry: RunTable, statistic: str, of: tuple[str, str], months: list[int]
) -> tuple[list[list[float]], list[list[float]]]:
    """Return the months and values of a curve, and the months and both ends of its intervals."""
    line: list[list[float]] = [[], []]
    band: list[list[float]] = [[], [], []]
    for month in months:
        cell = f"{of[0]}{_MONTH}{month}", of[1]
        if entry.cell(*cell, statistic) is None:
            continue
        value, ends = entry.value(*cell, statistic), interval_of(entry, *cell, statistic)
        value = float("nan") if value is None else value  # the curve breaks there
        for numbers, number in zip(line, (month, value), strict=True):
            numbers.append(number)
        if ends is None:  # at the start nothing can have happened: the band begins in the curve
            nothing = float("nan") if interval_is_hidden(entry, *cell) else value
            ends = nothing, nothing
        for numbers, number in zip(band, (month, *ends), strict=True):
            numbers.append(number)
    return line, band


def _room(entry: RunTable) -> float:
    """Return the points between the axis and its label that the numbers at risk take."""
    return 4 + 11 * len(entry.table.column_labels)


def _shown(months: list[int]) -> list[int]:
    """Return the months that have a tick and numbers: so many that these do not touch."""
    step = -(-len(months) // _AT_MOST)
    return months[::step]


def _numbers(
    axes: Axes,
    entry: RunTable,
    of: tuple[str, str],
    months: list[int],
    look: tuple[int, str],
) -> None:
    """Write the numbers at risk of an arm below the axis, in the arm's colour."""
    (outcome, arm), (number, colour) = of, look
    for month in months:
        at = f"{outcome}{_MONTH}{month}", arm, "at_risk"
        value = entry.value(*at)
        mark = mark_of(entry, *at) if entry.cell(*at) else ""
        axes.annotate(
            mark if value is None else f"{value:,.0f}",
            (month, 0), (0, -(26 + 11 * number)), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", fontsize=7, color=colour,
        )  # fmt: skip


def _told(entry: RunTable, spec: _Spec, months: list[int]) -> str:
    parts = []
    for outcome, label in outcomes_of(entry).items():
        by_month = "; ".join(
            f"month {month} "
            + ", ".join(
                f"{name} {_spoken(entry, (f'{outcome}{_MONTH}{month}', arm), spec)}"
                for arm, name in entry.table.column_labels.items()
            )
            for month in months
        )
        parts.append(f"{label}: {by_month}.")
    return " ".join(parts)


def _spoken(entry: RunTable, cell: tuple[str, str], spec: _Spec) -> str:
    """Return the curve's number; an interval is told of only where it is hidden."""
    text = spoken(entry, *cell, spec.statistic)
    is_told = entry.value(*cell, spec.statistic) is not None
    return (
        f"{text}, interval {HIDDEN} [c]" if is_told and interval_is_hidden(entry, *cell) else text
    )
