"""Figures of victims-survivors by arm: behaviours, supports, and the perceived risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datrial.report.absent import mark_below, mark_of
from datrial.report.charts import PUBLISHED_CAPTION, highest, wrap
from datrial.report.drawing import (
    HATCHES,
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
from datrial.results.read import RunTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ALL, _INTAKE, _EXIT = "all", "intake", "exit"


def arms_of(entry: RunTable, statistic: str) -> list[str]:
    """Return the columns of arms: those with the statistic, but for the one of all."""
    found = dict.fromkeys(cell.column for cell in entry.table.cells if cell.statistic == statistic)
    return [column for column in found if column != _ALL]


def behaviour_prevalence(entry: RunTable) -> Figure | None:
    """Draw the share reporting each behaviour at intake and exit, a panel for each."""
    if not has_any(entry, "share"):
        return None
    arms = arms_of(entry, "share")
    behaviours = list(dict.fromkeys(row.partition("__")[0] for row in entry.table.row_labels))
    with drawing(2.9, len(behaviours), sharey=True) as (canvas, panels):
        for axes, behaviour in zip(panels, behaviours, strict=True):
            label = entry.table.row_labels[f"{behaviour}__{_INTAKE}"].partition(":")[0]
            for number, arm in enumerate(arms):
                _two_points(axes, entry, behaviour, arm, number)
            axes.set_title(wrap(label, 21))
            axes.set_xticks([0, 1], ["Intake", "Exit"])
            axes.set_xlim(-0.3, 1.3)
            axes.grid(axis="y")
        panels[0].set_ylim(0, 1.05)
        percent_axis(panels[0].yaxis)
        panels[0].set_ylabel("% reporting it")
        panels[-1].legend(loc="upper right")
        svg = to_svg(canvas, "victim-behaviours")
    rows = [row for row in entry.table.row_labels if not row.endswith("__intake_all")]
    unit = bracket("% of pairs of forms", n_of(entry, arms, rows))
    title = f"Victims-survivors reporting each behaviour at intake and exit, by arm{unit}"
    return Figure("victim-behaviours", title, svg, f"Line charts. {_told(entry, rows, arms)}")


def _two_points(axes: Axes, entry: RunTable, behaviour: str, arm: str, number: int) -> None:
    shift = -0.03 + 0.06 * number
    cells = [(f"{behaviour}__{time}", arm, "share") for time in (_INTAKE, _EXIT)]
    values = [entry.value(*cell) for cell in cells]
    for x, (cell, value) in enumerate(zip(cells, values, strict=True)):
        if value is None:
            mark = mark_of(entry, *cell)
            mark_below(axes, x + 6 * shift, mark, SERIES[number % 4], number)
    axes.plot(
        [x + shift for x in range(len(values))],
        [float("nan") if value is None else value for value in values],
        color=SERIES[number % len(SERIES)],
        marker=MARKERS[number % len(MARKERS)],
        linestyle="--" if number else "-",
        label=entry.table.column_labels[arm],
    )


def supports_by_type(entry: RunTable) -> Figure | None:
    """Draw the share with each type of support, bars of the arms below each other."""
    if not has_any(entry, "share"):
        return None
    rows, arms = list(entry.table.row_labels), arms_of(entry, "share")
    height = 0.8 / max(len(arms), 1)
    with drawing(1.0 + 0.45 * len(rows)) as (canvas, (axes,)):
        for number, arm in enumerate(arms):
            for y, row in enumerate(rows):
                at = y + (number - (len(arms) - 1) / 2) * height
                _bar(axes, entry, (row, arm), (at, height), number)
            axes.barh(
                0, 0, color=SERIES[number % 4], hatch=HATCHES[number % 2], edgecolor="white",
                label=entry.table.column_labels[arm],
            )  # fmt: skip
        for y, row in enumerate(rows):
            printed = entry.printed(row, _ALL, "share")
            if printed is not None:
                published_mark(axes, printed, y)
        if has_published(entry, "share"):
            published_mark(axes, float("nan"), float("nan"), label=True)
        axes.set_yticks(range(len(rows)), [entry.table.row_labels[row] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1.12 * highest(entry, "share"))
        percent_axis(axes.xaxis)
        axes.set_xlabel("% of exit forms with an answer")
        axes.grid(axis="x")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)
        svg = to_svg(canvas, "victim-supports")
    unit = bracket("% of exit forms with an answer", n_of(entry, arms, rows))
    title = f"Supports mobilised by IDVAs, by type and arm{unit}"
    caption = f"{PUBLISHED_CAPTION} They are of both arms together."
    told = _told(entry, rows, [_ALL, *arms])
    shown = caption if has_published(entry, "share") else ""
    return Figure("victim-supports", title, svg, f"Bar chart. {told}", shown)


def _bar(
    axes: Axes, entry: RunTable, at: tuple[str, str], place: tuple[float, float], number: int
) -> None:
    value = entry.value(*at, "share")
    y, height = place
    if value is None:
        axes.text(0.005, y, mark_of(entry, *at, "share"), va="center", fontsize=8)
        return
    axes.barh(
        y, value, height=0.92 * height, color=SERIES[number % 4], hatch=HATCHES[number % 2],
        edgecolor="white", linewidth=0.5,
    )  # fmt: skip
    printed = entry.printed(at[0], _ALL, "share")
    beside = value if printed is None else max(value, printed)
    axes.annotate(
        f"{100 * value:.0f}%", (beside, y), (4 if printed is None else 9, 0),
        textcoords="offset points", va="center", fontsize=8,
    )  # fmt: skip


def means_by_site(entry: RunTable) -> Figure | None:
    """Draw mean contacts and mean supports by site and arm, a panel for each."""
    if not has_any(entry, "mean"):
        return None
    arms = arms_of(entry, "mean")
    rows = list(entry.table.row_labels)
    outcomes = list(dict.fromkeys(row.partition("__")[0] for row in rows))
    with drawing(2.8, len(outcomes)) as (canvas, panels):
        for axes, outcome in zip(panels, outcomes, strict=True):
            own = [row for row in rows if row.startswith(f"{outcome}__")]
            labels = [entry.table.row_labels[row].partition(": ") for row in own]
            for x, row in enumerate(own):
                for number, arm in enumerate(arms):
                    at = x + (number - (len(arms) - 1) / 2) * 0.8 / len(arms)
                    value = entry.value(row, arm, "mean")
                    text = mark_of(entry, row, arm, "mean") if value is None else f"{value:.1f}"
                    axes.bar(
                        at, value or 0, width=0.74 / len(arms), color=SERIES[number % 4],
                        hatch=HATCHES[number % 2], edgecolor="white", linewidth=0.5,
                        label=entry.table.column_labels[arm] if x == 0 else None,
                    )  # fmt: skip
                    axes.annotate(
                        text, (at, value or 0), (0, 3), textcoords="offset points", ha="center",
                        fontsize=8,
                    )  # fmt: skip
            axes.set_title(f"{labels[0][0]}, mean per person")
            axes.set_xticks(range(len(own)), [label for _, _, label in labels])
            axes.tick_params(axis="x", length=0)
            axes.margins(y=0.15)
            axes.grid(axis="y")
        handles, named = panels[0].get_legend_handles_labels()
        canvas.legend(handles, named, loc="outside upper right", ncols=3)
        svg = to_svg(canvas, "victim-by-site")
    title = "Contacts of IDVAs with victims-survivors and supports mobilised, by site and arm"
    told = _told(entry, rows, arms, "mean")
    unit = bracket("mean number per person", n_words(entry, "mean", arms))
    return Figure("victim-by-site", f"{title}{unit}", svg, f"Bar charts. {told}")


def n_of(entry: RunTable, arms: Sequence[str], rows: Sequence[str]) -> str:
    """Return ``n = 104 Drive, n = 350 to 353 Control`` of these rows."""
    told = []
    for arm in arms:
        cells = [entry.cell(row, arm, "share") for row in rows]
        numbers = [c.n for c in cells if c is not None and c.n is not None and c.value is not None]
        if numbers:
            low, high = min(numbers), max(numbers)
            words = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            told.append(f"n = {words} {entry.table.column_labels[arm]}")
    return ", ".join(told)


def _told(
    entry: RunTable, rows: Sequence[str], columns: Sequence[str], statistic: str = "share"
) -> str:
    return " ".join(
        f"{entry.table.row_labels[row]}: "
        + ", ".join(
            f"{entry.table.column_labels[column]} {spoken(entry, row, column, statistic)}"
            for column in columns
        )
        + "."
        for row in rows
    )
