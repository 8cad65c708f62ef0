"""Charts that several analyses share: intervals on a log scale, bars by period and arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import interval_of, mark_beside, mark_of, spoken_ends
from datrial.report.drawing import (
    BLUE,
    GREY,
    HATCHES,
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

PUBLISHED_CAPTION = "Hollow diamonds: the figures printed in the published report."


@dataclass(frozen=True)
class Ratios:
    """What a forest of ratios shows."""

    id: str
    what: str
    statistic: str
    column: str = "estimate"
    caption: str = ""


def forest(entry: RunTable, spec: Ratios, rows: Sequence[str]) -> Figure | None:
    """Draw ratios with 95% intervals on a log scale; none if there is nothing to draw."""
    drawn = [row for row in rows if entry.cell(row, spec.column, spec.statistic)]
    if not has_any(entry, spec.statistic):
        return None
    with drawing(0.9 + 0.38 * len(drawn)) as (canvas, (axes,)):
        for position, row in enumerate(drawn):
            _interval(axes, entry, spec, row, position)
        axes.axvline(1, color=GREY, linewidth=1, linestyle="--", zorder=1)
        axes.set_xscale("log")
        _ratio_ticks(axes)
        axes.set_yticks(range(len(drawn)), [entry.table.row_labels[row] for row in drawn])
        axes.set_ylim(len(drawn) - 0.4, -0.6)
        axes.set_xlabel("Ratio (log scale; 1 = no difference)")
        axes.grid(axis="x")
        svg = to_svg(canvas, spec.id)
    alt = f"Ratios with 95% intervals. {_told(entry, spec, drawn)}"
    marks = PUBLISHED_CAPTION if has_published(entry, spec.statistic) else ""
    title = f"{spec.what}, with 95% intervals{bracket(n_words(entry, spec.statistic))}"
    return Figure(spec.id, title, svg, alt, " ".join(filter(None, (spec.caption, marks))))


def _interval(axes: Axes, entry: RunTable, spec: Ratios, row: str, position: int) -> None:
    value = entry.value(row, spec.column, spec.statistic)
    if value is None:
        axes.text(
            0.015,
            position,
            mark_of(entry, row, spec.column, spec.statistic),
            color=GREY,
            va="center",
            transform=axes.get_yaxis_transform(),
        )
        return
    ends = interval_of(entry, row, spec.column, spec.statistic)
    printed = entry.printed(row, spec.column, spec.statistic)
    shift = 0.0 if printed is None else 0.13
    if ends is not None and ends[0] > 0:
        axes.plot(ends, [position - shift] * 2, color=BLUE, linewidth=2, zorder=3)
    mark_beside(axes, entry, (row, spec.column), (value, position - shift))
    axes.plot([value], [position - shift], "o", color=BLUE, markersize=7, zorder=4)
    if printed is None:
        return
    low, high = (entry.printed(row, spec.column, end) for end in ("ci_low", "ci_high"))
    if low is not None and high is not None:
        axes.plot([low, high], [position + shift] * 2, color=GREY, linewidth=1.2, zorder=2)
    published_mark(axes, printed, position + shift)


def _ratio_ticks(axes: Axes) -> None:
    """Put readable ticks (0.5, 1, 2, ...) on a log axis, as many as its span bears."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axes.get_xlim()
    fine = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 2)
    middle = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 6, 10)
    coarse = (0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 100, 1000)
    ticks = fine if high / low < 2.5 else middle if high / low < 12 else coarse
    shown = [tick for tick in ticks if low <= tick <= high]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _told(entry: RunTable, spec: Ratios, rows: Sequence[str]) -> str:
    parts = []
    for row in rows:
        at = row, spec.column, spec.statistic
        ends = spoken_ends(entry, *at, Style.RATIO)
        parts.append(f"{entry.table.row_labels[row]} {spoken(entry, *at)}{ends}")
    return "; ".join(parts) + "."


def bars_by_arm(
    entry: RunTable, figure_id: str, what: str, unit: str, *, arms: Sequence[str]
) -> Figure | None:
    """Draw shares as bars, one group for each row (a period) and one bar for each arm.

    A share without a value has no bar but the mark of its state, so that it is
    never taken for zero.
    """
    statistic = "share"
    if not has_any(entry, statistic):
        return None
    rows = list(entry.table.row_labels)
    width = 0.8 / len(arms)
    with drawing(3.4) as (canvas, (axes,)):
        for number, arm in enumerate(arms):
            shift = (number - (len(arms) - 1) / 2) * width
            for position, row in enumerate(rows):
                _bar(axes, entry, (row, arm, statistic), position + shift, (width, number))
            axes.bar(
                0,
                0,
                width=0,
                color=SERIES[number],
                hatch=HATCHES[number % 2],
                edgecolor="white",
                label=entry.table.column_labels[arm],
            )
        room = max(8, min(16, 80 // len(rows)))  # letters, until the next label
        axes.set_xticks(range(len(rows)), [wrap(entry.table.row_labels[row], room) for row in rows])
        axes.set_xlim(-0.6, len(rows) - 0.4)  # a mark alone would not hold its place
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(unit)
        axes.set_ylim(0, 1.15 * highest(entry, statistic))
        percent_axis(axes.yaxis)
        axes.grid(axis="y")
        if has_published(entry, statistic):
            published_mark(axes, float("nan"), float("nan"), label=True)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
        svg = to_svg(canvas, figure_id)
    told = "; ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[a]} {spoken(entry, row, a, statistic)}" for a in arms
        )
        for row in rows
    )
    title = f"{what}{bracket(unit, _n_by_arm(entry, arms))}"
    caption = PUBLISHED_CAPTION if has_published(entry, statistic) else ""
    return Figure(figure_id, title, svg, f"Bar chart. {told}.", caption)


def _n_by_arm(entry: RunTable, arms: Sequence[str]) -> str:
    """Return ``n = 184 Drive, n = 1,139 Control``."""
    told = [(n_words(entry, "share", [arm]), entry.table.column_labels[arm]) for arm in arms]
    return ", ".join(f"{n} {label}" for n, label in told if n)


def _bar(
    axes: Axes, entry: RunTable, key: tuple[str, str, str], x: float, look: tuple[float, int]
) -> None:
    width, number = look
    value = entry.value(*key)
    if value is None:
        axes.text(x, 0, mark_of(entry, *key), ha="center", va="bottom", color=GREY, fontsize=8)
    else:
        axes.bar(
            x,
            value,
            width=width * 0.92,
            color=SERIES[number],
            hatch=HATCHES[number % 2],
            edgecolor="white",
            linewidth=0.5,
        )
        # Above the bar, and above the published mark only where that would lie upon it.
        printed = entry.printed(*key)
        near = printed is not None and -0.02 < printed - value < 0.1 * highest(entry, key[2])
        above = max(value, printed or 0) if near else value
        axes.annotate(
            f"{100 * value:.0f}%",
            (x, above),
            (0, 9 if near else 4),
            textcoords="offset points",
            ha="center",
            fontsize=8.5 if len(entry.table.row_labels) <= 6 else 7,
        )
    printed = entry.printed(*key)
    if printed is not None:
        published_mark(axes, x, printed)


def highest(entry: RunTable, statistic: str) -> float:
    """Return the highest value that a chart must show, ours or published."""
    ours = [c.value for c in entry.table.cells if c.statistic == statistic and c.value is not None]
    published = [beside.value for key, beside in entry.published.items() if key[2] == statistic]
    return max([*ours, *published], default=1.0) or 1.0


def wrap(label: str, width: int = 16) -> str:
    """Return a label broken into lines."""
    import textwrap

    return "\n".join(textwrap.wrap(label, width))
