"""Figure of the associations of needs with behaviours: four forests side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.report.charts import PUBLISHED_CAPTION, mark_of
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
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The axis ends here: a ratio of 50 and one of 5,000 say the same of so few people.
LOWEST, HIGHEST = 0.02, 50.0
_TICKS = (0.1, 1, 10)


def need_odds_ratios(entry: RunTable) -> Figure | None:
    """Draw the odds ratio of each need with its interval, one panel for each behaviour."""
    if not has_any(entry, "odds_ratio"):
        return None
    rows, columns = list(entry.table.row_labels), list(entry.table.column_labels)
    with drawing(4.3, len(columns), sharey=True, sharex=True) as (canvas, panels):
        for number, (axes, column) in enumerate(zip(panels, columns, strict=True)):
            _panel(axes, entry, rows, column, number)
        panels[0].set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        canvas.supxlabel("Odds ratio (log scale; 1 = no association)", fontsize=9.5)
        svg = to_svg(canvas, "needs-behaviour")
    told = " ".join(
        f"{entry.table.column_labels[column]}: "
        + "; ".join(_told(entry, row, column) for row in rows)
        + "."
        for column in columns
    )
    title = (
        "Odds ratios of each behaviour, for service users with each need, with 95% intervals"
        f"{bracket(n_words(entry, 'odds_ratio'))}"
    )
    caption = f"An arrow: the interval goes on beyond {LOWEST:g} or {HIGHEST:g}."
    if has_published(entry, "odds_ratio"):
        caption += f" {PUBLISHED_CAPTION}"
    return Figure("needs-behaviour", title, svg, f"Forest plots. {told}", caption)


def _panel(axes: Axes, entry: RunTable, rows: list[str], column: str, number: int) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(LOWEST, HIGHEST)
    axes.axvline(1, color=GREY, linewidth=1, linestyle="--", zorder=1)
    for position, row in enumerate(rows):
        _interval(axes, entry, (row, column), position, number)
    axes.set_title(_short(entry.table.column_labels[column]), fontsize=8.5)
    axes.xaxis.set_major_locator(FixedLocator(list(_TICKS)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.grid(axis="x")


def _interval(
    axes: Axes, entry: RunTable, key: tuple[str, str], position: int, number: int
) -> None:
    """Draw one odds ratio: a mark, its interval, arrows where that goes on, the published mark."""
    value = entry.value(*key, "odds_ratio")
    printed = entry.printed(*key, "odds_ratio")
    if printed is not None:
        published_mark(axes, min(max(printed, LOWEST), HIGHEST), position)
    if value is None:
        mark = mark_of(entry, *key, "odds_ratio")
        across = axes.get_yaxis_transform()
        axes.text(0.03, position, mark, color=GREY, va="center", transform=across)
        return
    low, high = (entry.value(*key, end) for end in ("ci_low", "ci_high"))
    colour = SERIES[number % len(SERIES)]
    ends = (LOWEST if low is None else low, HIGHEST if high is None else high)
    shown = [min(max(end, LOWEST), HIGHEST) for end in ends]
    axes.plot(shown, [position] * 2, color=colour, linewidth=1.6, zorder=3)
    for beyond, at, arrow in (
        (low is None or low < LOWEST, LOWEST, "<"),
        (high is None or high > HIGHEST, HIGHEST, ">"),
    ):
        if beyond:
            axes.plot([at], [position], arrow, color=colour, markersize=6, clip_on=False, zorder=4)
    if LOWEST <= value <= HIGHEST:
        look = MARKERS[number % len(MARKERS)]
        axes.plot([value], [position], look, color=colour, markersize=5, zorder=5)


def _told(entry: RunTable, row: str, column: str) -> str:
    text = f"{entry.table.row_labels[row]} {spoken(entry, row, column, 'odds_ratio')}"
    low, high = (entry.value(row, column, end) for end in ("ci_low", "ci_high"))
    return text if low is None or high is None else f"{text}, interval {low:,.2f} to {high:,.2f}"


def _short(label: str) -> str:
    """Return a behaviour's name over two lines at most, for a narrow panel."""
    import textwrap

    return "\n".join(textwrap.wrap(label, 20))
