"""Figure of coverage: a strip of months for each source and site."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from datrial.analyses.extracts_coverage import PART
from datrial.report.absent import HIDDEN, is_hidden
from datrial.report.drawing import BLUE, GREY, INK, Figure, drawing, to_svg
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: State of a month -> its words. Told apart by darkness, hatch and mark, not by colour alone.
STATES = {
    "received": "received",
    "part": "received in part",
    "empty": "received, without a row",
    "not_received": "not received",
    "hidden": f"{HIDDEN} [c]",
}
_ID = "coverage-strip"
_HEIGHT = 0.62

#: A month, counted from the year 0.
Month = int
Strips = dict[str, dict[Month, str]]


def coverage_strips(entry: RunTable) -> Strips:
    """Return the name of each source and site -> month -> state."""
    strips: Strips = {}
    for row, label in entry.table.row_labels.items():
        year = row.rpartition("__")[2]
        if not year.isdigit():
            continue  # nothing was received at all
        months = strips.setdefault(label.rpartition(", ")[0], {})
        for column in entry.table.column_labels:
            cell = entry.cell(row, column, "rows")
            if cell is None:
                continue
            if is_hidden(cell):
                state = "hidden"
            elif cell.value is None:
                state = "not_received"
            elif cell.warning.startswith(f"{PART} "):
                state = "part"
            else:
                state = "received" if cell.value else "empty"
            months[12 * int(year) + int(column.rpartition("_")[2]) - 1] = state
    return strips


def coverage_strip(entry: RunTable) -> Figure | None:
    """Draw which months of each source and site were received; none if nothing was."""
    strips = coverage_strips(entry)
    if not strips:
        return None
    every = [month for months in strips.values() for month in months]
    first, last = min(every), max(every)
    with drawing(0.95 + 0.23 * len(strips)) as (canvas, (axes,)):
        for y, months in enumerate(strips.values()):
            for state, start, length in _runs(months):
                _block(axes, state, y, start, length)
        axes.set_yticks(range(len(strips)), list(strips))
        axes.set_ylim(len(strips) - 0.4, -0.6)
        axes.set_xlim(first, last + 1)
        years = [month for month in range(first, last + 2) if month % 12 == 0]
        axes.set_xticks(years, [str(month // 12) for month in years])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        _legend(axes, any("hidden" in months.values() for months in strips.values()))
        svg = to_svg(canvas, _ID)
    told = "; ".join(f"{name}: {_told(months)}" for name, months in strips.items())
    return Figure(
        _ID,
        f"Months received from each source and site ({_month(first)} to {_month(last)})",
        svg,
        f"Strips of months. {told}.",
        "A month that was not received is not available: it takes no part in any rate. A month "
        "received without a row holds no event, unless the file was incomplete.",
    )


def _runs(months: dict[Month, str]) -> list[tuple[str, Month, int]]:
    """Return (state, first month, number of months) of the runs of equal months."""
    runs = []
    for state, found in groupby(sorted(months.items()), key=lambda item: item[1]):
        run = [month for month, _ in found]
        runs.append((state, run[0], len(run)))
    return runs


def _block(axes: Axes, state: str, y: float, start: float, length: int) -> None:
    box = [(start, length)], (y - _HEIGHT / 2, _HEIGHT)
    if state == "received":
        axes.broken_barh(*box, facecolor=BLUE, edgecolor="white", linewidth=0.4)
    elif state == "part":
        axes.broken_barh(*box, facecolor="white", edgecolor=BLUE, hatch="//////", linewidth=0.6)
    elif state == "empty":
        axes.broken_barh(*box, facecolor="white", edgecolor=BLUE, linewidth=0.9)
    middles = [start + place + 0.5 for place in range(length)]
    if state == "hidden":
        for x in middles:
            axes.text(x, y, "[c]", color=GREY, fontsize=4.5, ha="center", va="center")
    marks = {"empty": ("o", 2.6, INK), "not_received": ("x", 3.4, GREY)}
    if state in marks:
        marker, size, colour = marks[state]
        axes.plot(
            middles,
            [y] * length,
            marker=marker,
            markersize=size,
            markerfacecolor="white",
            markeredgecolor=colour,
            markeredgewidth=0.9,
            linestyle="none",
            zorder=3,
        )


def _legend(axes: Axes, any_hidden: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def mark(marker: str, colour: str) -> Line2D:
        return Line2D(
            [], [], marker=marker, linestyle="none", markersize=4.5,
            markerfacecolor="white", markeredgecolor=colour,
        )  # fmt: skip

    keys = [
        Patch(facecolor=BLUE),
        Patch(facecolor="white", edgecolor=BLUE, hatch="//////"),
        mark("o", INK),
        mark("x", GREY),
        *([mark("$c$", GREY)] if any_hidden else []),
    ]
    axes.legend(
        keys,
        [words for state, words in STATES.items() if state != "hidden" or any_hidden],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=5 if any_hidden else 4,
        fontsize=7 if any_hidden else 8.5,
        handletextpad=0.5,
        columnspacing=1.2,
    )


def _told(months: dict[Month, str]) -> str:
    """Return the runs of months in words."""
    parts = []
    for state, start, length in _runs(months):
        until = f" to {_month(start + length - 1)}" if length > 1 else ""
        parts.append(f"{STATES[state]} {_month(start)}{until}")
    return ", ".join(parts)


def _month(month: Month) -> str:
    names = "January February March April May June July August September October November December"
    return f"{names.split()[month % 12]} {month // 12}"
