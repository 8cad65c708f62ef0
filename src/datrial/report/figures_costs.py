"""Figures of costs: by agency and by whom, and how an outcome swings with each number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datrial.report.absent import mark_of, spoken_ends
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    BLUE,
    GREY,
    HATCHES,
    INK,
    ORANGE,
    SERIES,
    Figure,
    drawing,
    has_any,
    has_published,
    published_mark,
    spoken,
    to_svg,
)
from datrial.report.numbers import Style, write_number
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COST = "cost"
_ALL = "all"
#: So many bars of each outcome are drawn; the table has more.
_BARS = 12
#: A bar narrower than this part of the widest one would not be seen.
_NARROWEST = 0.01
_DASH = "\u2013 "


def pounds(value: float) -> str:
    """Return a sum of money as text: ``£63,420``, ``£4.82bn``."""
    size = abs(value)
    sign = "\u2212" if value < 0 else ""
    if size >= 1e9:
        return f"{sign}£{size / 1e9:.2f}bn"
    return f"{sign}£{size:,.0f}" if size >= 10 or size == 0 else f"{sign}£{size:.2f}"


def looks_of(people: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return whom costs concern -> the colour and hatch of it, the same in every figure.

    By the order of the words: no table says which group comes first in all of them.
    """
    return {
        who: (SERIES[number % 4], HATCHES[number % 2])
        for number, who in enumerate(sorted(set(people)))
    }


def costs_by_agency(entry: RunTable) -> Figure | None:
    """Draw a bar for each agency, its parts by whom the costs concern."""
    if not has_any(entry, COST):
        return None
    rows = [row for row in entry.table.row_labels if row != _ALL]
    people = [column for column in entry.table.column_labels if column != _ALL]
    name = entry.table.id.replace(".", "-").replace("_", "-")
    ends = [entry.value(row, _ALL, name) for row in rows for name in (COST, "ci_high")]
    ends += [entry.printed(row, _ALL, COST) for row in rows]
    end = 1.18 * max((value for value in ends if value is not None), default=1.0)
    with drawing(1.1 + 0.42 * len(rows)) as (canvas, (axes,)):
        for place, row in enumerate(rows):
            _agency_bar(axes, entry, row, place, people)
        for who, (colour, hatch) in _looks(entry, people).items():
            axes.barh(
                0, 0, color=colour, hatch=hatch, edgecolor="white",
                label=entry.table.column_labels[who],
            )  # fmt: skip
        if has_published(entry, COST):
            published_mark(axes, float("nan"), float("nan"), label=True)
        axes.set_yticks(range(len(rows)), [wrap(entry.table.row_labels[row], 24) for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, end)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("Pounds")
        _pounds_axis(axes.xaxis)
        axes.grid(axis="x")
        canvas.legend(loc="outside upper right", ncols=min(4, len(people) + 1))
        svg = to_svg(canvas, name)
    told = "; ".join(
        f"{label}: "
        + ", ".join(
            f"{entry.table.column_labels[who]} {spoken(entry, row, who, COST)}"
            + spoken_ends(entry, row, who, COST, Style.COUNT)
            for who in entry.table.column_labels
            if (cell := entry.cell(row, who, COST)) and (cell.value is not None or who == _ALL)
        )
        for row, label in entry.table.row_labels.items()
    )
    caption = "Thin lines: 95% intervals of each agency's sum."
    if has_published(entry, COST):
        caption += f" {PUBLISHED_CAPTION}"
    title = f"{entry.table.title.partition(',')[0]} (pounds)"
    return Figure(name, title, svg, f"Stacked bar chart, in pounds. {told}.", caption)


def _looks(entry: RunTable, people: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the looks of the table's columns of people, in its order."""
    labels = entry.table.column_labels
    looks = looks_of(labels[who] for who in people)
    return {who: looks[labels[who]] for who in people}


def _agency_bar(axes: Axes, entry: RunTable, row: str, place: int, people: Sequence[str]) -> None:
    """Draw an agency's bar with its sum; without a sum, the mark of why there is none."""
    total = entry.value(row, _ALL, COST)
    if total is None:
        mark = mark_of(entry, row, _ALL, COST)
        axes.text(0, place, f" {mark}", color=GREY, va="center")
        return
    left = 0.0
    for who, (colour, hatch) in _looks(entry, people).items():
        value = entry.value(row, who, COST)
        if value:
            axes.barh(
                place, value, left=left, height=0.62, color=colour, hatch=hatch,
                edgecolor="white", linewidth=0.5,
            )  # fmt: skip
            left += value
    low, high = (entry.value(row, _ALL, end) for end in ("ci_low", "ci_high"))
    reach = total
    if low is not None and high is not None:
        axes.plot([low, high], [place, place], color=INK, linewidth=1.1, zorder=4)
        reach = max(reach, high)
    printed = entry.printed(row, _ALL, COST)
    if printed is not None:
        published_mark(axes, printed, place)
        reach = max(reach, printed)
    axes.annotate(
        pounds(total), (reach, place), (9, 0), textcoords="offset points", va="center", fontsize=8.5
    )


def _pounds_axis(axis: object) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(6))  # type: ignore[attr-defined]
    axis.set_major_formatter(FuncFormatter(lambda tick, _: pounds(tick)))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Outcome:
    """The rows of one outcome of the one-way table, and its value as the model stands."""

    key: str
    label: str
    base: float
    statistic: str
    rows: tuple[str, ...]

    def widest(self, entry: RunTable) -> list[str]:
        """Return the rows that are drawn; they come in the order of their swings."""
        ends = {
            row: [entry.value(row, column, self.statistic) for column in ("low", "high")]
            for row in self.rows[:_BARS]
        }
        widths = {
            row: abs(high - low)
            for row, (low, high) in ends.items()
            if low is not None and high is not None
        }
        least = _NARROWEST * max(widths.values(), default=0.0)
        return [row for row, width in widths.items() if width >= least]

    def write(self, value: float) -> str:
        """Return the outcome as text."""
        if self.statistic == COST:
            return pounds(value)
        return write_number(value, Style.SHARE if self.statistic == "share" else Style.RATIO)


def tornado(entry: RunTable) -> Figure | None:
    """Draw how each outcome swings with one number at a time, the widest swing on top."""
    outcomes = _outcomes(entry)
    if not outcomes:
        return None
    sizes = [len(each.widest(entry)) for each in outcomes]
    height = 0.5 + sum(0.9 + 0.44 * size for size in sizes)
    grid = {"height_ratios": [1.4 + size for size in sizes]}
    with drawing(height, 1, len(outcomes), gridspec_kw=grid) as (canvas, panels):
        for axes, each in zip(panels, outcomes, strict=True):
            _swings(axes, entry, each)
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper right", ncols=2)
        svg = to_svg(canvas, "cost-model-tornado")
    told = " ".join(_swings_told(entry, each) for each in outcomes)
    caption = (
        "In brackets from where to where the number goes; the dashed line is the outcome as the "
        "model stands."
    )
    what = " and ".join(each.label for each in outcomes)
    title = f"{what}: one number at a time at the ends of what it can be (widest swings)"
    return Figure("cost-model-tornado", title, svg, f"Tornado chart. {told}", caption)


def _outcomes(entry: RunTable) -> list[_Outcome]:
    found = []
    for row, label in entry.table.row_labels.items():
        if not row.endswith("__base"):
            continue
        key = row.removesuffix("__base")
        for statistic in (COST, "share", "amount"):
            value = entry.value(row, "low", statistic)
            if value is not None:
                rows = tuple(
                    other
                    for other in entry.table.row_labels
                    if other.startswith(f"{key}__")
                    and other != row
                    and entry.value(other, "low", statistic) is not None
                )
                if rows:
                    found.append(_Outcome(key, label.rpartition(": ")[0], value, statistic, rows))
    return found


def _swings(axes: Axes, entry: RunTable, each: _Outcome) -> None:
    shown = each.widest(entry)
    for place, row in enumerate(shown):
        for column, colour, hatch in (("low", BLUE, ""), ("high", ORANGE, "////")):
            value = entry.value(row, column, each.statistic)
            if value is not None:
                axes.barh(
                    place, value - each.base, left=each.base, height=0.62, color=colour,
                    hatch=hatch, edgecolor="white", linewidth=0.5,
                    label=None if place else f"Number {entry.table.column_labels[column].lower()}",
                )  # fmt: skip
    labels = [
        f"{wrap(entry.table.row_labels[row].lstrip(_DASH), 50)}\n({_span(entry, row)})"
        for row in shown
    ]
    axes.set_yticks(range(len(shown)), labels)
    axes.tick_params(axis="y", length=0, labelsize=7.2)
    axes.axvline(each.base, color=INK, linewidth=1, linestyle="--", zorder=4)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.margins(x=0.06)
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: each.write(tick)))
    axes.set_title(f"{each.label}: {each.write(each.base)} as the model stands", fontsize=9)
    axes.grid(axis="x")


def _span(entry: RunTable, row: str) -> str:
    ends = [entry.value(row, column, "set_to") for column in ("low", "high")]
    return " to ".join("?" if end is None else write_number(end, Style.RATIO) for end in ends)


def _swings_told(entry: RunTable, each: _Outcome) -> str:
    parts = []
    for row in each.widest(entry):
        ends = [entry.value(row, column, each.statistic) for column in ("low", "high")]
        told = " to ".join("?" if end is None else each.write(end) for end in ends)
        label = entry.table.row_labels[row].lstrip(_DASH)
        parts.append(f"{label} from {_span(entry, row)}: {told}")
    return f"{each.label}, {each.write(each.base)} as the model stands. {'; '.join(parts)}."
