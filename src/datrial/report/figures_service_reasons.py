"""Figures of reasons as stacked shares, and of waiting times with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from datrial.report.absent import interval_of, mark_beside, mark_of, spoken_ends
from datrial.report.charts import PUBLISHED_CAPTION, wrap
from datrial.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    LIGHT,
    MARKERS,
    ORANGE,
    PURPLE,
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
from datrial.report.stacked_bars import (
    Bar,
    Look,
    draw_bar,
    frame_bars,
    hidden_caption,
    with_n,
)
from datrial.results.read import RunTable

_LOOKS: tuple[Look, ...] = (
    (BLUE, "white"), (ORANGE, "white"), (GREEN, "white"), (PURPLE, "white"), (LIGHT, "black"),
    (GREY, "white"),
)  # fmt: skip


def reasons_stacked(entry: RunTable) -> Figure | None:
    """Draw the shares of reasons, a bar for each strand or month and each arm."""
    rows = list(dict.fromkeys(c.row for c in entry.table.cells if c.statistic == "share"))
    codes = list(dict.fromkeys(row.partition("__")[2] for row in rows))
    if not has_any(entry, "share") or len(codes) > len(_LOOKS):
        return None
    arms = [arm for arm in entry.table.column_labels if entry.cell(rows[0], arm, "share")]
    bars: list[Bar] = []
    for first in dict.fromkeys(row.partition("__")[0] for row in rows):
        for arm in arms:
            parts = [(f"{first}__{code}", arm) for code in codes]
            names = [_of_bar(entry, parts[0][0]), entry.table.column_labels[arm]]
            label = ", ".join(filter(None, names if len(arms) > 1 else names[:1])) or names[1]
            bars.append(Bar(len(bars), with_n(entry, parts, label), parts))
    figure_id = entry.table.id.replace(".", "-").replace("_", "-")
    with drawing(1.2 + 0.36 * len(bars)) as (canvas, (axes,)):
        for bar in bars:
            draw_bar(axes, entry, bar, _LOOKS)
        frame_bars(axes, bars)
        axes.set_xlabel("% of those with such a reason")
        for number, code in enumerate(codes):
            name = _of_part(entry, rows, code)
            axes.barh(0, 0, color=_LOOKS[number][0], label=wrap(name, 40))
        handles, labels = axes.get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper center", ncols=3, handlelength=1.2)
        svg = to_svg(canvas, figure_id)
    told = " ".join(
        f"{bar.label}: "
        + ", ".join(f"{_of_part(entry, rows, part[0].partition('__')[2])} "
                    f"{spoken(entry, *part, 'share')}" for part in bar.parts)
        + "."
        for bar in bars
    )  # fmt: skip
    title = f"{entry.table.title} (% of those with such a reason)"
    caption = hidden_caption(entry, bars)
    return Figure(figure_id, title, svg, f"Stacked bar chart. {told}", caption)


def _of_bar(entry: RunTable, row: str) -> str:
    """Return what a bar is of: the strand, or the month; nothing where there is one strand."""
    return entry.table.row_labels[row].partition(", ")[0] if _has_two(entry, row) else ""


def _of_part(entry: RunTable, rows: Sequence[str], code: str) -> str:
    row = next(row for row in rows if row.partition("__")[2] == code)
    label = entry.table.row_labels[row]
    name = label.partition(", ")[2] if _has_two(entry, row) else label
    return f"{name[:1].upper()}{name[1:]}"


def _has_two(entry: RunTable, row: str) -> bool:
    """Tell whether a row's label names a strand or month before the reason."""
    first = row.partition("__")[0]
    several = len({other.partition("__")[0] for other in entry.table.row_labels}) > 1
    return several or first != "all"


def waiting_means(entry: RunTable) -> Figure | None:
    """Draw the mean days from step to step with their intervals."""
    if not has_any(entry, "mean"):
        return None
    rows = list(entry.table.row_labels)
    arms = [arm for arm in entry.table.column_labels if entry.cell(rows[0], arm, "mean")]
    with drawing(0.9 + 0.36 * len(rows) * max(1, len(arms) * 0.7)) as (canvas, (axes,)):
        for y, row in enumerate(rows):
            for number, arm in enumerate(arms):
                place = y + 0.24 * (number - (len(arms) - 1) / 2)
                value, ends = entry.value(row, arm, "mean"), interval_of(entry, row, arm, "mean")
                printed = entry.printed(row, arm, "mean")
                if printed is not None:
                    published_mark(axes, printed, place)
                if value is None:
                    axes.text(
                        0.01, place, mark_of(entry, row, arm, "mean"), color=GREY, va="center",
                        transform=axes.get_yaxis_transform(),
                    )  # fmt: skip
                    continue
                if ends is not None:
                    axes.plot(ends, [place] * 2, color=SERIES[number], linewidth=2)
                mark_beside(axes, entry, (row, arm), (value, place))
                axes.plot([value], [place], MARKERS[number], color=SERIES[number], markersize=6)
        for number, arm in enumerate(arms if len(arms) > 1 else []):
            axes.plot([], [], MARKERS[number], color=SERIES[number],
                      label=entry.table.column_labels[arm])  # fmt: skip
        if len(arms) > 1:
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        axes.set_yticks(range(len(rows)), [wrap(entry.table.row_labels[row], 44) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("Mean days", color=INK)
        axes.grid(axis="x")
        svg = to_svg(canvas, "waiting-times-mean")
    told = " ".join(
        f"{entry.table.row_labels[row]}: "
        + "; ".join(
            f"{entry.table.column_labels[arm] + ' ' if len(arms) > 1 else ''}"
            f"{spoken(entry, row, arm, 'mean')}{spoken_ends(entry, row, arm, 'mean', Style.MEAN)}"
            for arm in arms
        )
        + "."
        for row in rows
    )
    title = f"{entry.table.title}{bracket('95% intervals', n_words(entry, 'mean'))}"
    caption = PUBLISHED_CAPTION if has_published(entry, "mean") else ""
    return Figure("waiting-times-mean", title, svg, f"Dot plot. {told}", caption)
