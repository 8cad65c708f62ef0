"""Forests side by side: ratios with their intervals on one log scale, clipped at its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.report.absent import (
    interval_is_hidden,
    mark_beside,
    mark_of,
    spoken_ends,
)
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    GREY,
    MARKERS,
    SERIES,
    Figure,
    bracket,
    drawing,
    n_words,
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: No axis goes beyond: a ratio of 50 and one of 5,000 say the same of so few people.
LOWEST, HIGHEST = 0.02, 50.0
ODDS = "odds_ratio"
_TICKS = {4.0: (0.6, 0.8, 1, 1.25, 1.6), 25.0: (0.25, 0.5, 1, 2, 4), 400.0: (0.1, 0.3, 1, 3, 10)}
_WIDE_TICKS = (0.1, 1, 10)


@dataclass(frozen=True)
class Estimates:
    """One kind of estimate in a forest, told from the others by its mark.

    Attributes
    ----------
    place
        Panel and row of the forest -> row and column of the table.
    """

    label: str
    entry: RunTable
    place: Callable[[str, str], tuple[str, str]]
    is_hollow: bool = False

    def at(self, panel: str, row: str, statistic: str = ODDS) -> float | None:
        """Return the value that is drawn in a row of a panel."""
        return self.entry.value(*self.place(panel, row), statistic)

    def is_told(self, panel: str, row: str) -> bool:
        """Tell whether the interval may be drawn: not where a point or an end is hidden."""
        at = self.place(panel, row)
        return self.entry.value(*at, ODDS) is not None and not interval_is_hidden(self.entry, *at)

    def printed(self, panel: str, row: str) -> float | None:
        """Return the published number that is drawn beside it."""
        return self.entry.printed(*self.place(panel, row), ODDS)


@dataclass(frozen=True)
class Forest:
    """What the forests show: their panels and rows (key -> label), and the estimates in them."""

    id: str
    what: str
    panels: Mapping[str, str]
    rows: Mapping[str, str]
    estimates: Sequence[Estimates]
    axis: str = "Odds ratio (log scale; 1 = no difference)"
    caption: str = ""

    def places(self) -> Iterator[tuple[Estimates, str, str]]:
        """Give every estimate with its panel and row."""
        for panel in self.panels:
            for row in self.rows:
                for estimates in self.estimates:
                    yield estimates, panel, row


def forests(spec: Forest) -> Figure | None:
    """Draw odds ratios with 95% intervals, a panel each; none if there is nothing to draw."""
    if all(estimates.at(panel, row) is None for estimates, panel, row in spec.places()):
        return None
    ends = _ends(spec)
    height = 1.3 + (0.2 + 0.09 * len(spec.estimates)) * len(spec.rows)
    with drawing(height, len(spec.panels), sharey=True, sharex=True) as (canvas, panels):
        for axes, (panel, title) in zip(panels, spec.panels.items(), strict=True):
            _scale(axes, ends)
            for position, row in enumerate(spec.rows):
                _row(axes, spec, panel, (row, position), ends)
            axes.set_title(wrap(title, 80 // len(spec.panels)), fontsize=8.5)
        panels[0].set_yticks(range(len(spec.rows)), [wrap(text, 34) for text in spec.rows.values()])
        panels[0].set_ylim(len(spec.rows) - 0.4, -0.6)
        if len(spec.estimates) > 1:
            for number, estimates in enumerate(spec.estimates):
                panels[0].plot([], [], label=estimates.label, **_look(estimates, number))
            handles, labels = panels[0].get_legend_handles_labels()
            canvas.legend(handles, labels, loc="outside upper right", ncols=4)
        canvas.supxlabel(spec.axis, fontsize=9.5)
        svg = to_svg(canvas, spec.id)
    caption = [spec.caption]
    if any(_is_beyond(end, ends) for end in _intervals(spec)):
        caption.append("An arrow: the interval goes on beyond the axis.")
    if any(estimates.printed(panel, row) is not None for estimates, panel, row in spec.places()):
        caption.append(PUBLISHED_CAPTION)
    counted = n_words(spec.estimates[0].entry, ODDS)
    title = f"{spec.what}, with 95% intervals{bracket(counted)}"
    return Figure(
        spec.id, title, svg, f"Forest plots. {_told(spec)}", " ".join(filter(None, caption))
    )


def _ends(spec: Forest) -> tuple[float, float]:
    """Return where the axis begins and ends: all that is drawn, within the fixed limits."""
    seen = [1.0, *(end for end in _intervals(spec) if end is not None)]
    for estimates, panel, row in spec.places():
        drawn = (estimates.at(panel, row), estimates.printed(panel, row))
        seen += [value for value in drawn if value is not None]
    return max(LOWEST, min(seen) / 1.3), min(HIGHEST, max(seen) * 1.3)


def _intervals(spec: Forest) -> Iterator[float | None]:
    for estimates, panel, row in spec.places():
        both = [estimates.at(panel, row, end) for end in ("ci_low", "ci_high")]
        if estimates.is_told(panel, row) and both != [None, None]:
            yield from both


def _is_beyond(end: float | None, ends: tuple[float, float]) -> bool:
    return end is None or not ends[0] <= end <= ends[1]


def _scale(axes: Axes, ends: tuple[float, float]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(*ends)
    axes.axvline(1, color=GREY, linewidth=1, linestyle="--", zorder=1)
    span = ends[1] / ends[0]
    ticks = next((ticks for widest, ticks in _TICKS.items() if span <= widest), _WIDE_TICKS)
    axes.xaxis.set_major_locator(FixedLocator([t for t in ticks if ends[0] <= t <= ends[1]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x")


def _look(estimates: Estimates, number: int) -> dict[str, Any]:
    colour = SERIES[number % len(SERIES)]
    return {
        "color": colour, "marker": MARKERS[number % len(MARKERS)], "markersize": 5,
        "markerfacecolor": "white" if estimates.is_hollow else colour, "linestyle": "none",
    }  # fmt: skip


def _row(
    axes: Axes, spec: Forest, panel: str, at: tuple[str, int], ends: tuple[float, float]
) -> None:
    row, position = at
    step = 0.56 / len(spec.estimates)
    for number, estimates in enumerate(spec.estimates):
        y = position + (number - (len(spec.estimates) - 1) / 2) * step
        value, printed = estimates.at(panel, row), estimates.printed(panel, row)
        if printed is not None:
            published_mark(axes, min(max(printed, ends[0]), ends[1]), y, clip_on=False)
            _published_interval(axes, estimates, (panel, row, y), ends)
        if value is None:
            mark = mark_of(estimates.entry, *estimates.place(panel, row), ODDS)
            across = axes.get_yaxis_transform()
            axes.text(0.02, y, mark, color=GREY, fontsize=7.5, va="center", transform=across)
            continue
        if estimates.is_told(panel, row):
            _interval(axes, (estimates, number), (panel, row, y), ends)
        mark_beside(axes, estimates.entry, estimates.place(panel, row), (value, y))
        if ends[0] <= value <= ends[1]:
            axes.plot([value], [y], **_look(estimates, number), zorder=5)


def _interval(
    axes: Axes, of: tuple[Estimates, int], at: tuple[str, str, float], ends: tuple[float, float]
) -> None:
    """Draw an interval, with an arrow where it goes on beyond the axis."""
    (estimates, number), (panel, row, y) = of, at
    low, high = (estimates.at(panel, row, end) for end in ("ci_low", "ci_high"))
    if low is None and high is None:
        return
    colour = SERIES[number % len(SERIES)]
    shown = [
        min(max(fallback if end is None else end, ends[0]), ends[1])
        for end, fallback in ((low, ends[0]), (high, ends[1]))
    ]
    axes.plot(shown, [y, y], color=colour, linewidth=1.6, zorder=3)
    for end, place, arrow in ((low, 0, "<"), (high, 1, ">")):
        if end is None or (end < ends[0] if place == 0 else end > ends[1]):
            axes.plot(
                [ends[place]], [y], arrow, color=colour, markersize=5, clip_on=False, zorder=4
            )


def _published_interval(
    axes: Axes, estimates: Estimates, at: tuple[str, str, float], ends: tuple[float, float]
) -> None:
    """Draw the published interval, where there is one, as a thin line just below ours."""
    panel, row, y = at
    low, high = (
        estimates.entry.printed(*estimates.place(panel, row), end) for end in ("ci_low", "ci_high")
    )
    if low is not None and high is not None:
        shown = [min(max(end, ends[0]), ends[1]) for end in (low, high)]
        axes.plot(shown, [y + 0.13] * 2, color=GREY, linewidth=1.1, zorder=2)


def _told(spec: Forest) -> str:
    return " ".join(
        f"{title}: {'; '.join(_row_told(spec, panel, row) for row in spec.rows)}."
        for panel, title in spec.panels.items()
    )


def _row_told(spec: Forest, panel: str, row: str) -> str:
    parts = []
    for estimates in spec.estimates:
        at = *estimates.place(panel, row), ODDS
        text = spoken(estimates.entry, *at) + spoken_ends(estimates.entry, *at, Style.RATIO)
        parts.append(f"{estimates.label} {text}" if len(spec.estimates) > 1 else text)
    return f"{spec.rows[row]} {', '.join(parts)}"
